/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "check.h"

#include "edge/snapshot/snapshot.h"

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
        "\"shares\":500}]}\n");
    assert_int_equal(s.host.now_usec, 12300000);
    assert_int_equal(s.host.total_kib, 8388608);
    assert_int_equal(s.host.free_kib, 1000000);
    assert_int_equal(s.host.claimed_kib, 2000);
    assert_int_equal(s.host.slush_kib, 9216);
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
    assert_int_equal(s.host.slush_kib, 0);
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
    snapshot_release(&s);
    s = good("{\"host\":{\"total_kib\":1,\"free_kib\":1}}");
    assert_int_equal(s.host.domain_count, 0);
    snapshot_release(&s);
    s = good("{\"host\":{\"total_kib\":1,\"free_kib\":1,\"caps\":{\"iommu\":false}},\"doms\":[]}");
    assert_true(s.host.caps.hap && !s.host.caps.iommu);
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
    refuses("{\"host\":{\"total_kib\":1,\"free_kib\":1},\"doms\":{}}",
            "host.json:1: doms: ", "an array");
    refuses(HOST "1]}", "host.json:2: doms[0]: ", "JSON object");
    refuses(HOST "{\"id\":1,\"tot_kib\":1},\n{\"id\":2}]}", "host.json:3: doms[1].tot_kib: missing",
            "");
    refuses(HOST "{\"id\":1,\"tot_kib\":1},\n{\"tot_kib\":-2,\n\"id\":2}]}",
            "host.json:3: doms[1].tot_kib: -2", "negative");
    refuses(HOST "{\"id\":4294967296,\"tot_kib\":1}]}", "host.json:2: doms[0].id: ", "at most");
    refuses(HOST "{\"id\":1,\"tot_kib\":1,\"state\":\"dead\"}]}",
            "host.json:2: doms[0].state: \"dead\"", "migrating");
    refuses(HOST "{\"id\":1,\"tot_kib\":1,\"name\":7}]}",
            "host.json:2: doms[0].name: ", "a string");
    refuses(HOST "]}\n{}", "host.json:3: a second object", "one snapshot");
    refuses(HOST "]} x", "host.json:2: ", "object or array");
    refuses(HOST "{\"id\":1,\"tot_kib\":8001}]}", "host.json:1: domains, Xen and free memory",
            "more than the host's");
    refuses(HOST "{\"id\":1,\"tot_kib\":1},{\"id\":1,\"tot_kib\":1}]}", "host.json:1: domain id 1",
            "twice");
    refuses(HOST "{\"id\":1,\"tot_kib\":1,\"dyn_min_kib\":2}]}",
            "host.json:1: domain 1: ", "dynamic minimum");
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
