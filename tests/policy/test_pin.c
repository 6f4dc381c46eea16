/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pinned targets, under every policy: kept whatever the guest reports, squeezed for a request
 * alone, returned to afterwards, and never outside of what a guest may hold.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/units.h"
#include "core/peers/peers.h"
#include "core/policy/balancer.h"
#include "core/policy/pin.h"

#define MIB BALLAST_MIB_KIB
enum { HELD = 1, OTHER = 2, GUESTS = 3, TICKS = 600 };

struct bench {
    struct ballast_domain domains[GUESTS];
    struct ballast_host host;
    struct balancer *balancer;
    struct balancer_request request;
    bool waits;
    bool granted;
    enum balancer_reason reason; /* of the last target set for HELD */
    char text[256];
    size_t sets; /* targets of HELD that were set */
};

static struct ballast_domain guest(uint32_t id, uint64_t tot, uint64_t min, uint64_t max)
{
    return (struct ballast_domain){
        .id = id,
        .name = "guest",
        .state = BALLAST_DOMAIN_RUN,
        .is_dom0 = id == 0,
        .has_balloon = true,
        .tot_kib = tot * MIB,
        .target_kib = tot * MIB,
        .maxmem_kib = tot * MIB,
        .dynamic_min_kib = min * MIB,
        .dynamic_max_kib = max * MIB,
        .static_max_kib = max * MIB,
        .used_kib = 300 * MIB,
        .reported_free_kib = (tot - 300) * MIB,
        .report_age_usec = 0,
        .shares = BALLAST_DEFAULT_SHARES,
    };
}

static void set_up(struct bench *bench, const struct policy *policy, uint64_t free_mib)
{
    *bench = (struct bench){.reason = BALANCER_REASONS};
    bench->domains[0] = guest(0, 1024, 1024, 1024);
    bench->domains[HELD] = guest(HELD, 1024, 512, 4096);
    bench->domains[OTHER] = guest(OTHER, 1024, 512, 2048);
    bench->host = (struct ballast_host){.total_kib = (3 * 1024 + free_mib) * MIB,
                                        .free_kib = free_mib * MIB,
                                        .caps = BALLAST_HOST_CAPS_ALL,
                                        .domains = bench->domains,
                                        .domain_count = GUESTS};
    struct balancer_options options = BALANCER_OPTIONS_DEFAULT;
    bench->balancer = balancer_new(policy, &options);
    assert_non_null(bench->balancer);
}

static void do_set(struct bench *bench, const struct balancer_set *set)
{
    struct ballast_domain *domain = &bench->domains[set->id];
    if (set->target_kib != BALLAST_NONE)
        domain->target_kib = set->target_kib;
    if (set->maxmem_kib != BALLAST_NONE)
        domain->maxmem_kib = set->maxmem_kib;
    if (set->id != HELD || set->target_kib == BALLAST_NONE)
        return;
    bench->reason = set->reason;
    bench->sets++;
    (void)balancer_set_text(set, "held", bench->text, sizeof(bench->text));
}

/* Balloons go at 20 MiB a tick; what they say follows. */
static void move(struct bench *bench)
{
    for (size_t i = 0; i < GUESTS; i++) {
        struct ballast_domain *domain = &bench->domains[i];
        uint64_t most_kib = 20 * MIB;
        if (domain->tot_kib > domain->target_kib) {
            uint64_t kib = ballast_min_u64(most_kib, domain->tot_kib - domain->target_kib);
            domain->tot_kib -= kib;
            bench->host.free_kib += kib;
        } else {
            uint64_t kib = ballast_min_u64(most_kib, domain->target_kib - domain->tot_kib);
            kib = ballast_min_u64(kib, bench->host.free_kib);
            domain->tot_kib += kib;
            bench->host.free_kib -= kib;
        }
        domain->reported_free_kib = ballast_sub_floor(domain->tot_kib, domain->used_kib);
    }
    bench->host.now_usec += 100 * 1000;
}

static void tick(struct bench *bench)
{
    struct balancer_input input = {.host = &bench->host, .requests = &bench->request};
    struct balancer_output out;
    input.request_count = bench->waits;
    input.reserved_kib = bench->granted ? bench->request.need_kib : 0;
    assert_int_equal(balancer_decide(bench->balancer, &input, &out, NULL), 0);
    for (size_t i = 0; i < out.set_count; i++)
        do_set(bench, &out.sets[i]);
    for (size_t i = 0; i < out.verdict_count; i++) {
        bench->granted = out.verdicts[i].granted;
        bench->waits = false;
    }
    move(bench);
}

static void run(struct bench *bench, size_t ticks)
{
    for (size_t i = 0; i < ticks; i++)
        tick(bench);
}

static void assert_holds(const struct bench *bench, const struct policy *policy, uint64_t mib)
{
    const struct ballast_domain *held = &bench->domains[HELD];
    if (held->target_kib != mib * MIB || held->tot_kib != mib * MIB)
        fail_msg("%s: target %llu, holds %llu, not %llu MiB", policy->name,
                 (unsigned long long)held->target_kib / MIB,
                 (unsigned long long)held->tot_kib / MIB, (unsigned long long)mib);
}

/* Pinned at 700 MiB and at 1500 MiB, whatever it says that it uses. */
static void test_kept(void **state)
{
    static const uint64_t pins[] = {700, 1024, 1500};
    static const uint64_t words[] = {100, 690, 900, 2000};
    (void)state;
    const struct policy *policy;
    for (size_t p = 0; (policy = peers_policy_at(p)); p++) {
        for (size_t i = 0; i < 12; i++) {
            struct bench bench;
            set_up(&bench, policy, 2048);
            bench.domains[HELD].pinned_kib = pins[i / 4] * MIB;
            bench.domains[HELD].used_kib = words[i % 4] * MIB;
            run(&bench, TICKS);
            assert_holds(&bench, policy, pins[i / 4]);
            /* Where it is there, nothing is written any more. */
            size_t sets = bench.sets;
            assert_true(sets == 0 || bench.reason == BALANCER_PINNED);
            run(&bench, TICKS);
            assert_int_equal(bench.sets, sets);
            balancer_free(bench.balancer);
        }
    }
}

/* Within its range, whatever was pinned. */
static void test_bounds(void **state)
{
    (void)state;
    const struct policy *policy;
    for (size_t p = 0; (policy = peers_policy_at(p)); p++) {
        struct bench bench;
        set_up(&bench, policy, 6 * 1024);
        bench.domains[HELD].pinned_kib = 16 * MIB;
        run(&bench, TICKS);
        assert_holds(&bench, policy, 512);
        bench.domains[HELD].pinned_kib = 64 * 1024 * MIB;
        run(&bench, TICKS);
        assert_holds(&bench, policy, 4096);
        bench.domains[HELD].dynamic_max_kib = 2048 * MIB;
        run(&bench, TICKS);
        assert_holds(&bench, policy, 2048);
        balancer_free(bench.balancer);
    }
}

/* A request that no other donor can serve takes from it, to its floor at most, and it comes back.
 */
static void test_squeezed(void **state)
{
    (void)state;
    const struct policy *policy;
    for (size_t p = 0; (policy = peers_policy_at(p)); p++) {
        struct bench bench;
        if (!policy->squeezes)
            continue;
        set_up(&bench, policy, 0);
        bench.domains[HELD].pinned_kib = 1024 * MIB;
        run(&bench, 50);
        assert_holds(&bench, policy, 1024);
        bench.request = (struct balancer_request){
            .id = 1, .need_kib = 800 * MIB, .deadline_usec = BALLAST_NONE};
        bench.waits = true;
        bool said = false;
        for (size_t i = 0; i < TICKS && bench.waits; i++) {
            tick(&bench);
            said |= bench.reason == BALANCER_BELOW_PIN &&
                    strstr(bench.text, "below its pinned target of 1 GiB") != NULL;
            assert_true(bench.domains[HELD].target_kib >= 512 * MIB);
        }
        assert_true(bench.granted);
        assert_true(said);
        run(&bench, TICKS);
        assert_true(bench.domains[HELD].tot_kib < 1024 * MIB);
        /* What was promised is given back. */
        bench.granted = false;
        run(&bench, TICKS);
        assert_holds(&bench, policy, 1024);
        balancer_free(bench.balancer);
    }
}

/* While others are idle, a request leaves it where it is. */
static void test_spared(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench, policy_find("ballast"), 0);
    bench.domains[HELD].pinned_kib = 1024 * MIB;
    bench.domains[OTHER].used_kib = 100 * MIB;
    bench.domains[OTHER].reported_free_kib = 924 * MIB;
    bench.request =
        (struct balancer_request){.id = 1, .need_kib = 200 * MIB, .deadline_usec = BALLAST_NONE};
    bench.waits = true;
    run(&bench, TICKS);
    assert_true(bench.granted);
    assert_int_equal(bench.sets, 0);
    balancer_free(bench.balancer);
}

/* Where its balloon stopped a pin below does not count; once its pause is over it is asked for a
 * sixteenth less, like any other. */
static void test_shown(void **state)
{
    (void)state;
    for (uint64_t sec = 5; sec <= 15; sec += 10) {
        struct floor_facts facts = FLOOR_NO_FACTS;
        facts.last_stop = (struct balloon_stop){800 * MIB, 1000 * BALLAST_SEC_USEC, 1};
        facts.now_usec = facts.last_stop.usec + sec * BALLAST_SEC_USEC;
        struct policy_domain view = {
            .tot_kib = 800 * MIB, .floor_kib = 800 * MIB, .max_kib = 2048 * MIB};
        pin_view(&view, 512 * MIB, &facts);
        assert_int_equal(view.floor_kib, (sec < 10 ? 800 : 750) * MIB);
        assert_int_equal(view.pinned_kib, 512 * MIB);
    }
}

/* Given back, it is balanced like any other. */
static void test_given_back(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench, policy_find("ballast"), 2048);
    bench.domains[HELD].pinned_kib = 700 * MIB;
    run(&bench, TICKS);
    bench.domains[HELD].pinned_kib = 0;
    run(&bench, TICKS);
    assert_true(bench.domains[HELD].tot_kib > 1024 * MIB);
    balancer_free(bench.balancer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kept),     cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_squeezed), cmocka_unit_test(test_spared),
        cmocka_unit_test(test_shown),    cmocka_unit_test(test_given_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
