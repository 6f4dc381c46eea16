/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "desk.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/uuid.h"

/* A uuid is made of the domain's number, as a real one's would differ with each. */
void uuid_of(uint32_t domid, uint8_t uuid[LEDGER_UUID])
{
    memset(uuid, 0xab, LEDGER_UUID);
    memcpy(uuid, &domid, sizeof(domid));
}

static int journal(void *context, const struct ledger_change *changes, size_t count,
                   struct ballast_error *err)
{
    struct desk *desk = context;
    const struct ledger_reservation *before = changes->before;
    (void)err;
    if (count == 1 && before && before->state == changes->after->state)
        return 0; /* what is spent is not written */
    desk->moves++;
    if (desk->journal_fails == 0)
        return 0;
    desk->journal_fails--;
    return -ENOSPC;
}

void open_desk(struct desk *desk)
{
    struct ledger_options options = LEDGER_OPTIONS_DEFAULT;
    *desk = (struct desk){.host = {.total_kib = TOTAL_MIB * MIB,
                                   .free_kib = TOTAL_MIB * MIB,
                                   .slack_kib = SLACK_MIB * MIB,
                                   .now_usec = BALLAST_SEC_USEC}};
    options.total_kib = TOTAL_MIB * MIB;
    options.journal = journal;
    options.context = desk;
    assert_int_equal(ledger_new(&options, &desk->ledger, NULL), 0);
    desk->book = tick_ledger_new(desk->ledger);
    assert_non_null(desk->book);
    desk->host.domains = desk->domains;
    assert_int_equal(tick_ledger_see(desk->book, &desk->host, uuid_of, NULL), 0);
}

void close_desk(struct desk *desk)
{
    tick_ledger_free(desk->book);
    ledger_free(desk->ledger);
}

/* The daemon is started again: the ledger is read from its records. */
void restart(struct desk *desk)
{
    struct ledger_options options = LEDGER_OPTIONS_DEFAULT;
    struct ledger *ledger = NULL;
    options.total_kib = TOTAL_MIB * MIB;
    options.journal = journal;
    options.context = desk;
    assert_int_equal(ledger_new(&options, &ledger, NULL), 0);
    for (const struct ledger_reservation *at = ledger_next(desk->ledger, NULL); at;
         at = ledger_next(desk->ledger, at))
        assert_int_equal(ledger_restore(ledger, at, NULL), 0);
    close_desk(desk);
    desk->ledger = ledger;
    desk->book = tick_ledger_new(ledger);
    assert_non_null(desk->book);
}

void pass(struct desk *desk)
{
    desk->host.now_usec += 100000;
}

void see(struct desk *desk)
{
    pass(desk);
    assert_int_equal(tick_ledger_see(desk->book, &desk->host, uuid_of, NULL), 0);
}

/* For a guest of that name, or of that uuid where it is one; "*": a pool. */
uint64_t ask(struct desk *desk, const char *guest, uint64_t kib)
{
    uint8_t uuid[LEDGER_UUID] = {0};
    if (guest && ballast_uuid_parse(guest, uuid) == 0)
        guest = NULL;
    bool pool = guest && strcmp(guest, "*") == 0;
    struct ledger_verdict verdict;
    struct ledger_request request = {.owner = "xl",
                                     .name = pool ? NULL : guest,
                                     .uuid = pool ? NULL : uuid,
                                     .pool = pool,
                                     .min_kib = kib,
                                     .max_kib = kib,
                                     .lease_usec = BALLAST_NONE,
                                     .deadline_usec = BALLAST_NONE};
    pass(desk);
    assert_int_equal(ledger_ask(desk->ledger, &request, desk->host.now_usec, &verdict, NULL), 0);
    assert_int_equal(verdict.reason, LEDGER_OK);
    return verdict.id;
}

int answer(struct desk *desk, uint64_t id)
{
    struct tick_book book = tick_ledger_book(desk->book);
    struct balancer_verdict yes = {.request = id,
                                   .granted = true,
                                   .reason = BALANCER_FITS,
                                   .figures.needed_kib = ledger_find(desk->ledger, id)->min_kib};
    return book.answer(book.book, &desk->host, &yes, NULL);
}

uint64_t granted(struct desk *desk, const char *guest, uint64_t kib)
{
    uint64_t id = ask(desk, guest, kib);
    assert_int_equal(answer(desk, id), 0);
    return id;
}

enum ledger_state state_of(const struct desk *desk, uint64_t id)
{
    return ledger_find(desk->ledger, id)->state;
}

/* A toolstack has made a domain's shell. */
struct ballast_domain *appears(struct desk *desk, uint32_t id, const char *name, uint64_t left_kib)
{
    size_t i = desk->host.domain_count++;
    assert_true(i < MOST);
    (void)snprintf(desk->names[i], NAME, "%s", name);
    desk->domains[i] = (struct ballast_domain){.id = id,
                                               .name = desk->names[i],
                                               .state = BALLAST_DOMAIN_BUILD,
                                               .build_left_kib = left_kib};
    return &desk->domains[i];
}

void takes(struct desk *desk, struct ballast_domain *domain, uint64_t kib)
{
    domain->tot_kib += kib;
    domain->build_left_kib -= kib;
    desk->host.free_kib -= kib;
}

uint64_t available_kib(struct desk *desk)
{
    struct ledger_free free_now = tick_ledger_free_of(desk->book, &desk->host);
    struct ballast_error err;
    if (ledger_check(desk->ledger, &free_now, &err) < 0)
        fail_msg("%s", err.text);
    return ledger_available_kib(desk->ledger, &free_now);
}

/* What all domains, their builds and what is promised take together, as the balancer counts it. */
uint64_t counted_kib(struct desk *desk)
{
    struct tick_book book = tick_ledger_book(desk->book);
    uint64_t kib = book.reserved_kib(book.book, &desk->host);
    for (size_t i = 0; i < desk->host.domain_count; i++)
        kib += desk->domains[i].tot_kib + desk->domains[i].build_left_kib;
    uint64_t rest_kib = (TOTAL_MIB - SLACK_MIB) * MIB - kib;
    assert_int_equal(available_kib(desk), rest_kib);
    return kib;
}

void goes(struct desk *desk)
{
    desk->host.free_kib += desk->domains[0].tot_kib;
    desk->host.domain_count = 0;
}
