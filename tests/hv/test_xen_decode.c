/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The decoding of Xen's figures and of xenstore, hostile values included. */
#include "unit.h"

#include <stdio.h>

#include "core/base/units.h"
#include "edge/hv/processor.h"
#include "edge/hv/xen_decode.h"

#include "../seeds/seed.h"

static struct xen_said said;
static struct xen_counted counted;

static void hear(enum xen_node node, const char *value)
{
    xen_decode_node(&said, node, value, value ? strlen(value) : 0);
}

/* A running PV guest of 256 MiB that libxl built. */
static int begin(void **state)
{
    (void)state;
    xen_said_nothing(&said);
    counted = (struct xen_counted){.id = 7,
                                   .uuid = {1, 2, 3},
                                   .type = BALLAST_PV,
                                   .vcpus = 2,
                                   .tot_kib = 256 * MIB,
                                   .max_kib = 257 * MIB};
    hear(XEN_NODE_NAME, "web");
    hear(XEN_NODE_TARGET, "262144");
    hear(XEN_NODE_STATIC_MAX, "524288");
    return 0;
}

static struct hv_domain known(void)
{
    struct hv_domain domain;
    xen_know(&counted, &said, &domain);
    return domain;
}

static struct ballast_domain shown(void)
{
    static struct hv_domain domain; /* the name that is shown lives in it */
    struct ballast_domain out;
    domain = known();
    xen_show(&domain, 4096 * MIB, 5000000, &out);
    return out;
}

static void sizes(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        " 1",
        "1 ",
        "+1",
        "-1",
        "0x10",
        "1k",
        "1.0",
        "1\n",
        "१",
        "1e3",
        "--",
        "18446744073709551615",
        "4398046511105",
        "99999999999999999999999999999999999999999999",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (xen_parse_kib(bad[i], strlen(bad[i])) != BALLAST_NONE)
            fail_msg("\"%s\" counts as a size", bad[i]);
    }
    assert_int_equal(xen_parse_kib("0", 1), 0);
    assert_int_equal(xen_parse_kib("262144", 6), 262144);
    assert_int_equal(xen_parse_kib("4398046511104", 13), XEN_MOST_KIB);
    assert_int_equal(xen_parse_kib("2621449", 6), 262144); /* the length counts, not a terminator */
    assert_int_equal(xen_parse_kib("26\0"
                                   "2144",
                                   7),
                     BALLAST_NONE);
    /* No number has more digits than UINT64_MAX. */
    assert_int_equal(xen_parse_kib("00000000000000000001", 20), 1);
    assert_int_equal(xen_parse_kib("000000000000000000001", 21), BALLAST_NONE);
}

static void names(void **state)
{
    (void)state;
    char text[HV_NAME + 2];
    hear(XEN_NODE_NAME, "a\nb\x1b[31mc\xff\xc3\xa9");
    assert_string_equal(said.name, "a?b?[31mc?\xc3\xa9");
    hear(XEN_NODE_NAME, NULL);
    assert_string_equal(said.name, "");
    memset(text, 'x', sizeof(text));
    xen_decode_node(&said, XEN_NODE_NAME, text, HV_NAME - 1);
    assert_int_equal(strlen(said.name), HV_NAME - 1);
    xen_decode_node(&said, XEN_NODE_NAME, text, HV_NAME); /* too long: no name, not half a name */
    assert_string_equal(said.name, "");
    xen_decode_node(&said, XEN_NODE_NAME, "a\0b", 3);
    assert_string_equal(said.name, "a");
    xen_decode_node(&said, XEN_NODE_NAME, "\xc3", 1); /* a character cut short at the end */
    assert_string_equal(said.name, "?");
}

static void features(void **state)
{
    (void)state;
    static const enum xen_node nodes[] = {XEN_NODE_FEATURE_BALLOON, XEN_NODE_FEATURE_SUSPEND,
                                          XEN_NODE_FEATURE_POWEROFF, XEN_NODE_FEATURE_REBOOT};
    for (size_t i = 0; i < 4; i++) {
        assert_false(known().has_balloon);
        hear(nodes[i], "");
        assert_false(known().has_balloon);
        hear(nodes[i], "11");
        assert_false(known().has_balloon);
        hear(nodes[i], "1");
        assert_true(known().has_balloon);
        assert_int_equal(known().kernel_is_up, i > 0);
        hear(nodes[i], NULL);
    }
}

static void events(void **state)
{
    (void)state;
    static const char *const nothing[] = {
        "",
        "@releaseDomain",
        "/local/domain",
        "/local/domain/",
        "/local/domain//memory/target",
        "/local/domain/7x/memory/target",
        "/local/domain/-7/memory/target",
        "/local/domain/99999999999999999999/memory/target",
        "/local/domain/65536/memory/target",
        "/local/domain/7/memory/",
        "/local/domain/7/memory/target/deeper",
        "/local/domain/7/memory/foreign",
        "/local/domain/7/control/sysrq",
        "/local/domain/7/data/meminfo_total",
        "/local/domain/7/data/ballast/other",
        "/local/domain/7/data/ballast/alive/deeper",
    };
    uint32_t domid = 4711;
    for (size_t i = 0; i < sizeof(nothing) / sizeof(nothing[0]); i++) {
        if (xen_event_nodes(nothing[i], &domid) != 0)
            fail_msg("\"%s\" is heard", nothing[i]);
    }
    assert_int_equal(xen_event_nodes("/local/domain/7", &domid), XEN_NODES_ALL);
    assert_int_equal(domid, 7);
    assert_int_equal(xen_event_nodes("/local/domain/12/memory", &domid), XEN_NODES_IN_MEMORY);
    assert_int_equal(domid, 12);
    assert_int_equal(xen_event_nodes("/local/domain/7/control", &domid), XEN_NODES_IN_CONTROL);
    for (unsigned node = 0; node < XEN_NODES; node++) {
        char path[96];
        snprintf(path, sizeof(path), "/local/domain/0/%s", xen_node_path((enum xen_node)node));
        assert_int_equal(xen_event_nodes(path, &domid), XEN_NODE_BIT(node));
        assert_int_equal(domid, 0);
    }
    assert_int_equal(xen_event_nodes("/local/domain/7/data", &domid), XEN_NODES_IN_DATA);
    assert_int_equal(xen_event_nodes("/local/domain/7/data/ballast", &domid), XEN_NODES_IN_BALLAST);
    assert_int_equal(XEN_NODES_IN_MEMORY & XEN_NODES_IN_CONTROL, 0);
    assert_int_equal((XEN_NODES_IN_MEMORY | XEN_NODES_IN_CONTROL) & XEN_NODES_IN_DATA, 0);
    assert_int_equal(XEN_NODES_IN_MEMORY | XEN_NODES_IN_CONTROL | XEN_NODES_IN_DATA |
                         XEN_NODE_BIT(XEN_NODE_NAME) | XEN_NODE_BIT(XEN_NODE_SERVES),
                     XEN_NODES_ALL);
}

static void newcomers(void **state)
{
    (void)state;
    static const char path[] = "/vm/6f2d1c1e-0b5c-4a8e-9d53-62616c6c6173/name";
    static const char *const others[] = {
        "/vm",
        "/vm/",
        "/vm//name",
        "/vm/name",
        "/vm/web/name",
        "/vm/6f2d1c1e-0b5c-4a8e-9d53-62616c6c6173",
        "/vm/6f2d1c1e-0b5c-4a8e-9d53-62616c6c6173/uuid",
        "/vm/6f2d1c1e-0b5c-4a8e-9d53-62616c6c6173/name/deeper",
        "/vm/6f2d1c1e-0b5c-4a8e-9d53-62616c6c617/name",
        "/vm/6f2d1c1e-0b5c-4a8e-9d53-62616c6c6173a/name",
        "/vm/6f2d1c1e+0b5c-4a8e-9d53-62616c6c6173/name",
        "/local/domain/7/name",
    };
    uint8_t uuid[16] = {0};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        if (xen_event_names_newcomer(others[i], uuid))
            fail_msg("\"%s\" names one", others[i]);
    }
    assert_true(xen_event_names_newcomer(path, uuid));
    /* The one domain that once held all claims: what they share. */
    assert_int_equal(xen_parked_id(uuid), 0);
    assert_true(xen_event_is_newcomer(path));
}

/* The id of a claim is in the uuid of its domain, which only a xenstore domain of ours has. */
static void parked(void **state)
{
    (void)state;
    static const uint64_t ids[] = {0, 1, 255, 256, UINT64_C(0x5362616c6c6174), HV_CLAIM_MOST_ID};
    struct xen_counted domain = {.id = 9, .is_store = true};
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        xen_parked_uuid(ids[i], domain.uuid);
        assert_true(xen_is_parked(&domain));
        assert_int_equal(xen_parked_id(domain.uuid), ids[i]);
    }
    domain.is_store = false;
    assert_false(xen_is_parked(&domain));
    domain.is_store = true;
    domain.uuid[8] ^= 1;
    assert_false(xen_is_parked(&domain));
}

static void running(void **state)
{
    (void)state;
    hear(XEN_NODE_FEATURE_SUSPEND, "1");
    struct ballast_domain domain = shown();
    assert_int_equal(domain.id, 7);
    assert_string_equal(domain.name, "web");
    assert_int_equal(domain.state, BALLAST_DOMAIN_RUN);
    assert_true(domain.has_balloon);
    assert_int_equal(domain.target_kib, 256 * MIB);
    assert_int_equal(domain.maxmem_kib, 256 * MIB);
    assert_int_equal(domain.static_max_kib, 512 * MIB);
    assert_int_equal(domain.dynamic_min_kib, 256 * MIB); /* no range: it is not squeezed */
    assert_int_equal(domain.dynamic_max_kib, 256 * MIB);
    assert_int_equal(domain.build_left_kib, 0);
    assert_int_equal(domain.shares, 1000);
    assert_int_equal(domain.used_kib, BALLAST_NONE);
}

/* What Xen lets a domain take more, whatever it holds and its maximum is moved to, is what the
 * shown maximum leaves and the extra internal that is kept back, which is the same all the time. */
static void extra_internal(void **state)
{
    (void)state;
    static const uint64_t tots_kib[] = {100 * MIB, 256 * MIB, 256 * MIB + 64, 257 * MIB, 300 * MIB};
    static const uint64_t maxima_kib[] = {100 * MIB, 256 * MIB, 257 * MIB, 400 * MIB};
    for (size_t i = 0; i < 5; i++) {
        for (size_t j = 0; j < 4; j++) {
            counted.tot_kib = tots_kib[i];
            counted.max_kib = maxima_kib[j];
            struct hv_domain inner = known();
            struct ballast_domain domain = shown();
            uint64_t room_kib = ballast_sub_floor(domain.maxmem_kib, domain.tot_kib);
            assert_int_equal(xen_extra_internal_kib(&inner, 1), 1024);
            assert_true(ballast_sub_floor(counted.max_kib, counted.tot_kib) <= room_kib + 1024);
        }
    }
    struct hv_domain many[3] = {known(), known(), known()};
    many[1].dying = true;
    assert_int_equal(xen_extra_internal_kib(many, 3), 2048);
}

/* Video is in tot_kib and in Xen's maximum, and so it is in the target that is shown. */
static void video(void **state)
{
    (void)state;
    counted.type = BALLAST_HVM;
    hear(XEN_NODE_TARGET, "253952");
    hear(XEN_NODE_VIDEORAM, "8192");
    assert_int_equal(shown().target_kib, 256 * MIB);
    assert_int_equal(shown().dynamic_min_kib, 256 * MIB);
    hear(XEN_NODE_VIDEORAM, "-1");
    assert_int_equal(shown().target_kib, 253952);
}

static void building(void **state)
{
    (void)state;
    counted.paused = true;
    assert_int_equal(shown().state, BALLAST_DOMAIN_PAUSED);
    hear(XEN_NODE_TARGET, NULL);
    counted.tot_kib = 100 * MIB;
    struct ballast_domain domain = shown();
    assert_int_equal(domain.state, BALLAST_DOMAIN_BUILD);
    assert_int_equal(domain.build_left_kib, 156 * MIB);
    assert_int_equal(domain.target_kib, 256 * MIB);
    assert_int_equal(domain.dynamic_max_kib, 256 * MIB);
    hear(XEN_NODE_TARGET, "262144");
    counted.claim_kib = 4;
    assert_int_equal(shown().state, BALLAST_DOMAIN_BUILD);
    counted.max_kib = 0; /* just created: nothing is known of it yet */
    hear(XEN_NODE_TARGET, NULL);
    hear(XEN_NODE_STATIC_MAX, NULL);
    domain = shown();
    assert_int_equal(domain.build_left_kib, 0);
    assert_int_equal(domain.static_max_kib, 0);
}

/* No target, and it runs: of a toolstack that writes none. It is counted and left alone. */
static void without_target(void **state)
{
    (void)state;
    hear(XEN_NODE_TARGET, NULL);
    hear(XEN_NODE_STATIC_MAX, NULL);
    struct ballast_domain domain = shown();
    assert_int_equal(domain.state, BALLAST_DOMAIN_RUN);
    assert_int_equal(domain.target_kib, 256 * MIB);
    assert_int_equal(domain.dynamic_min_kib, 256 * MIB);
    assert_int_equal(domain.dynamic_max_kib, 256 * MIB);
    counted.paused = true;
    counted.is_store = true;
    assert_int_equal(shown().state, BALLAST_DOMAIN_PAUSED);
}

static void on_the_move(void **state)
{
    (void)state;
    hear(XEN_NODE_SHUTDOWN, "poweroff");
    assert_int_equal(shown().state, BALLAST_DOMAIN_RUN);
    counted.shutdown = true;
    assert_int_equal(shown().state, BALLAST_DOMAIN_PAUSED);
    counted.suspended = true;
    assert_int_equal(shown().state, BALLAST_DOMAIN_MIGRATING);
}

static void on_its_way_back(void **state)
{
    (void)state;
    counted.shutdown = true;
    assert_false(shown().reboots);
    counted.why = XEN_SHUTDOWN_CRASH;
    assert_false(shown().reboots);
    counted.why = XEN_SHUTDOWN_REBOOT;
    assert_true(shown().reboots);
    assert_int_equal(shown().state, BALLAST_DOMAIN_PAUSED);
    counted.dying = true;
    assert_false(shown().reboots);
    assert_true(known().reboots);
}

static struct ballast_domain shown_at(struct suspend_report *report, uint64_t sec)
{
    struct ballast_domain out;
    struct hv_domain domain = known();
    xen_believe(&said, report, sec * 1000000, &domain);
    xen_show(&domain, 4096 * MIB, sec * 1000000, &out);
    return out;
}

/* The guest may write that node: it is believed for 10 s, and Xen's own reason as long as it lasts.
 */
static void a_report_of_suspending(void **state)
{
    (void)state;
    struct suspend_report report = {0};
    assert_int_equal(shown_at(&report, 1000).state, BALLAST_DOMAIN_RUN);
    hear(XEN_NODE_SHUTDOWN, "suspend");
    assert_int_equal(shown_at(&report, 1060).state, BALLAST_DOMAIN_MIGRATING);
    assert_int_equal(shown_at(&report, 1069).state, BALLAST_DOMAIN_MIGRATING);
    assert_false(shown_at(&report, 1069).says_suspend);
    assert_int_equal(shown_at(&report, 1071).state, BALLAST_DOMAIN_RUN);
    assert_true(shown_at(&report, 1071).says_suspend);
    assert_int_equal(shown_at(&report, 9000).state, BALLAST_DOMAIN_RUN);
    counted.shutdown = counted.suspended = true;
    assert_int_equal(shown_at(&report, 9001).state, BALLAST_DOMAIN_MIGRATING);
    assert_false(shown_at(&report, 9001).says_suspend);
}

/* One that says it for a second, and not for the next one, for an hour. */
static void a_repeated_report(void **state)
{
    (void)state;
    struct suspend_report report = {0};
    uint64_t believed = 0;
    for (uint64_t ds = 0; ds < 36000; ds++)
        believed += suspend_report_sample(&report, ds / 10 % 2, ds * 100000);
    assert_in_range(believed, 100, 100 + 36000 / SUSPEND_REPORT_SLOWNESS);
    /* Silence for ten minutes gives all of it back. */
    assert_false(suspend_report_sample(&report, false, UINT64_C(3600) * 1000000));
    assert_true(suspend_report_sample(&report, true, UINT64_C(4300) * 1000000));
    assert_true(suspend_report_sample(&report, true, UINT64_C(4309) * 1000000));
    assert_false(suspend_report_sample(&report, true, UINT64_C(4311) * 1000000));
}

/* dom0 as it boots with dom0_mem=1536M,max:1536M: no nodes, and no extra internal on top. */
static void dom0(void **state)
{
    (void)state;
    counted = (struct xen_counted){.tot_kib = 1536 * MIB, .max_kib = 1536 * MIB};
    xen_said_nothing(&said);
    struct ballast_domain domain = shown();
    assert_true(domain.is_dom0 && domain.has_balloon);
    assert_int_equal(domain.state, BALLAST_DOMAIN_RUN);
    assert_int_equal(domain.target_kib, 1536 * MIB);
    assert_int_equal(domain.maxmem_kib, 1536 * MIB);
    assert_int_equal(domain.static_max_kib, 1536 * MIB);
    struct hv_domain inner = known();
    struct ballast_target_domain rules;
    assert_int_equal(xen_target_domain(&inner, &rules, NULL), 0);
    assert_int_equal(rules.target_kib, 1536 * MIB);
    assert_int_equal(rules.static_max_kib, 1536 * MIB);
    /* Without a limit Xen's is beyond all memory: the host is the limit then. */
    counted.max_kib = XEN_MOST_KIB;
    assert_int_equal(shown().static_max_kib, 4096 * MIB);
}

static void ranges(void **state)
{
    (void)state;
    static const struct {
        const char *min, *max;
        uint64_t min_mib, max_mib;
    } cases[] = {
        {"131072", "524288", 128, 512}, {"131072", NULL, 128, 256}, {NULL, "131072", 128, 128},
        {NULL, "524288", 256, 512},     {"393216", NULL, 384, 384}, {"131072", "1048576", 128, 512},
        {"524288", "131072", 128, 128}, {"junk", "junk", 256, 256},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        hear(XEN_NODE_DYNAMIC_MIN, cases[i].min);
        hear(XEN_NODE_DYNAMIC_MAX, cases[i].max);
        struct ballast_domain domain = shown();
        assert_int_equal(domain.dynamic_min_kib, cases[i].min_mib * MIB);
        assert_int_equal(domain.dynamic_max_kib, cases[i].max_mib * MIB);
    }
}

static void reports(void **state)
{
    (void)state;
    struct hv_domain domain;
    struct ballast_domain out;
    domain = known();
    xen_show(&domain, 4096 * MIB, 5000000, &out);
    assert_int_equal(out.used_kib, BALLAST_NONE);
    assert_int_equal(out.report_age_usec, BALLAST_NONE);
    domain.used_kib = 100000;
    domain.used_since_usec = 2000000;
    domain.pressure = (struct ballast_pressure){.known = 1, .values = {25}};
    domain.pressure_since_usec = 1000000;
    xen_show(&domain, 4096 * MIB, 5000000, &out);
    assert_int_equal(out.used_kib, 100000);
    assert_int_equal(out.report_age_usec, 3000000);
    assert_int_equal(out.pressure.age_usec, 4000000);
    assert_int_equal(ballast_pressure_value(&out.pressure, BALLAST_PRESSURE_SOME), 25);
    /* Its word is left as it is; what it leaves out is shown beside it. */
    assert_int_equal(out.video_kib, 0);
    domain.videoram_kib = 8192;
    domain.pool_kib = 9216;
    xen_show(&domain, 4096 * MIB, 5000000, &out);
    assert_int_equal(out.used_kib, 100000);
    assert_int_equal(out.video_kib, 8192);
    assert_int_equal(out.overhead_kib, 9216);
    domain.videoram_kib = UINT64_C(1) << 50;
    domain.target_kib = 8192;
    xen_show(&domain, 4096 * MIB, 5000000, &out);
    assert_true(out.video_kib <= out.target_kib);
}

static void stubdomains(void **state)
{
    (void)state;
    assert_false(known().is_stubdomain);
    hear(XEN_NODE_SERVES, "12");
    assert_true(known().is_stubdomain);
    assert_int_equal(known().stubdomain_of, 12);
    hear(XEN_NODE_SERVES, "70000");
    assert_false(known().is_stubdomain);
}

static void rules_need_nodes(void **state)
{
    (void)state;
    struct ballast_target_domain rules = {.id = 99};
    struct ballast_error err = unit_clean_error();
    hear(XEN_NODE_VIDEORAM, "8192");
    struct hv_domain domain = known();
    assert_int_equal(xen_target_domain(&domain, &rules, &err), 0);
    unit_assert_clean(err);
    assert_int_equal(rules.videoram_kib, 8192);
    assert_int_equal(rules.extra_internal_kib, 1024);
    hear(XEN_NODE_STATIC_MAX, "lots");
    domain = known();
    rules.id = 99;
    assert_int_equal(xen_target_domain(&domain, &rules, &err), -ENODATA);
    unit_assert_text(err, "memory/static-max");
    assert_int_equal(rules.id, 99);
}

static uint64_t seed = 1;

/* Whatever the nodes hold, what is shown can be true: the model's own check says so. */
static void always_possible(void **state)
{
    (void)state;
    static const char *const words[] = {
        NULL, "", "0", "1", "262144", "524288", "999999", "4398046511104", "-1", "9e9"};
    enum { WORDS = sizeof(words) / sizeof(words[0]) };
    unsigned chance = (unsigned)seed;
    for (int i = 0; i < 20000; i++) {
        for (unsigned node = XEN_NODE_TARGET; node <= XEN_NODE_MEMINFO; node++) {
            chance = chance * 1103515245 + 12345;
            hear((enum xen_node)node, words[(chance >> 16) % WORDS]);
        }
        chance = chance * 1103515245 + 12345;
        counted.id = (chance >> 16) % 3;
        counted.paused = (chance >> 18) & 1;
        counted.max_kib = (chance >> 19) & 1 ? XEN_MOST_KIB : (chance >> 20) % 600 * MIB;
        struct ballast_domain domain = shown();
        struct ballast_host host = {.total_kib = 4096 * MIB, .domains = &domain, .domain_count = 1};
        struct ballast_error err;
        if (ballast_host_check(&host, &err) < 0)
            fail_msg("%s", err.text);
        assert_true(domain.dynamic_min_kib <= domain.dynamic_max_kib);
    }
}

static void counted_twice(void **state)
{
    (void)state;
    struct ballast_domain domain = {.tot_kib = 600, .overhead_kib = 100};
    struct ballast_host host = {.total_kib = 1000,
                                .free_kib = 300,
                                .scrub_kib = 290,
                                .domains = &domain,
                                .domain_count = 1};
    assert_true(xen_reconcile(&host));
    assert_int_equal(host.free_kib, 300);
    host.total_kib = 980; /* 20 KiB were free and then the domain's */
    assert_true(xen_reconcile(&host));
    assert_int_equal(host.free_kib, 280);
    assert_int_equal(host.scrub_kib, 280);
    assert_int_equal(ballast_host_check(&host, NULL), 0);
    domain.tot_kib = 4096 * MIB;
    assert_false(xen_reconcile(&host));
    assert_int_equal(host.free_kib, 0);
}

/* The paging pool is the domain's and not in its own pages: the host is short of both. */
static void pool(void **state)
{
    (void)state;
    struct hv_domain domain = known();
    struct ballast_domain out;
    domain.pool_kib = 9216;
    xen_show(&domain, 4096 * MIB, 5000000, &out);
    assert_int_equal(out.tot_kib, 256 * MIB);
    assert_int_equal(out.overhead_kib, 9216);
    domain.pool_kib = BALLAST_NONE; /* a PV domain, or a Xen that does not say */
    xen_show(&domain, 4096 * MIB, 5000000, &out);
    assert_int_equal(out.overhead_kib, 0);
}

static void rules_of_a_version(void **state)
{
    (void)state;
    static const struct {
        unsigned major, minor;
        const char *name;
    } rows[] = {{4, 14, "libxl-4.14"}, {4, 16, "libxl-4.14"}, {4, 17, "libxl"},
                {4, 18, "libxl-4.20"}, {4, 20, "libxl-4.20"}, {5, 0, "libxl"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct xen_version version = {.major = rows[i].major, .minor = rows[i].minor};
        assert_string_equal(ballast_profile_name(xen_profile(&version)), rows[i].name);
    }
}

static void words_of_processors(void **state)
{
    (void)state;
    static const struct {
        uint32_t leaf0[4], version;
        const char *word;
    } rows[] = {
        {{13, 0x756e6547, 0x6c65746e, 0x49656e69}, 0x50654, "GenuineIntel-6-55-4"},
        {{13, 0x68747541, 0x444d4163, 0x69746e65}, 0xa20f12, "AuthenticAMD-25-21-2"},
        {{5, 0x756e6547, 0x6c65746e, 0x49656e69}, 0x543, "GenuineIntel-5-4-3"},
        {{1, 0x22202020, 0x0a000000, 0x6c65746e}, 0x600, "????ntel-6-0-0"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char word[BALLAST_PROCESSOR];
        const uint32_t leaf1[4] = {rows[i].version};
        processor_word(rows[i].leaf0, leaf1, word, sizeof(word));
        assert_string_equal(word, rows[i].word);
    }
    char here[BALLAST_PROCESSOR];
    processor_here(here, sizeof(here));
    assert_true(strlen(here) < BALLAST_PROCESSOR);
}

static void segments_of_a_running_domain(void **state)
{
    (void)state;
    counted.type = BALLAST_HVM;
    counted.vcpus = 2;
    counted.tot_kib = 1048576 + 512;
    said.target_kib = 1048576 - 8192;
    said.static_max_kib = 2097152;
    said.videoram_kib = 8192;
    struct hv_domain domain = known();
    struct ballast_running running = hv_running(&domain);
    assert_int_equal(running.type, BALLAST_HVM);
    assert_int_equal(running.vcpus, 2);
    assert_int_equal(running.extra_internal_kib, 1024);
    assert_int_equal(running.overhead_kib, BALLAST_NONE);
    /* Still being built: nothing is beyond a target that is not there. */
    said.target_kib = BALLAST_NONE;
    domain = known();
    assert_int_equal(hv_running(&domain).extra_internal_kib, 0);
}

int main(int argc, char **argv)
{
    seed_from(argc, argv, &seed, "always_possible");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(sizes, begin),
        cmocka_unit_test_setup(names, begin),
        cmocka_unit_test_setup(features, begin),
        cmocka_unit_test_setup(events, begin),
        cmocka_unit_test(newcomers),
        cmocka_unit_test(parked),
        cmocka_unit_test_setup(running, begin),
        cmocka_unit_test_setup(pool, begin),
        cmocka_unit_test_setup(extra_internal, begin),
        cmocka_unit_test_setup(video, begin),
        cmocka_unit_test_setup(building, begin),
        cmocka_unit_test_setup(without_target, begin),
        cmocka_unit_test_setup(on_the_move, begin),
        cmocka_unit_test_setup(on_its_way_back, begin),
        cmocka_unit_test_setup(a_report_of_suspending, begin),
        cmocka_unit_test(a_repeated_report),
        cmocka_unit_test_setup(dom0, begin),
        cmocka_unit_test_setup(ranges, begin),
        cmocka_unit_test_setup(reports, begin),
        cmocka_unit_test_setup(stubdomains, begin),
        cmocka_unit_test_setup(rules_need_nodes, begin),
        cmocka_unit_test_setup(always_possible, begin),
        cmocka_unit_test_setup(counted_twice, begin),
        cmocka_unit_test(rules_of_a_version),
        cmocka_unit_test(words_of_processors),
        cmocka_unit_test(segments_of_a_running_domain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
