/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a domain that reboots held is the next one's at every instant, whoever looks when, and
 * counts once: also where its toolstack reserves for it.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "desk.h"

static void renamed_uuid_of(uint32_t domid, uint8_t uuid[LEDGER_UUID])
{
    uuid_of(domid == 5 ? 500 : domid, uuid);
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
        assert_int_equal(book.reserved_kib(book.book, &desk.host), 300 * MIB - dying.held_kib);
        see(&desk);
        assert_int_equal(state_of(&desk, id), LEDGER_BOUND);
        assert_int_equal(book.reserved_kib(book.book, &desk.host), 300 * MIB - dying.held_kib);
    }
    tick_ledger_dying(desk.book, NULL, 0);
    see(&desk);
    assert_int_equal(state_of(&desk, id), LEDGER_GRANTED);
    assert_int_equal(counted_kib(&desk), 300 * MIB);
    close_desk(&desk);
}

/* All but this is taken by another domain, which runs. */
static void leave_available(struct desk *desk, uint64_t kib)
{
    uint64_t rest_kib = available_kib(desk) - kib;
    struct ballast_domain *other = appears(desk, 9, "other", rest_kib);
    takes(desk, other, rest_kib);
    other->state = BALLAST_DOMAIN_RUN;
}

/* Its toolstack reserves for it as well: what is kept is part of that, and the rest is asked for.
 */
static void test_a_request_takes_over_what_is_kept(void **state)
{
    static const uint64_t needs_mib[] = {200, 300, 400};
    static const char *const guests[] = {"queue", "05000000-abab-abab-abab-abababababab"};
    (void)state;
    for (size_t i = 0; i < 6; i++) {
        struct desk desk;
        struct tick_book book;
        const struct balancer_request *waiting;
        size_t count;
        uint64_t need_kib = needs_mib[i / 2] * MIB;
        uint64_t more_kib = need_kib > 300 * MIB ? need_kib - 300 * MIB : 0;
        open_desk(&desk);
        book = tick_ledger_book(desk.book);
        uint64_t id = reboots(&desk);
        goes(&desk);
        see(&desk);
        leave_available(&desk, more_kib);
        see(&desk);
        uint64_t mine = ask(&desk, guests[i % 2], need_kib);
        assert_int_equal(book.waiting(book.book, &waiting, &count, NULL), 0);
        assert_int_equal(waiting[0].need_kib, more_kib);
        desk.journal_fails = 1;
        assert_int_equal(answer(&desk, mine), -ENOSPC);
        assert_int_equal(state_of(&desk, id), LEDGER_GRANTED);
        assert_int_equal(state_of(&desk, mine), LEDGER_REQUESTED);
        assert_int_equal(answer(&desk, mine), 0);
        assert_int_equal(state_of(&desk, id), LEDGER_RELEASED);
        assert_int_equal(ledger_find(desk.ledger, mine)->granted_kib, need_kib);
        assert_int_equal(book.reserved_kib(book.book, &desk.host), need_kib);
        assert_int_equal(available_kib(&desk), 300 * MIB + more_kib - need_kib);
        close_desk(&desk);
    }
}

/* It waits for what its last domain still holds, and has it as it comes; others get none of it. */
static void test_a_request_waits_for_what_a_reboot_returns(void **state)
{
    (void)state;
    struct desk desk;
    struct tick_dying dying = {.domid = 5, .name = "", .held_kib = 200 * MIB, .reboots = true};
    open_desk(&desk);
    uint64_t id = reboots(&desk);
    uuid_of(5, dying.uuid);
    goes(&desk);
    desk.host.free_kib -= 200 * MIB;
    tick_ledger_dying(desk.book, &dying, 1);
    see(&desk);
    leave_available(&desk, 0);
    see(&desk);
    uint64_t mine = ask(&desk, "queue", 300 * MIB);
    uint64_t others = ask(&desk, "web", 4);
    assert_int_equal(answer(&desk, mine), -EAGAIN);
    assert_int_equal(answer(&desk, others), -EAGAIN);
    dying.held_kib = 0;
    desk.host.free_kib += 200 * MIB;
    see(&desk);
    assert_int_equal(answer(&desk, others), -EAGAIN);
    assert_int_equal(answer(&desk, mine), 0);
    assert_int_equal(state_of(&desk, id), LEDGER_RELEASED);
    see(&desk);
    assert_null(ledger_next(desk.ledger, ledger_find(desk.ledger, others)));
    close_desk(&desk);
}

/* Its next domain has come since the ledger was looked at: what is kept is that one's. */
static void test_a_request_beside_the_domain_that_came(void **state)
{
    (void)state;
    struct desk desk;
    open_desk(&desk);
    uint64_t id = reboots(&desk);
    goes(&desk);
    see(&desk);
    uint64_t others = granted(&desk, "web", 400 * MIB);
    leave_available(&desk, 0);
    see(&desk);
    uint64_t mine = ask(&desk, "queue", 300 * MIB);
    takes(&desk, appears(&desk, 10, "queue", 300 * MIB), 100 * MIB);
    pass(&desk);
    assert_int_equal(answer(&desk, mine), -EAGAIN);
    available_kib(&desk);
    see(&desk);
    assert_int_equal(state_of(&desk, id), LEDGER_BOUND);
    assert_int_equal(state_of(&desk, others), LEDGER_GRANTED);
    assert_int_equal(answer(&desk, mine), -EAGAIN);
    close_desk(&desk);
}

/* Reserved before it went: nothing is kept beside that. */
static void test_a_reboot_that_is_reserved_for(void **state)
{
    (void)state;
    struct desk desk;
    open_desk(&desk);
    tick_ledger_keep_reboots(desk.book, 60 * BALLAST_SEC_USEC);
    struct ballast_domain *queue = appears(&desk, 5, "queue", 300 * MIB);
    takes(&desk, queue, 300 * MIB);
    queue->state = BALLAST_DOMAIN_RUN;
    see(&desk);
    uint64_t mine = granted(&desk, "queue", 300 * MIB);
    queue->state = BALLAST_DOMAIN_PAUSED;
    queue->reboots = true;
    see(&desk);
    assert_null(ledger_next(desk.ledger, ledger_find(desk.ledger, mine)));
    assert_int_equal(counted_kib(&desk), 600 * MIB);
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

/* Its toolstack has renamed it, and keeps it: the uuid is another one. */
static void see_renamed(struct desk *desk)
{
    pass(desk);
    assert_int_equal(tick_ledger_see(desk->book, &desk->host, renamed_uuid_of, NULL), 0);
}

/* A domain that is kept under another uuid has returned nothing; its next one is built beside it.
 */
static void test_a_reboot_that_keeps_its_domain(void **state)
{
    (void)state;
    for (int again = 0; again < 2; again++) {
        struct desk desk;
        open_desk(&desk);
        uint64_t id = reboots(&desk);
        (void)snprintf(desk.names[0], NAME, "queue-1");
        desk.domains[0].reboots = again;
        for (int i = 0; i < 2; i++) {
            see_renamed(&desk);
            assert_int_equal(state_of(&desk, id), LEDGER_BOUND);
            assert_null(ledger_next(desk.ledger, ledger_find(desk.ledger, id)));
            assert_int_equal(counted_kib(&desk), 300 * MIB);
        }
        (void)appears(&desk, 6, "queue", 300 * MIB);
        see_renamed(&desk);
        assert_int_equal(state_of(&desk, id), LEDGER_RELEASED);
        assert_int_equal(counted_kib(&desk), 600 * MIB);
        close_desk(&desk);
    }
}

/* Destroyed after it was renamed: what it still holds as it is torn down is not reserved. */
static void test_a_renamed_domain_that_goes(void **state)
{
    struct tick_dying dying = {.domid = 5, .name = "", .held_kib = 200 * MIB};
    struct desk desk;
    (void)state;
    open_desk(&desk);
    uint64_t id = reboots(&desk);
    renamed_uuid_of(5, dying.uuid);
    goes(&desk);
    desk.host.free_kib -= 200 * MIB;
    tick_ledger_dying(desk.book, &dying, 1);
    see_renamed(&desk);
    assert_int_equal(state_of(&desk, id), LEDGER_BOUND);
    struct tick_book book = tick_ledger_book(desk.book);
    assert_int_equal(book.reserved_kib(book.book, &desk.host), 100 * MIB);
    close_desk(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_reboot),
        cmocka_unit_test(test_a_reboot_between_two_samples),
        cmocka_unit_test(test_a_reboot_that_takes_its_time),
        cmocka_unit_test(test_a_request_takes_over_what_is_kept),
        cmocka_unit_test(test_a_request_waits_for_what_a_reboot_returns),
        cmocka_unit_test(test_a_request_beside_the_domain_that_came),
        cmocka_unit_test(test_a_reboot_that_is_reserved_for),
        cmocka_unit_test(test_a_reboot_that_keeps_its_domain),
        cmocka_unit_test(test_a_renamed_domain_that_goes),
        cmocka_unit_test(test_a_reboot_that_never_returns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
