/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The guest: what an attribute can be, names, words and what is refused. */
#include "unit.h"

static void new_guest_is_all_default(void **state)
{
    (void)state;
    for (int type = 0; type < BALLAST_GUEST_TYPES; type++) {
        struct ballast_guest *guest = ballast_guest_new((enum ballast_guest_type)type, "web-1");
        assert_non_null(guest);
        assert_string_equal(ballast_guest_name(guest), "web-1");
        assert_int_equal(ballast_guest_type(guest), type);
        for (int attr = 0; attr < BALLAST_GUEST_ATTRS; attr++)
            assert_int_equal(ballast_guest_get(guest, (enum ballast_guest_attr)attr),
                             BALLAST_UNSET);
        ballast_guest_free(guest);
    }
    ballast_guest_free(NULL);
}

static void bad_guests_are_refused(void **state)
{
    (void)state;
    char name[BALLAST_GUEST_NAME + 1];
    memset(name, 'n', sizeof(name));
    name[BALLAST_GUEST_NAME] = '\0';
    errno = 0;
    assert_null(ballast_guest_new(BALLAST_PV, name)); /* 256 bytes */
    assert_int_equal(errno, EINVAL);
    name[BALLAST_GUEST_NAME - 1] = '\0';
    struct ballast_guest *longest = ballast_guest_new(BALLAST_PV, name); /* 255 */
    assert_non_null(longest);
    assert_string_equal(ballast_guest_name(longest), name);
    ballast_guest_free(longest);
    static const char *const bad[] = {"a\nb", "\t", "x\x7f", "\x1b[31m"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        errno = 0;
        assert_null(ballast_guest_new(BALLAST_PV, bad[i]));
        assert_int_equal(errno, EINVAL);
    }
    errno = 0;
    assert_null(ballast_guest_new(BALLAST_GUEST_TYPES, "x"));
    assert_int_equal(errno, EINVAL);
    assert_null(ballast_guest_new((enum ballast_guest_type) - 1, "x"));
}

static uint64_t largest(enum ballast_guest_attr attr)
{
    switch (ballast_guest_attr_kind(attr)) {
    case BALLAST_ATTR_FLAG:
        return 1;
    case BALLAST_ATTR_COUNT:
        return 2147483647;
    case BALLAST_ATTR_CHOICE:
        return attr == BALLAST_DEVICE_MODEL ? 1 : 3;
    case BALLAST_ATTR_KIB:
        break;
    }
    return UINT64_MAX - 1;
}

static void every_attribute_has_its_limit(void **state)
{
    (void)state;
    struct ballast_guest *guest = ballast_guest_new(BALLAST_HVM, "x");
    for (int i = 0; i < BALLAST_GUEST_ATTRS; i++) {
        enum ballast_guest_attr attr = (enum ballast_guest_attr)i;
        struct ballast_error err = unit_clean_error();
        uint64_t most = largest(attr);
        assert_int_equal(ballast_guest_set(guest, attr, 0, &err), 0);
        assert_int_equal(ballast_guest_set(guest, attr, most, &err), 0);
        assert_int_equal(ballast_guest_get(guest, attr), most);
        unit_assert_clean(err);
        if (most < UINT64_MAX - 1) {
            assert_int_equal(ballast_guest_set(guest, attr, most + 1, &err), -EINVAL);
            assert_int_equal(err.code, -EINVAL);
            assert_int_equal(err.subject, i);
            unit_assert_text(err, ballast_guest_attr_name(attr));
        }
        assert_int_equal(ballast_guest_get(guest, attr), most);
        assert_int_equal(ballast_guest_set(guest, attr, BALLAST_UNSET, &err), 0);
        assert_int_equal(ballast_guest_get(guest, attr), BALLAST_UNSET);
    }
    struct ballast_error err = unit_clean_error();
    assert_int_equal(ballast_guest_set(guest, BALLAST_GUEST_ATTRS, 1, &err), -EINVAL);
    assert_int_equal(err.subject, BALLAST_ERROR_NO_SUBJECT);
    assert_int_equal(ballast_guest_get(guest, BALLAST_GUEST_ATTRS), BALLAST_UNSET);
    ballast_guest_free(guest);
}

static void names_and_words(void **state)
{
    (void)state;
    for (int i = 0; i < BALLAST_GUEST_ATTRS; i++) {
        enum ballast_guest_attr attr = (enum ballast_guest_attr)i;
        const char *name = ballast_guest_attr_name(attr);
        assert_non_null(name);
        assert_int_equal(ballast_guest_attr_find(name), i);
        size_t length = strlen(name);
        bool in_kib = length > 4 && strcmp(name + length - 4, "_kib") == 0;
        assert_int_equal(in_kib, ballast_guest_attr_kind(attr) == BALLAST_ATTR_KIB);
        const char *word;
        uint64_t value = 0;
        for (; (word = ballast_guest_attr_choice(attr, value)); value++)
            assert_int_equal(ballast_guest_attr_word_find(attr, word), value);
        assert_int_equal(value > 0, ballast_guest_attr_kind(attr) == BALLAST_ATTR_CHOICE);
        assert_int_equal(ballast_guest_attr_word_find(attr, "no such word"), -ENOENT);
    }
    assert_null(ballast_guest_attr_name(BALLAST_GUEST_ATTRS));
    assert_null(ballast_guest_attr_choice(BALLAST_GUEST_ATTRS, 0));
    assert_int_equal(ballast_guest_attr_find("memory"), -ENOENT);
    assert_int_equal(ballast_guest_attr_find(""), -ENOENT);
    char words[64];
    ballast_guest_attr_choices(BALLAST_VGA, words, sizeof(words));
    assert_string_equal(words, "none, cirrus, stdvga or qxl");
    assert_string_equal(ballast_guest_attr_choice(BALLAST_DEVICE_MODEL, 0), "qemu-xen");
    assert_string_equal(ballast_guest_attr_choice(BALLAST_PASSTHROUGH, 3), "share_pt");
}

static void types(void **state)
{
    (void)state;
    assert_string_equal(ballast_guest_type_name(BALLAST_PV), "pv");
    assert_string_equal(ballast_guest_type_name(BALLAST_PVH), "pvh");
    assert_string_equal(ballast_guest_type_name(BALLAST_HVM), "hvm");
    assert_null(ballast_guest_type_name(BALLAST_GUEST_TYPES));
    assert_int_equal(ballast_guest_type_find("pvh"), BALLAST_PVH);
    assert_int_equal(ballast_guest_type_find("PVH"), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_guest_is_all_default),
        cmocka_unit_test(bad_guests_are_refused),
        cmocka_unit_test(every_attribute_has_its_limit),
        cmocka_unit_test(names_and_words),
        cmocka_unit_test(types),
    };
    return cmocka_run_group_tests_name("guest", tests, NULL, NULL);
}
