/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The ledger as the tick's book: what a snapshot of the host implies for reservations, and what it
 * does not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "app/tick/book.h"
#include "core/base/units.h"

#define MIB BALLAST_MIB_KIB

enum { GRANTED_KIB = 256 * 1024, GUEST = 7 };

static const uint8_t uuid_of_guest[LEDGER_UUID] = {1, 2, 3};

static void uuid_of(uint32_t domid, uint8_t uuid[LEDGER_UUID])
{
    memset(uuid, 0, LEDGER_UUID);
    if (domid == GUEST)
        memcpy(uuid, uuid_of_guest, LEDGER_UUID);
}

struct desk {
    struct ledger *ledger;
    struct tick_ledger *book;
    uint64_t id;
    struct ballast_domain domains[1]; /* as last seen */
    struct ballast_host host;
};

/* A reservation of 256 MiB, granted, and bound to domain 7 at 2 s. */
static void open_desk(struct desk *desk)
{
    struct ledger_options options = LEDGER_OPTIONS_DEFAULT;
    options.total_kib = 4096 * MIB;
    assert_int_equal(ledger_new(&options, &desk->ledger, NULL), 0);
    desk->book = tick_ledger_new(desk->ledger);
    assert_non_null(desk->book);
    struct ledger_request request = {.owner = "xl",
                                     .name = "web",
                                     .min_kib = GRANTED_KIB,
                                     .max_kib = GRANTED_KIB,
                                     .lease_usec = 100 * BALLAST_SEC_USEC,
                                     .deadline_usec = 100 * BALLAST_SEC_USEC};
    struct ledger_free host = {.free_kib = 1024 * MIB, .slack_kib = 64 * MIB};
    struct ledger_domain domain = {.domid = GUEST};
    memcpy(domain.uuid, uuid_of_guest, sizeof(domain.uuid));
    struct ledger_verdict verdict;
    uint64_t now_usec = BALLAST_SEC_USEC;
    assert_int_equal(ledger_ask(desk->ledger, &request, now_usec, &verdict, NULL), 0);
    assert_int_equal(verdict.reason, LEDGER_OK);
    desk->id = verdict.id;
    assert_int_equal(ledger_grant(desk->ledger, desk->id, &host, now_usec, &verdict, NULL), 0);
    assert_int_equal(verdict.reason, LEDGER_OK);
    assert_int_equal(ledger_bind(desk->ledger, desk->id, "xl", &domain, 0, 0, 2 * BALLAST_SEC_USEC,
                                 &verdict, NULL),
                     0);
    assert_int_equal(verdict.reason, LEDGER_OK);
}

static void close_desk(struct desk *desk)
{
    tick_ledger_free(desk->book);
    ledger_free(desk->ledger);
}

static enum ledger_state see(struct desk *desk, const struct ballast_domain *domain,
                             uint64_t now_usec)
{
    desk->host = (struct ballast_host){.total_kib = 4096 * MIB,
                                       .free_kib = 1024 * MIB,
                                       .now_usec = now_usec,
                                       .domains = desk->domains,
                                       .domain_count = domain ? 1 : 0};
    if (domain)
        desk->domains[0] = *domain;
    assert_int_equal(tick_ledger_see(desk->book, &desk->host, uuid_of, NULL), 0);
    return ledger_find(desk->ledger, desk->id)->state;
}

/* A snapshot from before the binding does not have the domain, which says nothing. */
static void test_an_old_snapshot(void **state)
{
    (void)state;
    struct desk desk;
    open_desk(&desk);
    assert_int_equal(see(&desk, NULL, 2 * BALLAST_SEC_USEC - 1), LEDGER_BOUND);
    assert_int_equal(see(&desk, NULL, 2 * BALLAST_SEC_USEC), LEDGER_RELEASED);
    close_desk(&desk);
}

/* The same id with another uuid is another domain. */
static void test_another_life(void **state)
{
    (void)state;
    struct desk desk;
    struct ballast_domain other = {.id = GUEST + 1, .tot_kib = 64 * MIB};
    open_desk(&desk);
    assert_int_equal(see(&desk, &other, 3 * BALLAST_SEC_USEC), LEDGER_RELEASED);
    close_desk(&desk);
}

/* While it is built its memory moves from the reservation to the domain; then nothing is reserved.
 */
static void test_a_build(void **state)
{
    (void)state;
    struct desk desk;
    struct ballast_domain domain = {.id = GUEST,
                                    .state = BALLAST_DOMAIN_BUILD,
                                    .tot_kib = 100 * MIB,
                                    .overhead_kib = 6 * MIB,
                                    .build_left_kib = 0};
    open_desk(&desk);
    struct tick_book book = tick_ledger_book(desk.book);
    assert_int_equal(see(&desk, &domain, 3 * BALLAST_SEC_USEC), LEDGER_BOUND);
    assert_int_equal(book.reserved_kib(book.book, &desk.host), GRANTED_KIB - 106 * MIB);
    domain.build_left_kib = 100 * MIB; /* the host counts that much itself */
    assert_int_equal(see(&desk, &domain, 4 * BALLAST_SEC_USEC), LEDGER_BOUND);
    assert_int_equal(book.reserved_kib(book.book, &desk.host), GRANTED_KIB - 206 * MIB);
    domain.state = BALLAST_DOMAIN_RUN;
    assert_int_equal(see(&desk, &domain, 5 * BALLAST_SEC_USEC), LEDGER_USED);
    assert_int_equal(book.reserved_kib(book.book, &desk.host), 0);
    close_desk(&desk);
}

/* A name as long as a reservation's, or longer, is cut to what that holds, and matched by that. */
static void test_a_long_name(void **state)
{
    (void)state;
    for (size_t length = LEDGER_OWNER - 1; length <= LEDGER_OWNER + 1; length++) {
        struct desk desk;
        char name[LEDGER_OWNER + 2] = "";
        char label[LEDGER_OWNER] = "";
        memset(name, 'n', length);
        memset(label, 'n', LEDGER_OWNER - 1);
        struct ballast_domain domain = {
            .id = GUEST + 1, .name = name, .state = BALLAST_DOMAIN_BUILD, .tot_kib = 4 * MIB};
        open_desk(&desk);
        assert_int_equal(see(&desk, NULL, 2 * BALLAST_SEC_USEC), LEDGER_RELEASED);
        struct ledger_request request = {.owner = "xl",
                                         .name = label,
                                         .min_kib = GRANTED_KIB,
                                         .max_kib = GRANTED_KIB,
                                         .lease_usec = 100 * BALLAST_SEC_USEC,
                                         .deadline_usec = 100 * BALLAST_SEC_USEC};
        struct ledger_free host = {.free_kib = 1024 * MIB};
        struct ledger_verdict verdict;
        uint64_t now_usec = 2 * BALLAST_SEC_USEC;
        assert_int_equal(ledger_ask(desk.ledger, &request, now_usec, &verdict, NULL), 0);
        desk.id = verdict.id;
        assert_int_equal(ledger_grant(desk.ledger, desk.id, &host, now_usec, &verdict, NULL), 0);
        assert_int_equal(see(&desk, &domain, 3 * BALLAST_SEC_USEC), LEDGER_BOUND);
        close_desk(&desk);
    }
}

/* Domain 7 has shut down at 4 s to reboot, and is torn down at 5 s, but for what it still holds. */
static void open_dying(struct desk *desk, struct tick_dying *dying, uint64_t held_kib)
{
    struct ballast_domain domain = {.id = GUEST,
                                    .name = "web",
                                    .state = BALLAST_DOMAIN_PAUSED,
                                    .tot_kib = GRANTED_KIB,
                                    .reboots = true};
    *dying = (struct tick_dying){.domid = GUEST, .name = "", .held_kib = held_kib, .reboots = true};
    memcpy(dying->uuid, uuid_of_guest, LEDGER_UUID);
    open_desk(desk);
    tick_ledger_keep_reboots(desk->book, 60 * BALLAST_SEC_USEC);
    assert_int_equal(see(desk, &domain, 3 * BALLAST_SEC_USEC), LEDGER_USED);
    (void)see(desk, &domain, 4 * BALLAST_SEC_USEC);
    desk->id = ledger_next(desk->ledger, ledger_find(desk->ledger, desk->id))->id;
    tick_ledger_dying(desk->book, dying, 1);
    assert_int_equal(see(desk, NULL, 5 * BALLAST_SEC_USEC), LEDGER_BOUND);
    struct tick_book book = tick_ledger_book(desk->book);
    assert_int_equal(book.reserved_kib(book.book, &desk->host), GRANTED_KIB - held_kib);
}

static void close_dying(struct desk *desk)
{
    struct tick_book book = tick_ledger_book(desk->book);
    assert_int_equal(book.reserved_kib(book.book, &desk->host), 0);
    assert_null(ledger_next(desk->ledger, ledger_find(desk->ledger, desk->id)));
    close_desk(desk);
}

/* A page that others have mapped is never returned: the next domain has the rest, kept only once.
 */
static void test_a_reboot_that_is_never_quite_gone(void **state)
{
    (void)state;
    struct desk desk;
    struct tick_dying dying;
    struct ballast_domain next = {.id = GUEST + 1,
                                  .name = "web",
                                  .state = BALLAST_DOMAIN_BUILD,
                                  .build_left_kib = GRANTED_KIB};
    open_dying(&desk, &dying, BALLAST_PAGE_KIB);
    assert_int_equal(see(&desk, &next, 6 * BALLAST_SEC_USEC), LEDGER_BOUND);
    assert_int_equal(ledger_find(desk.ledger, desk.id)->domid, GUEST + 1);
    assert_int_equal(ledger_find(desk.ledger, desk.id)->granted_kib,
                     GRANTED_KIB - BALLAST_PAGE_KIB);
    next = (struct ballast_domain){
        .id = GUEST + 1, .name = "web", .state = BALLAST_DOMAIN_RUN, .tot_kib = GRANTED_KIB};
    assert_int_equal(see(&desk, &next, 7 * BALLAST_SEC_USEC), LEDGER_USED);
    assert_int_equal(see(&desk, &next, 8 * BALLAST_SEC_USEC), LEDGER_USED);
    close_dying(&desk);
}

/* And if no domain comes after it, the memory is available after a lease, returned or not. */
static void test_a_reboot_that_is_neither_gone_nor_back(void **state)
{
    (void)state;
    struct desk desk;
    struct tick_dying dying;
    open_dying(&desk, &dying, BALLAST_PAGE_KIB);
    assert_int_equal(see(&desk, NULL, 63 * BALLAST_SEC_USEC), LEDGER_BOUND);
    assert_int_equal(see(&desk, NULL, 64 * BALLAST_SEC_USEC), LEDGER_GRANTED);
    assert_int_equal(see(&desk, NULL, 123 * BALLAST_SEC_USEC), LEDGER_GRANTED);
    assert_int_equal(see(&desk, NULL, 124 * BALLAST_SEC_USEC), LEDGER_RELEASED);
    assert_int_equal(see(&desk, NULL, 125 * BALLAST_SEC_USEC), LEDGER_RELEASED);
    close_dying(&desk);
    open_dying(&desk, &dying, GRANTED_KIB);
    assert_int_equal(see(&desk, NULL, 64 * BALLAST_SEC_USEC), LEDGER_RELEASED);
    assert_int_equal(see(&desk, NULL, 65 * BALLAST_SEC_USEC), LEDGER_RELEASED);
    close_dying(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_old_snapshot),
        cmocka_unit_test(test_another_life),
        cmocka_unit_test(test_a_build),
        cmocka_unit_test(test_a_long_name),
        cmocka_unit_test(test_a_reboot_that_is_never_quite_gone),
        cmocka_unit_test(test_a_reboot_that_is_neither_gone_nor_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
