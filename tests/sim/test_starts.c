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

#include "../seeds/seed.h"
#include "desk.h"

/* At every instant, whether the daemon has sampled since or not, and without a bind. */
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

/* Built before the next sample, or while the ledger could not be written. */
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

/* A snapshot from before the grant shows no domain that came after it. */
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

/* What a domain takes beyond its grant is its own; what it leaves is available once it is built. */
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

/* It dies before its client could bind it: nothing of it is reserved any more. */
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
    assert_int_equal(state_of(&desk, id), LEDGER_GRANTED);
    assert_int_equal(counted_kib(&desk), 1000 * MIB);
    close_desk(&desk);
}

/* What it had taken has not come back, or the start that followed its request ends with it. */
static void test_destroyed_for_good(void **state)
{
    (void)state;
    for (int followed = 0; followed < 2; followed++) {
        struct desk desk;
        open_desk(&desk);
        uint64_t id = granted(&desk, "queue", 1000 * MIB);
        if (followed)
            tick_ledger_start_follows(desk.book, id);
        struct ballast_domain *queue = appears(&desk, 3, "queue", 1000 * MIB);
        takes(&desk, queue, 10 * MIB);
        see(&desk);
        desk.host.free_kib =
            followed ? desk.host.free_kib + queue->tot_kib : (SLACK_MIB + 990 + 5) * MIB;
        desk.host.domain_count = 0;
        see(&desk);
        assert_int_equal(state_of(&desk, id), LEDGER_RELEASED);
        close_desk(&desk);
    }
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
    /* Built, and the daemon is killed before it pays; it pays what it finds, once. */
    restart(&desk);
    see(&desk);
    assert_int_equal(state_of(&desk, first), LEDGER_USED);
    assert_int_equal(ledger_find(desk.ledger, second)->granted_kib, 400 * MIB);
    assert_int_equal(counted_kib(&desk), 1500 * MIB);
    is_built(&desk, model);
    see(&desk);
    restart(&desk);
    vm->tot_kib += 10 * MIB;
    desk.host.free_kib -= 10 * MIB;
    see(&desk);
    vm->tot_kib -= 10 * MIB;
    desk.host.free_kib += 10 * MIB;
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

/* What it has paid is known as long as the pool pays: also when newer closed ones are many. */
static void test_a_pool_that_outlives_the_record_of_what_it_paid(void **state)
{
    (void)state;
    struct desk desk;
    struct ledger_verdict verdict;
    open_desk(&desk);
    see(&desk);
    uint64_t pool = granted(&desk, "*", 1000 * MIB);
    is_built(&desk, appears(&desk, 3, "vm", 300 * MIB));
    see(&desk);
    assert_int_equal(ledger_find(desk.ledger, pool)->granted_kib, 700 * MIB);
    for (int i = 0; i < 300; i++) {
        uint64_t id = ask(&desk, NULL, 4);
        assert_int_equal(ledger_release(desk.ledger, id, NULL, desk.host.now_usec, &verdict, NULL),
                         0);
    }
    restart(&desk);
    see(&desk);
    assert_int_equal(ledger_find(desk.ledger, pool)->granted_kib, 700 * MIB);
    assert_int_equal(counted_kib(&desk), 1000 * MIB);
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

/* The client that asked binds it too, at some time; which of the two was first makes no difference.
 */
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

/* The domain is gone, and the ledger has not seen it: what it had is reserved until it does. */
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
        cmocka_unit_test(test_destroyed_for_good),
        cmocka_unit_test(test_names_and_uuids),
        cmocka_unit_test(test_a_pool),
        cmocka_unit_test(test_whom_a_pool_does_not_pay),
        cmocka_unit_test(test_a_pool_on_a_full_disk),
        cmocka_unit_test(test_a_pool_that_outlives_the_record_of_what_it_paid),
        cmocka_unit_test(test_random),
    };
    seed_from(argc, argv, &seed, "test_random");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
