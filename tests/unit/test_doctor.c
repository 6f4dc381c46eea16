/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Each rule of the doctor is triggered by one change to a host that is well, and by nothing else:
 * the change goes with the rule's word in one table, which has every rule.
 */
#include "core/model/doctor.h"
#include "unit.h"

enum { DOM0, WEB, OLD, DOMAINS, ROOM = 16 };

struct host {
    struct doctor_facts facts;
    struct doctor_domain domains[DOMAINS];
};

static struct doctor_domain healthy(uint32_t id, const char *name, uint64_t mib)
{
    return (struct doctor_domain){
        .id = id,
        .name = name,
        .is_dom0 = id == 0,
        .runs = true,
        .has_balloon = true,
        .kernel_is_up = true,
        .tot_kib = mib * MIB,
        .target_kib = mib * MIB,
        .maximum_kib = mib * MIB,
        .static_max_kib = 2 * mib * MIB,
        .dynamic_min_kib = mib / 2 * MIB,
        .dynamic_max_kib = mib * MIB,
        .pod_entries_kib = BALLAST_NONE,
        .pod_cache_kib = BALLAST_NONE,
        .earlier_target_kib = mib * MIB,
    };
}

static void make_well(struct host *host)
{
    host->domains[DOM0] = healthy(0, "Domain-0", 1024);
    host->domains[WEB] = healthy(1, "web", 512);
    host->domains[OLD] = healthy(2, "old", 256);
    host->facts = (struct doctor_facts){
        .xen_version = "4.17.7",
        .total_kib = 8192 * MIB,
        .free_kib = 6000 * MIB,
        .low_free_kib = 3000 * MIB,
        .sampled_usec = 2000000,
        .dom0_mem = DOCTOR_YES,
        .dom0_mem_max = DOCTOR_YES,
        .autoballoon = DOCTOR_AUTOBALLOON_AUTO,
        .claims = DOCTOR_YES,
        .libvirt_autoballoon = DOCTOR_NO,
        .domains = host->domains,
        .domain_count = DOMAINS,
    };
}

static void xen_later(struct host *host)
{
    host->facts.xen_version = "4.99.1";
}
static void xen_measured_here(struct host *host)
{
    host->facts.xen_version = "4.99.1";
    host->facts.has_own_profile = true;
}

static void autoballoon_unset(struct host *host)
{
    host->facts.dom0_mem = DOCTOR_NO;
}
static void autoballoon_on(struct host *host)
{
    host->facts.autoballoon = DOCTOR_AUTOBALLOON_ON;
}
static void dom0_all(struct host *host)
{
    host->domains[DOM0].maximum_kib = 8100 * MIB;
}
static void dom0_no_limit(struct host *host)
{
    host->domains[DOM0].maximum_kib = UINT64_MAX - 4;
}
static void claims(struct host *host)
{
    host->facts.claims = DOCTOR_NO;
}
static void claim_left(struct host *host)
{
    host->facts.reserved_claim_kib = 1048576;
}
static void libvirt(struct host *host)
{
    host->facts.libvirt_autoballoon = DOCTOR_YES;
}
static void low(struct host *host)
{
    host->facts.low_free_kib = 63 * MIB;
}
static void moved(struct host *host)
{
    host->domains[WEB].earlier_target_kib -= 4;
}
static void max_low(struct host *host)
{
    host->domains[WEB].maximum_kib -= 4;
    host->domains[WEB].tot_kib -= 4;
}

static void others(struct host *host)
{
    static const char *const names[] = {"squeezed runs (process 812)", "momd runs (process 9)"};
    host->facts.balancers = names;
    host->facts.balancer_count = 2;
}

static void pod(struct host *host)
{
    host->domains[WEB].has_balloon = false;
    host->domains[WEB].pod_entries_kib = 300 * MIB;
    host->domains[WEB].pod_cache_kib = 299 * MIB;
}

static void ratchet(struct host *host)
{
    host->domains[WEB].pod_entries_kib = 300 * MIB;
    host->domains[WEB].pod_cache_kib = 290 * MIB;
    host->domains[WEB].tot_kib = 768 * MIB;
}

static void without_driver(struct host *host)
{
    host->domains[WEB].has_balloon = false;
    host->domains[WEB].reports = true;
}

static void range_absent(struct host *host)
{
    host->domains[WEB].dynamic_min_kib = BALLAST_NONE;
    host->domains[WEB].dynamic_max_kib = BALLAST_NONE;
}

static void range_point(struct host *host)
{
    host->domains[WEB].dynamic_min_kib = host->domains[WEB].dynamic_max_kib;
}

static void malformed(struct host *host)
{
    host->domains[WEB].malformed = "data/meminfo_free";
}

static const struct {
    const char *rule;
    void (*harm)(struct host *host);
    enum doctor_severity severity;
    int domain; /* -1: the host */
    const char *evidence;
} cases[] = {
    {"autoballoon", autoballoon_unset, DOCTOR_SERIOUS, -1, "dom0_mem is not on Xen's"},
    {"autoballoon", autoballoon_on, DOCTOR_SERIOUS, -1, "\"on\" although dom0_mem is given"},
    {"dom0-unlimited", dom0_all, DOCTOR_WARNING, -1, "8294400 of the host's 8388608 KiB"},
    {"dom0-unlimited", dom0_no_limit, DOCTOR_WARNING, -1, "no limit"},
    {"second-balancer", others, DOCTOR_SERIOUS, -1, "squeezed runs (process 812), momd runs"},
    {"libvirt-autoballoon", libvirt, DOCTOR_SERIOUS, -1, "libvirt"},
    {"target-moved", moved, DOCTOR_WARNING, WEB, "KiB within 2000 ms"},
    {"pod-death", pod, DOCTOR_SERIOUS, WEB,
     "307200 KiB are still to be populated on demand, its cache has 306176"},
    {"pod-ratchet", ratchet, DOCTOR_WARNING, WEB,
     "the 262144 KiB between them stay allocated to it"},
    {"maximum-low", max_low, DOCTOR_SERIOUS, WEB, "524284 KiB, its target is 524288"},
    {"claims-off", claims, DOCTOR_WARNING, -1, "claim_mode=0"},
    {"claim-left", claim_left, DOCTOR_WARNING, -1, "1048576 KiB are claimed in Xen"},
    {"low-memory", low, DOCTOR_WARNING, -1, "64512 KiB are free below 4 GiB"},
    {"unknown-xen", xen_later, DOCTOR_WARNING, -1, "no profile is of Xen 4.99.1: xen-4."},
    {"malformed-node", malformed, DOCTOR_WARNING, WEB, "its node data/meminfo_free"},
    {"no-driver", without_driver, DOCTOR_WARNING, WEB, "its kernel has no balloon driver"},
    {"no-range", range_absent, DOCTOR_NOTE, WEB, "no memory/dynamic-min"},
    {"no-range", range_point, DOCTOR_NOTE, WEB, "are both 524288 KiB"},
};

enum { CASES = sizeof(cases) / sizeof(cases[0]) };

static void test_well(void **state)
{
    (void)state;
    struct host host;
    struct doctor_finding found[ROOM];
    make_well(&host);
    assert_int_equal(doctor_examine(&host.facts, found, ROOM), 0);
    xen_measured_here(&host);
    assert_int_equal(doctor_examine(&host.facts, found, ROOM), 0);
}

static void test_each_rule(void **state)
{
    (void)state;
    for (size_t i = 0; i < CASES; i++) {
        struct host host;
        struct doctor_finding found[ROOM];
        make_well(&host);
        cases[i].harm(&host);
        if (doctor_examine(&host.facts, found, ROOM) != 1)
            fail_msg("case %zu (%s) has not one finding", i, cases[i].rule);
        assert_string_equal(found[0].rule, cases[i].rule);
        assert_int_equal(found[0].severity, cases[i].severity);
        assert_ptr_equal(found[0].domain,
                         cases[i].domain < 0 ? NULL : &host.domains[cases[i].domain]);
        if (!strstr(found[0].evidence, cases[i].evidence))
            fail_msg("\"%s\" is not in \"%s\"", cases[i].evidence, found[0].evidence);
        assert_int_not_equal(found[0].evidence[0], ','); /* a list has one between, not before */
        assert_true(strlen(found[0].remedy) > 10);
    }
}

static void test_no_rule_without_a_case(void **state)
{
    (void)state;
    size_t rules = 0;
    for (; doctor_rule_at(rules); rules++) {
        size_t found = 0;
        for (size_t i = 0; i < CASES; i++)
            found += strcmp(cases[i].rule, doctor_rule_at(rules)) == 0;
        if (found == 0)
            fail_msg("no case of %s", doctor_rule_at(rules));
    }
    assert_int_equal(rules, 15);
}

/* What is not known is no finding, and neither is what stands near a rule. */
static void test_near_misses(void **state)
{
    (void)state;
    struct host host;
    make_well(&host);
    host.facts.dom0_mem = DOCTOR_UNKNOWN;
    host.facts.autoballoon = DOCTOR_AUTOBALLOON_UNKNOWN;
    host.facts.claims = DOCTOR_UNKNOWN;
    host.facts.low_free_kib = BALLAST_NONE;
    host.facts.libvirt_autoballoon = DOCTOR_UNKNOWN;
    assert_int_equal(doctor_examine(&host.facts, NULL, 0), 0);
    host.facts.autoballoon = DOCTOR_AUTOBALLOON_OFF;
    host.facts.dom0_mem = DOCTOR_NO; /* off is off, dom0_mem or not */
    assert_int_equal(doctor_examine(&host.facts, NULL, 0), 0);
    pod(&host); /* with a driver, or with enough in the cache, it lives */
    host.domains[WEB].has_balloon = true;
    assert_int_equal(doctor_examine(&host.facts, NULL, 0), 0);
    host.domains[WEB].has_balloon = false;
    host.domains[WEB].pod_cache_kib = host.domains[WEB].pod_entries_kib;
    assert_int_equal(doctor_examine(&host.facts, NULL, 0), 0);
    moved(&host); /* what our own daemon moves is its work */
    host.facts.own_daemon = true;
    assert_int_equal(doctor_examine(&host.facts, NULL, 0), 0);
    host.facts.own_daemon = false;
    assert_int_equal(doctor_examine(&host.facts, NULL, 0), 1);
    /* One look sees no move. */
    host.facts.sampled_usec = 0;
    assert_int_equal(doctor_examine(&host.facts, NULL, 0), 0);
    make_well(&host);
    max_low(&host); /* paused: it cannot try */
    range_absent(&host);
    host.domains[WEB].runs = false;
    assert_int_equal(doctor_examine(&host.facts, NULL, 0), 0);
}

/* The last size that is well, and the first that is not. */
static void test_bounds(void **state)
{
    (void)state;
    struct host host;
    struct doctor_finding found[ROOM];
    make_well(&host);
    ratchet(&host);
    host.domains[WEB].tot_kib = host.domains[WEB].target_kib + 2 * MIB;
    assert_int_equal(doctor_examine(&host.facts, found, ROOM), 0);
    host.domains[WEB].tot_kib += 4;
    assert_int_equal(doctor_examine(&host.facts, found, ROOM), 1);
    make_well(&host);
    host.facts.low_free_kib = 64 * MIB;
    assert_int_equal(doctor_examine(&host.facts, found, ROOM), 0);
    host.facts.low_free_kib -= 4;
    assert_int_equal(doctor_examine(&host.facts, found, ROOM), 1);
    host.facts.total_kib = 4096 * MIB; /* all of it is below 4 GiB */
    assert_int_equal(doctor_examine(&host.facts, found, ROOM), 0);
    host.facts.total_kib += 4;
    assert_int_equal(doctor_examine(&host.facts, found, ROOM), 1);
}

/* What is not known of a guest that is populated on demand is no finding, either part of it. */
static void test_pod_unknown(void **state)
{
    (void)state;
    static void (*const harms[])(struct host * host) = {pod, ratchet};
    for (size_t i = 0; i < 2; i++) {
        struct host host;
        make_well(&host);
        harms[i](&host);
        host.domains[WEB].pod_cache_kib = BALLAST_NONE;
        assert_int_equal(doctor_examine(&host.facts, NULL, 0), 0);
        harms[i](&host);
        host.domains[WEB].pod_entries_kib = BALLAST_NONE;
        assert_int_equal(doctor_examine(&host.facts, NULL, 0), 0);
    }
}

static void test_room(void **state)
{
    (void)state;
    struct host host;
    struct doctor_finding found[2] = {{0}, {.rule = "untouched"}};
    make_well(&host);
    /* Those that hold what they are to hold cannot be kept from it, as dom0 after its boot. */
    for (size_t i = 0; i < DOMAINS; i++)
        host.domains[i].maximum_kib -= 4;
    assert_int_equal(doctor_examine(&host.facts, found, 1), 0);
    for (size_t i = 0; i < DOMAINS; i++)
        host.domains[i].tot_kib -= 4;
    assert_int_equal(doctor_examine(&host.facts, found, 1), DOMAINS);
    assert_ptr_equal(found[0].domain, &host.domains[0]);
    assert_string_equal(found[1].rule, "untouched");
}

static void test_commandline(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        enum doctor_known is;
        enum doctor_known max;
    } lines[] = {
        {"", DOCTOR_NO, DOCTOR_NO},
        {"com1=115200,8n1", DOCTOR_NO, DOCTOR_NO},
        {"dom0_mem=1024M", DOCTOR_YES, DOCTOR_NO},
        {"dom0_mem=1024M,max:1024M x", DOCTOR_YES, DOCTOR_YES},
        {"x dom0_mem=min:1G,max:2G", DOCTOR_YES, DOCTOR_YES},
        {"dom0_mem=1G iommu=max:3", DOCTOR_YES, DOCTOR_NO},
        {"xdom0_mem=1G", DOCTOR_NO, DOCTOR_NO},
        {"dom0_mem=1G,max:1G dom0_mem=2G", DOCTOR_YES, DOCTOR_NO},
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        enum doctor_known is;
        enum doctor_known max;
        doctor_read_commandline(lines[i].line, &is, &max);
        assert_int_equal(is, lines[i].is);
        assert_int_equal(max, lines[i].max);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_well),
        cmocka_unit_test(test_each_rule),
        cmocka_unit_test(test_no_rule_without_a_case),
        cmocka_unit_test(test_near_misses),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_pod_unknown),
        cmocka_unit_test(test_room),
        cmocka_unit_test(test_commandline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
