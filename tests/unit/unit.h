/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by the unit tests: cmocka, and a guest written as a list of attributes. */
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/model/guest.h"

#define MIB UINT64_C(1024)

struct unit_attr {
    enum ballast_guest_attr attr;
    uint64_t value;
};

static inline struct ballast_guest unit_guest_of(enum ballast_guest_type type,
                                                 const struct unit_attr *attrs, size_t count)
{
    struct ballast_guest guest;
    struct ballast_error err = {0};
    assert_int_equal(ballast_guest_init(&guest, type, "unit", &err), 0);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(ballast_guest_set(&guest, attrs[i].attr, attrs[i].value, &err), 0);
    return guest;
}

/* unit_guest(BALLAST_HVM, {BALLAST_MEMORY, 512 * MIB}, {BALLAST_VCPUS, 2}) */
#define unit_guest(type, ...)                                                                      \
    unit_guest_of(type, (const struct unit_attr[]){__VA_ARGS__},                                   \
                  sizeof((const struct unit_attr[]){__VA_ARGS__}) / sizeof(struct unit_attr))

/* A record that shows whether it was touched. */
static inline struct ballast_error unit_clean_error(void)
{
    return (struct ballast_error){.code = 77, .subject = 78, .text = "untouched"};
}

#define unit_assert_clean(err)                                                                     \
    do {                                                                                           \
        assert_int_equal((err).code, 77);                                                          \
        assert_int_equal((err).subject, 78);                                                       \
        assert_string_equal((err).text, "untouched");                                              \
    } while (0)

#define unit_assert_text(err, part)                                                                \
    do {                                                                                           \
        if (!strstr((err).text, part))                                                             \
            fail_msg("\"%s\" is not in \"%s\"", part, (err).text);                                 \
    } while (0)

#endif
