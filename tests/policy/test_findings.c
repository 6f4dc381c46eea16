/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is told of probes and of pressure: once each, and no more often than their times allow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "scene.h"

#include "core/policy/findings.h"
#include "core/policy/probe.h"

#define SEC BALLAST_SEC_USEC

/* What is found when a track goes from one to the other; BALANCER_REASONS: nothing. */
static enum balancer_reason found(struct track before, struct track after)
{
    struct balancer_finding out[FINDINGS_MOST];
    struct ballast_domain domain = a_guest(7, 512, 1000, 2000);
    domain.used_kib = 900 * MIB;
    size_t count = findings_of(&before.probe, &after, &domain, 100 * SEC, out);
    assert_true(count <= 1);
    if (count == 0)
        return BALANCER_REASONS;
    assert_int_equal(out[0].id, 7);
    assert_int_equal(out[0].figures.current_kib, 1000 * MIB);
    assert_int_equal(out[0].figures.used_kib, 900 * MIB);
    return out[0].reason;
}

static void test_how_a_probe_ends(void **state)
{
    (void)state;
    struct track tried = {
        .probe = {.from_kib = 1060 * MIB, .step_kib = 62 * MIB, .seen_used_kib = 950 * MIB}};
    struct track ended = {0};
    assert_int_equal(found(tried, tried), BALANCER_REASONS);
    assert_int_equal(found(tried, ended), BALANCER_PROBE_UNANSWERED);
    ended.probe.proven = true;
    assert_int_equal(found(tried, ended), BALANCER_REPORT_FREES);
    ended = (struct track){.probe = {.stays = 1}};
    assert_int_equal(found(tried, ended), BALANCER_REPORT_STAYS);
    ended.distress.level = DISTRESS_SOME;
    assert_int_equal(found(tried, ended), BALANCER_PROBE_PRESSED);
    ended.stuck = true;
    assert_int_equal(found(tried, ended), BALANCER_PROBE_STOPPED);
    ended = (struct track){.probe = {.follows = 1}};
    assert_int_equal(found(tried, ended), BALANCER_REPORT_FOLLOWS);
    tried.probe.seen_used_kib = 910 * MIB;
    assert_int_equal(found(tried, ended), BALANCER_REPORT_UNUSED);
    tried.probe.seen_used_kib = 950 * MIB;
    ended.distress.level = DISTRESS_QUIET;
    assert_int_equal(found(tried, ended), BALANCER_REPORT_UNUSED);
    /* A step that nobody wanted, so that it was not asked for anything. */
    tried.probe.from_kib = 1000 * MIB;
    assert_int_equal(found(tried, (struct track){0}), BALANCER_REASONS);
}

/* The steps after the first one that a report follows are not told; that it is forgiven is. */
static void test_a_found_one(void **state)
{
    (void)state;
    struct track tried = {.probe = {.from_kib = 1000, .step_kib = 62, .follows = 1}};
    assert_int_equal(found(tried, (struct track){.probe = {.follows = 2}}), BALANCER_REASONS);
    assert_int_equal(
        found((struct track){.probe = {.follows = 2}}, (struct track){.found_shown = true}),
        BALANCER_REPORT_FORGIVEN);
    assert_int_equal(found((struct track){.probe = {.follows = 2}}, (struct track){0}),
                     BALANCER_REASONS);
}

/* It had freed memory, and no probe was under way. It is told once in five minutes. */
static void test_found_without_a_probe(void **state)
{
    (void)state;
    struct track before = {.probe = {.seen_used_kib = 1500 * MIB}};
    struct track after = {.probe = {.follows = 1}, .shown_usec = 99 * SEC};
    assert_int_equal(found(before, after), BALANCER_REASONS);
    assert_int_equal(found(before, (struct track){.probe = {.follows = 1}}),
                     BALANCER_REPORT_FOLLOWS);
}

/* However often a guest's pressure changes, it is told at most twice in half a minute. */
static void test_pressure_is_told_seldom(void **state)
{
    (void)state;
    struct track track = {0};
    struct ballast_domain domain = a_guest(7, 512, 1000, 2000);
    size_t told[2] = {0};
    for (uint64_t tick = 0; tick < 6000; tick++) {
        struct balancer_finding out[FINDINGS_MOST];
        struct track before = track;
        /* It flickers for three minutes, and is quiet after that. */
        track.distress.level = tick % 2 == 0 && tick < 1800 ? DISTRESS_FULL : DISTRESS_UNKNOWN;
        for (size_t i = findings_of(&before.probe, &track, &domain, tick * TICK, out); i > 0; i--)
            told[out[i - 1].reason == BALANCER_DISTRESS_OVER]++;
    }
    assert_int_equal(told[0], 1);
    assert_int_equal(told[1], 1);
}

struct flicker {
    struct ballast_domain domain;
    struct track track;
    uint64_t start_kib;
    uint64_t pressed_until_usec;
    unsigned told;
};

/* A second of a guest that lets each step be found, and then reports pressure for two seconds. */
static void flicker_second(struct flicker *flicker, uint64_t now_usec)
{
    struct ballast_domain *domain = &flicker->domain;
    struct balancer_finding out[FINDINGS_MOST];
    struct track before = flicker->track;
    bool pressed = now_usec < flicker->pressed_until_usec;
    domain->pressure.values[BALLAST_PRESSURE_SOME] = pressed ? 500 : 0;
    domain->pressure.age_usec = 0;
    domain->report_age_usec = 0;
    domain->used_kib = domain->tot_kib;
    track_update(&flicker->track, domain, now_usec, 64);
    for (size_t i = findings_of(&before.probe, &flicker->track, domain, now_usec, out); i > 0;
         i--) {
        flicker->told++;
        if (out[i - 1].reason == BALANCER_REPORT_FOLLOWS ||
            out[i - 1].reason == BALANCER_REPORT_UNUSED)
            flicker->pressed_until_usec = now_usec + 2 * SEC;
        if (out[i - 1].reason == BALANCER_REPORT_FORGIVEN)
            domain->tot_kib = domain->target_kib = flicker->start_kib;
    }
    if (probe_may_begin(&flicker->track.probe, domain, &flicker->track.distress, now_usec))
        track_probe(&flicker->track, domain, true, now_usec);
    if (flicker->track.probe.from_kib > 0)
        domain->tot_kib = domain->target_kib =
            flicker->track.probe.from_kib - flicker->track.probe.step_kib;
}

/* Each time that its pressure ends what was found, the next probe waits for longer. */
static void test_pressure_does_not_fill_the_history(void **state)
{
    (void)state;
    struct flicker flicker = {.domain = a_guest(7, 512, 4000, 8000)};
    flicker.domain.report_source = BALLAST_REPORT_BALLAST_AGENT;
    flicker.domain.pressure.known = (1U << BALLAST_PRESSURE_SOME) | (1U << BALLAST_PRESSURE_FULL);
    flicker.domain.reported_free_kib = 0;
    flicker.start_kib = flicker.domain.tot_kib;
    track_begin(&flicker.track, &flicker.domain, 0);
    for (uint64_t second = 1; second < 3600; second++)
        flicker_second(&flicker, second * SEC);
    assert_in_range(flicker.told, 4, 24);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_how_a_probe_ends),
        cmocka_unit_test(test_a_found_one),
        cmocka_unit_test(test_pressure_is_told_seldom),
        cmocka_unit_test(test_found_without_a_probe),
        cmocka_unit_test(test_pressure_does_not_fill_the_history),
    };
    return cmocka_run_group_tests_name("policy-findings", tests, NULL, NULL);
}
