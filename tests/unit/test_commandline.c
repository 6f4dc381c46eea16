/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What Xen's command line determines for a guest. */
#include "unit.h"

#include "core/model/commandline.h"

static struct ballast_host_caps read(const char *commandline, const char *version)
{
    struct ballast_host_caps caps = BALLAST_HOST_CAPS_ALL;
    ballast_caps_from_commandline(&caps, commandline, version);
    assert_true(caps.gnttab_known && caps.hap && caps.iommu);
    return caps;
}

static void grant_limits(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        uint32_t frames;
        uint32_t maptrack_frames;
    } rows[] = {
        {"", 64, 1024},
        {"placeholder dom0_mem=4096M loglvl=all", 64, 1024},
        {"gnttab_max_frames=2048 gnttab_max_maptrack_frames=4096", 2048, 4096},
        {" console=com1  gnttab_max_frames=0x80 ", 128, 1024},
        {"gnttab_max_frames=010 gnttab_max_maptrack_frames=0", 8, 0},
        /* The last valid one counts, and what Xen refuses is as if it was not there. */
        {"gnttab_max_frames=32 gnttab_max_frames=48 gnttab_max_frames=99M", 48, 1024},
        {"gnttab_max_frames=2147483648 gnttab_max_maptrack_frames=-1", 64, 1024},
        {"gnttab_max_frames=18446744073709551680 gnttab_max_frames= gnttab_max_frames", 64, 1024},
        {"xgnttab_max_frames=1 no-gnttab_max_frames=2 gnttab_max_framesx=3", 64, 1024},
        {"gnttab_max_frames:9 gnttab_max_maptrack_framesx9", 64, 1024},
        {"gnttab_max_frames=32 -- gnttab_max_frames=48", 32, 1024},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ballast_host_caps caps = read(rows[i].line, "4.17.7");
        assert_int_equal(caps.gnttab_max_frames, rows[i].frames);
        assert_int_equal(caps.gnttab_max_maptrack_frames, rows[i].maptrack_frames);
    }
}

static void what_is_not_counted(void **state)
{
    (void)state;
    assert_false(read("vpmux argox=1 xvpmu", "").has_vpmu);
    assert_false(read("vpmux argox=1 xargo", "").has_argo);
    assert_true(read("vpmu", "").has_vpmu && read("vpmu=bts,ipc", "").has_vpmu);
    assert_false(read("vpmu=0", "").has_vpmu || read("vpmu no-vpmu", "").has_vpmu);
    assert_true(read("argo=yes,mac-permissive=1", "").has_argo && read("argo=1", "").has_argo);
    assert_false(read("argo=no", "").has_argo || read("no-argo", "").has_argo);
}

static void they_bind_before_4_18(void **state)
{
    (void)state;
    assert_true(read("", "4.14.6").gnttab_binds);
    assert_true(read("", "4.17.7-pre").gnttab_binds);
    assert_true(read("", "").gnttab_binds);
    assert_false(read("", "4.18.0").gnttab_binds);
    assert_false(read("", "4.20.4").gnttab_binds);
    assert_false(read("", "5.0").gnttab_binds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grant_limits),
        cmocka_unit_test(what_is_not_counted),
        cmocka_unit_test(they_bind_before_4_18),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
