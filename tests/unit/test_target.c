/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Setting a target or a maximum, rule by rule of libxl_mem.c at RELEASE-4.17.7. The sizes are those
 * of guests that were measured on a real Xen: target 256 MiB and its 65792 pages of maximum,
 * mem-max 600 and its 153856 pages, and so on.
 */
#include "unit.h"

#include "core/model/target.h"

#define EXTRA 1024

static struct ballast_target_domain pv(void)
{
    return (struct ballast_target_domain){.id = 3,
                                          .type = BALLAST_PV,
                                          .target_kib = 256 * MIB,
                                          .static_max_kib = 512 * MIB,
                                          .extra_internal_kib = EXTRA};
}

static struct ballast_target_domain hvm(void)
{
    struct ballast_target_domain domain = pv();
    domain.type = BALLAST_HVM;
    domain.videoram_kib = 8192;
    domain.target_kib = 256 * MIB - 8192;
    return domain;
}

static struct ballast_target_plan plan_of(const struct ballast_target_domain *domain, uint64_t kib,
                                          bool enforce)
{
    struct ballast_target_plan plan = {0};
    struct ballast_error err = unit_clean_error();
    assert_int_equal(ballast_plan_target(domain, kib, enforce, &plan, &err), 0);
    unit_assert_clean(err);
    return plan;
}

static void refuse(const struct ballast_target_domain *domain, uint64_t kib, int code,
                   const char *part)
{
    struct ballast_target_plan plan = {.target_kib = 1, .maxmem_kib = 2, .pod_pages = 3};
    struct ballast_error err = unit_clean_error();
    assert_int_equal(ballast_plan_target(domain, kib, true, &plan, &err), code);
    assert_int_equal(err.code, code);
    unit_assert_text(err, part);
    assert_int_equal(plan.target_kib, 1);
    assert_int_equal(plan.maxmem_kib, 2);
    assert_int_equal(plan.pod_pages, 3);
}

/* xl mem-set of a PV guest: 200, 300, 512, 256 MiB; max_pages was target + 256 pages at once. */
static void absolute_pv(void **state)
{
    (void)state;
    static const uint64_t mib[] = {200, 300, 512, 256};
    struct ballast_target_domain domain = pv();
    for (size_t i = 0; i < 4; i++) {
        struct ballast_target_plan plan = plan_of(&domain, mib[i] * MIB, true);
        assert_int_equal(plan.target_kib, mib[i] * MIB);
        assert_int_equal(plan.maxmem_kib / 4, mib[i] * 256 + 256);
        assert_int_equal(plan.vm_memory_mib, mib[i]);
        assert_int_equal(plan.static_max_kib, BALLAST_TARGET_KEEP);
        assert_int_equal(plan.pod_pages, BALLAST_TARGET_KEEP);
    }
}

/* The video memory is in the size that is asked for, and in Xen's maximum, not in memory/target. */
static void absolute_hvm(void **state)
{
    (void)state;
    struct ballast_target_domain domain = hvm();
    struct ballast_target_plan plan = plan_of(&domain, 256 * MIB, true);
    assert_int_equal(plan.target_kib, 256 * MIB - 8192);
    assert_int_equal(plan.maxmem_kib / 4, 65792);
    assert_int_equal(plan.pod_pages, (256 * MIB - 8192 + EXTRA) / 4);
    assert_int_equal(plan.vm_memory_mib, 248);
    refuse(&domain, 8191, -EINVAL, "video memory alone");
    plan = plan_of(&domain, 8192, true);
    assert_int_equal(plan.target_kib, 0);
}

/* PVH 256/1024, target 512: tot_pages became 131328, which is the PoD target. */
static void pod_of_pvh(void **state)
{
    (void)state;
    struct ballast_target_domain domain = pv();
    domain.type = BALLAST_PVH;
    domain.static_max_kib = 1024 * MIB;
    assert_int_equal(plan_of(&domain, 512 * MIB, true).pod_pages, 131328);
    assert_int_equal(plan_of(&domain, 256 * MIB, true).pod_pages, 65792);
}

/* Compared with static-max is what memory/target will hold: an HVM guest may exceed it by its
 * video. */
static void static_maximum(void **state)
{
    (void)state;
    struct ballast_target_domain domain = hvm();
    assert_int_equal(plan_of(&domain, 512 * MIB + 8192, true).target_kib, 512 * MIB);
    refuse(&domain, 512 * MIB + 8193, -EINVAL, "above the static maximum");
    domain = pv();
    refuse(&domain, 512 * MIB + 1, -EINVAL, "524288 KiB");
}

static void without_enforcing(void **state)
{
    (void)state;
    struct ballast_target_domain domain = hvm();
    struct ballast_target_plan plan = plan_of(&domain, 200 * MIB, false);
    assert_int_equal(plan.maxmem_kib, BALLAST_TARGET_KEEP);
    assert_int_equal(plan.target_kib, 200 * MIB - 8192);
    assert_int_equal(plan.pod_pages, (200 * MIB - 8192 + EXTRA) / 4);
}

/* LIBXL_MIN_DOM0_MEM: 128 MiB, and for dom0 only. */
static void least_of_dom0(void **state)
{
    (void)state;
    struct ballast_target_domain domain = pv();
    assert_int_equal(plan_of(&domain, 1, true).target_kib, 1);
    domain.id = 0;
    assert_int_equal(plan_of(&domain, 128 * MIB, true).target_kib, 128 * MIB);
    refuse(&domain, 128 * MIB - 1, -EINVAL, "dom0");
}

/* /vm/UUID/memory is MiB, rounded down. */
static void vm_memory_rounds_down(void **state)
{
    (void)state;
    struct ballast_target_domain domain = pv();
    assert_int_equal(plan_of(&domain, 200 * MIB + 1023, true).vm_memory_mib, 200);
}

static void overflow(void **state)
{
    (void)state;
    struct ballast_target_domain domain = pv();
    domain.static_max_kib = UINT64_MAX;
    refuse(&domain, UINT64_MAX, -EOVERFLOW, "");
    refuse(&domain, UINT64_MAX - EXTRA + 1, -EOVERFLOW, "");
}

/* mem-max 600 of a guest with maxmem=512: max_pages 153856; static-max 614400 from 4.17 on. */
static void maximum(void **state)
{
    (void)state;
    struct ballast_target_domain domain = pv();
    struct ballast_target_plan plan;
    struct ballast_error err = unit_clean_error();
    assert_int_equal(ballast_plan_maximum(&domain, 600 * MIB, true, &plan, &err), 0);
    assert_int_equal(plan.maxmem_kib / 4, 153856);
    assert_int_equal(plan.static_max_kib, 614400);
    assert_int_equal(plan.target_kib, BALLAST_TARGET_KEEP);
    assert_int_equal(plan.pod_pages, BALLAST_TARGET_KEEP);
    assert_int_equal(plan.vm_memory_mib, BALLAST_TARGET_KEEP);
    assert_int_equal(ballast_plan_maximum(&domain, 600 * MIB, false, &plan, &err), 0);
    assert_int_equal(plan.maxmem_kib / 4, 153856);
    assert_int_equal(plan.static_max_kib, BALLAST_TARGET_KEEP);
    unit_assert_clean(err);
}

/* The target as it stands in xenstore is the least, video not counted: libxl looks no further. */
static void maximum_below_target(void **state)
{
    (void)state;
    struct ballast_target_domain domain = hvm();
    struct ballast_target_plan plan = {.maxmem_kib = 5};
    struct ballast_error err = unit_clean_error();
    assert_int_equal(ballast_plan_maximum(&domain, domain.target_kib - 1, true, &plan, &err),
                     -EINVAL);
    unit_assert_text(err, "below the target");
    assert_int_equal(plan.maxmem_kib, 5);
    assert_int_equal(ballast_plan_maximum(&domain, UINT64_MAX, true, &plan, &err), -EOVERFLOW);
    assert_int_equal(plan.maxmem_kib, 5);
    assert_int_equal(ballast_plan_maximum(&domain, domain.target_kib, true, &plan, &err), 0);
    assert_int_equal(plan.maxmem_kib, domain.target_kib + EXTRA);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(absolute_pv),
        cmocka_unit_test(absolute_hvm),
        cmocka_unit_test(pod_of_pvh),
        cmocka_unit_test(static_maximum),
        cmocka_unit_test(without_enforcing),
        cmocka_unit_test(least_of_dom0),
        cmocka_unit_test(vm_memory_rounds_down),
        cmocka_unit_test(overflow),
        cmocka_unit_test(maximum),
        cmocka_unit_test(maximum_below_target),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
