/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `xl info`, with and without `xl list` behind it, as a host. */
#include "check.h"

#include "edge/snapshot/xl_info.h"

#define INFO                                                                                       \
    "host                   : h1\n"                                                                \
    "virt_caps              : pv hvm hap shadow gnttab-v1\n"                                       \
    "total_memory           : 5172\n"                                                              \
    "free_memory            : 2430\n"                                                              \
    "outstanding_claims     : 0\n"                                                                 \
    "xen_version            : 4.14.6\n"                                                            \
    "xen_commandline        : placeholder dom0_mem=2585M,max:2585M\n"
#define HEAD "Name                ID   Mem VCPUs\tState\tTime(s)\n"
#define DOM0 "Domain-0             0  2585     8     r-----      51.2\n"

static struct snapshot good(const char *text)
{
    struct snapshot snapshot;
    struct ballast_error err;
    char *copy = unterminated(text, strlen(text));
    if (snapshot_parse("x.txt", copy, strlen(text), &snapshot, &err) < 0)
        fail_msg("%s\n%s", text, err.text);
    free(copy);
    return snapshot;
}

static void refuses(const char *text, const char *begin, const char *contains)
{
    struct snapshot snapshot = {0};
    struct ballast_error err;
    char *copy = unterminated(text, strlen(text));
    check_error(snapshot_parse("x.txt", copy, strlen(text), &snapshot, &err), -EINVAL, &err, begin,
                contains);
    assert_null(snapshot.names);
    free(copy);
}

static void info_alone(void **state)
{
    (void)state;
    char text[256];
    struct snapshot s = good(INFO);
    assert_int_equal(s.host.total_kib, 5172 * 1024);
    assert_int_equal(s.host.free_kib, 2430 * 1024);
    assert_string_equal(s.host.xen_version, "4.14.6");
    assert_true(s.host.caps.hap && s.host.caps.shadow && !s.host.caps.iommu && !s.host.caps.vmx);
    assert_true(snapshot_lacks_text(&s, text, sizeof(text)) > 0);
    assert_non_null(strstr(text, "its domains (append"));
    assert_non_null(strstr(text, "whole MiB"));
    assert_null(strstr(text, "version"));
    snapshot_release(&s);
}

static void commandline(void **state)
{
    (void)state;
    struct snapshot s = good("total_memory : 100\nfree_memory : 40\nxen_version : 4.17.7\n"
                             "xen_commandline : placeholder gnttab_max_frames=2048 x=y:z\n");
    assert_true(s.host.caps.gnttab_known && s.host.caps.gnttab_binds);
    assert_int_equal(s.host.caps.gnttab_max_frames, 2048);
    assert_int_equal(s.host.caps.gnttab_max_maptrack_frames, 1024);
    snapshot_release(&s);
    s = good("total_memory : 100\nfree_memory : 40\n");
    assert_false(s.host.caps.gnttab_known);
    snapshot_release(&s);
}

/* What is free for others is what xl calls free; claims come off it in the host's own account. */
static void claims_and_intel(void **state)
{
    (void)state;
    struct snapshot s =
        good("total_memory : 100\nfree_memory : 40\noutstanding_claims : 7\n"
             "hw_caps : bfebfbff:77fef3ff:2c100800:00000121:0000000f:d39ffffb:00000000:00000100\n");
    assert_int_equal(s.host.free_kib, 47 * 1024);
    assert_int_equal(s.host.claimed_kib, 7 * 1024);
    assert_int_equal(ballast_host_available_kib(&s.host), 40 * 1024);
    assert_true(s.host.caps.vmx);
    assert_true(s.lacks & SNAPSHOT_LACKS_VERSION);
    snapshot_release(&s);
}

static void with_list(void **state)
{
    static const char *const texts[] = {
        "[root@h1 ~]# xl info\n" INFO "\n[root@h1 ~]# xl list\n" HEAD DOM0
        "we b:x  3  100 1  --p--- 0.4\n",
        "$ sudo xl list\n" HEAD DOM0 "we b:x  3  100 1  --p--- 0.4\n$ sudo xl info\n" INFO,
        INFO "Name ID Mem VCPUs State Time(s) UUID Reason-Code Security Label\r\n" DOM0
             "we b:x 3 100 1 --p--- 0.4 00000000-0000-0000-0000-000000000001  - -\r\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct snapshot s = good(texts[i]);
        assert_int_equal(s.host.domain_count, 2);
        assert_true(s.host.domains[0].is_dom0);
        assert_int_equal(s.host.domains[0].tot_kib, 2585 * 1024);
        assert_int_equal(s.host.domains[1].id, 3);
        assert_string_equal(s.host.domains[1].name, "we b:x");
        assert_int_equal(s.host.domains[1].state, BALLAST_DOMAIN_PAUSED);
        assert_false(s.lacks & SNAPSHOT_LACKS_DOMAINS);
        snapshot_release(&s);
    }
}

static void refusals(void **state)
{
    (void)state;
    refuses("free_memory : 4\n", "x.txt: total_memory: ", "missing");
    refuses("total_memory : 4\n", "x.txt: free_memory: ", "missing");
    refuses("total_memory : 4G\n", "x.txt:1: total_memory: ", "whole number of MiB");
    refuses("total_memory : -4\n", "x.txt:1: total_memory: ", "'-4'");
    refuses("total_memory : 99999999999999999999\n", "x.txt:1: total_memory: ", "invalid");
    refuses(INFO INFO, "x.txt:9: virt_caps: ", "occurs twice");
    refuses("xen_version : new\n", "x.txt:1: xen_version: ", "new");
    refuses(INFO "and so on\n", "x.txt:8: ", "xl info");
    refuses(INFO HEAD "web three 100 1 r----- 0.4\n", "x.txt:9: invalid row", "ID");
    refuses(INFO HEAD HEAD, "x.txt:9: ", "second");
    refuses("hello\n", "x.txt:1: ", "snapshot");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(info_alone),  cmocka_unit_test(claims_and_intel),
        cmocka_unit_test(commandline), cmocka_unit_test(with_list),
        cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests_name("xl_info", tests, NULL, NULL);
}
