/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The floor of a guest, by what is known of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/units.h"
#include "core/policy/floor.h"

#define MIB BALLAST_MIB_KIB
#define SEC BALLAST_SEC_USEC

static struct floor_facts a_guest(uint64_t static_mib)
{
    return (struct floor_facts){
        .now_usec = 1000 * SEC,
        .static_max_kib = static_mib * MIB,
        .reported_used_kib = BALLAST_NONE,
        .report_age_usec = BALLAST_NONE,
        .report_most_kib = BALLAST_NONE,
        .up_usec = BALLAST_NONE,
    };
}

static void test_the_least(void **state)
{
    (void)state;
    struct floor_facts facts = a_guest(512);
    /* Idle Linux guests of that static maximum stopped at 80 to 89 MiB. */
    assert_int_equal(floor_of(&facts).kib, 90 * MIB);
    assert_int_equal(floor_of(&facts).reason, FLOOR_MINIMAL_KERNEL);
    /* 64 GiB more are 1 GiB of struct pages. */
    facts.static_max_kib += 64 * 1024 * MIB;
    assert_int_equal(floor_of(&facts).kib, (90 + 1024) * MIB);
    facts.videoram_kib = 16 * MIB;
    assert_int_equal(floor_of(&facts).kib, (90 + 1024 + 16) * MIB);
    facts.static_max_kib = UINT64_MAX;
    facts.videoram_kib = UINT64_MAX;
    assert_int_equal(floor_of(&facts).kib, UINT64_MAX);
}

/* A unikernel of 32 MiB is not held to what Linux needs. */
static void test_small_ones_are_unknown(void **state)
{
    (void)state;
    struct floor_facts facts = a_guest(127);
    assert_int_equal(floor_of(&facts).kib, 0);
    assert_int_equal(floor_of(&facts).reason, FLOOR_NONE);
    assert_true(floor_minimal_kernel_kib(FLOOR_ORDINARY_KIB, 0) > 0);
}

static void test_boot(void **state)
{
    (void)state;
    struct floor_facts facts = a_guest(512);
    facts.up_usec = 3 * SEC;
    assert_int_equal(floor_of(&facts).kib, 180 * MIB);
    assert_int_equal(floor_of(&facts).reason, FLOOR_BOOT);
    facts.up_usec = 60 * SEC;
    assert_int_equal(floor_of(&facts).reason, FLOOR_MINIMAL_KERNEL);
}

/* A guest knows nothing of its video memory, and its balloon never gives it: in each floor but
 * where its balloon was seen to stop it is on top. */
static void test_video_is_on_top(void **state)
{
    (void)state;
    struct ballast_domain domain = {.static_max_kib = 4096 * MIB,
                                    .used_kib = 600 * MIB,
                                    .video_kib = 128 * MIB,
                                    .report_age_usec = SEC};
    struct floor_facts facts = floor_facts_seen(&domain, 1000 * SEC);
    struct floor floor = floor_of(&facts);
    char text[256];
    assert_int_equal(floor.kib, 728 * MIB);
    (void)floor_text(&floor, text, sizeof(text));
    assert_string_equal(text, "the memory that it reports in use, and its video memory, 128 MiB");
    domain.used_kib = BALLAST_NONE;
    facts = floor_facts_seen(&domain, 1000 * SEC);
    assert_int_equal(facts.reported_used_kib, BALLAST_NONE);
    assert_int_equal(floor_of(&facts).kib, (90 + 56 + 128) * MIB);
    facts.up_usec = SEC;
    assert_int_equal(floor_of(&facts).kib, (2 * (90 + 56) + 128) * MIB);
    domain.used_kib = UINT64_MAX - 1;
    assert_int_equal(ballast_domain_used_kib(&domain), UINT64_MAX - 1);
}

static void test_its_word(void **state)
{
    (void)state;
    struct floor_facts facts = a_guest(4096);
    facts.reported_used_kib = 3000 * MIB;
    assert_int_equal(floor_of(&facts).kib, 3000 * MIB);
    assert_int_equal(floor_of(&facts).reason, FLOOR_REPORTED_USE);
    /* It fades with age, from a minute on, and is nothing after ten. */
    facts.report_age_usec = 60 * SEC;
    assert_int_equal(floor_of(&facts).kib, 3000 * MIB);
    facts.report_age_usec = 330 * SEC;
    assert_int_equal(floor_of(&facts).kib, 1500 * MIB);
    facts.report_age_usec = 600 * SEC;
    assert_int_equal(floor_of(&facts).reason, FLOOR_MINIMAL_KERNEL);
    /* What it is let hold by it is the end, however much it claims. */
    facts.report_age_usec = 0;
    facts.reported_used_kib = UINT64_MAX - 1;
    facts.report_most_kib = 500 * MIB;
    assert_int_equal(floor_of(&facts).kib, 500 * MIB);
}

/* One sample sees how old the report is: to one that has not watched it an old one counts less,
 * too.
 */
static void test_one_look_sees_its_age(void **state)
{
    (void)state;
    struct ballast_domain domain = {
        .static_max_kib = 4096 * MIB, .used_kib = 3000 * MIB, .report_age_usec = 330 * SEC};
    struct floor_facts facts = floor_facts_seen(&domain, 1000 * SEC);
    assert_int_equal(floor_of(&facts).kib, 1500 * MIB);
}

/* An agent that looks each two minutes is not late before that. */
static void test_an_agent_that_is_not_late(void **state)
{
    (void)state;
    struct ballast_domain domain = {.static_max_kib = 4096 * MIB,
                                    .used_kib = 3000 * MIB,
                                    .report_source = BALLAST_REPORT_GUEST_AGENT,
                                    .report_age_usec = FLOOR_AGENT_PERIOD_USEC};
    struct floor_facts facts = floor_facts_seen(&domain, 1000 * SEC);
    assert_int_equal(floor_of(&facts).kib, 3000 * MIB);
    domain.report_age_usec += 270 * SEC;
    facts = floor_facts_seen(&domain, 1000 * SEC);
    assert_int_equal(floor_of(&facts).kib, 1500 * MIB);
    domain.report_source = BALLAST_REPORT_BALLAST_AGENT;
    facts = floor_facts_seen(&domain, 1000 * SEC);
    assert_true(floor_of(&facts).kib < 1500 * MIB);
}

static void test_a_stop_is_learned(void **state)
{
    (void)state;
    struct floor_facts facts = a_guest(4096);
    floor_record_stop(&facts.last_stop, 800 * MIB, facts.now_usec);
    assert_true(floor_in_backoff(&facts.last_stop, facts.now_usec));
    assert_int_equal(floor_of(&facts).kib, 800 * MIB);
    assert_int_equal(floor_of(&facts).reason, FLOOR_LAST_STOP);
    /* After 10 s it is asked again, for a sixteenth less and no more. */
    facts.now_usec += 10 * SEC;
    assert_false(floor_in_backoff(&facts.last_stop, facts.now_usec));
    assert_int_equal(floor_of(&facts).kib, 750 * MIB);
    /* Where it stops once more it is in backoff twice as long, and so on, for an hour at most. */
    floor_record_stop(&facts.last_stop, 790 * MIB, facts.now_usec);
    assert_int_equal(floor_backoff_usec(&facts.last_stop), 20 * SEC);
    for (int i = 0; i < 40; i++)
        floor_record_stop(&facts.last_stop, 780 * MIB, facts.now_usec);
    assert_int_equal(floor_backoff_usec(&facts.last_stop), 3600 * SEC);
    /* At quite another place it is the first one. */
    floor_record_stop(&facts.last_stop, 400 * MIB, facts.now_usec);
    assert_int_equal(facts.last_stop.stops, 1);
}

static void test_a_stop_is_forgotten(void **state)
{
    (void)state;
    struct balloon_stop stop = {0};
    assert_false(floor_review_stop(&stop, 0, 0));
    floor_record_stop(&stop, 800 * MIB, SEC);
    /* A page below is not yet another life; half of what it is asked for next is. */
    assert_false(floor_review_stop(&stop, 800 * MIB - 4, 2 * SEC));
    assert_false(floor_review_stop(&stop, 776 * MIB, 2 * SEC));
    assert_true(floor_review_stop(&stop, 770 * MIB, 3 * SEC));
    assert_int_equal(stop.kib, 0);
    floor_record_stop(&stop, 800 * MIB, SEC);
    assert_false(floor_review_stop(&stop, 900 * MIB, 6 * 24 * 3600 * SEC));
    assert_true(floor_review_stop(&stop, 900 * MIB, 8 * 24 * 3600 * SEC));
}

/* The size alone is that of the floor, whichever reason it has. */
static void test_its_size_alone(void **state)
{
    uint64_t random = 11;
    unsigned reasons = 0;
    (void)state;
    for (int i = 0; i < 20000; i++) {
        uint64_t bits = random = random * UINT64_C(6364136223846793005) + 1;
        bits >>= 20;
        struct floor_facts facts = a_guest(64 << (bits & 7));
        facts.videoram_kib = bits & 8 ? 16 * MIB : 0;
        facts.reported_used_kib = bits & 16 ? (bits >> 8 & 4095) * MIB : BALLAST_NONE;
        facts.report_age_usec = bits & 32 ? (bits >> 12 & 1023) * SEC : BALLAST_NONE;
        facts.report_most_kib = bits & 64 ? (bits >> 10 & 2047) * MIB : BALLAST_NONE;
        facts.up_usec = bits & 128 ? (bits >> 14 & 127) * SEC : BALLAST_NONE;
        if (bits & 256)
            facts.last_stop = (struct balloon_stop){(bits >> 16 & 4095) * MIB,
                                                    (bits >> 18 & 1023) * SEC, bits >> 20 & 3};
        struct floor floor = floor_of(&facts);
        assert_int_equal(floor_size_kib(&facts), floor.kib);
        reasons |= 1U << floor.reason;
    }
    assert_int_equal(reasons, (1U << FLOOR_REASONS) - 1);
}

static void test_words_and_sentences(void **state)
{
    (void)state;
    char text[256];
    for (int i = 0; i < FLOOR_REASONS; i++) {
        struct floor floor = {.kib = 1, .reason = (enum floor_reason)i};
        assert_int_equal(floor_reason_find(floor_reason_name((enum floor_reason)i)), i);
        assert_true(floor_text(&floor, text, sizeof(text)) > 0);
    }
    assert_null(floor_reason_name(FLOOR_REASONS));
    assert_true(floor_reason_find("below") < 0);
    struct floor floor = {
        .kib = 800 * MIB, .reason = FLOOR_LAST_STOP, .stopped_kib = 800 * MIB, .stops = 2};
    (void)floor_text(&floor, text, sizeof(text));
    assert_string_equal(text, "the size at which its balloon stopped, 800 MiB (2 times)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_least),
        cmocka_unit_test(test_small_ones_are_unknown),
        cmocka_unit_test(test_boot),
        cmocka_unit_test(test_video_is_on_top),
        cmocka_unit_test(test_its_word),
        cmocka_unit_test(test_one_look_sees_its_age),
        cmocka_unit_test(test_an_agent_that_is_not_late),
        cmocka_unit_test(test_a_stop_is_learned),
        cmocka_unit_test(test_a_stop_is_forgotten),
        cmocka_unit_test(test_its_size_alone),
        cmocka_unit_test(test_words_and_sentences),
    };
    return cmocka_run_group_tests_name("policy-floor", tests, NULL, NULL);
}
