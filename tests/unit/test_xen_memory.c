/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What Xen itself takes, computed by hand from the places in Xen's source, and against the sum of a
 * real host: Xen 4.17.7 in the lab, two processors, 4 GiB (tests/hv/recording-xen-4.17.jsonl).
 */
#include "unit.h"

#include "core/model/breakdown.h"
#include "core/model/commandline.h"
#include "core/model/host_breakdown.h"

#define GIB_BYTES (UINT64_C(1) << 30)
#define MIB_BYTES (UINT64_C(1) << 20)

/* "Xen-e820 RAM map" of the lab's machine, out of order. */
static struct ballast_xen_map lab_map(void)
{
    struct ballast_ram ram[] = {
        {4 * GIB_BYTES, 2 * GIB_BYTES}, {0, 0x9fc00}, {MIB_BYTES, 0x7ffdd000 - MIB_BYTES}};
    struct ballast_xen_map map;
    ballast_xen_map(ram, 3, &map);
    return map;
}

#define LAB_COMMANDLINE                                                                            \
    "dom0_mem=1024M,max:1024M dom0_max_vcpus=1 dom0_vcpus_pin com1=115200,8n1 console=com1 "       \
    "cpuidle=0 loglvl=warning guest_loglvl=none"

static struct ballast_xen_facts lab_facts(void)
{
    return (struct ballast_xen_facts){.total_kib = 4193776,
                                      .cpus = 2,
                                      .version = "4.17.7",
                                      .commandline = LAB_COMMANDLINE,
                                      .map = lab_map()};
}

static uint64_t part_of(const struct ballast_xen_facts *facts, enum ballast_xen_part part)
{
    struct ballast_xen_memory made;
    ballast_xen_memory(facts, &made);
    assert_true(made.known);
    return made.part_kib[part];
}

static uint64_t with_option(const char *commandline, enum ballast_xen_part part)
{
    struct ballast_xen_facts facts = lab_facts();
    facts.commandline = commandline;
    return part_of(&facts, part);
}

static void maps(void **state)
{
    (void)state;
    struct ballast_xen_map map = lab_map();
    assert_true(map.known);
    assert_int_equal(map.top_pages, 0x180000);
    assert_int_equal(map.low_pages, 159); /* 0x9fc00 has 159 whole pages */
    assert_int_equal(map.frame_pages, 4 * GIB_BYTES / 4096);
    assert_int_equal(map.m2p_pages, 4 * GIB_BYTES / 4096);
    assert_int_equal(map.compat_pages, 4 * GIB_BYTES / 4096);

    /* A hole that ends within a piece, and a top in the middle of one. */
    struct ballast_ram odd[] = {{0, 3 * GIB_BYTES + 10 * MIB_BYTES},
                                {4 * GIB_BYTES, 100 * MIB_BYTES}};
    ballast_xen_map(odd, 2, &map);
    assert_int_equal(map.frame_pages, (12 * 256 + 256 + 100) * MIB_BYTES / 4096);
    assert_int_equal(map.m2p_pages, 5 * GIB_BYTES / 4096);
    assert_int_equal(map.compat_pages, 6 * GIB_BYTES / 4096);

    /* Two ranges in one piece count once; half a page is none. */
    struct ballast_ram near[] = {
        {MIB_BYTES, 4096}, {3 * MIB_BYTES, 6000}, {5 * MIB_BYTES + 1, 4096}};
    ballast_xen_map(near, 3, &map);
    assert_int_equal(map.top_pages, 769);
    assert_int_equal(map.frame_pages, 769);
    assert_int_equal(map.m2p_pages, GIB_BYTES / 4096);

    /* The copy for 32-bit guests ends at 1 TiB. */
    struct ballast_ram large[] = {{0, 3 * 1024 * GIB_BYTES}};
    ballast_xen_map(large, 1, &map);
    assert_int_equal(map.m2p_pages, 3 * 1024 * GIB_BYTES / 4096);
    assert_int_equal(map.compat_pages, 1024 * GIB_BYTES / 4096);

    struct ballast_ram beyond[] = {{0, GIB_BYTES}, {UINT64_MAX - 4096, 4096}};
    ballast_xen_map(beyond, 2, &map);
    assert_false(map.known);
    ballast_xen_map(NULL, 0, &map);
    assert_false(map.known);
}

static void each_xen_part(void **state)
{
    (void)state;
    struct ballast_xen_facts facts = lab_facts();
    assert_int_equal(part_of(&facts, BALLAST_XEN_FRAME_TABLE), 16 * 2048);
    assert_int_equal(part_of(&facts, BALLAST_XEN_M2P), 4 * 2048);
    assert_int_equal(part_of(&facts, BALLAST_XEN_LOW), 159 * 4);
    assert_int_equal(part_of(&facts, BALLAST_XEN_CONSOLE),
                     16); /* "Allocated console ring of 16 KiB" */
    assert_int_equal(part_of(&facts, BALLAST_XEN_PAGE_TABLES), 5 * 4);
    assert_int_equal(part_of(&facts, BALLAST_XEN_TRACE), 0);
    assert_int_equal(part_of(&facts, BALLAST_XEN_CRASH_KERNEL), 0);
    facts.pv32 = true;
    assert_int_equal(part_of(&facts, BALLAST_XEN_M2P), 4 * 2048 + 2 * 2048);
    uint64_t amd_kib = part_of(&facts, BALLAST_XEN_CPUS);
    facts.vmx = true;
    assert_int_equal(part_of(&facts, BALLAST_XEN_CPUS), amd_kib - 2 * 4);
    facts.cpus = 0;
    assert_int_equal(part_of(&facts, BALLAST_XEN_CPUS), 0);
    facts.iommu = true;
    assert_int_equal(part_of(&facts, BALLAST_XEN_IOMMU), 0);
    facts.version = "4.16.5";
    assert_int_equal(part_of(&facts, BALLAST_XEN_IOMMU), 2048 * 4); /* 2,047.7 pieces of 2 MiB */
    facts.version = "";
    assert_int_equal(part_of(&facts, BALLAST_XEN_IMAGE), 0);
}

static void crash_kernels(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        uint64_t kib;
    } rows[] = {
        {"crashkernel=128M", 131072},
        {"crashkernel=128M@16M", 131072},
        {"crashkernel=64M<4G", 65536},
        {"crashkernel=256M,below=4G", 262144},
        {"crashkernel=65536", 65536},
        {"crashkernel=5b", 4},
        {"crashkernel=64M crashkernel=32M", 32768},
        {"crashkernel=512M-2G:64M,2G-:128M", 131072}, /* the host has 3.9996 GiB */
        {"crashkernel=512M-2G:64M,2G-4G:96M,4G-:128M@16M", 98304},
        {"crashkernel=8G-:128M", 0},
        {"crashkernel=8G", 0}, /* more than the host has */
        {"crashkernel=x crashkernel", 0},
        {"crashkernel=1G-2G", 1048576}, /* Xen warns of the rest */
        {"crashkernel=2G:128M", 0},
        {"-- crashkernel=128M", 0},
        {"nocrashkernel=128M", 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(with_option(rows[i].line, BALLAST_XEN_CRASH_KERNEL), rows[i].kib);
}

static void buffers(void **state)
{
    (void)state;
    /* 2 x 100 pages, and 4 * (200 + (2 + 2 * 2 + 3) / 4) bytes for their numbers: a page. */
    assert_int_equal(with_option("tbuf_size=100", BALLAST_XEN_TRACE), 2 * 400 + 4);
    /* 4 * (2 * 2000 + 2) bytes: 4 pages, which are an order. */
    assert_int_equal(with_option("tbuf_size=2000", BALLAST_XEN_TRACE), 2 * 8000 + 16);
    assert_int_equal(with_option("tbuf_size=0", BALLAST_XEN_TRACE), 0);
    assert_int_equal(with_option("tbuf_size=many", BALLAST_XEN_TRACE), 0);
    assert_int_equal(with_option("conring_size=64k", BALLAST_XEN_CONSOLE), 64);
    assert_int_equal(with_option("conring_size=65k", BALLAST_XEN_CONSOLE), 128);
    assert_int_equal(with_option("conring_size=3M", BALLAST_XEN_CONSOLE), 4096);
    assert_int_equal(with_option("conring_size=1", BALLAST_XEN_CONSOLE), 16);
    struct ballast_xen_facts facts = lab_facts();
    facts.cpus = 64;
    facts.commandline = NULL;
    assert_int_equal(part_of(&facts, BALLAST_XEN_CONSOLE), 64 * 512 * 4 / 1024);
    facts.version = "4.20.4";
    assert_int_equal(part_of(&facts, BALLAST_XEN_CONSOLE), 64 * 512 * 8 / 1024);
    facts.commandline = "loglvl=all/error";
    assert_int_equal(part_of(&facts, BALLAST_XEN_CONSOLE), 64 * 512 * 16 / 1024);
}

/* A domain in Debian's 4.17.7: 13 + 2 + 3 + 1 pages, 11 + 2 + 8 + 1 + 1, and 2 more (xen_terms.h).
 */
static uint64_t lab_domains_kib(void)
{
    const struct ballast_host_caps caps = {.hap = true};
    assert_int_equal(
        ballast_xen_domain_kib(ballast_xen_domain_profile("4.17.7"), BALLAST_PV, 1, &caps), 19 * 4);
    assert_int_equal(
        ballast_xen_domain_kib(ballast_xen_domain_profile("4.17.7"), BALLAST_PVH, 1, &caps),
        23 * 4);
    assert_int_equal(
        ballast_xen_domain_kib(ballast_xen_domain_profile("4.17.7"), BALLAST_HVM, 1, &caps),
        25 * 4);
    return (19 + 19 + 23 + 25) * 4;
}

static void domains_of_any_release(void **state)
{
    (void)state;
    const struct ballast_host_caps caps = {.hap = true};
    (void)lab_domains_kib();
    assert_int_equal(
        ballast_xen_domain_kib(ballast_xen_domain_profile("4.20.4"), BALLAST_PV, 4, &caps),
        (11 + 2 + 12 + 1) * 4);
    assert_int_equal(
        ballast_xen_domain_kib(ballast_xen_domain_profile("4.99.1"), BALLAST_PV, 4, &caps),
        ballast_xen_domain_kib(ballast_xen_domain_profile("4.20.4"), BALLAST_PV, 4, &caps));
    assert_true(ballast_xen_domain_kib(ballast_xen_domain_profile(""), BALLAST_HVM, 0, &caps) > 0);
    struct ballast_host_caps qubes = caps;
    ballast_caps_set_gnttab(&qubes, 2048, 4096, "4.17.6");
    /* maptrack: 8 pages for 2; 2048 frames' arrays: 21 + 4 and less than a page. */
    assert_int_equal(
        ballast_xen_domain_kib(ballast_xen_domain_profile("4.17.6"), BALLAST_PV, 1, &qubes),
        (19 + 6 + 21 + 4) * 4);
}

/* The recording: all that is not free, no domain's and no pool's are 44,560 KiB. */
static void a_real_host(void **state)
{
    (void)state;
    struct ballast_xen_facts facts = lab_facts();
    struct ballast_domain domains[] = {
        {.is_dom0 = true, .tot_kib = 1048576},
        {.id = 1, .tot_kib = 163840},
        {.id = 2, .tot_kib = 163904, .overhead_kib = 2048},
        {.id = 3, .tot_kib = 163820, .overhead_kib = 2048},
    };
    struct ballast_host host = {.total_kib = 4193776,
                                .free_kib = 2604980,
                                .slack_kib = 68544,
                                .domains = domains,
                                .domain_count = 4};
    struct ballast_host_breakdown made;
    assert_int_equal(ballast_host_divide(&host, 0, NULL, &made, NULL, NULL), 0);
    assert_int_equal(made.part_kib[BALLAST_PART_UNEXPLAINED], 44560);
    assert_int_equal(made.unexplained_most_kib, 0);

    facts.domains_kib = lab_domains_kib();
    ballast_xen_memory(&facts, &host.xen_memory);
    assert_int_equal(ballast_host_divide(&host, 0, NULL, &made, NULL, NULL), 0);
    uint64_t sum_kib = 0;
    for (int i = 0; i < BALLAST_XEN_PARTS; i++) {
        assert_int_equal(made.xen_part_kib[i], host.xen_memory.part_kib[i]);
        sum_kib += made.xen_part_kib[i];
    }
    assert_int_equal(made.part_kib[BALLAST_PART_XEN], sum_kib);
    assert_int_equal(made.part_kib[BALLAST_PART_UNEXPLAINED], 44560 - sum_kib);
    /* 0.02 % of the host are 838 KiB. */
    assert_true(made.part_kib[BALLAST_PART_UNEXPLAINED] < 838);
    assert_int_equal(made.unexplained_most_kib, 2048);
    assert_int_equal(made.overcounted_kib, 0);

    /* The configuration of the PV guest, of whose cost libxl has but a rule, changes nothing. */
    struct ballast_error err = unit_clean_error();
    struct ballast_guest guest =
        unit_guest(BALLAST_PV, {BALLAST_MEMORY, 160 * 1024}, {BALLAST_VCPUS, 1});
    struct ballast_breakdown pv;
    const struct ballast_breakdown *configurations[4] = {NULL, &pv, NULL, NULL};
    struct ballast_host_breakdown with;
    assert_int_equal(
        ballast_breakdown_evaluate(&pv, ballast_profile_find(NULL), &guest, NULL, &err), 0);
    assert_int_equal(ballast_host_divide(&host, 0, configurations, &with, NULL, NULL), 0);
    assert_memory_equal(with.part_kib, made.part_kib, sizeof(made.part_kib));
}

static void never_less_than_nothing(void **state)
{
    (void)state;
    struct ballast_xen_facts facts = lab_facts();
    struct ballast_host host = {.total_kib = 4193776, .free_kib = 4193776 - 32768 - 10000};
    struct ballast_host_breakdown made;
    ballast_xen_memory(&facts, &host.xen_memory);
    assert_int_equal(ballast_host_divide(&host, 0, NULL, &made, NULL, NULL), 0);
    assert_int_equal(made.xen_part_kib[BALLAST_XEN_FRAME_TABLE], 32768);
    assert_int_equal(made.xen_part_kib[BALLAST_XEN_M2P], 8192);
    assert_int_equal(made.xen_part_kib[BALLAST_XEN_IMAGE],
                     10000 - 8192 - 636 - 16 - 20 - 16 - made.xen_part_kib[BALLAST_XEN_CPUS]);
    assert_int_equal(made.part_kib[BALLAST_PART_XEN], 42768);
    assert_int_equal(made.part_kib[BALLAST_PART_UNEXPLAINED], 0);
    assert_int_equal(made.overcounted_kib, 0);

    host.free_kib = host.total_kib;
    assert_int_equal(ballast_host_divide(&host, 0, NULL, &made, NULL, NULL), 0);
    assert_int_equal(made.part_kib[BALLAST_PART_XEN], 0);

    /* Where the host reports what Xen takes, that counts, and the parts are within it. */
    host.free_kib = 1000000;
    host.xen_kib = 33000;
    assert_int_equal(ballast_host_divide(&host, 0, NULL, &made, NULL, NULL), 0);
    assert_int_equal(made.part_kib[BALLAST_PART_XEN], 33000);
    assert_int_equal(made.xen_part_kib[BALLAST_XEN_FRAME_TABLE], 32768);
    assert_int_equal(made.xen_part_kib[BALLAST_XEN_M2P], 232);
}

static void hosts_without_a_map(void **state)
{
    (void)state;
    struct ballast_xen_facts facts = lab_facts();
    facts.map = (struct ballast_xen_map){0};
    assert_int_equal(part_of(&facts, BALLAST_XEN_FRAME_TABLE), 32764); /* 1,048,444 pages of 32 */
    assert_int_equal(part_of(&facts, BALLAST_XEN_M2P), 8192);
    assert_int_equal(part_of(&facts, BALLAST_XEN_LOW), 0);
    struct ballast_xen_memory made;
    ballast_xen_memory(&facts, &made);
    assert_int_equal(made.unexplained_most_kib, 10240);
    /* Figures that no host has. */
    facts.total_kib = UINT64_MAX - 1;
    facts.cpus = UINT32_MAX;
    facts.domains_kib = UINT64_MAX;
    facts.pv32 = facts.iommu = true;
    facts.version = "4.14.0";
    facts.commandline = "conring_size=99999999T tbuf_size=99999999999999 crashkernel=0-:999999999T";
    ballast_xen_memory(&facts, &made);
    struct ballast_host host = {.total_kib = UINT64_MAX - 1, .xen_memory = made};
    struct ballast_host_breakdown divided;
    assert_int_equal(ballast_host_divide(&host, 0, NULL, &divided, NULL, NULL), 0);
    assert_int_equal(divided.part_kib[BALLAST_PART_XEN], UINT64_MAX - 1);
}

static void xen_part_words(void **state)
{
    (void)state;
    for (int i = 0; i < BALLAST_XEN_PARTS; i++) {
        const struct ballast_xen_part_about *about =
            ballast_xen_part_about((enum ballast_xen_part)i);
        assert_true(about && *about->word && *about->what && *about->source);
        assert_non_null(ballast_xen_part_sure_name(about->sure));
    }
    assert_null(ballast_xen_part_about(BALLAST_XEN_PARTS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(maps),
        cmocka_unit_test(each_xen_part),
        cmocka_unit_test(crash_kernels),
        cmocka_unit_test(buffers),
        cmocka_unit_test(domains_of_any_release),
        cmocka_unit_test(a_real_host),
        cmocka_unit_test(never_less_than_nothing),
        cmocka_unit_test(hosts_without_a_map),
        cmocka_unit_test(xen_part_words),
    };
    return cmocka_run_group_tests_name("xen_memory", tests, NULL, NULL);
}
