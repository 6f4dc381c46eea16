/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Loading: working pointers, and one clear sentence if a library or a name is missing. */
#include "unit.h"

#include <libxml/parser.h>

#include "edge/load/load.h"

#define GOOD(X) X(xmlStrlen) X(xmlStrdup) X(xmlFree)

struct good {
    GOOD(LOAD_POINTER)
};

static const char *const good[] = {GOOD(LOAD_NAME)};

static void loads_what_is_there(void **state)
{
    (void)state;
    struct good lib = {0};
    struct ballast_error err = unit_clean_error();
    assert_int_equal(load_library(SONAME_XML2, good, LOAD_COUNT(good), &lib, &err), 0);
    unit_assert_clean(err);
    xmlChar *copy = lib.xmlStrdup((const xmlChar *)"four");
    assert_int_equal(lib.xmlStrlen(copy), 4);
    (*lib.xmlFree)(copy);
    /* What is filled is not looked for again. */
    struct good before = lib;
    assert_int_equal(load_library("libnone.so.1", good, LOAD_COUNT(good), &lib, &err), 0);
    assert_memory_equal(&before, &lib, sizeof(lib));
}

static void names_the_library_that_is_missing(void **state)
{
    (void)state;
    struct good lib = {0};
    const struct good nothing = {0};
    struct ballast_error err = {0};
    assert_int_equal(load_library("libnone.so.1", good, LOAD_COUNT(good), &lib, &err), -ENOTSUP);
    assert_int_equal(err.code, -ENOTSUP);
    unit_assert_text(err, "libnone.so.1");
    unit_assert_text(err, "No such file");
    assert_memory_equal(&nothing, &lib, sizeof(lib));
}

static void fills_all_or_nothing(void **state)
{
    (void)state;
    static const char *const names[] = {"xmlStrlen", "xmlNoSuchFunction", "xmlStrdup"};
    struct good lib = {0};
    const struct good nothing = {0};
    struct ballast_error err = {0};
    assert_int_equal(load_library(SONAME_XML2, names, LOAD_COUNT(names), &lib, &err), -ENOTSUP);
    unit_assert_text(err, "xmlNoSuchFunction");
    unit_assert_text(err, SONAME_XML2);
    assert_memory_equal(&nothing, &lib, sizeof(lib));
    assert_int_equal(load_library(SONAME_XML2, names, LOAD_COUNT(names), &lib, NULL), -ENOTSUP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loads_what_is_there),
        cmocka_unit_test(names_the_library_that_is_missing),
        cmocka_unit_test(fills_all_or_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
