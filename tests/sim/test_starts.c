/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A start counts once from its request to its use: while it waits, is granted, has an unbound
 * domain, is built, and is bound late or never. test_starts [SEED]: with a seed only the random
 * part; tests/seeds/list has the seeds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "app/tick/book.h"
#include "core/base/units.h"
#include "core/base/uuid.h"

#include "../seeds/seed.h"

#define MIB BALLAST_MIB_KIB

enum { MOST = 16, TOTAL_MIB = 8192, SLACK_MIB = 64, NAME = 40 };

struct desk {
    struct ledger *ledger;
    struct tick_ledger *book;
    struct ballast_host host;
    struct ballast_domain domains[MOST];
    char names[MOST][NAME];
    unsigned journal_fails; /* so many of the next transitions */
    unsigned moves;
};

/* A uuid is made of the domain's number, as a real one's would differ with each. */
static void uuid_of(uint32_t domid, uint8_t uuid[LEDGER_UUID])
{
    memset(uuid, 0xab, LEDGER_UUID);
    memcpy(uuid, &domid, sizeof(domid));
}

static int journal(void *context, const struct ledger_reservation *before,
                   const struct ledger_reservation *after, struct ballast_error *err)
{
    struct desk *desk = context;
    (void)err;
    if (before && before->state == after->state)
        return 0; /* what is spent is not written */
    desk->moves++;
    if (desk->journal_fails == 0)
        return 0;
    desk->journal_fails--;
    return -ENOSPC;
}

static void open_desk(struct desk *desk)
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

static void close_desk(struct desk *desk)
{
    tick_ledger_free(desk->book);
    ledger_free(desk->ledger);
}

/* The daemon is started anew: the ledger is read from its records. */
static void restart(struct desk *desk)
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

static void pass(struct desk *desk)
{
    desk->host.now_usec += 100000;
}

static void see(struct desk *desk)
{
    pass(desk);
    assert_int_equal(tick_ledger_see(desk->book, &desk->host, uuid_of, NULL), 0);
}

/* For a guest of that name, or of that uuid where it is one; "*": a pool. */
static uint64_t ask(struct desk *desk, const char *guest, uint64_t kib)
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

static int answer(struct desk *desk, uint64_t id)
{
    struct tick_book book = tick_ledger_book(desk->book);
    struct balancer_verdict yes = {.request = id,
                                   .granted = true,
                                   .reason = BALANCER_FITS,
                                   .a_kib = ledger_find(desk->ledger, id)->min_kib};
    return book.answer(book.book, &desk->host, &yes, NULL);
}

static uint64_t granted(struct desk *desk, const char *guest, uint64_t kib)
{
    uint64_t id = ask(desk, guest, kib);
    assert_int_equal(answer(desk, id), 0);
    return id;
}

static enum ledger_state state_of(const struct desk *desk, uint64_t id)
{
    return ledger_find(desk->ledger, id)->state;
}

/* A toolstack has made a domain's shell. */
static struct ballast_domain *appears(struct desk *desk, uint32_t id, const char *name,
                                      uint64_t left_kib)
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

static void takes(struct desk *desk, struct ballast_domain *domain, uint64_t kib)
{
    domain->tot_kib += kib;
    domain->build_left_kib -= kib;
    desk->host.free_kib -= kib;
}

static uint64_t available_kib(struct desk *desk)
{
    struct ledger_free free_now = tick_ledger_free_of(desk->book, &desk->host);
    struct ballast_error err;
    if (ledger_check(desk->ledger, &free_now, &err) < 0)
        fail_msg("%s", err.text);
    return ledger_available_kib(desk->ledger, &free_now);
}

/* What all domains, their builds and what is promised take together, as the balancer counts it. */
static uint64_t counted_kib(struct desk *desk)
{
    struct tick_book book = tick_ledger_book(desk->book);
    uint64_t kib = book.promised_kib(book.book, &desk->host);
    for (size_t i = 0; i < desk->host.domain_count; i++)
        kib += desk->domains[i].tot_kib + desk->domains[i].build_left_kib;
    uint64_t rest_kib = (TOTAL_MIB - SLACK_MIB) * MIB - kib;
    assert_int_equal(available_kib(desk), rest_kib);
    return kib;
}

/* At every instant, whether the daemon has sampled since or not, and without anybody's bind. */
static void test_unbound_from_shell_to_use(void **state)
{
    (void)state;
    struct desk desk;
    open_desk(&desk);
    uint64_t id = granted(&desk, "queue", 1000 * MIB);
    assert_int_equal(counted_kib(&desk), 1000 * MIB);
    struct ballast_domain *queue = appears(&desk, 13, "queue", 0);
    pass(&desk);
    assert_int_equal(counted_kib(&desk), 1000 * MIB);
    queue->build_left_kib = 990 * MIB;
    assert_int_equal(counted_kib(&desk), 1000 * MIB);
    takes(&desk, queue, 500 * MIB);
    assert_int_equal(counted_kib(&desk), 1000 * MIB);
    assert_int_equal(state_of(&desk, id), LEDGER_GRANTED);
    see(&desk);
    assert_int_equal(state_of(&desk, id), LEDGER_BOUND);
    assert_int_equal(ledger_find(desk.ledger, id)->domid, 13);
    assert_int_equal(counted_kib(&desk), 1000 * MIB);
    takes(&desk, queue, 490 * MIB);
    assert_int_equal(counted_kib(&desk), 1000 * MIB);
    queue->state = BALLAST_DOMAIN_RUN;
    see(&desk);
    assert_int_equal(state_of(&desk, id), LEDGER_USED);
    assert_int_equal(counted_kib(&desk), 990 * MIB);
    close_desk(&desk);
}

/* Built before anybody sampled, or while the ledger could not be written. */
static void test_built_before_it_is_bound(void **state)
{
    (void)state;
    struct desk desk;
    open_desk(&desk);
    uint64_t id = granted(&desk, "queue", 1000 * MIB);
    struct ballast_domain *queue = appears(&desk, 13, "queue", 1000 * MIB);
    takes(&desk, queue, 1000 * MIB);
    queue->state = BALLAST_DOMAIN_RUN;
    pass(&desk);
    assert_int_equal(counted_kib(&desk), 1000 * MIB);
    desk.journal_fails = 1;
    assert_int_equal(tick_ledger_see(desk.book, &desk.host, uuid_of, NULL), -ENOSPC);
    assert_int_equal(state_of(&desk, id), LEDGER_GRANTED);
    assert_int_equal(counted_kib(&desk), 1000 * MIB);
    see(&desk);
    assert_int_equal(state_of(&desk, id), LEDGER_USED);
    assert_int_equal(counted_kib(&desk), 1000 * MIB);
    close_desk(&desk);
}

/* One that had the name before the grant is not what it is for, however long it waits. */
static void test_an_older_domain_of_that_name(void **state)
{
    (void)state;
    struct desk desk;
    open_desk(&desk);
    struct ballast_domain *old = appears(&desk, 5, "queue", 300 * MIB);
    takes(&desk, old, 300 * MIB);
    old->state = BALLAST_DOMAIN_RUN;
    see(&desk);
    uint64_t id = granted(&desk, "queue", 1000 * MIB);
    for (int i = 0; i < 2; i++) {
        see(&desk);
        assert_int_equal(state_of(&desk, id), LEDGER_GRANTED);
        assert_int_equal(counted_kib(&desk), 1300 * MIB);
        restart(&desk);
    }
    desk.host.free_kib += old->tot_kib;
    desk.host.domain_count = 0;
    (void)appears(&desk, 6, "queue", 1000 * MIB);
    see(&desk);
    assert_int_equal(state_of(&desk, id), LEDGER_BOUND);
    assert_int_equal(counted_kib(&desk), 1000 * MIB);
    close_desk(&desk);
}

/* A snapshot from before the grant shows nobody who came after it. */
static void test_a_snapshot_from_before_the_grant(void **state)
{
    (void)state;
    struct desk desk;
    open_desk(&desk);
    uint64_t id = granted(&desk, "queue", 1000 * MIB);
    (void)appears(&desk, 6, "queue", 100 * MIB);
    desk.host.now_usec -= 50000;
    assert_int_equal(tick_ledger_see(desk.book, &desk.host, uuid_of, NULL), 0);
    assert_int_equal(state_of(&desk, id), LEDGER_GRANTED);
    close_desk(&desk);
}

/* Of two the older goes first; a domain that had its reservation takes no other. */
static void test_two_grants_of_one_name(void **state)
{
    (void)state;
    struct desk desk;
    open_desk(&desk);
    uint64_t first = granted(&desk, "queue", 1000 * MIB);
    uint64_t second = granted(&desk, "queue", 500 * MIB);
    struct ballast_domain *queue = appears(&desk, 3, "queue", 1000 * MIB);
    pass(&desk);
    assert_int_equal(counted_kib(&desk), 1500 * MIB);
    see(&desk);
    assert_int_equal(state_of(&desk, first), LEDGER_BOUND);
    assert_int_equal(state_of(&desk, second), LEDGER_GRANTED);
    takes(&desk, queue, 1000 * MIB);
    queue->state = BALLAST_DOMAIN_RUN;
    see(&desk);
    restart(&desk);
    see(&desk);
    assert_int_equal(state_of(&desk, first), LEDGER_USED);
    assert_int_equal(state_of(&desk, second), LEDGER_GRANTED);
    assert_int_equal(counted_kib(&desk), 1500 * MIB);
    /* two that come at once have one each, also before they are bound */
    (void)granted(&desk, "queue", 700 * MIB);
    (void)appears(&desk, 4, "queue", 500 * MIB);
    (void)appears(&desk, 5, "queue", 700 * MIB);
    pass(&desk);
    assert_int_equal(counted_kib(&desk), 2200 * MIB);
    close_desk(&desk);
}

/* What a domain takes beyond its grant is its own; what it leaves is nobody's once it is built. */
static void test_larger_and_smaller(void **state)
{
    (void)state;
    struct desk desk;
    open_desk(&desk);
    uint64_t large = granted(&desk, "large", 100 * MIB);
    uint64_t small = granted(&desk, "small", 100 * MIB);
    struct ballast_domain *a = appears(&desk, 3, "large", 250 * MIB);
    struct ballast_domain *b = appears(&desk, 4, "small", 40 * MIB);
    pass(&desk);
    assert_int_equal(counted_kib(&desk), 350 * MIB);
    takes(&desk, a, 150 * MIB);
    takes(&desk, b, 40 * MIB);
    assert_int_equal(counted_kib(&desk), 350 * MIB);
    see(&desk);
    assert_int_equal(state_of(&desk, large), LEDGER_USED);
    assert_int_equal(state_of(&desk, small), LEDGER_BOUND);
    assert_int_equal(counted_kib(&desk), 350 * MIB);
    b->state = BALLAST_DOMAIN_RUN;
    see(&desk);
    assert_int_equal(counted_kib(&desk), 290 * MIB);
    close_desk(&desk);
}

/* It dies before whoever asked for it could bind it: nothing of it is promised any more. */
static void test_destroyed_before_the_bind(void **state)
{
    (void)state;
    struct desk desk;
    open_desk(&desk);
    uint64_t id = granted(&desk, "queue", 1000 * MIB);
    struct ballast_domain *queue = appears(&desk, 3, "queue", 1000 * MIB);
    takes(&desk, queue, 10 * MIB);
    see(&desk);
    desk.host.free_kib += queue->tot_kib;
    desk.host.domain_count = 0;
    see(&desk);
    assert_int_equal(state_of(&desk, id), LEDGER_RELEASED);
    assert_int_equal(counted_kib(&desk), 0);
    close_desk(&desk);
}

/* By uuid, by a name that is no text, by one that is longer than names are kept; never without
 * either. */
static void test_names_and_uuids(void **state)
{
    (void)state;
    struct desk desk;
    open_desk(&desk);
    uint64_t by_uuid = granted(&desk, "09000000-abab-abab-abab-abababababab", 10 * MIB);
    uint64_t by_bytes = granted(&desk, "q?ueue", 10 * MIB);
    uint64_t none = granted(&desk, NULL, 10 * MIB);
    (void)appears(&desk, 9, "renamed", 10 * MIB);
    (void)appears(&desk, 10, "q\xffueue", 10 * MIB);
    (void)appears(&desk, 11, "", 10 * MIB);
    pass(&desk);
    assert_int_equal(counted_kib(&desk), 40 * MIB);
    see(&desk);
    assert_int_equal(ledger_find(desk.ledger, by_uuid)->domid, 9);
    assert_int_equal(ledger_find(desk.ledger, by_bytes)->domid, 10);
    assert_int_equal(state_of(&desk, none), LEDGER_GRANTED);
    close_desk(&desk);
}

static void goes(struct desk *desk)
{
    desk->host.free_kib += desk->domains[0].tot_kib;
    desk->host.domain_count = 0;
}

/* A domain of 300 MiB that has shut down to reboot, and has been seen; its reservation. */
static uint64_t reboots(struct desk *desk)
{
    tick_ledger_keep_reboots(desk->book, 60 * BALLAST_SEC_USEC);
    struct ballast_domain *queue = appears(desk, 5, "queue", 300 * MIB);
    takes(desk, queue, 300 * MIB);
    queue->state = BALLAST_DOMAIN_RUN;
    see(desk);
    assert_null(ledger_next(desk->ledger, NULL));
    queue->state = BALLAST_DOMAIN_PAUSED;
    queue->reboots = true;
    see(desk);
    see(desk);
    uint64_t id = ledger_next(desk->ledger, NULL)->id;
    assert_int_equal(state_of(desk, id), LEDGER_BOUND);
    assert_int_equal(counted_kib(desk), 300 * MIB);
    return id;
}

/* At every instant what it held is its own, whoever restarts when; then its next domain has it. */
static void test_a_reboot(void **state)
{
    (void)state;
    struct desk desk;
    open_desk(&desk);
    uint64_t id = reboots(&desk);
    restart(&desk);
    goes(&desk);
    pass(&desk);
    assert_int_equal(counted_kib(&desk), 300 * MIB);
    see(&desk);
    assert_int_equal(state_of(&desk, id), LEDGER_GRANTED);
    assert_int_equal(counted_kib(&desk), 300 * MIB);
    restart(&desk);
    struct ballast_domain *queue = appears(&desk, 6, "queue", 300 * MIB);
    see(&desk);
    assert_int_equal(state_of(&desk, id), LEDGER_BOUND);
    assert_int_equal(ledger_find(desk.ledger, id)->domid, 6);
    assert_int_equal(counted_kib(&desk), 300 * MIB);
    takes(&desk, queue, 300 * MIB);
    queue->state = BALLAST_DOMAIN_RUN;
    see(&desk);
    assert_int_equal(state_of(&desk, id), LEDGER_USED);
    assert_int_equal(counted_kib(&desk), 300 * MIB);
    close_desk(&desk);
}

/* Its next domain is there when the last one is seen to be gone. */
static void test_a_reboot_between_two_samples(void **state)
{
    (void)state;
    struct desk desk;
    open_desk(&desk);
    uint64_t id = reboots(&desk);
    goes(&desk);
    takes(&desk, appears(&desk, 6, "queue", 300 * MIB), 100 * MIB);
    see(&desk);
    assert_int_equal(state_of(&desk, id), LEDGER_BOUND);
    assert_int_equal(ledger_find(desk.ledger, id)->used_kib, 100 * MIB);
    assert_int_equal(counted_kib(&desk), 300 * MIB);
    close_desk(&desk);
}

/* While it is torn down what it has returned is reserved, and nothing that it has not. */
static void test_a_reboot_that_takes_its_time(void **state)
{
    (void)state;
    struct desk desk;
    struct tick_dying dying = {.domid = 5, .name = "", .held_kib = 300 * MIB, .reboots = true};
    open_desk(&desk);
    uint64_t id = reboots(&desk);
    uuid_of(5, dying.uuid);
    desk.host.domain_count = 0;
    tick_ledger_dying(desk.book, &dying, 1);
    for (; dying.held_kib > 0; dying.held_kib -= 100 * MIB, desk.host.free_kib += 100 * MIB) {
        struct tick_book book = tick_ledger_book(desk.book);
        assert_int_equal(book.promised_kib(book.book, &desk.host), 300 * MIB - dying.held_kib);
        see(&desk);
        assert_int_equal(state_of(&desk, id), LEDGER_BOUND);
        assert_int_equal(book.promised_kib(book.book, &desk.host), 300 * MIB - dying.held_kib);
    }
    tick_ledger_dying(desk.book, NULL, 0);
    see(&desk);
    assert_int_equal(state_of(&desk, id), LEDGER_GRANTED);
    assert_int_equal(counted_kib(&desk), 300 * MIB);
    close_desk(&desk);
}

/* Nobody came: it is kept as long as was said, and no longer. */
static void test_a_reboot_that_never_returns(void **state)
{
    (void)state;
    struct desk desk;
    open_desk(&desk);
    uint64_t id = reboots(&desk);
    goes(&desk);
    see(&desk);
    desk.host.now_usec += 59 * BALLAST_SEC_USEC;
    see(&desk);
    assert_int_equal(state_of(&desk, id), LEDGER_GRANTED);
    desk.host.now_usec += BALLAST_SEC_USEC;
    see(&desk);
    assert_int_equal(state_of(&desk, id), LEDGER_RELEASED);
    assert_int_equal(ledger_find(desk.ledger, id)->reason, LEDGER_LEASE_OVER);
    assert_int_equal(counted_kib(&desk), 0);
    close_desk(&desk);
}

static void is_built(struct desk *desk, struct ballast_domain *domain)
{
    takes(desk, domain, domain->build_left_kib);
    domain->state = BALLAST_DOMAIN_RUN;
}

/* Two claims and two domains, which are not one for one: paid as one pool, the oldest first. */
static void test_a_pool(void **state)
{
    (void)state;
    struct desk desk;
    open_desk(&desk);
    see(&desk);
    uint64_t first = granted(&desk, "*", 1000 * MIB);
    uint64_t second = granted(&desk, "*", 500 * MIB);
    assert_int_equal(counted_kib(&desk), 1500 * MIB);
    struct ballast_domain *vm = appears(&desk, 3, "vm", 1100 * MIB);
    struct ballast_domain *model = appears(&desk, 4, "vm-dm", 100 * MIB);
    see(&desk);
    assert_int_equal(counted_kib(&desk), 1500 * MIB);
    takes(&desk, vm, 900 * MIB);
    takes(&desk, model, 50 * MIB);
    assert_int_equal(counted_kib(&desk), 1500 * MIB);
    restart(&desk);
    see(&desk);
    assert_int_equal(counted_kib(&desk), 1500 * MIB);
    is_built(&desk, vm);
    assert_int_equal(counted_kib(&desk), 1500 * MIB);
    see(&desk);
    assert_int_equal(state_of(&desk, first), LEDGER_USED);
    assert_int_equal(ledger_find(desk.ledger, second)->granted_kib, 400 * MIB);
    assert_int_equal(counted_kib(&desk), 1500 * MIB);
    is_built(&desk, model);
    see(&desk);
    see(&desk);
    assert_int_equal(state_of(&desk, second), LEDGER_GRANTED);
    assert_int_equal(ledger_find(desk.ledger, second)->granted_kib, 300 * MIB);
    assert_int_equal(counted_kib(&desk), 1500 * MIB);
    close_desk(&desk);
}

/* One that was there before, even if an older pool pays a part of it, one with its own and one that
 * dies. */
static void test_whom_a_pool_does_not_pay(void **state)
{
    (void)state;
    struct desk desk;
    open_desk(&desk);
    uint64_t first = granted(&desk, "*", 30 * MIB);
    struct ballast_domain *old = appears(&desk, 2, "old", 100 * MIB);
    see(&desk);
    uint64_t pool = granted(&desk, "*", 1000 * MIB);
    uint64_t own = granted(&desk, "own", 200 * MIB);
    is_built(&desk, appears(&desk, 3, "own", 200 * MIB));
    takes(&desk, old, 50 * MIB);
    pass(&desk);
    assert_int_equal(counted_kib(&desk), 1300 * MIB);
    is_built(&desk, old);
    see(&desk);
    assert_int_equal(state_of(&desk, first), LEDGER_USED);
    assert_int_equal(state_of(&desk, own), LEDGER_USED);
    takes(&desk, appears(&desk, 4, "dies", 300 * MIB), 100 * MIB);
    see(&desk);
    assert_int_equal(counted_kib(&desk), 1300 * MIB);
    desk.host.free_kib += desk.domains[--desk.host.domain_count].tot_kib;
    see(&desk);
    assert_int_equal(ledger_find(desk.ledger, pool)->granted_kib, 1000 * MIB);
    assert_int_equal(counted_kib(&desk), 1300 * MIB);
    close_desk(&desk);
}

/* What was paid and cannot be written counts all the same, and is paid once. */
static void test_a_pool_on_a_full_disk(void **state)
{
    (void)state;
    struct desk desk;
    open_desk(&desk);
    see(&desk);
    uint64_t first = granted(&desk, "*", 100 * MIB);
    uint64_t second = granted(&desk, "*", 500 * MIB);
    is_built(&desk, appears(&desk, 3, "vm", 300 * MIB));
    desk.journal_fails = 1;
    see(&desk);
    assert_int_equal(state_of(&desk, first), LEDGER_GRANTED);
    assert_int_equal(counted_kib(&desk), 600 * MIB);
    see(&desk);
    assert_int_equal(state_of(&desk, first), LEDGER_USED);
    assert_int_equal(ledger_find(desk.ledger, second)->granted_kib, 300 * MIB);
    assert_int_equal(counted_kib(&desk), 600 * MIB);
    close_desk(&desk);
}

/* The random part: starts of few names in every order, against a count that knows the truth. */

enum { STARTS = 6, STEPS = 4000 };

struct start {
    uint64_t id;    /* 0: not asked for */
    uint64_t kib;   /* what it asked for, and what its domain takes */
    uint32_t domid; /* 0: none yet */
};

struct world {
    struct desk desk;
    struct start starts[STARTS];
    uint64_t random;
    uint32_t next_domid;
};

/* xorshift64*, Vigna 2016. */
static uint64_t roll(struct world *w, uint64_t below)
{
    w->random ^= w->random >> 12;
    w->random ^= w->random << 25;
    w->random ^= w->random >> 27;
    return (w->random * UINT64_C(2685821657736338717) >> 33) % below;
}

static struct ballast_domain *domain_of(struct world *w, const struct start *start)
{
    for (size_t i = 0; i < w->desk.host.domain_count && start->domid; i++) {
        if (w->desk.domains[i].id == start->domid)
            return &w->desk.domains[i];
    }
    return NULL;
}

static void destroy(struct world *w, struct ballast_domain *domain)
{
    struct desk *desk = &w->desk;
    size_t at = (size_t)(domain - desk->domains);
    desk->host.free_kib += domain->tot_kib;
    desk->host.domain_count--;
    for (size_t i = at; i < desk->host.domain_count; i++) {
        desk->domains[i] = desk->domains[i + 1];
        memcpy(desk->names[i], desk->names[i + 1], NAME);
        desk->domains[i].name = desk->names[i];
    }
}

static bool waits(const struct ledger_reservation *record)
{
    return record->state == LEDGER_REQUESTED || record->state == LEDGER_RECLAIMING;
}

static bool is_open(const struct world *w, const struct start *start)
{
    const struct ledger_reservation *record =
        start->id ? ledger_find(w->desk.ledger, start->id) : NULL;
    return record && ledger_state_is_open(record->state);
}

/*
 * Each start is worth what it asked for, from its request until it is used or given up: as a
 * request, as a promise or as pages, and as no two of them.
 */
static void check(struct world *w)
{
    struct desk *desk = &w->desk;
    struct tick_book book = tick_ledger_book(desk->book);
    const struct balancer_request *requests;
    size_t count;
    uint64_t want_kib = 0;
    assert_int_equal(book.waiting(book.book, &requests, &count, NULL), 0);
    uint64_t have_kib = counted_kib(desk);
    for (size_t i = 0; i < count; i++)
        have_kib += requests[i].need_kib;
    for (size_t i = 0; i < STARTS; i++) {
        if (is_open(w, &w->starts[i]) || domain_of(w, &w->starts[i]))
            want_kib += w->starts[i].kib;
    }
    assert_int_equal(have_kib, want_kib);
}

static void one_step_of(struct world *w, struct start *start, size_t i)
{
    static const char *const labels[STARTS] = {"a", "b", "c", "d", "e", "f"};
    struct desk *desk = &w->desk;
    const struct ledger_reservation *record =
        start->id ? ledger_find(desk->ledger, start->id) : NULL;
    struct ballast_domain *domain = domain_of(w, start);
    struct ledger_verdict verdict;
    if (!record || (!ledger_state_is_open(record->state) && !domain)) {
        *start = (struct start){.kib = (1 + roll(w, 1000)) * MIB};
        desk->journal_fails = 0;
        start->id = ask(desk, labels[i], start->kib);
    } else if (waits(record)) {
        if (roll(w, 8) == 0)
            (void)ledger_release(desk->ledger, start->id, NULL, desk->host.now_usec, &verdict,
                                 NULL);
        else
            (void)answer(desk, start->id);
    } else if (!domain && record->state == LEDGER_GRANTED) {
        start->domid = w->next_domid++;
        (void)appears(desk, start->domid, labels[i], start->kib);
    } else if (domain && domain->build_left_kib > 0) {
        if (roll(w, 16) == 0)
            destroy(w, domain);
        else
            takes(desk, domain, 1 + roll(w, domain->build_left_kib));
    } else if (domain && domain->state == BALLAST_DOMAIN_BUILD) {
        domain->state = BALLAST_DOMAIN_RUN;
    } else if (domain) {
        destroy(w, domain);
    }
}

/* Whoever asked binds it too, at some time, and it is the same to him who was first. */
static void bind_late(struct world *w, struct start *start)
{
    struct desk *desk = &w->desk;
    const struct ballast_domain *domain = domain_of(w, start);
    struct ledger_domain life = {.domid = start->domid};
    struct ledger_verdict verdict;
    if (!domain || !ledger_find(desk->ledger, start->id))
        return;
    uuid_of(life.domid, life.uuid);
    if (ledger_bind(desk->ledger, start->id, "xl", &life, 0, domain->tot_kib, desk->host.now_usec,
                    &verdict, NULL) == 0)
        assert_int_equal(verdict.reason, LEDGER_OK);
}

/* The domain is gone, and the ledger has not seen it: what it had is promised until it does. */
static void settle_deaths(struct world *w)
{
    for (size_t i = 0; i < STARTS; i++) {
        if (w->starts[i].domid && !domain_of(w, &w->starts[i])) {
            w->desk.journal_fails = 0;
            see(&w->desk);
            if (state_of(&w->desk, w->starts[i].id) == LEDGER_GRANTED) {
                /* It came and went between two samples: its toolstack tries again. */
                w->starts[i].domid = 0;
                continue;
            }
            w->starts[i] = (struct start){0};
        }
    }
}

static void play(uint64_t number)
{
    struct world w = {.random = number * UINT64_C(0x9e3779b97f4a7c15) + 1, .next_domid = 1};
    open_desk(&w.desk);
    for (int step = 0; step < STEPS; step++) {
        size_t i = roll(&w, STARTS);
        one_step_of(&w, &w.starts[i], i);
        settle_deaths(&w);
        pass(&w.desk);
        check(&w);
        if (roll(&w, 8) == 0)
            w.desk.journal_fails = (unsigned)roll(&w, 6);
        if (roll(&w, 3) == 0)
            (void)tick_ledger_see(w.desk.book, &w.desk.host, uuid_of, NULL);
        if (roll(&w, 5) == 0)
            bind_late(&w, &w.starts[roll(&w, STARTS)]);
        if (roll(&w, 200) == 0) {
            restart(&w.desk);
            (void)tick_ledger_see(w.desk.book, &w.desk.host, uuid_of, NULL);
        }
        check(&w);
    }
    close_desk(&w.desk);
}

static uint64_t seed = 1;

static void test_random(void **state)
{
    (void)state;
    play(seed);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unbound_from_shell_to_use),
        cmocka_unit_test(test_built_before_it_is_bound),
        cmocka_unit_test(test_an_older_domain_of_that_name),
        cmocka_unit_test(test_a_snapshot_from_before_the_grant),
        cmocka_unit_test(test_two_grants_of_one_name),
        cmocka_unit_test(test_larger_and_smaller),
        cmocka_unit_test(test_destroyed_before_the_bind),
        cmocka_unit_test(test_names_and_uuids),
        cmocka_unit_test(test_a_pool),
        cmocka_unit_test(test_whom_a_pool_does_not_pay),
        cmocka_unit_test(test_a_pool_on_a_full_disk),
        cmocka_unit_test(test_a_reboot),
        cmocka_unit_test(test_a_reboot_between_two_samples),
        cmocka_unit_test(test_a_reboot_that_takes_its_time),
        cmocka_unit_test(test_a_reboot_that_never_returns),
        cmocka_unit_test(test_random),
    };
    seed_from(argc, argv, &seed, "test_random");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
