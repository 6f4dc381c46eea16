/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts of a host's memory: each in its place, nothing twice. */
#include "unit.h"

#include "core/model/breakdown.h"
#include "core/model/host_breakdown.h"

static struct ballast_domain domains[3];

/* 948 + 1024 + 1024 + 512 + 140 held and spent, 1000 free, 352 unexplained: 5000. */
static struct ballast_host example(void)
{
    domains[0] = (struct ballast_domain){
        .id = 0, .name = "Domain-0", .is_dom0 = true, .tot_kib = 1024, .target_kib = 1024};
    domains[1] = (struct ballast_domain){
        .id = 7, .name = "web", .tot_kib = 1024, .target_kib = 1020, .overhead_kib = 100};
    domains[2] = (struct ballast_domain){
        .id = 9, .name = "db", .tot_kib = 512, .target_kib = 512, .overhead_kib = 40};
    return (struct ballast_host){.total_kib = 5000,
                                 .free_kib = 1000,
                                 .scrub_kib = 10,
                                 .claimed_kib = 200,
                                 .slack_kib = 300,
                                 .xen_kib = 948,
                                 .domains = domains,
                                 .domain_count = 3};
}

static struct ballast_host_breakdown divided(const struct ballast_host *host, uint64_t reserved_kib)
{
    struct ballast_host_breakdown made;
    struct ballast_error err = unit_clean_error();
    assert_int_equal(ballast_host_divide(host, reserved_kib, NULL, &made, NULL, &err), 0);
    unit_assert_clean(err);
    return made;
}

static void each_part(void **state)
{
    (void)state;
    struct ballast_host host = example();
    struct ballast_host_breakdown made = divided(&host, 50);
    static const uint64_t expected[BALLAST_PARTS] = {
        [BALLAST_PART_XEN] = 948,         [BALLAST_PART_DOM0] = 1024,
        [BALLAST_PART_DOMAINS] = 1536,    [BALLAST_PART_OVERHEAD] = 140,
        [BALLAST_PART_UNEXPLAINED] = 352, [BALLAST_PART_CLAIMED] = 200,
        [BALLAST_PART_RESERVED] = 50,     [BALLAST_PART_SLACK] = 300,
        [BALLAST_PART_SCRUB] = 10,        [BALLAST_PART_FREE] = 440,
    };
    assert_memory_equal(made.part_kib, expected, sizeof(expected));
    assert_int_equal(made.total_kib, 5000);
    assert_int_equal(made.overcounted_kib, 0);
    assert_int_equal(made.deficit_kib, 0);
    assert_int_equal(made.estimated_kib, 0);
}

static void claims_and_builds_are_the_same_memory(void **state)
{
    (void)state;
    struct ballast_host host = example();
    domains[2].build_left_kib = 150;
    assert_int_equal(divided(&host, 0).part_kib[BALLAST_PART_CLAIMED], 200);
    domains[2].state = BALLAST_DOMAIN_BUILD;
    assert_int_equal(divided(&host, 0).part_kib[BALLAST_PART_CLAIMED], 200);
    domains[2].build_left_kib = 230; /* one without a claim */
    assert_int_equal(divided(&host, 0).part_kib[BALLAST_PART_CLAIMED], 230);
    domains[1].state = BALLAST_DOMAIN_BUILD;
    domains[1].build_left_kib = 20;
    assert_int_equal(divided(&host, 0).part_kib[BALLAST_PART_CLAIMED], 250);
}

static void scrubbing_is_what_no_reservation_needs(void **state)
{
    (void)state;
    struct ballast_host host = example(); /* 500 of 1000 reserved */
    host.scrub_kib = 499;
    assert_int_equal(divided(&host, 0).part_kib[BALLAST_PART_SCRUB], 499);
    assert_int_equal(divided(&host, 0).part_kib[BALLAST_PART_FREE], 1);
    host.scrub_kib = 900;
    assert_int_equal(divided(&host, 0).part_kib[BALLAST_PART_SCRUB], 500);
    assert_int_equal(divided(&host, 0).part_kib[BALLAST_PART_FREE], 0);
}

static void reservations_beyond_what_is_free(void **state)
{
    (void)state;
    struct ballast_host host = example();
    struct ballast_host_breakdown made = divided(&host, 600); /* 1100 of 1000 */
    assert_int_equal(made.deficit_kib, 100);
    assert_int_equal(made.part_kib[BALLAST_PART_CLAIMED], 200);
    assert_int_equal(made.part_kib[BALLAST_PART_RESERVED], 600);
    assert_int_equal(made.part_kib[BALLAST_PART_SLACK], 200);
    assert_int_equal(made.part_kib[BALLAST_PART_FREE], 0);
    assert_int_equal(made.part_kib[BALLAST_PART_UNEXPLAINED], 352);
}

static void a_snapshot_that_contradicts_itself(void **state)
{
    (void)state;
    struct ballast_host host = example();
    host.total_kib = 4648;
    assert_int_equal(divided(&host, 0).part_kib[BALLAST_PART_UNEXPLAINED], 0);
    assert_int_equal(divided(&host, 0).overcounted_kib, 0);
    host.total_kib = 4000;
    struct ballast_host_breakdown made = divided(&host, 0);
    assert_int_equal(made.overcounted_kib, 648);
    assert_int_equal(made.part_kib[BALLAST_PART_FREE], 490); /* nothing is cut to make it fit */
}

static void past_64_bits(void **state)
{
    (void)state;
    struct ballast_host host = example();
    struct ballast_host_breakdown made;
    memset(&made, 0x5a, sizeof(made));
    domains[1].tot_kib = UINT64_MAX;
    for (int i = 0; i < 3; i++) {
        struct ballast_error err = unit_clean_error();
        assert_int_equal(ballast_host_divide(&host, 0, NULL, &made, NULL, &err), -EOVERFLOW);
        unit_assert_text(err, "64 bits");
        host = example();
        if (i == 0)
            host.free_kib = UINT64_MAX;
        else
            domains[2].overhead_kib = UINT64_MAX - 10;
    }
    assert_int_equal(((unsigned char *)&made)[0], 0x5a);
    /* Reservations are not memory: they may be anything. */
    host = example();
    host.claimed_kib = host.slack_kib = host.scrub_kib = UINT64_MAX;
    assert_int_equal(divided(&host, UINT64_MAX).part_kib[BALLAST_PART_CLAIMED], 1000);
}

static void configurations_split_domains(void **state)
{
    (void)state;
    struct ballast_host host = example();
    const struct ballast_breakdown web = {.segment_kib = {[BALLAST_SHADOW] = 60,
                                                          [BALLAST_IOMMU] = 10,
                                                          [BALLAST_EXTRA_EXTERNAL] = 20,
                                                          [BALLAST_EXTRA_INTERNAL] = 8,
                                                          [BALLAST_VIDEO] = 16,
                                                          [BALLAST_GUEST] = 1004,
                                                          [BALLAST_BALLOON] = 4096}};
    const struct ballast_breakdown *configurations[] = {NULL, &web, NULL};
    struct ballast_domain_parts parts[3];
    struct ballast_host_breakdown made;
    assert_int_equal(ballast_host_divide(&host, 0, configurations, &made, parts, NULL), 0);
    static const uint64_t segments[BALLAST_SEGMENTS] = {
        [BALLAST_SHADOW] = 60,         [BALLAST_IOMMU] = 10,
        [BALLAST_EXTRA_EXTERNAL] = 20, [BALLAST_EXTRA_INTERNAL] = 4, /* of 8: 4 beyond its target */
        [BALLAST_VIDEO] = 16,          [BALLAST_GUEST] = 1004,
    };
    assert_true(parts[1].is_split && !parts[1].is_estimated);
    assert_memory_equal(parts[1].segment_kib, segments, sizeof(segments));
    assert_int_equal(parts[1].other_held_kib, 0);
    assert_int_equal(parts[1].other_overhead_kib, 10);
    assert_false(parts[2].is_split);
    assert_int_equal(parts[2].other_held_kib, 512);
    assert_int_equal(parts[2].other_overhead_kib, 40);

    domains[1].overhead_kib = 0; /* not told by the host */
    assert_int_equal(ballast_host_divide(&host, 0, configurations, &made, parts, NULL), 0);
    assert_true(parts[1].is_estimated);
    assert_int_equal(made.estimated_kib, 90);
    assert_int_equal(made.part_kib[BALLAST_PART_OVERHEAD], 130);
    assert_int_equal(made.part_kib[BALLAST_PART_UNEXPLAINED], 362);

    const struct ballast_breakdown bare = {.segment_kib = {[BALLAST_GUEST] = 1024}};
    configurations[1] = &bare; /* which asks for no overhead: there is none to estimate */
    assert_int_equal(ballast_host_divide(&host, 0, configurations, &made, parts, NULL), 0);
    assert_true(parts[1].is_split && !parts[1].is_estimated);
    assert_int_equal(parts[1].overhead_kib, 0);
    configurations[1] = &web;

    domains[1].target_kib = 400; /* on its way down: all of extra internal may be in use */
    domains[1].overhead_kib = 65;
    assert_int_equal(ballast_host_divide(&host, 0, configurations, &made, parts, NULL), 0);
    assert_int_equal(parts[1].segment_kib[BALLAST_EXTRA_INTERNAL], 8);
    assert_int_equal(parts[1].segment_kib[BALLAST_GUEST], 1000);
    assert_int_equal(parts[1].segment_kib[BALLAST_IOMMU], 5);
    assert_int_equal(parts[1].segment_kib[BALLAST_EXTRA_EXTERNAL], 0);
}

static void part_words(void **state)
{
    (void)state;
    for (int i = 0; i < BALLAST_PARTS; i++)
        assert_non_null(ballast_host_part_name((enum ballast_host_part)i));
    assert_null(ballast_host_part_name(BALLAST_PARTS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_part),
        cmocka_unit_test(claims_and_builds_are_the_same_memory),
        cmocka_unit_test(scrubbing_is_what_no_reservation_needs),
        cmocka_unit_test(reservations_beyond_what_is_free),
        cmocka_unit_test(a_snapshot_that_contradicts_itself),
        cmocka_unit_test(past_64_bits),
        cmocka_unit_test(configurations_split_domains),
        cmocka_unit_test(part_words),
    };
    return cmocka_run_group_tests_name("host_breakdown", tests, NULL, NULL);
}
