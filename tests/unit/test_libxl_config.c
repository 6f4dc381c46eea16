/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a libxl_domain_config makes of a guest: its defaults, each member's attribute, its types. */
#include "unit.h"

#include "core/model/libxl_config.h"

#define UNSET        BALLAST_UNSET
#define MEMBER(name) BALLAST_LIBXL_##name

struct member_value {
    enum ballast_libxl_member member;
    uint64_t value;
};

static struct ballast_guest applied_to(enum ballast_guest_type type,
                                       const struct member_value *members, size_t count)
{
    uint64_t value[BALLAST_LIBXL_MEMBERS];
    memset(value, 0xff, sizeof(value));
    for (size_t i = 0; i < count; i++)
        value[members[i].member] = members[i].value;
    struct ballast_guest guest;
    struct ballast_error err = unit_clean_error();
    assert_int_equal(ballast_guest_init(&guest, type, "unit", &err), 0);
    assert_int_equal(ballast_libxl_apply(&guest, value, &err), 0);
    unit_assert_clean(err);
    return guest;
}

/* applied(BALLAST_PV, {MEMBER(MAX_VCPUS), 2}).attr[BALLAST_MAXVCPUS] */
#define applied(type, ...)                                                                         \
    applied_to(type, (const struct member_value[]){__VA_ARGS__},                                   \
               sizeof((const struct member_value[]){__VA_ARGS__}) / sizeof(struct member_value))

static void defaults_of_kinds(void **state)
{
    (void)state;
    static const struct {
        enum ballast_libxl_member member;
        uint64_t raw, value;
    } rows[] = {
        {MEMBER(MAX_VCPUS), 0, UNSET},
        {MEMBER(MAX_VCPUS), 4, 4},
        {MEMBER(MAX_VCPUS), UINT32_MAX, UINT32_MAX},
        {MEMBER(AVAIL_VCPUS), 0, UNSET},
        {MEMBER(AVAIL_VCPUS), 2, 2},
        {MEMBER(MAX_GRANT_FRAMES), 0, 0},
        {MEMBER(MAX_GRANT_FRAMES), 64, 64},
        {MEMBER(MAX_GRANT_FRAMES), UINT32_MAX, UNSET},
        {MEMBER(VIDEO_MEMKB), 0, 0},
        {MEMBER(VIDEO_MEMKB), 8192, 8192},
        {MEMBER(VIDEO_MEMKB), UINT32_MAX, UINT32_MAX},
        {MEMBER(VIDEO_MEMKB), UNSET, UNSET},
        {MEMBER(HAP), 0, 0},
        {MEMBER(VGA_KIND), 0, 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t value = ballast_libxl_value(rows[i].member, rows[i].raw);
        if (value != rows[i].value)
            fail_msg("row %zu: %llu", i, (unsigned long long)value);
    }
}

static void words_of_members(void **state)
{
    (void)state;
    assert_int_equal(ballast_libxl_value_of(MEMBER(VGA_KIND), "qxl"), BALLAST_VGA_QXL);
    assert_int_equal(ballast_libxl_value_of(MEMBER(VGA_KIND), "none"), BALLAST_VGA_NONE);
    assert_int_equal(ballast_libxl_value_of(MEMBER(VGA_KIND), "unknown"), -ENOENT);
    assert_int_equal(ballast_libxl_value_of(MEMBER(PASSTHROUGH), "share_pt"),
                     BALLAST_PASSTHROUGH_SHARE_PT);
    assert_int_equal(ballast_libxl_value_of(MEMBER(MAX_VCPUS), "none"), -ENOENT); /* no words */
}

/* Each member alone sets the attribute that its row names, and no other. */
static void a_member_alone(void **state)
{
    (void)state;
    for (int m = 0; m < BALLAST_LIBXL_MEMBERS; m++) {
        const struct ballast_libxl_about *about = ballast_libxl_about((enum ballast_libxl_member)m);
        enum ballast_guest_type type =
            strcmp(about->group, "type.pvh") == 0 ? BALLAST_PVH : BALLAST_HVM;
        struct ballast_guest guest = applied(type, {(enum ballast_libxl_member)m, 1});
        for (int i = 0; i < BALLAST_GUEST_ATTRS; i++) {
            if (guest.attr[i] != (i == (int)about->attr ? 1 : UNSET))
                fail_msg("%s: %s", about->key, ballast_guest_attr_name((enum ballast_guest_attr)i));
        }
        enum ballast_libxl_member from = ballast_libxl_member_of(about->attr);
        assert_int_equal(ballast_libxl_about(from)->attr, about->attr);
    }
}

static void members_of_types(void **state)
{
    (void)state;
    static const enum ballast_libxl_member hvm_only[] = {
        MEMBER(VGA_KIND), MEMBER(VIDEO_MEMKB), MEMBER(DEVICE_MODEL_VERSION),
        MEMBER(DEVICE_MODEL_STUBDOMAIN), MEMBER(STUBDOMAIN_MEMKB)};
    for (size_t i = 0; i < sizeof(hvm_only) / sizeof(hvm_only[0]); i++) {
        enum ballast_guest_attr attr = ballast_libxl_about(hvm_only[i])->attr;
        assert_int_equal(applied(BALLAST_HVM, {hvm_only[i], 1}).attr[attr], 1);
        assert_true(applied(BALLAST_PVH, {hvm_only[i], 1}).attr[attr] == UNSET);
        assert_true(applied(BALLAST_PV, {hvm_only[i], 1}).attr[attr] == UNSET);
    }
    assert_int_equal(applied(BALLAST_PVH, {MEMBER(HAP), 0}).attr[BALLAST_HAP], 0);
    assert_true(applied(BALLAST_PV, {MEMBER(HAP), 0}).attr[BALLAST_HAP] == UNSET);
    assert_true(applied(BALLAST_HVM, {MEMBER(PVSHIM), 1}).attr[BALLAST_PVSHIM] == UNSET);
    assert_true(applied(BALLAST_PV, {MEMBER(NESTED_HVM), 1}).attr[BALLAST_NESTEDHVM] == UNSET);
    assert_true(applied(BALLAST_PV, {MEMBER(ALTP2M), 1}).attr[BALLAST_ALTP2M] == UNSET);
}

static void old_spellings(void **state)
{
    (void)state;
#define NESTED(now, old)                                                                           \
    applied(BALLAST_HVM, {MEMBER(NESTED_HVM), now}, {MEMBER(HVM_NESTED_HVM), old})                 \
        .attr[BALLAST_NESTEDHVM]
    assert_int_equal(NESTED(0, 1), 0); /* the newer one counts */
    assert_int_equal(NESTED(1, 0), 1);
    assert_int_equal(NESTED(UNSET, 1), 1);
#define ALTP2M(type, mode, old)                                                                    \
    applied(type, {MEMBER(ALTP2M), mode}, {MEMBER(HVM_ALTP2M), old}).attr[BALLAST_ALTP2M]
    assert_int_equal(ALTP2M(BALLAST_HVM, 2, UNSET), 1); /* any mode is on */
    assert_int_equal(ALTP2M(BALLAST_HVM, 2, 0), 1);
    assert_int_equal(ALTP2M(BALLAST_HVM, 0, UNSET), 0);
    assert_int_equal(ALTP2M(BALLAST_HVM, 0, 1), 1); /* disabled: the older switch counts */
    assert_int_equal(ALTP2M(BALLAST_HVM, UNSET, 0), 0);
    assert_true(ALTP2M(BALLAST_HVM, UNSET, UNSET) == UNSET);
    assert_int_equal(ALTP2M(BALLAST_PVH, 0, 1), 0); /* which only an HVM guest has */
    assert_int_equal(ALTP2M(BALLAST_PVH, 3, UNSET), 1);
}

static void devices_are_added_up(void **state)
{
    (void)state;
#define DEVICES(pci, dt)                                                                           \
    applied(BALLAST_HVM, {MEMBER(PCIDEVS), pci}, {MEMBER(DTDEVS), dt}).attr[BALLAST_PCI_DEVICES]
    assert_int_equal(DEVICES(2, 3), 5);
    assert_int_equal(DEVICES(2, UNSET), 2);
    assert_int_equal(DEVICES(UNSET, 3), 3);
    assert_true(DEVICES(UNSET, UNSET) == UNSET);
}

/* More than an attribute takes is refused with it as the subject, even where a sum would wrap. */
static void refusals(void **state)
{
    (void)state;
    static const struct {
        struct member_value a, b;
        enum ballast_guest_attr subject;
    } rows[] = {
        {{MEMBER(MAX_VCPUS), UNSET - 1}, {MEMBER(AVAIL_VCPUS), 1}, BALLAST_MAXVCPUS},
        {{MEMBER(MAX_VCPUS), 1}, {MEMBER(EVENT_CHANNELS), UNSET - 1}, BALLAST_MAX_EVENT_CHANNELS},
        {{MEMBER(PCIDEVS), UNSET - 1}, {MEMBER(DTDEVS), 4}, BALLAST_PCI_DEVICES},
        {{MEMBER(PCIDEVS), 2}, {MEMBER(DTDEVS), UNSET - 2}, BALLAST_PCI_DEVICES},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t value[BALLAST_LIBXL_MEMBERS];
        memset(value, 0xff, sizeof(value));
        value[rows[i].a.member] = rows[i].a.value;
        value[rows[i].b.member] = rows[i].b.value;
        struct ballast_guest guest;
        struct ballast_error err = unit_clean_error();
        assert_int_equal(ballast_guest_init(&guest, BALLAST_HVM, "unit", &err), 0);
        assert_int_equal(ballast_libxl_apply(&guest, value, &err), -EINVAL);
        assert_int_equal(err.code, -EINVAL);
        assert_int_equal(err.subject, rows[i].subject);
        assert_int_equal(ballast_libxl_apply(&guest, value, NULL), -EINVAL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_of_kinds), cmocka_unit_test(words_of_members),
        cmocka_unit_test(a_member_alone),    cmocka_unit_test(members_of_types),
        cmocka_unit_test(old_spellings),     cmocka_unit_test(devices_are_added_up),
        cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests_name("libxl_config", tests, NULL, NULL);
}
