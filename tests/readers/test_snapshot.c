/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "check.h"

#include "core/model/commandline.h"
#include "edge/json/json.h"
#include "edge/snapshot/snapshot.h"

#include "../seeds/seed.h"

static struct snapshot good(const char *text)
{
    struct snapshot snapshot;
    struct ballast_error err;
    char *copy = unterminated(text, strlen(text));
    if (snapshot_parse("host.json", copy, strlen(text), &snapshot, &err) < 0)
        fail_msg("%s\n%s", text, err.text);
    free(copy); /* nothing of it may be needed any more */
    return snapshot;
}

static void refuses(const char *text, const char *begin, const char *contains)
{
    struct snapshot snapshot;
    struct ballast_error err;
    char *copy = unterminated(text, strlen(text));
    memset(&snapshot, 0x5a, sizeof(snapshot));
    check_error(snapshot_parse("host.json", copy, strlen(text), &snapshot, &err), -EINVAL, &err,
                begin, contains);
    assert_int_equal(((unsigned char *)&snapshot)[0], 0x5a);
    free(copy);
}

static void test_whole(void **state)
{
    (void)state;
    struct snapshot s = good(
        "{\"v\":1,\"t\":12.3,\"dt\":0.1,\n"
        " \"host\":{\"total_kib\":8388608,\"free_kib\":1000000,\"claimed_kib\":2000,\"slush_kib\":"
        "9216,\"scrub_kib\":500,\"xen_kib\":100000,\"caps\":{\"hap\":true,\"shadow\":false,"
        "\"iommu\":true,\"iommu_hap_pt_share\":false}},\n"
        " \"doms\":[{\"id\":0,\"name\":\"Domain-0\",\"tot_kib\":1048576},\n"
        "{\"id\":3,\"name\":\"w\\u001beb\",\"dom0\":false,\"state\":\"build\",\"balloon\":true,"
        "\"tot_kib\":2097152,\"overhead_kib\":20000,\"target_kib\":2097153,\"maxmem_kib\":2098176,"
        "\"dyn_min_kib\":524288,\"dyn_max_kib\":3000000,\"static_max_kib\":4194304,"
        "\"build_left_kib\":77,\"used_kib\":900000,\"free_kib\":1100000,\"report_age\":1.5,"
        "\"swap_kib\":4,\"report_source\":\"ballast-agent\",\"pressure\":{\"age\":0.25,"
        "\"psi_some_permyriad\":10000,\"oom_kills\":0,\"stalls\":null},"
        "\"shares\":500}]}\n");
    assert_int_equal(s.host.now_usec, 12300000);
    assert_int_equal(s.host.total_kib, 8388608);
    assert_int_equal(s.host.free_kib, 1000000);
    assert_int_equal(s.host.claimed_kib, 2000);
    assert_int_equal(s.host.slack_kib, 9216);
    assert_int_equal(s.host.scrub_kib, 500);
    assert_int_equal(s.host.xen_kib, 100000);
    assert_true(s.host.caps.hap && !s.host.caps.shadow);
    assert_true(s.host.caps.iommu && !s.host.caps.iommu_hap_pt_share);
    assert_int_equal(s.host.domain_count, 2);
    const struct ballast_domain *d = &s.host.domains[0];
    assert_string_equal(d->name, "Domain-0");
    assert_true(d->is_dom0 && !d->has_balloon);
    d = &s.host.domains[1];
    assert_int_equal(d->id, 3);
    assert_string_equal(d->name, "w?eb");
    assert_int_equal(d->state, BALLAST_DOMAIN_BUILD);
    assert_true(!d->is_dom0 && d->has_balloon);
    assert_int_equal(d->tot_kib, 2097152);
    assert_int_equal(d->overhead_kib, 20000);
    assert_int_equal(d->target_kib, 2097153);
    assert_int_equal(d->maxmem_kib, 2098176);
    assert_int_equal(d->dynamic_min_kib, 524288);
    assert_int_equal(d->dynamic_max_kib, 3000000);
    assert_int_equal(d->static_max_kib, 4194304);
    assert_int_equal(d->build_left_kib, 77);
    assert_int_equal(d->used_kib, 900000);
    assert_int_equal(d->reported_free_kib, 1100000);
    assert_int_equal(d->report_age_usec, 1500000);
    assert_int_equal(d->reported_swap_kib, 4);
    assert_int_equal(d->report_source, BALLAST_REPORT_BALLAST_AGENT);
    assert_int_equal(d->pressure.known,
                     1U << BALLAST_PRESSURE_SOME | 1U << BALLAST_PRESSURE_OOM_KILLS);
    assert_int_equal(d->pressure.values[BALLAST_PRESSURE_SOME], 10000);
    assert_int_equal(d->pressure.age_usec, 250000);
    assert_int_equal(d->shares, 500);
    snapshot_release(&s);
    snapshot_release(&s);
}

static void test_defaults(void **state)
{
    (void)state;
    struct snapshot s = good(
        "{\"host\":{\"total_kib\":100000,\"free_kib\":10},\"doms\":[{\"id\":7,\"tot_kib\":4096,"
        "\"used_kib\":null}]}");
    assert_int_equal(s.host.now_usec, 0);
    assert_int_equal(s.host.slack_kib, 0);
    assert_true(s.host.caps.hap && s.host.caps.shadow && s.host.caps.iommu &&
                s.host.caps.iommu_hap_pt_share);
    const struct ballast_domain *d = &s.host.domains[0];
    assert_string_equal(d->name, "");
    assert_int_equal(d->state, BALLAST_DOMAIN_RUN);
    assert_true(!d->is_dom0 && !d->has_balloon);
    assert_int_equal(d->target_kib, 4096);
    assert_int_equal(d->dynamic_min_kib, 4096);
    assert_int_equal(d->dynamic_max_kib, 4096);
    assert_int_equal(d->static_max_kib, 4096);
    assert_int_equal(d->maxmem_kib, 4096);
    assert_int_equal(d->shares, 1000);
    assert_true(d->used_kib == BALLAST_NONE && d->reported_free_kib == BALLAST_NONE &&
                d->report_age_usec == BALLAST_NONE);
    assert_true(d->report_source == BALLAST_REPORT_NONE && d->pressure.known == 0 &&
                d->reported_swap_kib == 0);
    snapshot_release(&s);
    s = good("{\"host\":{\"total_kib\":1,\"free_kib\":1}}");
    assert_int_equal(s.host.domain_count, 0);
    snapshot_release(&s);
    s = good("{\"host\":{\"total_kib\":1,\"free_kib\":1,\"caps\":{\"iommu\":false}},\"doms\":[]}");
    assert_true(s.host.caps.hap && !s.host.caps.iommu && !s.host.caps.vmx);
    assert_string_equal(s.host.xen_version, "");
    assert_string_equal(s.host.processor, "");
    snapshot_release(&s);
    s = good("{\"host\":{\"total_kib\":1,\"free_kib\":1,\"caps\":{\"vmx\":true},"
             "\"xen_version\":\"4.17.7+13-g2445b30a44\",\"processor\":\"GenuineIntel-6-55-4\"}}");
    assert_true(s.host.caps.vmx && s.host.caps.hap && !s.host.caps.gnttab_known);
    assert_string_equal(s.host.processor, "GenuineIntel-6-55-4");
    assert_string_equal(s.host.xen_version, "4.17.7+13-g2445b30a44");
    snapshot_release(&s);
}

static void test_refuses(void **state)
{
    (void)state;
#define HOST "{\"host\":{\"total_kib\":9000,\"free_kib\":1000},\n\"doms\":["
    refuses("", "host.json: is empty", "snapshot");
    refuses("[]", "host.json:1: ", "JSON object");
    refuses("{}", "host.json:1: host: missing", "");
    refuses("{\"host\":1}", "host.json:1: host: ", "an object");
    refuses("{\"host\":{\"free_kib\":1}}", "host.json:1: host.total_kib: missing", "");
    refuses("{\"host\":{\"total_kib\":1,\n\"free_kib\":\"1\"}}",
            "host.json:2: host.free_kib: ", "whole number");
    refuses("{\"v\":2,\"host\":{}}", "host.json:1: v: 2", "version 1");
    refuses("{\"t\":-1,\"host\":{}}", "host.json:1: t: ", "negative");
    refuses("{\"host\":{\"total_kib\":1,\"free_kib\":1,\"caps\":{\"hap\":1}}}",
            "host.json:1: host.caps.hap: ", "true or false");
    refuses("{\"host\":{\"total_kib\":1,\"free_kib\":1,\"xen_version\":\"4\"}}",
            "host.json:1: host.xen_version: invalid version of Xen '4'", "4.17.7");
    refuses("{\"host\":{\"total_kib\":1,\"free_kib\":1,\"xen_version\":4.17}}",
            "host.json:1: host.xen_version: ", "string");
    refuses("{\"host\":{\"total_kib\":1,\"free_kib\":1,\"processor\":7}}",
            "host.json:1: host.processor: ", "string");
    refuses("{\"host\":{\"total_kib\":1,\"free_kib\":1,\"processor\":"
            "\"GenuineIntel-GenuineIntel-GenuineIntel-GenuineIntel\"}}",
            "host.json:1: host.processor: ", "47 bytes");
    refuses("{\"host\":{\"total_kib\":1,\"free_kib\":1},\"doms\":{}}",
            "host.json:1: doms: ", "an array");
    refuses(HOST "1]}", "host.json:2: doms[0]: ", "JSON object");
    refuses(HOST "{\"id\":1,\"tot_kib\":1},\n{\"id\":2}]}", "host.json:3: doms[1].tot_kib: missing",
            "");
    refuses(HOST "{\"id\":1,\"tot_kib\":1},\n{\"tot_kib\":-2,\n\"id\":2}]}",
            "host.json:3: doms[1].tot_kib: -2", "negative");
    refuses(HOST "{\"id\":4294967296,\"tot_kib\":1}]}", "host.json:2: doms[0].id: ", "at most");
    refuses(HOST "{\"id\":1,\"tot_kib\":1,\"state\":\"dead\"}]}",
            "host.json:2: doms[0].state: invalid state 'dead'", "migrating");
    refuses(HOST "{\"id\":1,\"tot_kib\":1,\"name\":7}]}",
            "host.json:2: doms[0].name: ", "a string");
    refuses(HOST "]}\n{}", "host.json:3: a second object", "one snapshot");
    refuses(HOST "]} x", "host.json:2: ", "object or array");
    refuses(HOST "{\"id\":1,\"tot_kib\":18446744073709551614},\n{\"id\":2,\"tot_kib\":2}]}",
            "host.json:1: domains, Xen and free memory", "64 bits");
}

/* A running host is not one moment: the reader takes it, a caller that wants it true asks. */
static void test_contradictions(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *why;
    } cases[] = {
        {HOST "{\"id\":1,\"tot_kib\":8001}]}", "h.json: domains, Xen and free memory make"},
        {HOST "{\"id\":1,\"tot_kib\":1},{\"id\":1,\"tot_kib\":1}]}",
         "h.json: duplicate domain id 1"},
        {HOST "{\"id\":1,\"tot_kib\":1,\"dyn_min_kib\":2}]}", "h.json: domain 1: dynamic minimum"},
        {"{\"host\":{\"total_kib\":1,\"free_kib\":2}}", "h.json: free memory 2 KiB is more"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct snapshot s = good(cases[i].text);
        struct ballast_error err;
        check_error(snapshot_check(&s, "h.json", &err), -EINVAL, &err, cases[i].why, "");
        assert_int_equal(snapshot_check(&s, "-", NULL), -EINVAL);
        snapshot_release(&s);
    }
    struct snapshot s = good(HOST "]}");
    assert_int_equal(snapshot_check(&s, "h.json", NULL), 0);
    snapshot_release(&s);
}

static void test_several(void **state)
{
    (void)state;
    static const char text[] = "{\"t\":1,\"host\":{\"total_kib\":1,\"free_kib\":0}}\n"
                               "{\"t\":2.5,\"host\":{\"total_kib\":1,\"free_kib\":0}}\n\n"
                               "{\"t\":3,\"host\":{\"free_kib\":0}}\n";
    struct json_reader reader = json_reader_over("hosts", text, strlen(text));
    struct snapshot s;
    struct ballast_error err;
    for (uint64_t i = 0; i < 2; i++) {
        assert_int_equal(snapshot_next(&reader, &s, &err), 1);
        assert_int_equal(s.host.now_usec, i ? 2500000 : 1000000);
        snapshot_release(&s);
    }
    check_error(snapshot_next(&reader, &s, &err), -EINVAL, &err, "hosts:4: host.total_kib: missing",
                "");
    assert_int_equal(snapshot_next(&reader, &s, &err), 0);
}

static char *written(const struct ballast_host *host)
{
    char *text;
    size_t length;
    struct ballast_error err;
    FILE *out = open_memstream(&text, &length);
    assert_non_null(out);
    if (snapshot_write_json(out, host, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(strlen(text), length);
    assert_ptr_equal(strchr(text, '\n'), text + length - 1);
    return text;
}

/* A number of so many bits. */
static uint64_t any(unsigned *chance, unsigned bits)
{
    uint64_t value = (uint64_t)rand_r(chance) << 33 ^ (uint64_t)rand_r(chance) << 11;
    return (value ^ (uint64_t)rand_r(chance)) >> (64 - bits);
}

static struct ballast_domain any_domain(unsigned *chance, uint32_t id)
{
    static const char *const names[] = {"", "web", "a\"b\\c", "gr\xc3\xbc\xc3\x9f", "x/y<z>"};
    bool reports = any(chance, 1);
    return (struct ballast_domain){
        .id = id,
        .name = names[any(chance, 8) % 5],
        .state = (enum ballast_domain_state)any(chance, 2),
        .kind = (enum ballast_domain_kind)any(chance, 2),
        .is_dom0 = any(chance, 1),
        .has_balloon = any(chance, 1),
        .tot_kib = any(chance, 60),
        .video_kib = any(chance, 30),
        .overhead_kib = any(chance, 30),
        .target_kib = any(chance, 40),
        .maxmem_kib = any(chance, 40),
        .dynamic_min_kib = any(chance, 40),
        .dynamic_max_kib = any(chance, 40),
        .static_max_kib = any(chance, 40),
        .build_left_kib = any(chance, 40),
        .pinned_kib = any(chance, 30),
        .used_kib = reports ? any(chance, 40) : BALLAST_NONE,
        .reported_free_kib = any(chance, 1) ? any(chance, 40) : BALLAST_NONE,
        .report_age_usec = reports ? any(chance, 51) : BALLAST_NONE,
        .shares = any(chance, 10),
    };
}

static void add_any_report(unsigned *chance, struct ballast_domain *out)
{
    bool reports = out->used_kib != BALLAST_NONE || out->reported_free_kib != BALLAST_NONE;
    uint64_t source = BALLAST_REPORT_MEMINFO + any(chance, 8) % 3;
    out->report_source = (enum ballast_report_source)source;
    if (any(chance, 1))
        out->report_source = reports ? BALLAST_REPORT_UNKNOWN : BALLAST_REPORT_NONE;
    out->reported_swap_kib = any(chance, 40) * any(chance, 1);
    for (int i = 0; i < BALLAST_PRESSURES; i++) {
        uint64_t most = ballast_pressure_most((enum ballast_pressure_kind)i);
        if (any(chance, 1))
            continue;
        out->pressure.known |= UINT32_C(1) << i;
        out->pressure.values[i] = any(chance, 63) % (most + 1);
    }
    out->pressure.age_usec = out->pressure.known ? any(chance, 51) : 0;
}

static void assert_same(const struct ballast_host *a, const struct ballast_host *b)
{
    assert_int_equal(a->now_usec, b->now_usec);
    assert_int_equal(a->domain_count, b->domain_count);
    struct ballast_host same = *b;
    same.domains = a->domains;
    assert_memory_equal(a, &same, sizeof(same));
    for (size_t i = 0; i < a->domain_count; i++) {
        struct ballast_domain domain = b->domains[i];
        assert_string_equal(a->domains[i].name, domain.name);
        domain.name = a->domains[i].name;
        assert_memory_equal(&a->domains[i], &domain, sizeof(domain));
    }
}

static uint64_t seed = 1;

static void test_written_is_read_again(void **state)
{
    (void)state;
    unsigned chance = (unsigned)seed;
    for (int i = 0; i < 2000; i++) {
        struct ballast_domain domains[5];
        struct ballast_host host;
        memset(&host, 0, sizeof(host));
        host.now_usec = any(&chance, i % 2 ? 51 : 40);
        host.total_kib = any(&chance, 63);
        host.free_kib = any(&chance, 40);
        host.scrub_kib = any(&chance, 40);
        host.claimed_kib = any(&chance, 40);
        host.reserved_claim_kib = any(&chance, 40);
        host.parked_kib = any(&chance, 20);
        host.xen_kib = any(&chance, 20);
        host.slack_kib = any(&chance, 20);
        host.caps.hap = any(&chance, 1);
        host.caps.iommu = any(&chance, 1);
        host.caps.vmx = any(&chance, 1);
        if (any(&chance, 1))
            (void)snprintf(host.xen_version, sizeof(host.xen_version), "4.%u.%u-\"x",
                           (unsigned)any(&chance, 5), (unsigned)any(&chance, 5));
        if (any(&chance, 1))
            (void)snprintf(host.processor, sizeof(host.processor), "AuthenticAMD-25-%X-\"1",
                           (unsigned)any(&chance, 5));
        if (any(&chance, 1))
            ballast_caps_set_gnttab(&host.caps, (uint32_t)any(&chance, 31),
                                    (uint32_t)any(&chance, 31), host.xen_version);
        host.domains = domains;
        host.domain_count = any(&chance, 8) % 6;
        memset(domains, 0, sizeof(domains));
        for (size_t j = 0; j < host.domain_count; j++) {
            domains[j] = any_domain(&chance, (uint32_t)any(&chance, 32));
            add_any_report(&chance, &domains[j]);
        }
        char *text = written(&host);
        struct snapshot again = good(text);
        assert_same(&again.host, &host);
        snapshot_release(&again);
        free(text);
    }
}

static struct ballast_domain reporting(const char *keys, struct snapshot *s)
{
    char text[512];
    (void)snprintf(
        text, sizeof(text),
        "{\"host\":{\"total_kib\":9,\"free_kib\":1},\"doms\":[{\"id\":7,\"tot_kib\":1,%s}]}", keys);
    *s = good(text);
    return s->host.domains[0];
}

static void test_sources(void **state)
{
    (void)state;
    static const struct {
        const char *keys;
        enum ballast_report_source source;
    } cases[] = {
        {"\"used_kib\":1", BALLAST_REPORT_UNKNOWN},
        {"\"free_kib\":1", BALLAST_REPORT_UNKNOWN},
        {"\"used_kib\":1,\"report_source\":\"none\"", BALLAST_REPORT_UNKNOWN},
        {"\"used_kib\":1,\"report_source\":\"of the future\"", BALLAST_REPORT_UNKNOWN},
        {"\"used_kib\":1,\"report_source\":7", BALLAST_REPORT_UNKNOWN},
        {"\"used_kib\":1,\"report_source\":\"meminfo-writer\"", BALLAST_REPORT_MEMINFO},
        {"\"used_kib\":1,\"report_source\":\"guest-agent\"", BALLAST_REPORT_GUEST_AGENT},
        {"\"report_source\":\"ballast-agent\"", BALLAST_REPORT_BALLAST_AGENT},
        {"\"report_source\":\"unknown\"", BALLAST_REPORT_NONE},
        {"\"pressure\":null", BALLAST_REPORT_NONE},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct snapshot s;
        assert_int_equal(reporting(cases[i].keys, &s).report_source, cases[i].source);
        snapshot_release(&s);
    }
}

static void test_not_written(void **state)
{
    (void)state;
    struct ballast_domain domain = {.name = "\033[31mred\xff", .report_age_usec = BALLAST_NONE};
    struct ballast_host host = {.domains = &domain, .domain_count = 1};
    struct ballast_error err;
    char *text = written(&host);
    assert_non_null(strstr(text, "\"name\":\"?[31mred?\""));
    free(text);
    FILE *full = fopen("/dev/full", "w");
    assert_non_null(full);
    setvbuf(full, NULL, _IONBF, 0);
    check_error(snapshot_write_json(full, &host, &err), -ENOSPC, &err, "the snapshot", "");
    domain.maxmem_kib = UINT64_MAX;
    check_error(snapshot_write_json(full, &host, &err), -EINVAL, &err, "maxmem_kib: ", "");
    domain.maxmem_kib = 0;
    host.now_usec = (UINT64_C(1) << 51) + 1;
    check_error(snapshot_write_json(full, &host, &err), -EINVAL, &err, "t: ", "");
    (void)fclose(full);
}

static void test_file(void **state)
{
    (void)state;
    struct snapshot s;
    struct ballast_error err;
    check_error(snapshot_read("/nonexistent/h", &s, &err), -ENOENT, &err,
                "/nonexistent/h: ", "cannot be opened");
    check_error(snapshot_read("/", &s, &err), -EISDIR, &err, "/: ", "directory");
    check_error(snapshot_read("/dev/null", &s, &err), -EINVAL, &err, "/dev/null: is empty", "");
}

int main(int argc, char **argv)
{
    seed_from(argc, argv, &seed, "test_written_is_read_again");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),   cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_refuses), cmocka_unit_test(test_contradictions),
        cmocka_unit_test(test_several), cmocka_unit_test(test_written_is_read_again),
        cmocka_unit_test(test_sources), cmocka_unit_test(test_not_written),
        cmocka_unit_test(test_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
