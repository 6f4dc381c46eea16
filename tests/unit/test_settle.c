/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What libxl makes of a configuration: every default, every refusal with the attribute at fault. */
#include "unit.h"

#include <ballast/breakdown.h>

#include "core/model/settle.h"

#define MEM                                                                                        \
    {                                                                                              \
        BALLAST_MEMORY, 512 * MIB                                                                  \
    }

static struct ballast_settled settle(struct ballast_guest guest,
                                     const struct ballast_host_caps *caps)
{
    struct ballast_settled out;
    struct ballast_error err = unit_clean_error();
    int rc = ballast_settle(&guest, caps, BALLAST_BY_LIBXL, &out, &err);
    if (rc != 0)
        fail_msg("refused: %s", err.text);
    unit_assert_clean(err);
    return out;
}

static void refuse_on(struct ballast_guest guest, const struct ballast_host_caps *caps, int subject,
                      const char *part)
{
    struct ballast_settled out, before;
    memset(&out, 0x5a, sizeof(out));
    before = out;
    struct ballast_error err = unit_clean_error();
    assert_int_equal(ballast_settle(&guest, caps, BALLAST_BY_LIBXL, &out, &err), -EINVAL);
    assert_int_equal(err.code, -EINVAL);
    if (err.subject != subject)
        fail_msg("subject %d, not %d: %s", err.subject, subject, err.text);
    unit_assert_text(err, part);
    assert_memory_equal(&out, &before, sizeof(out));
    assert_int_equal(ballast_settle(&guest, caps, BALLAST_BY_LIBXL, &out, NULL), -EINVAL);
}

static void refuse(struct ballast_guest guest, int subject, const char *part)
{
    refuse_on(guest, NULL, subject, part);
}

static void memory_defaults(void **state)
{
    (void)state;
    struct ballast_settled s = settle(unit_guest(BALLAST_PVH, MEM), NULL);
    assert_int_equal(s.memory_kib, 512 * MIB);
    assert_int_equal(s.maxmem_kib, 512 * MIB);
    assert_false(s.pod || s.memory_defaulted);
    s = settle(unit_guest(BALLAST_PVH, {BALLAST_MAXMEM, 300 * MIB}), NULL);
    assert_int_equal(s.memory_kib, 300 * MIB);
    assert_false(s.pod);
    s = settle(unit_guest(BALLAST_PVH, MEM, {BALLAST_MAXMEM, 512 * MIB + 1}), NULL);
    assert_true(s.pod);
    s = settle(unit_guest(BALLAST_PV, MEM, {BALLAST_MAXMEM, 1024 * MIB}), NULL);
    assert_false(s.pod); /* a PV guest is built with what it starts with */
    /* libxl falls back to 32 MiB, and gets there where no default pool is in the way. */
    s = settle(unit_guest(BALLAST_PV, {BALLAST_VCPUS, 1}), NULL);
    assert_int_equal(s.memory_kib, 32 * MIB);
    assert_int_equal(s.maxmem_kib, 32 * MIB);
    assert_true(s.memory_defaulted);
    s = settle(unit_guest(BALLAST_PVH, {BALLAST_SHADOW_MEMORY, 4 * MIB}), NULL);
    assert_int_equal(s.memory_kib, 32 * MIB);
}

static void memory_refusals(void **state)
{
    (void)state;
    refuse(unit_guest(BALLAST_PV, {BALLAST_MEMORY, 0}), BALLAST_MEMORY, "needs memory");
    refuse(unit_guest(BALLAST_PV, MEM, {BALLAST_MAXMEM, 512 * MIB - 1}), BALLAST_MAXMEM,
           "524287 KiB is less than memory (524288 KiB)");
    refuse(unit_guest(BALLAST_PV, {BALLAST_MAXMEM, 0}), BALLAST_MEMORY, "0");
    refuse(unit_guest(BALLAST_PVH, {BALLAST_VCPUS, 1}), BALLAST_MEMORY, "set memory");
    refuse(unit_guest(BALLAST_HVM, {BALLAST_VCPUS, 1}), BALLAST_MEMORY, "set memory");
}

static void vcpu_defaults(void **state)
{
    (void)state;
    struct ballast_settled s = settle(unit_guest(BALLAST_PVH, MEM), NULL);
    assert_int_equal(s.vcpus, 1);
    assert_int_equal(s.pool_vcpus, 0);
    s = settle(unit_guest(BALLAST_PVH, MEM, {BALLAST_VCPUS, 0}, {BALLAST_MAXVCPUS, 0}), NULL);
    assert_int_equal(s.vcpus, 1);
    assert_int_equal(s.pool_vcpus, 0);
    s = settle(unit_guest(BALLAST_PVH, MEM, {BALLAST_VCPUS, 3}), NULL);
    assert_int_equal(s.vcpus, 3);
    assert_int_equal(s.pool_vcpus, 3);
    s = settle(unit_guest(BALLAST_PVH, MEM, {BALLAST_VCPUS, 3}, {BALLAST_MAXVCPUS, 0}), NULL);
    assert_int_equal(s.vcpus, 3);
    s = settle(unit_guest(BALLAST_PVH, MEM, {BALLAST_VCPUS, 3}, {BALLAST_MAXVCPUS, 8}), NULL);
    assert_int_equal(s.vcpus, 8);
    assert_int_equal(s.pool_vcpus, 8);
    s = settle(unit_guest(BALLAST_PVH, MEM, {BALLAST_MAXVCPUS, 128}), NULL);
    assert_int_equal(s.vcpus, 128);
    s = settle(unit_guest(BALLAST_PV, MEM, {BALLAST_VCPUS, 1024}, {BALLAST_MAXVCPUS, 8192}), NULL);
    assert_int_equal(s.vcpus, 8192);
}

static void vcpu_refusals(void **state)
{
    (void)state;
    refuse(unit_guest(BALLAST_PVH, MEM, {BALLAST_VCPUS, 4}, {BALLAST_MAXVCPUS, 3}),
           BALLAST_MAXVCPUS, "3 is less than vcpus (4)");
    refuse(unit_guest(BALLAST_PVH, MEM, {BALLAST_VCPUS, 129}), BALLAST_VCPUS, "at most 128");
    refuse(unit_guest(BALLAST_HVM, MEM, {BALLAST_MAXVCPUS, 129}), BALLAST_MAXVCPUS, "at most 128");
    refuse(unit_guest(BALLAST_PV, MEM, {BALLAST_MAXVCPUS, 8193}), BALLAST_MAXVCPUS, "at most 8192");
    refuse(unit_guest(BALLAST_PV, MEM, {BALLAST_VCPUS, 1025}), BALLAST_VCPUS, "at most 1024");
}

static void paging(void **state)
{
    (void)state;
    const struct ballast_host_caps no_hap = {.shadow = true};
    const struct ballast_host_caps no_shadow = {.hap = true};
    const struct ballast_host_caps neither = {.iommu = true};
    assert_true(settle(unit_guest(BALLAST_HVM, MEM), NULL).hap);
    assert_true(settle(unit_guest(BALLAST_HVM, MEM), &no_shadow).hap);
    assert_false(settle(unit_guest(BALLAST_HVM, MEM), &no_hap).hap);
    assert_false(settle(unit_guest(BALLAST_HVM, MEM, {BALLAST_HAP, 0}), NULL).hap);
    assert_false(settle(unit_guest(BALLAST_PV, MEM, {BALLAST_HAP, 1}), &neither).hap);
    assert_int_equal(settle(unit_guest(BALLAST_PVH, MEM), NULL).shadow_kib, BALLAST_UNSET);
    assert_int_equal(
        settle(unit_guest(BALLAST_PV, MEM, {BALLAST_SHADOW_MEMORY, 0}), NULL).shadow_kib, 0);
    refuse_on(unit_guest(BALLAST_HVM, MEM), &neither, BALLAST_HAP, "use a PV guest");
    refuse_on(unit_guest(BALLAST_PVH, MEM, {BALLAST_HAP, 1}), &no_hap, BALLAST_HAP, "1: ");
    refuse_on(unit_guest(BALLAST_PVH, MEM, {BALLAST_HAP, 0}), &no_shadow, BALLAST_HAP, "0: ");
    refuse(unit_guest(BALLAST_PVH, MEM, {BALLAST_SHADOW_MEMORY, 0}), BALLAST_SHADOW_MEMORY, "0: ");
}

static void video_defaults(void **state)
{
    (void)state;
    static const struct {
        uint64_t model, vga, want_mib;
    } rows[] = {
        {BALLAST_QEMU_XEN, BALLAST_VGA_NONE, 0},
        {BALLAST_QEMU_XEN, BALLAST_VGA_CIRRUS, 8},
        {BALLAST_QEMU_XEN, BALLAST_VGA_STD, 16},
        {BALLAST_QEMU_XEN, BALLAST_VGA_QXL, 128},
        {BALLAST_QEMU_XEN_TRADITIONAL, BALLAST_VGA_NONE, 0},
        {BALLAST_QEMU_XEN_TRADITIONAL, BALLAST_VGA_CIRRUS, 4},
        {BALLAST_QEMU_XEN_TRADITIONAL, BALLAST_VGA_STD, 8},
        {BALLAST_QEMU_XEN, BALLAST_UNSET, 8},
        {BALLAST_UNSET, BALLAST_UNSET, 8},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ballast_settled s =
            settle(unit_guest(BALLAST_HVM, MEM, {BALLAST_DEVICE_MODEL, rows[i].model},
                              {BALLAST_VGA, rows[i].vga}),
                   NULL);
        assert_int_equal(s.video_kib, rows[i].want_mib * MIB);
        assert_int_equal(s.videoram_asked_kib, rows[i].want_mib * MIB);
    }
    struct ballast_settled s = settle(
        unit_guest(BALLAST_PVH, MEM, {BALLAST_VGA, BALLAST_VGA_STD}, {BALLAST_VIDEORAM, 1 * MIB}),
        NULL);
    assert_int_equal(s.video_kib, 0);
    assert_int_equal(s.videoram_asked_kib, 1 * MIB);
    s = settle(unit_guest(BALLAST_HVM, MEM, {BALLAST_DEVICE_MODEL, BALLAST_QEMU_XEN_TRADITIONAL},
                          {BALLAST_VIDEORAM, 1 * MIB}),
               NULL);
    assert_int_equal(s.video_kib, 1 * MIB); /* libxl warns and counts what was asked for */
    assert_true(s.video_fixed);
}

static void video_refusals(void **state)
{
    (void)state;
#define VGA(kind, kib)                                                                             \
    unit_guest(BALLAST_HVM, MEM, {BALLAST_VGA, BALLAST_VGA_##kind}, {BALLAST_VIDEORAM, kib})
    refuse(VGA(STD, 16 * MIB - 1), BALLAST_VIDEORAM, "16383 KiB: stdvga on qemu-xen");
    refuse(VGA(CIRRUS, 8 * MIB - 1), BALLAST_VIDEORAM, "(8 MiB)");
    refuse(VGA(QXL, 128 * MIB - 1), BALLAST_VIDEORAM, "(128 MiB)");
    refuse(VGA(CIRRUS, 512 * MIB), BALLAST_VIDEORAM, "leave nothing");
    settle(VGA(STD, 16 * MIB), NULL);
    settle(VGA(CIRRUS, 512 * MIB - 1), NULL);
    refuse(unit_guest(BALLAST_HVM, MEM, {BALLAST_DEVICE_MODEL, BALLAST_QEMU_XEN_TRADITIONAL},
                      {BALLAST_VGA, BALLAST_VGA_QXL}),
           BALLAST_VGA, "qxl");
    refuse(unit_guest(BALLAST_HVM, MEM, {BALLAST_DEVICE_MODEL, BALLAST_QEMU_XEN_TRADITIONAL},
                      {BALLAST_VGA, BALLAST_VGA_STD}, {BALLAST_VIDEORAM, 8 * MIB - 1}),
           BALLAST_VIDEORAM, "(8 MiB)");
    refuse(unit_guest(BALLAST_PV, MEM, {BALLAST_VIDEORAM, 512 * MIB}), BALLAST_VIDEORAM,
           "pv guest has no video");
}

static void stubdomains(void **state)
{
    (void)state;
    struct ballast_settled s = settle(unit_guest(BALLAST_HVM, MEM), NULL);
    assert_false(s.stubdomain || s.stubdomain_charged);
    s = settle(unit_guest(BALLAST_HVM, MEM, {BALLAST_STUBDOMAIN_MEMORY, 64 * MIB}), NULL);
    assert_false(s.stubdomain || s.stubdomain_charged);
    s = settle(unit_guest(BALLAST_HVM, MEM, {BALLAST_STUBDOMAIN, 1}), NULL);
    assert_true(s.stubdomain && s.stubdomain_charged);
    assert_int_equal(s.stubdomain_kib, 28 * MIB); /* MiniOS, the traditional device model */
    assert_int_equal(s.video_kib, 4 * MIB);
    s = settle(unit_guest(BALLAST_HVM, MEM, {BALLAST_STUBDOMAIN, 1},
                          {BALLAST_DEVICE_MODEL, BALLAST_QEMU_XEN}),
               NULL);
    assert_int_equal(s.stubdomain_kib, 128 * MIB); /* Linux */
    s = settle(
        unit_guest(BALLAST_HVM, MEM, {BALLAST_STUBDOMAIN, 1}, {BALLAST_STUBDOMAIN_MEMORY, 0}),
        NULL);
    assert_true(s.stubdomain); /* of its video memory alone, but there */
    /* need counts one for a PVH guest, though nothing starts it; for a PV guest not even that. */
    s = settle(unit_guest(BALLAST_PVH, MEM, {BALLAST_STUBDOMAIN, 1}), NULL);
    assert_false(s.stubdomain);
    assert_true(s.stubdomain_charged);
    assert_int_equal(s.stubdomain_kib, 128 * MIB);
    s = settle(unit_guest(BALLAST_PV, MEM, {BALLAST_STUBDOMAIN, 1}), NULL);
    assert_false(s.stubdomain || s.stubdomain_charged);
    refuse(unit_guest(BALLAST_HVM, MEM, {BALLAST_STUBDOMAIN, 1}, {BALLAST_STUBDOMAIN_MEMORY, 0},
                      {BALLAST_VGA, BALLAST_VGA_NONE}),
           BALLAST_STUBDOMAIN_MEMORY, "needs memory");
}

static void stubdomain_as_guest(void **state)
{
    (void)state;
    struct ballast_guest hvm =
        unit_guest(BALLAST_HVM, MEM, {BALLAST_STUBDOMAIN, 1}, {BALLAST_VCPUS, 4});
    struct ballast_guest *dm = NULL;
    struct ballast_error err = unit_clean_error();
    assert_int_equal(ballast_guest_stubdomain(&hvm, NULL, &dm, &err), 0);
    unit_assert_clean(err);
    assert_string_equal(ballast_guest_name(dm), "unit-dm");
    assert_int_equal(ballast_guest_type(dm), BALLAST_PV);
    assert_int_equal(ballast_guest_get(dm, BALLAST_MEMORY), 32 * MIB);
    assert_int_equal(ballast_guest_get(dm, BALLAST_VCPUS), 1);
    assert_int_equal(ballast_guest_get(dm, BALLAST_SHADOW_MEMORY), 0);
    assert_int_equal(ballast_guest_get(dm, BALLAST_IS_DEVICE_MODEL), 1);
    assert_true(ballast_guest_get(dm, BALLAST_MAX_GRANT_FRAMES) == BALLAST_UNSET);
    assert_true(ballast_guest_get(dm, BALLAST_MAX_MAPTRACK_FRAMES) == BALLAST_UNSET);
    ballast_guest_free(dm);
    /* libxl_dm.c, libxl__spawn_stub_dm: it has its guest's limits. */
    assert_int_equal(ballast_guest_set(&hvm, BALLAST_MAX_GRANT_FRAMES, 16, NULL), 0);
    assert_int_equal(ballast_guest_set(&hvm, BALLAST_MAX_MAPTRACK_FRAMES, 512, NULL), 0);
    assert_int_equal(ballast_guest_stubdomain(&hvm, NULL, &dm, &err), 0);
    assert_int_equal(ballast_guest_get(dm, BALLAST_MAX_GRANT_FRAMES), 16);
    assert_int_equal(ballast_guest_get(dm, BALLAST_MAX_MAPTRACK_FRAMES), 512);
    ballast_guest_free(dm);

    struct ballast_guest pvh = unit_guest(BALLAST_PVH, MEM, {BALLAST_STUBDOMAIN, 1});
    dm = (struct ballast_guest *)&hvm;
    assert_int_equal(ballast_guest_stubdomain(&pvh, NULL, &dm, &err), 0);
    assert_null(dm);
    dm = (struct ballast_guest *)&hvm;
    assert_int_equal(ballast_guest_set(&hvm, BALLAST_MEMORY, 0, NULL), 0);
    assert_int_equal(ballast_guest_stubdomain(&hvm, NULL, &dm, &err), -EINVAL);
    assert_int_equal(err.subject, BALLAST_MEMORY);
    assert_ptr_equal(dm, &hvm); /* untouched */
    assert_int_equal(ballast_guest_set(&hvm, BALLAST_MEMORY, 64 * MIB, NULL), 0);
    assert_int_equal(ballast_guest_set(&hvm, BALLAST_STUBDOMAIN_MEMORY, UINT64_MAX - 1, NULL), 0);
    assert_int_equal(ballast_guest_stubdomain(&hvm, NULL, &dm, &err), -EOVERFLOW);
    unit_assert_text(err, "18446744073709551614 KiB + 4096 KiB");
    assert_ptr_equal(dm, &hvm);
}

#define PCI                                                                                        \
    {                                                                                              \
        BALLAST_PCI_DEVICES, 1                                                                     \
    }
#define PT(mode)                                                                                   \
    {                                                                                              \
        BALLAST_PASSTHROUGH, BALLAST_PASSTHROUGH_##mode                                            \
    }

static void passthrough(void **state)
{
    (void)state;
    const struct ballast_host_caps no_share = {.hap = true, .shadow = true, .iommu = true};
    const struct {
        struct ballast_guest guest;
        const struct ballast_host_caps *caps;
        enum ballast_passthrough want;
    } rows[] = {
        {unit_guest(BALLAST_HVM, MEM), NULL, BALLAST_PASSTHROUGH_DISABLED},
        {unit_guest(BALLAST_HVM, MEM, PT(DISABLED)), NULL, BALLAST_PASSTHROUGH_DISABLED},
        {unit_guest(BALLAST_HVM, MEM, PCI), NULL, BALLAST_PASSTHROUGH_SHARE_PT},
        {unit_guest(BALLAST_HVM, MEM, PT(ENABLED)), NULL, BALLAST_PASSTHROUGH_SHARE_PT},
        {unit_guest(BALLAST_HVM, MEM, PCI), &no_share, BALLAST_PASSTHROUGH_SYNC_PT},
        {unit_guest(BALLAST_HVM, MEM, PCI, {BALLAST_HAP, 0}), NULL, BALLAST_PASSTHROUGH_SYNC_PT},
        {unit_guest(BALLAST_HVM, MEM, PCI, PT(SYNC_PT)), NULL, BALLAST_PASSTHROUGH_SYNC_PT},
        {unit_guest(BALLAST_PV, MEM, PCI), NULL, BALLAST_PASSTHROUGH_SYNC_PT},
        {unit_guest(BALLAST_PV, MEM, PCI, {BALLAST_MAXMEM, 1024 * MIB}), NULL,
         BALLAST_PASSTHROUGH_SYNC_PT},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(settle(rows[i].guest, rows[i].caps).passthrough, rows[i].want);
}

static void passthrough_refusals(void **state)
{
    (void)state;
    const struct ballast_host_caps no_iommu = {.hap = true, .shadow = true};
    const struct ballast_host_caps no_share = {.hap = true, .shadow = true, .iommu = true};
    refuse_on(unit_guest(BALLAST_HVM, MEM, PCI), &no_iommu, BALLAST_PCI_DEVICES, "IOMMU");
    refuse_on(unit_guest(BALLAST_PV, MEM, PT(SYNC_PT)), &no_iommu, BALLAST_PASSTHROUGH, "IOMMU");
    refuse(unit_guest(BALLAST_HVM, MEM, PCI, PT(DISABLED)), BALLAST_PASSTHROUGH, "1 devices");
    refuse(unit_guest(BALLAST_PVH, MEM, PCI), BALLAST_PCI_DEVICES, "PVH");
    refuse(unit_guest(BALLAST_PVH, MEM, PT(ENABLED)), BALLAST_PASSTHROUGH, "PVH");
    refuse(unit_guest(BALLAST_HVM, MEM, PCI, {BALLAST_MAXMEM, 513 * MIB}), BALLAST_PCI_DEVICES,
           "populated on demand");
    refuse(unit_guest(BALLAST_PV, MEM, PT(SHARE_PT)), BALLAST_PASSTHROUGH, "no p2m");
    refuse(unit_guest(BALLAST_HVM, MEM, PT(SHARE_PT), {BALLAST_HAP, 0}), BALLAST_PASSTHROUGH,
           "hardware-assisted");
    refuse_on(unit_guest(BALLAST_HVM, MEM, PT(SHARE_PT)), &no_share, BALLAST_PASSTHROUGH,
              "cannot walk");
}

static void combinations(void **state)
{
    (void)state;
#define POD {BALLAST_MAXMEM, 1024 * MIB}
    refuse(unit_guest(BALLAST_PV, MEM, {BALLAST_VNUMA_NODES, 1}), BALLAST_VNUMA_NODES, "PV guest");
    refuse(unit_guest(BALLAST_HVM, MEM, POD, {BALLAST_VNUMA_NODES, 2}), BALLAST_VNUMA_NODES,
           "exclude each other");
    settle(unit_guest(BALLAST_HVM, MEM, POD, {BALLAST_VNUMA_NODES, 0}), NULL);
    settle(unit_guest(BALLAST_HVM, MEM, {BALLAST_VNUMA_NODES, 2}), NULL);
    refuse(unit_guest(BALLAST_HVM, MEM, {BALLAST_ALTP2M, 1}, {BALLAST_NESTEDHVM, 1}),
           BALLAST_ALTP2M, "nestedhvm");
    refuse(unit_guest(BALLAST_HVM, MEM, POD, {BALLAST_ALTP2M, 1}), BALLAST_ALTP2M, "on demand");
    refuse(unit_guest(BALLAST_HVM, MEM, {BALLAST_NESTEDHVM, 1}, {BALLAST_HAP, 0}),
           BALLAST_NESTEDHVM, "hap");
    /* None of it means anything for a PV guest. */
    settle(unit_guest(BALLAST_PV, MEM, POD, {BALLAST_ALTP2M, 1}, {BALLAST_NESTEDHVM, 1}), NULL);
}

static void flags(void **state)
{
    (void)state;
    assert_true(settle(unit_guest(BALLAST_PVH, MEM, {BALLAST_PVSHIM, 1}), NULL).pvshim);
    assert_false(settle(unit_guest(BALLAST_PVH, MEM), NULL).pvshim);
    assert_false(settle(unit_guest(BALLAST_PV, MEM, {BALLAST_PVSHIM, 1}), NULL).pvshim);
    assert_true(settle(unit_guest(BALLAST_PV, MEM, {BALLAST_CLAIM, 0}), NULL).no_claim);
    assert_false(settle(unit_guest(BALLAST_PV, MEM, {BALLAST_CLAIM, 1}), NULL).no_claim);
    assert_false(settle(unit_guest(BALLAST_PV, MEM), NULL).no_claim);
    assert_true(
        settle(unit_guest(BALLAST_PV, MEM, {BALLAST_IS_DEVICE_MODEL, 1}), NULL).is_device_model);
    assert_true(settle(unit_guest(BALLAST_HVM, MEM, {BALLAST_NESTEDHVM, 1}), NULL).nested);
    assert_false(settle(unit_guest(BALLAST_PV, MEM, {BALLAST_NESTEDHVM, 1}), NULL).nested);
}

/* What libxl refuses and XAPI has no setting for, or no rule against; what both refuse. */
/* From a page to 64 MiB, each power of two. */
static void vmtrace_sizes(void **state)
{
    (void)state;
    struct ballast_settled s =
        settle(unit_guest(BALLAST_HVM, MEM, {BALLAST_VMTRACE_BUF, 64 * MIB}), NULL);
    assert_int_equal(s.vmtrace_kib, 64 * MIB);
    s = settle(unit_guest(BALLAST_HVM, MEM, {BALLAST_VMTRACE_BUF, 3}), NULL);
    assert_int_equal(s.vmtrace_kib, 4);
    refuse(unit_guest(BALLAST_HVM, MEM, {BALLAST_VMTRACE_BUF, 128 * MIB}), BALLAST_VMTRACE_BUF,
           "a power of two from 4 to 65536 KiB");
    refuse(unit_guest(BALLAST_HVM, MEM, {BALLAST_VMTRACE_BUF, 48 * MIB}), BALLAST_VMTRACE_BUF,
           "a power of two");
}

static void altp2m(void **state)
{
    (void)state;
    assert_true(settle(unit_guest(BALLAST_HVM, MEM, {BALLAST_ALTP2M, 1}), NULL).altp2m);
    assert_false(settle(unit_guest(BALLAST_HVM, MEM, {BALLAST_ALTP2M, 0}), NULL).altp2m);
    assert_false(settle(unit_guest(BALLAST_PV, MEM, {BALLAST_ALTP2M, 1}), NULL).altp2m);
}

static void by_xapi(void **state)
{
    (void)state;
    const struct ballast_guest accepted[] = {
        unit_guest(BALLAST_HVM, {BALLAST_MEMORY, 64 * MIB}, {BALLAST_VIDEORAM, 4096}),
        unit_guest(BALLAST_HVM, {BALLAST_MEMORY, 64 * MIB}, {BALLAST_VIDEORAM, 0}),
        unit_guest(BALLAST_HVM, {BALLAST_MEMORY, 64 * MIB}, {BALLAST_VIDEORAM, 8192},
                   {BALLAST_VGA, BALLAST_VGA_STD}),
        unit_guest(BALLAST_HVM, {BALLAST_MEMORY, 64 * MIB}, {BALLAST_SHADOW_MEMORY, 0}),
        unit_guest(BALLAST_PV, {BALLAST_MEMORY, 64 * MIB}, {BALLAST_VIDEORAM, 65536}),
        unit_guest(BALLAST_PVH, {BALLAST_MEMORY, 64 * MIB}, {BALLAST_VIDEORAM, 65536}),
        unit_guest(BALLAST_PV, {BALLAST_MEMORY, 64 * MIB}, {BALLAST_VNUMA_NODES, 2}),
        unit_guest(BALLAST_HVM, {BALLAST_MEMORY, 64 * MIB}, {BALLAST_MAXMEM, 131072},
                   {BALLAST_VNUMA_NODES, 2}),
        unit_guest(BALLAST_HVM, {BALLAST_MEMORY, 64 * MIB}, {BALLAST_MAXMEM, 131072},
                   {BALLAST_ALTP2M, 1}),
        unit_guest(BALLAST_HVM, {BALLAST_MEMORY, 64 * MIB}, {BALLAST_NESTEDHVM, 1},
                   {BALLAST_ALTP2M, 1}),
        unit_guest(BALLAST_HVM, {BALLAST_MEMORY, 64 * MIB},
                   {BALLAST_PASSTHROUGH, BALLAST_PASSTHROUGH_DISABLED}, {BALLAST_PCI_DEVICES, 1}),
        unit_guest(BALLAST_PV, {BALLAST_MEMORY, 64 * MIB},
                   {BALLAST_PASSTHROUGH, BALLAST_PASSTHROUGH_SHARE_PT}),
        unit_guest(BALLAST_PV, {BALLAST_MEMORY, 64 * MIB}, {BALLAST_VMTRACE_BUF, 64}),
        unit_guest(BALLAST_HVM, {BALLAST_MEMORY, 64 * MIB}, {BALLAST_VMTRACE_BUF, 12}),
        unit_guest(BALLAST_HVM, {BALLAST_MEMORY, 64 * MIB}, {BALLAST_VGA, BALLAST_VGA_NONE},
                   {BALLAST_STUBDOMAIN, 1}, {BALLAST_STUBDOMAIN_MEMORY, 0}),
        unit_guest(BALLAST_PV, {BALLAST_MEMORY, 64 * MIB}, {BALLAST_VCPUS, 1025}),
    };
    const struct ballast_guest refused[] = {
        unit_guest(BALLAST_HVM, {BALLAST_MEMORY, 64 * MIB}, {BALLAST_VIDEORAM, 65536}),
        unit_guest(BALLAST_HVM, {BALLAST_MEMORY, 64 * MIB}, {BALLAST_MAXMEM, 1024}),
        unit_guest(BALLAST_HVM, {BALLAST_MEMORY, 0 * MIB}),
        unit_guest(BALLAST_HVM, {BALLAST_MEMORY, 64 * MIB}, {BALLAST_VCPUS, 129}),
        unit_guest(BALLAST_HVM, {BALLAST_MEMORY, 64 * MIB}, {BALLAST_VCPUS, 2},
                   {BALLAST_MAXVCPUS, 1}),
        unit_guest(BALLAST_HVM, {BALLAST_MEMORY, 64 * MIB}, {BALLAST_NESTEDHVM, 1},
                   {BALLAST_HAP, 0}),
        unit_guest(BALLAST_PVH, {BALLAST_MEMORY, 64 * MIB}, {BALLAST_PCI_DEVICES, 1}),
        unit_guest(BALLAST_HVM, {BALLAST_MEMORY, 64 * MIB}, {BALLAST_MAXMEM, 131072},
                   {BALLAST_PCI_DEVICES, 1}),
        unit_guest(BALLAST_PV, {BALLAST_MEMORY, 64 * MIB}, {BALLAST_MAX_GRANT_FRAMES, 0}),
    };
    struct ballast_settled out;
    for (size_t i = 0; i < sizeof(accepted) / sizeof(accepted[0]); i++) {
        assert_int_equal(ballast_settle(&accepted[i], NULL, BALLAST_BY_XAPI, &out, NULL), 0);
        assert_int_equal(ballast_settle(&accepted[i], NULL, BALLAST_BY_LIBXL, &out, NULL), -EINVAL);
    }
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        assert_int_equal(ballast_settle(&refused[i], NULL, BALLAST_BY_XAPI, &out, NULL), -EINVAL);
        assert_int_equal(ballast_settle(&refused[i], NULL, BALLAST_BY_LIBXL, &out, NULL), -EINVAL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_defaults),
        cmocka_unit_test(memory_refusals),
        cmocka_unit_test(vcpu_defaults),
        cmocka_unit_test(vcpu_refusals),
        cmocka_unit_test(paging),
        cmocka_unit_test(video_defaults),
        cmocka_unit_test(video_refusals),
        cmocka_unit_test(stubdomains),
        cmocka_unit_test(stubdomain_as_guest),
        cmocka_unit_test(passthrough),
        cmocka_unit_test(passthrough_refusals),
        cmocka_unit_test(combinations),
        cmocka_unit_test(flags),
        cmocka_unit_test(vmtrace_sizes),
        cmocka_unit_test(altp2m),
        cmocka_unit_test(by_xapi),
    };
    return cmocka_run_group_tests_name("settle", tests, NULL, NULL);
}
