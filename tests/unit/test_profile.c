/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the profiles differ from each other, and the notes that each of them makes. */
#include "unit.h"

#include "core/model/breakdown.h"
#include "core/model/profile.h"

#define MEM(mib)                                                                                   \
    {                                                                                              \
        BALLAST_MEMORY, (mib)*MIB                                                                  \
    }
#define VCPUS(n)                                                                                   \
    {                                                                                              \
        BALLAST_VCPUS, (n)                                                                         \
    }

static struct ballast_breakdown on(const char *profile, struct ballast_guest guest)
{
    struct ballast_breakdown out;
    struct ballast_error err = unit_clean_error();
    int rc = ballast_breakdown_evaluate(&out, ballast_profile_find(profile), &guest, NULL, &err);
    if (rc != 0)
        fail_msg("refused: %s", err.text);
    return out;
}

static uint64_t shadow(const char *profile, struct ballast_guest guest)
{
    return on(profile, guest).segment_kib[BALLAST_SHADOW];
}

static void the_table(void **state)
{
    (void)state;
    static const char *const names[] = {"libxl",     "libxl-4.14", "libxl-4.20", "xapi",
                                        "xapi-2025", "xen-4.14",   "xen-4.17",   "xen-4.18",
                                        "xen-4.19",  "xen-4.20",   "xen-4.21"};
    size_t i = 0;
    for (; ballast_profile_at(i); i++) {
        assert_true(i < sizeof(names) / sizeof(names[0]));
        assert_string_equal(ballast_profile_name(ballast_profile_at(i)), names[i]);
        assert_ptr_equal(ballast_profile_find(names[i]), ballast_profile_at(i));
        assert_null(strchr(ballast_profile_summary(ballast_profile_at(i)), '\n'));
    }
    assert_int_equal(i, sizeof(names) / sizeof(names[0]));
    assert_ptr_equal(ballast_profile_find(NULL), ballast_profile_at(0));
    assert_null(ballast_profile_find("libx"));
    assert_null(ballast_profile_find(""));
    assert_null(ballast_profile_at(SIZE_MAX));
}

/* 4 * (256 * 2 + k * 1000) KiB: k is 1 with HAP and 2 without from 4.17 on, 2 on 4.14. */
static void default_pool(void **state)
{
    (void)state;
    const struct ballast_guest hap = unit_guest(BALLAST_PVH, MEM(1000), VCPUS(2));
    const struct ballast_guest no_hap =
        unit_guest(BALLAST_PVH, MEM(1000), VCPUS(2), {BALLAST_HAP, 0});
    assert_int_equal(shadow("libxl", hap), 6048);
    assert_int_equal(shadow("libxl-4.20", hap), 6048);
    assert_int_equal(shadow("libxl", no_hap), 10048);
    assert_int_equal(shadow("libxl-4.20", no_hap), 10048);
    assert_int_equal(shadow("libxl-4.14", hap), 10 * MIB); /* 10048, set in whole MiB */
    assert_int_equal(shadow("libxl-4.14", no_hap), 10 * MIB);
    assert_int_equal(shadow("xapi", hap), 10 * MIB); /* ceil((512 + 2000) / 256) */
}

/* libxl makes one vCPU of none only after it has sized the pool. */
static void pool_without_vcpus(void **state)
{
    (void)state;
    static const char *const libxl[] = {"libxl", "libxl-4.14", "libxl-4.20"};
    const struct ballast_guest none = unit_guest(BALLAST_PVH, MEM(1024));
    const struct ballast_guest one = unit_guest(BALLAST_PVH, MEM(1024), VCPUS(1));
    for (size_t i = 0; i < 3; i++) {
        struct ballast_breakdown b = on(libxl[i], none);
        uint64_t kib = 0;
        assert_int_equal(b.segment_kib[BALLAST_SHADOW] + 1024, shadow(libxl[i], one));
        assert_true(ballast_breakdown_note(&b, BALLAST_NOTE_NO_VCPUS, &kib, NULL));
        assert_int_equal(kib, 1024);
    }
    assert_int_equal(shadow("xapi", none), shadow("xapi", one));
    struct ballast_breakdown b =
        on("libxl", unit_guest(BALLAST_PVH, MEM(1024), {BALLAST_SHADOW_MEMORY, 8 * MIB}));
    assert_false(ballast_breakdown_note(&b, BALLAST_NOTE_NO_VCPUS, NULL, NULL));
}

/* As libxl of 4.17.7 did with each of them: tests/lab/iommu. XAPI rounds to whole MiB by itself. */
static void not_whole_mib(void **state)
{
    (void)state;
    static const struct {
        enum ballast_guest_type type;
        uint64_t kib, video_kib, builds_kib; /* 0: as it is */
    } guests[] = {
        {BALLAST_HVM, 65536, 0, 0},         {BALLAST_HVM, 65537, 0, 0},
        {BALLAST_HVM, 65540, 0, 66560},     {BALLAST_HVM, 66556, 0, 66560},
        {BALLAST_HVM, 66558, 0, 66560},     {BALLAST_HVM, 67580, 0, 67584},
        {BALLAST_HVM, 65536, 16380, 66556}, {BALLAST_HVM, 81924, 16388, 0},
        {BALLAST_PVH, 65537, 0, 0},         {BALLAST_PVH, 65540, 0, 66560},
        {BALLAST_PV, 65540, 0, 0},          {BALLAST_PV, 67580, 0, 0},
    };
    static const char *const profiles[] = {"libxl", "xen-4.17", "xapi"};
    for (size_t i = 0; i < sizeof(guests) / sizeof(guests[0]); i++) {
        for (size_t p = 0; p < 3; p++) {
            uint64_t kib = 0;
            struct ballast_breakdown b =
                on(profiles[p], unit_guest(guests[i].type, {BALLAST_MEMORY, guests[i].kib},
                                           {BALLAST_VIDEORAM, guests[i].video_kib}, VCPUS(1),
                                           {BALLAST_VGA, BALLAST_VGA_NONE}));
            bool told = ballast_breakdown_note(&b, BALLAST_NOTE_NOT_WHOLE_MIB, NULL, &kib);
            assert_int_equal(told, p < 2 && guests[i].builds_kib > 0);
            assert_int_equal(kib, told ? guests[i].builds_kib : 0);
        }
    }
}

static void pool_of_broken_pages(void **state)
{
    (void)state;
    const struct ballast_guest guest =
        unit_guest(BALLAST_PVH, MEM(64), VCPUS(1), {BALLAST_SHADOW_MEMORY, 4097});
    struct ballast_breakdown out;
    static const char *const exact[] = {"libxl", "libxl-4.20"};
    for (size_t i = 0; i < 2; i++) {
        struct ballast_error err = unit_clean_error();
        assert_int_equal(
            ballast_breakdown_evaluate(&out, ballast_profile_find(exact[i]), &guest, NULL, &err),
            -EINVAL);
        assert_int_equal(err.subject, BALLAST_SHADOW_MEMORY);
        unit_assert_text(err, "4097 KiB");
    }
    struct ballast_breakdown old = on("libxl-4.14", guest);
    assert_int_equal(old.segment_kib[BALLAST_SHADOW], 5 * MIB);
    /* need counts what was asked for, not what it is rounded up to. */
    bool minus = false;
    assert_int_equal(ballast_breakdown_need_term_kib(&old, BALLAST_NEED_POOL, &minus), 1023);
    assert_true(minus);
}

static void pool_of_nothing(void **state)
{
    (void)state;
    const struct ballast_guest guest = unit_guest(BALLAST_PVH, {BALLAST_MEMORY, 1023});
    struct ballast_breakdown out;
    struct ballast_error err = unit_clean_error();
    assert_int_equal(
        ballast_breakdown_evaluate(&out, ballast_profile_find("libxl-4.14"), &guest, NULL, &err),
        -EINVAL);
    assert_int_equal(err.subject, BALLAST_MEMORY);
    unit_assert_text(err, "set vcpus");
    on("libxl", unit_guest(BALLAST_PV, {BALLAST_MEMORY, 1023}));
}

static void pool_past_xens_counter(void **state)
{
    (void)state;
    /* 256 + 2^32 - 256 pages of pool: one more than 32 bits count. */
    const struct ballast_guest guest = unit_guest(BALLAST_PVH, MEM(UINT64_C(4294967040)), VCPUS(1));
    struct ballast_breakdown out;
    struct ballast_error err = unit_clean_error();
    assert_int_equal(
        ballast_breakdown_evaluate(&out, ballast_profile_find("libxl"), &guest, NULL, &err),
        -EINVAL);
    assert_int_equal(err.subject, BALLAST_MEMORY);
    unit_assert_text(err, "32 bits");
    const struct ballast_guest pod =
        unit_guest(BALLAST_PVH, MEM(64), {BALLAST_MAXMEM, UINT64_C(4294967040) * MIB}, VCPUS(1));
    assert_int_equal(
        ballast_breakdown_evaluate(&out, ballast_profile_find("libxl"), &pod, NULL, &err), -EINVAL);
    assert_int_equal(err.subject, BALLAST_MAXMEM);
    on("libxl", unit_guest(BALLAST_PVH, MEM(UINT64_C(4294967039)), VCPUS(1)));
}

static void stubdomain_of_a_pvh_guest(void **state)
{
    (void)state;
    /* Never started, but counted: 128 MiB and the videoram that PVH guests have no use for. */
    struct ballast_breakdown with =
        on("libxl", unit_guest(BALLAST_PVH, MEM(64), VCPUS(1), {BALLAST_STUBDOMAIN, 1},
                               {BALLAST_VIDEORAM, 2 * MIB}));
    struct ballast_breakdown without =
        on("libxl", unit_guest(BALLAST_PVH, MEM(64), VCPUS(1), {BALLAST_VIDEORAM, 2 * MIB}));
    assert_int_equal(with.need_kib, without.need_kib + 130 * MIB);
    assert_memory_equal(with.segment_kib, without.segment_kib, sizeof(with.segment_kib));
}

static void xapi_writes_whole_mib(void **state)
{
    (void)state;
    struct ballast_breakdown b = on("xapi", unit_guest(BALLAST_HVM, {BALLAST_MEMORY, 100001},
                                                       {BALLAST_MAXMEM, 200001}, VCPUS(1)));
    struct ballast_xenstore_kib x = ballast_breakdown_xenstore(&b);
    assert_int_equal(x.target_kib, 98 * MIB);      /* 97.7 MiB */
    assert_int_equal(x.static_max_kib, 196 * MIB); /* 195.3 MiB */
    assert_int_equal(x.videoram_kib, 0);
}

static void xapi_before_and_after(void **state)
{
    (void)state;
    /* CA-423172 adds ceil(38 V / 256) MiB and nothing else. */
    static const struct {
        uint64_t vcpus, mib;
    } rows[] = {{1, 1}, {6, 1}, {7, 2}, {13, 2}, {14, 3}, {64, 10}, {128, 19}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct ballast_guest guest = unit_guest(BALLAST_HVM, MEM(512), VCPUS(rows[i].vcpus));
        struct ballast_breakdown now = on("xapi", guest), then = on("xapi-2025", guest);
        assert_int_equal(now.need_kib, then.need_kib + rows[i].mib * MIB);
        assert_int_equal(now.segment_kib[BALLAST_EXTRA_EXTERNAL],
                         then.segment_kib[BALLAST_EXTRA_EXTERNAL] + rows[i].mib * MIB);
    }
}

/*
 * Measured (docs/assumptions.md, "What Xen takes"): the shortest that libxl's need fell, guests of
 * 64 MiB. What the note says may be more, for it covers a heap that nothing has grown; never less.
 */
static void need_too_small_covers_what_was_measured(void **state)
{
    (void)state;
    static const struct {
        const char *profile;
        uint64_t vcpus, short_kib;
    } rows[] = {
        {"libxl-4.14", 100, 600},
        {"libxl-4.14", 128, 2012},
        {"libxl", 128, 1212},
        {"libxl-4.20", 128, 1224},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t most_kib = 0;
        for (int type = BALLAST_PVH; type <= BALLAST_HVM; type++) {
            struct ballast_breakdown b =
                on(rows[i].profile, unit_guest((enum ballast_guest_type)type, MEM(64),
                                               VCPUS(rows[i].vcpus), {BALLAST_VIDEORAM, 8 * MIB}));
            uint64_t vcpus, kib;
            assert_true(ballast_breakdown_note(&b, BALLAST_NOTE_NEED_TOO_SMALL, &vcpus, &kib));
            assert_int_equal(vcpus, rows[i].vcpus);
            most_kib = kib > most_kib ? kib : most_kib;
        }
        assert_in_range(most_kib, rows[i].short_kib, rows[i].short_kib + 1024);
    }
}

/*
 * By hand, 64 MiB and 128 vCPUs. HVM on 4.17: 16 + 8 * 128 + 1 and for the heap 10 + ceil(1.7 *
 * 128) pages, 1269 or 5076 KiB, less the room of 2048 and the 1792 of rounding; on 4.14 less 512
 * that the pool takes.
 */
static void need_too_small_to_the_kib(void **state)
{
    (void)state;
    static const struct {
        const char *profile;
        enum ballast_guest_type type;
        uint64_t mib, nested, kib;
    } rows[] = {
        {"libxl", BALLAST_PVH, 64, 0, 1300},      {"libxl", BALLAST_HVM, 64, 0, 1236},
        {"libxl", BALLAST_HVM, 64, 1, 3796},      {"libxl", BALLAST_PV, 65, 0, 844},
        {"libxl-4.14", BALLAST_PVH, 64, 0, 2068}, {"libxl-4.14", BALLAST_HVM, 64, 0, 2260},
        {"libxl-4.14", BALLAST_PV, 65, 0, 844},   {"libxl-4.20", BALLAST_PVH, 64, 0, 1280},
        {"libxl-4.20", BALLAST_HVM, 64, 0, 1228}, {"libxl-4.20", BALLAST_PV, 65, 1, 836},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bool is_pv = rows[i].type == BALLAST_PV;
        struct ballast_breakdown b =
            on(rows[i].profile, unit_guest(rows[i].type, MEM(rows[i].mib), VCPUS(128),
                                           {BALLAST_NESTEDHVM, rows[i].nested},
                                           {BALLAST_SHADOW_MEMORY, is_pv ? 0 : BALLAST_UNSET}));
        uint64_t kib = 0;
        assert_true(ballast_breakdown_note(&b, BALLAST_NOTE_NEED_TOO_SMALL, NULL, &kib));
        assert_int_equal(kib, rows[i].kib);
    }
}

static void need_is_large_enough(void **state)
{
    (void)state;
    /* Measured with room left on all three: 64 MiB, up to 64 vCPUs; PV at any number. */
    static const char *const libxl[] = {"libxl", "libxl-4.14", "libxl-4.20"};
    for (size_t i = 0; i < 3; i++) {
        struct ballast_breakdown b = on(libxl[i], unit_guest(BALLAST_PVH, MEM(64), VCPUS(64)));
        assert_false(ballast_breakdown_note(&b, BALLAST_NOTE_NEED_TOO_SMALL, NULL, NULL));
        b = on(libxl[i], unit_guest(BALLAST_PV, MEM(64), VCPUS(128)));
        assert_false(ballast_breakdown_note(&b, BALLAST_NOTE_NEED_TOO_SMALL, NULL, NULL));
    }
    /* What covers them is the rounding up to 2 MiB; where that gives nothing, 51 are too many. */
    for (uint64_t vcpus = 50; vcpus <= 51; vcpus++) {
        struct ballast_breakdown b = on("libxl", unit_guest(BALLAST_HVM, MEM(64), VCPUS(vcpus),
                                                            {BALLAST_SHADOW_MEMORY, 64 * MIB}));
        assert_int_equal(b.term_kib[BALLAST_NEED_ROUNDING], 0);
        assert_int_equal(ballast_breakdown_note(&b, BALLAST_NOTE_NEED_TOO_SMALL, NULL, NULL),
                         vcpus == 51);
    }
    /* The pool that a PV guest is charged for is what covers it. */
    struct ballast_breakdown b =
        on("libxl", unit_guest(BALLAST_PV, MEM(65), VCPUS(128), {BALLAST_SHADOW_MEMORY, 0}));
    assert_true(ballast_breakdown_note(&b, BALLAST_NOTE_NEED_TOO_SMALL, NULL, NULL));
    b = on("xapi", unit_guest(BALLAST_PVH, MEM(64), VCPUS(128)));
    assert_false(ballast_breakdown_note(&b, BALLAST_NOTE_NEED_TOO_SMALL, NULL, NULL));
}

static bool has(struct ballast_breakdown b, enum ballast_note note, uint64_t want)
{
    uint64_t a = 0;
    bool there = ballast_breakdown_note(&b, note, &a, NULL);
    return there && a == want;
}

static void notes(void **state)
{
    (void)state;
    const struct ballast_guest pv = unit_guest(BALLAST_PV, MEM(512), VCPUS(2));
    assert_true(has(on("libxl", pv), BALLAST_NOTE_POOL_NOT_GIVEN, 4096));
    assert_true(has(on("libxl-4.14", pv), BALLAST_NOTE_POOL_NOT_GIVEN, 6144));
    assert_true(has(on("xapi", pv), BALLAST_NOTE_POOL_NOT_GIVEN, 6144));
    const struct ballast_guest shim =
        unit_guest(BALLAST_PVH, MEM(900), VCPUS(1), {BALLAST_PVSHIM, 1});
    assert_true(has(on("libxl", shim), BALLAST_NOTE_SHIM_TAKES_GUEST, 0));
    assert_true(has(on("xapi", shim), BALLAST_NOTE_SHIM_ADDED, 33 * MIB)); /* 23 + 900 / 90 */
    const struct ballast_guest pool =
        unit_guest(BALLAST_PVH, MEM(512), VCPUS(1), {BALLAST_SHADOW_MEMORY, 9 * MIB});
    assert_true(has(on("xapi", pool), BALLAST_NOTE_SHADOW_IGNORED, 9 * MIB));
    const struct ballast_guest iommu =
        unit_guest(BALLAST_HVM, MEM(1024), VCPUS(1), {BALLAST_PASSTHROUGH, 2});
    assert_true(has(on("libxl", iommu), BALLAST_NOTE_IOMMU_TABLES, 2060)); /* 512 + 1 + 1 + 1 */
    const struct ballast_guest stub =
        unit_guest(BALLAST_HVM, MEM(512), VCPUS(1), {BALLAST_STUBDOMAIN, 1});
    assert_true(has(on("libxl", stub), BALLAST_NOTE_STUBDOMAIN, 32 * MIB));
    assert_true(has(on("libxl", unit_guest(BALLAST_PVH, MEM(64), {BALLAST_VIDEORAM, 4096})),
                    BALLAST_NOTE_VIDEO_UNBACKED, 4096));
    assert_true(has(
        on("libxl", unit_guest(BALLAST_HVM, MEM(64), {BALLAST_VGA, 0}, {BALLAST_VIDEORAM, 4096})),
        BALLAST_NOTE_VIDEO_UNBACKED, 4096));
    assert_true(has(on("libxl", unit_guest(BALLAST_HVM, MEM(31), {BALLAST_VGA, 2})),
                    BALLAST_NOTE_VIDEO_LARGE, 16 * MIB));
    assert_true(has(on("libxl", unit_guest(BALLAST_HVM, MEM(64), {BALLAST_DEVICE_MODEL, 1},
                                           {BALLAST_VIDEORAM, 9 * MIB})),
                    BALLAST_NOTE_VIDEO_IGNORED, 9 * MIB));
    const struct ballast_guest cirrus =
        unit_guest(BALLAST_HVM, MEM(64), {BALLAST_DEVICE_MODEL, BALLAST_QEMU_XEN_TRADITIONAL});
    assert_false(has(on("libxl", cirrus), BALLAST_NOTE_VIDEO_IGNORED, 4 * MIB)); /* what it has */
    assert_true(has(on("libxl", unit_guest(BALLAST_HVM, MEM(64), {BALLAST_HAP, 0})),
                    BALLAST_NOTE_NO_HAP, 0));
    assert_true(has(on("libxl", unit_guest(BALLAST_PV, MEM(64), {BALLAST_CLAIM, 0})),
                    BALLAST_NOTE_NO_CLAIM, 0));
    assert_true(
        has(on("libxl", unit_guest(BALLAST_PV, VCPUS(1))), BALLAST_NOTE_NO_MEMORY, 32 * MIB));
}

/* Each reason by a guest that has it and no other, and guests beside them that have none. */
static void why_not_measured(void **state)
{
    (void)state;
    const struct {
        const char *profile;
        struct ballast_guest guest;
        uint64_t why;
    } rows[] = {
        {"xen-4.17", unit_guest(BALLAST_HVM, MEM(512), VCPUS(1)), 0},
        {"xen-4.17", unit_guest(BALLAST_PVH, MEM(512), VCPUS(128)), 0},
        {"xen-4.17", unit_guest(BALLAST_PV, MEM(512), VCPUS(128)), 0},
        {"xen-4.17", unit_guest(BALLAST_PV, MEM(512), {BALLAST_MAXVCPUS, 129}),
         BALLAST_UNMEASURED_VCPUS},
        {"xen-4.17", unit_guest(BALLAST_HVM, MEM(512), VCPUS(2), {BALLAST_VNUMA_NODES, 2}), 0},
        {"xen-4.17", unit_guest(BALLAST_PVH, MEM(512), VCPUS(2), {BALLAST_VNUMA_NODES, 2}),
         BALLAST_UNMEASURED_VNUMA},
        {"xen-4.20", unit_guest(BALLAST_HVM, MEM(512), VCPUS(1), {BALLAST_NESTEDHVM, 1}),
         BALLAST_UNMEASURED_NESTED},
        {"xen-4.14", unit_guest(BALLAST_HVM, MEM(512), VCPUS(1), {BALLAST_NESTEDHVM, 1}), 0},
        {"xen-4.17", unit_guest(BALLAST_HVM, MEM(512), VCPUS(1), {BALLAST_PCI_DEVICES, 1}),
         BALLAST_UNMEASURED_PASSTHROUGH},
        {"xen-4.17", unit_guest(BALLAST_HVM, MEM(512), VCPUS(1), {BALLAST_VGA, BALLAST_VGA_STD}),
         0},
        {"xen-4.17", unit_guest(BALLAST_HVM, MEM(512), VCPUS(1), {BALLAST_VGA, BALLAST_VGA_QXL}),
         BALLAST_UNMEASURED_DEVICE_MODEL},
        {"xen-4.17",
         unit_guest(BALLAST_HVM, MEM(512), VCPUS(1),
                    {BALLAST_DEVICE_MODEL, BALLAST_QEMU_XEN_TRADITIONAL}),
         BALLAST_UNMEASURED_DEVICE_MODEL},
        {"xen-4.17", unit_guest(BALLAST_HVM, MEM(512), VCPUS(1), {BALLAST_STUBDOMAIN, 1}),
         BALLAST_UNMEASURED_DEVICE_MODEL},
        {"xen-4.14", unit_guest(BALLAST_HVM, MEM(512), VCPUS(1), {BALLAST_HAP, 0}), 0},
        {"xen-4.20", unit_guest(BALLAST_HVM, MEM(512), VCPUS(1), {BALLAST_HAP, 0}),
         BALLAST_UNMEASURED_SHADOW},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ballast_breakdown b = on(rows[i].profile, rows[i].guest);
        uint64_t why = 0;
        (void)ballast_breakdown_note(&b, BALLAST_NOTE_NOT_MEASURED, &why, NULL);
        if (why != rows[i].why)
            fail_msg("row %zu: reasons %u, not %u", i, (unsigned)why, (unsigned)rows[i].why);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table),
        cmocka_unit_test(default_pool),
        cmocka_unit_test(pool_without_vcpus),
        cmocka_unit_test(pool_of_broken_pages),
        cmocka_unit_test(pool_of_nothing),
        cmocka_unit_test(pool_past_xens_counter),
        cmocka_unit_test(stubdomain_of_a_pvh_guest),
        cmocka_unit_test(xapi_writes_whole_mib),
        cmocka_unit_test(xapi_before_and_after),
        cmocka_unit_test(need_too_small_covers_what_was_measured),
        cmocka_unit_test(need_too_small_to_the_kib),
        cmocka_unit_test(need_is_large_enough),
        cmocka_unit_test(not_whole_mib),
        cmocka_unit_test(notes),
        cmocka_unit_test(why_not_measured),
    };
    return cmocka_run_group_tests_name("profile", tests, NULL, NULL);
}
