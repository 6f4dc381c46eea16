/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What guests report of their memory, sample by sample: which program's, how old, and of what size.
 */
#include "unit.h"

#include "core/base/units.h"
#include "edge/hv/xen_report.h"

enum { SEC = BALLAST_SEC_USEC };

static struct xen_said said;
static struct xen_said before;
static struct xen_report report;
static uint32_t written;
static uint64_t now_usec;
static uint64_t tot_kib;
static uint64_t videoram_kib;

static int begin(void **state)
{
    (void)state;
    xen_said_nothing(&said);
    before = said;
    xen_report_begin(&report);
    written = 0;
    now_usec = 1000 * SEC;
    tot_kib = 1024 * MIB;
    videoram_kib = BALLAST_NONE;
    return 0;
}

/* A guest writes a node, and a watch tells of it. */
static void writes(enum xen_node node, const char *value)
{
    xen_decode_node(&said, node, value, value ? strlen(value) : 0);
    written |= XEN_NODE_BIT(node);
}

/* A sample so much later, in which all that was written is read. */
static struct ballast_domain sample(uint64_t after_usec)
{
    static struct hv_domain domain; /* the name that is shown lives in it */
    struct ballast_domain out;
    const struct xen_report_nodes nodes = {.read = written, .written = written};
    now_usec += after_usec;
    said.videoram_kib = videoram_kib;
    const struct xen_counted counted = {.id = 7, .tot_kib = tot_kib, .max_kib = tot_kib};
    xen_report_take(&report, &nodes, &before, &said, tot_kib, now_usec);
    before = said;
    written = 0;
    xen_know(&counted, &said, &domain);
    xen_report_show(&report, &said, &domain);
    xen_show(&domain, 4096 * MIB, now_usec, &out);
    return out;
}

static void nothing(void **state)
{
    (void)state;
    struct ballast_domain domain = sample(SEC);
    assert_int_equal(domain.report_source, BALLAST_REPORT_NONE);
    assert_int_equal(domain.used_kib, BALLAST_NONE);
    assert_int_equal(domain.reported_free_kib, BALLAST_NONE);
    assert_int_equal(domain.report_age_usec, BALLAST_NONE);
    assert_int_equal(domain.pressure.known, 0);
    /* Signs of life without a report are none. */
    writes(XEN_NODE_UPDATED, "");
    writes(XEN_NODE_SWAPINFO, "7");
    domain = sample(SEC);
    assert_int_equal(domain.report_source, BALLAST_REPORT_NONE);
    assert_int_equal(domain.reported_swap_kib, 0);
}

static void meminfo(void **state)
{
    (void)state;
    writes(XEN_NODE_MEMINFO, "100000");
    struct ballast_domain domain = sample(SEC);
    assert_int_equal(domain.report_source, BALLAST_REPORT_MEMINFO);
    assert_int_equal(domain.used_kib, 100000);
    assert_int_equal(domain.reported_free_kib, BALLAST_NONE);
    assert_int_equal(domain.reported_swap_kib, 0);
    assert_int_equal(domain.report_age_usec, 0);
    assert_int_equal(sample(60 * SEC).report_age_usec, 60 * SEC);
    /* The same again, and swapinfo, which is written always: the writer lives. */
    writes(XEN_NODE_MEMINFO, "100000");
    assert_int_equal(sample(SEC).report_age_usec, 0);
    writes(XEN_NODE_SWAPINFO, "4096");
    domain = sample(60 * SEC);
    assert_int_equal(domain.report_age_usec, 0);
    assert_int_equal(domain.reported_swap_kib, 4096);
    /* Swap is a part of use. */
    writes(XEN_NODE_SWAPINFO, "100001");
    assert_int_equal(sample(SEC).reported_swap_kib, 100000);
    writes(XEN_NODE_MEMINFO, "MemTotal: 1 kB");
    assert_int_equal(sample(SEC).report_source, BALLAST_REPORT_NONE);
}

static void use_follows_from_free(void **state)
{
    (void)state;
    writes(XEN_NODE_MEMINFO_FREE, "262144");
    struct ballast_domain domain = sample(SEC);
    assert_int_equal(domain.report_source, BALLAST_REPORT_GUEST_AGENT);
    assert_int_equal(domain.used_kib, 768 * MIB);
    assert_int_equal(domain.reported_free_kib, 256 * MIB);
    assert_int_equal(domain.report_age_usec, 0);
    /* A guest does not count its video memory. */
    begin(NULL);
    videoram_kib = 16 * MIB;
    writes(XEN_NODE_MEMINFO_FREE, "262144");
    assert_int_equal(sample(SEC).used_kib, 752 * MIB);
}

static void ballooning_is_not_use(void **state)
{
    (void)state;
    writes(XEN_NODE_MEMINFO_FREE, "262144");
    sample(SEC);
    tot_kib = 896 * MIB;
    struct ballast_domain domain = sample(30 * SEC);
    assert_int_equal(domain.used_kib, 768 * MIB);
    assert_int_equal(domain.reported_free_kib, 128 * MIB);
    assert_int_equal(domain.report_age_usec, 30 * SEC);
    tot_kib = 640 * MIB;
    domain = sample(SEC);
    assert_int_equal(domain.used_kib, 768 * MIB); /* the rest is in swap by now, or nearly */
    assert_int_equal(domain.reported_free_kib, 0);
    tot_kib = 2048 * MIB;
    domain = sample(SEC);
    assert_int_equal(domain.used_kib, 768 * MIB);
    assert_int_equal(domain.reported_free_kib, 1280 * MIB);
    /* A sign of life is no new report: it is still of what it held then. */
    writes(XEN_NODE_UPDATED, "Sun Nov 29 12:00:00 2026");
    domain = sample(SEC);
    assert_int_equal(domain.report_age_usec, 0);
    assert_int_equal(domain.used_kib, 768 * MIB);
    /* A value that is written again is of now, though it is the same. */
    writes(XEN_NODE_MEMINFO_FREE, "262144");
    sample(SEC);
    writes(XEN_NODE_MEMINFO_FREE, "262144");
    assert_int_equal(sample(SEC).used_kib, 1792 * MIB);
}

static void the_more_of_two_sizes_counts(void **state)
{
    (void)state;
    sample(SEC);
    tot_kib = 896 * MIB;
    writes(XEN_NODE_MEMINFO_FREE, "262144");
    assert_int_equal(sample(SEC).used_kib, 768 * MIB); /* of 1024: it shrank before or after */
    begin(NULL);
    sample(SEC);
    tot_kib = 1152 * MIB;
    writes(XEN_NODE_MEMINFO_FREE, "262144");
    assert_int_equal(sample(SEC).used_kib, 896 * MIB);
    /* Also of all samples in which it waited to be read. */
    begin(NULL);
    sample(SEC);
    const struct xen_report_nodes waits = {.waiting = XEN_NODE_BIT(XEN_NODE_MEMINFO_FREE),
                                           .written = XEN_NODE_BIT(XEN_NODE_MEMINFO_FREE)};
    xen_report_take(&report, &waits, &before, &said, 896 * MIB, now_usec + SEC);
    tot_kib = 512 * MIB;
    writes(XEN_NODE_MEMINFO_FREE, "262144");
    assert_int_equal(sample(2 * SEC).used_kib, 768 * MIB);
    tot_kib = 512 * MIB;
    sample(SEC);
    writes(XEN_NODE_MEMINFO_FREE, "262144");
    assert_int_equal(sample(SEC).used_kib, 256 * MIB);
}

static void more_free_than_there_is(void **state)
{
    (void)state;
    writes(XEN_NODE_MEMINFO_FREE, "4398046511104");
    struct ballast_domain domain = sample(SEC);
    assert_int_equal(domain.used_kib, 0);
    assert_int_equal(domain.reported_free_kib, XEN_MOST_KIB); /* so that it is not believed */
    tot_kib = 512 * MIB;
    assert_int_equal(sample(SEC).reported_free_kib, XEN_MOST_KIB - 512 * MIB);
}

static void signs_of_life(void **state)
{
    (void)state;
    static const enum xen_node signs[] = {XEN_NODE_MEMINFO_FREE, XEN_NODE_ALIVE, XEN_NODE_PSI_SOME,
                                          XEN_NODE_UPDATED, XEN_NODE_UPDATE_CNT};
    writes(XEN_NODE_MEMINFO_FREE, "1000");
    sample(SEC);
    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
        assert_int_equal(sample(40 * SEC).report_age_usec, 40 * SEC);
        writes(signs[i], "1000");
        assert_int_equal(sample(40 * SEC).report_age_usec, 0);
    }
    /* Nodes of others are none; without watches only a change is seen. */
    writes(XEN_NODE_SWAPINFO, "1");
    writes(XEN_NODE_SHUTDOWN, "");
    assert_int_equal(sample(40 * SEC).report_age_usec, 40 * SEC);
    /* The other agent is silent for ten minutes: what is free is ballast-agent's again. */
    sample(600 * SEC);
    xen_decode_node(&said, XEN_NODE_ALIVE, "1000", 4);
    assert_int_equal(sample(SEC).report_age_usec, 641 * SEC);
    xen_decode_node(&said, XEN_NODE_ALIVE, "1001", 4);
    assert_int_equal(sample(SEC).report_age_usec, 0);
}

/* ballast-agent lives, and the agent that reports what is free has ended. */
static void life_of_another(void **state)
{
    (void)state;
    writes(XEN_NODE_MEMINFO_FREE, "1000");
    writes(XEN_NODE_UPDATED, "1");
    writes(XEN_NODE_ALIVE, "1");
    assert_int_equal(sample(SEC).report_source, BALLAST_REPORT_GUEST_AGENT);
    writes(XEN_NODE_ALIVE, "2");
    struct ballast_domain domain = sample(100 * SEC);
    assert_int_equal(domain.report_age_usec, 100 * SEC);
    assert_int_equal(domain.report_source, BALLAST_REPORT_GUEST_AGENT);
}

/* A new domain, or an event for its directory, is no sign of another agent. */
static void not_the_life_of_another(void **state)
{
    (void)state;
    writes(XEN_NODE_MEMINFO_FREE, "1000");
    writes(XEN_NODE_ALIVE, "1");
    written = XEN_NODES_ALL;
    assert_int_equal(sample(SEC).report_source, BALLAST_REPORT_BALLAST_AGENT);
    written = XEN_NODES_IN_DATA;
    assert_int_equal(sample(SEC).report_source, BALLAST_REPORT_BALLAST_AGENT);
}

/* What its kernel has goes before what its xenbus seems to show, while the agent is there. */
static void balloon_driver(void **state)
{
    (void)state;
    writes(XEN_NODE_FEATURE_SUSPEND, "1");
    assert_true(sample(SEC).has_balloon);
    writes(XEN_NODE_DRIVER, "0");
    assert_true(sample(SEC).has_balloon);
    writes(XEN_NODE_ALIVE, "1");
    assert_false(sample(SEC).has_balloon);
    writes(XEN_NODE_DRIVER, "2");
    assert_true(sample(SEC).has_balloon);
    writes(XEN_NODE_DRIVER, "1");
    writes(XEN_NODE_FEATURE_SUSPEND, "0");
    assert_true(sample(SEC).has_balloon);
    writes(XEN_NODE_DRIVER, NULL);
    assert_false(sample(SEC).has_balloon);
}

static void pressure(void **state)
{
    (void)state;
    writes(XEN_NODE_PSI_SOME, "1234");
    writes(XEN_NODE_OOM_KILLS, "9223372036854775807");
    assert_int_equal(sample(SEC).pressure.known, 0); /* no agent shows itself alive */
    writes(XEN_NODE_ALIVE, "1");
    struct ballast_domain domain = sample(SEC);
    assert_int_equal(domain.pressure.known,
                     1U << BALLAST_PRESSURE_SOME | 1U << BALLAST_PRESSURE_OOM_KILLS);
    assert_int_equal(domain.pressure.values[BALLAST_PRESSURE_SOME], 1234);
    assert_int_equal(domain.pressure.values[BALLAST_PRESSURE_OOM_KILLS], INT64_MAX);
    assert_int_equal(domain.pressure.age_usec, 0);
    assert_int_equal(domain.report_source, BALLAST_REPORT_NONE); /* it says nothing of its use */
    writes(XEN_NODE_MEMINFO_FREE, "1");
    domain = sample(5 * SEC);
    assert_int_equal(domain.report_source, BALLAST_REPORT_BALLAST_AGENT);
    assert_int_equal(domain.pressure.age_usec, 5 * SEC);
    writes(XEN_NODE_PSI_SOME, "10001");
    domain = sample(SEC);
    assert_int_equal(domain.pressure.known, 1U << BALLAST_PRESSURE_OOM_KILLS);
    writes(XEN_NODE_ALIVE, "-1");
    domain = sample(SEC);
    assert_int_equal(domain.pressure.known, 0);
    assert_int_equal(domain.report_source, BALLAST_REPORT_GUEST_AGENT);
}

static void which_of_two_reports(void **state)
{
    (void)state;
    writes(XEN_NODE_MEMINFO, "100000");
    writes(XEN_NODE_MEMINFO_FREE, "262144");
    assert_int_equal(sample(SEC).report_source, BALLAST_REPORT_MEMINFO);
    writes(XEN_NODE_MEMINFO_FREE, "262145");
    assert_int_equal(sample(120 * SEC).report_source, BALLAST_REPORT_MEMINFO);
    /* What writes memory/meminfo has ended. */
    writes(XEN_NODE_MEMINFO_FREE, "262144");
    struct ballast_domain domain = sample(SEC);
    assert_int_equal(domain.report_source, BALLAST_REPORT_GUEST_AGENT);
    assert_int_equal(domain.used_kib, 768 * MIB);
    writes(XEN_NODE_SWAPINFO, "0");
    assert_int_equal(sample(SEC).report_source, BALLAST_REPORT_MEMINFO);
    writes(XEN_NODE_MEMINFO, "");
    assert_int_equal(sample(SEC).report_source, BALLAST_REPORT_GUEST_AGENT);
}

static const char *malformed(void)
{
    struct hv_domain domain = {.id = 7};
    xen_report_show(&report, &said, &domain);
    return domain.malformed;
}

static void malformed_nodes(void **state)
{
    (void)state;
    static const struct {
        enum xen_node node;
        const char *bad;
    } cases[] = {{XEN_NODE_MEMINFO, "1\n"},
                 {XEN_NODE_SWAPINFO, "-1"},
                 {XEN_NODE_MEMINFO_FREE, "4398046511105"},
                 {XEN_NODE_ALIVE, "9223372036854775808"},
                 {XEN_NODE_PSI_SOME, "10001"},
                 {XEN_NODE_PSI_FULL, "1.5"},
                 {XEN_NODE_REFAULTS, "18446744073709551616"},
                 {XEN_NODE_SWAPIN, "0x1"},
                 {XEN_NODE_STALLS, "-1"},
                 {XEN_NODE_OOM_KILLS, " 1"},
                 {XEN_NODE_DRIVER, "2"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_null(malformed());
        writes(cases[i].node, cases[i].bad);
        assert_string_equal(malformed(), xen_node_path(cases[i].node));
        writes(cases[i].node, "1");
        assert_null(malformed());
        writes(cases[i].node, cases[i].bad);
        writes(cases[i].node, NULL);
    }
    writes(XEN_NODE_NAME, "\n");
    writes(XEN_NODE_UPDATED, "\n");
    assert_null(malformed());
    /* As qubesd and libxl write where there is nothing to say. */
    writes(XEN_NODE_MEMINFO, "");
    writes(XEN_NODE_VIDEORAM, "-1");
    assert_null(malformed());
    writes(XEN_NODE_VIDEORAM, "-2");
    assert_string_equal(malformed(), "memory/videoram");
    writes(XEN_NODE_VIDEORAM, "-1");
    xen_decode_node(&said, XEN_NODE_MEMINFO_FREE, "1\0", 2);
    assert_string_equal(malformed(), "data/meminfo_free");
}

static void reads_are_limited(void **state)
{
    (void)state;
    assert_int_equal(xen_report_waiting(&report, now_usec), 0);
    writes(XEN_NODE_MEMINFO, "1");
    sample(SEC);
    assert_int_equal(xen_report_waiting(&report, now_usec), XEN_NODES_REPORTED);
    assert_int_equal(xen_report_waiting(&report, now_usec + XEN_REPORT_EVERY_USEC - 1),
                     XEN_NODES_REPORTED);
    assert_int_equal(xen_report_waiting(&report, now_usec + XEN_REPORT_EVERY_USEC), 0);
    /* A sample that reads none of them does not begin it again. */
    writes(XEN_NODE_TARGET, "1");
    sample(XEN_REPORT_EVERY_USEC);
    assert_int_equal(xen_report_waiting(&report, now_usec), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(nothing, begin),
        cmocka_unit_test_setup(meminfo, begin),
        cmocka_unit_test_setup(use_follows_from_free, begin),
        cmocka_unit_test_setup(ballooning_is_not_use, begin),
        cmocka_unit_test_setup(the_more_of_two_sizes_counts, begin),
        cmocka_unit_test_setup(more_free_than_there_is, begin),
        cmocka_unit_test_setup(signs_of_life, begin),
        cmocka_unit_test_setup(life_of_another, begin),
        cmocka_unit_test_setup(not_the_life_of_another, begin),
        cmocka_unit_test_setup(balloon_driver, begin),
        cmocka_unit_test_setup(pressure, begin),
        cmocka_unit_test_setup(which_of_two_reports, begin),
        cmocka_unit_test_setup(malformed_nodes, begin),
        cmocka_unit_test_setup(reads_are_limited, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
