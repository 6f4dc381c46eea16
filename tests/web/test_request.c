/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The headers and options that ballast-web parses. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/web/request.h"

static const struct request_address ours = {.host = "192.0.2.7", .port = 8433};

static void test_addresses(void **state)
{
    static const struct {
        const char *text;
        const char *host; /* NULL: refused */
        uint16_t port;
    } cases[] = {
        {"127.0.0.1:8433", "127.0.0.1", 8433},
        {"[::1]:0", "::1", 0},
        {"localhost:65535", "localhost", 65535},
        {"", NULL, 0},
        {":80", NULL, 0},
        {"127.0.0.1", NULL, 0},
        {"127.0.0.1:", NULL, 0},
        {"127.0.0.1:65536", NULL, 0},
        {"127.0.0.1:-1", NULL, 0},
        {"127.0.0.1:80 ", NULL, 0},
        {"127.0.0.1:99999999999999999999999", NULL, 0},
        {"::1:80", NULL, 0},
        {"[::1:80", NULL, 0},
        {"[]:80", NULL, 0},
        {"[::1]80", NULL, 0},
        {"a b:80", NULL, 0},
        {"0123456789012345678901234567890123456789012345678901234567890123:80", NULL, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct request_address address = {.host = "untouched", .port = 7};
        int rc = request_address_parse(cases[i].text, &address, NULL);
        assert_int_equal(rc, cases[i].host ? 0 : -EINVAL);
        assert_string_equal(address.host, cases[i].host ? cases[i].host : "untouched");
        assert_int_equal(address.port, cases[i].host ? cases[i].port : 7);
    }
}

static void test_hosts(void **state)
{
    static const char *const good[] = {"localhost",      "LocalHost:8433", "127.0.0.1",
                                       "127.0.0.1:8433", "[::1]",          "[::1]:8433",
                                       "192.0.2.7",      "192.0.2.7:8433", "localhost:9000"};
    static const char *const bad[] = {"",
                                      "evil.example",
                                      "localhost.evil.example",
                                      "localhost:65536",
                                      "localhost:",
                                      "localhost:08x",
                                      "127.0.0.1.evil.example",
                                      "127.0.0.2",
                                      "::1",
                                      "[::1",
                                      "[::1]x",
                                      "[::1]]",
                                      " localhost",
                                      "localhost/",
                                      "x@localhost",
                                      "localhost,localhost",
                                      "192.0.2.8:8433"};
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(request_host_is_ours(good[i], &ours));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(request_host_is_ours(bad[i], &ours));
    assert_false(request_host_is_ours(NULL, &ours));
}

static void test_gzip(void **state)
{
    static const char *const good[] = {
        "gzip", "GZip", "br, gzip", "gzip;q=0.1", "gzip ; q=1", "deflate,gzip;q=0.001", " , gzip,"};
    static const char *const bad[] = {
        "", "br", "gzip2", "xgzip", "gzip;q=0", "gzip;q=0.000", "gzip; Q=0.0, br", "identity;gzip"};
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(request_accepts_gzip(good[i]));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(request_accepts_gzip(bad[i]));
    assert_false(request_accepts_gzip(NULL));
}

static void test_tags(void **state)
{
    (void)state;
    assert_true(request_has_tag("\"abc\"", "\"abc\""));
    assert_true(request_has_tag("\"x\", W/\"abc\"", "\"abc\""));
    assert_true(request_has_tag("*", "\"abc\""));
    assert_false(request_has_tag("\"abcd\"", "\"abc\""));
    assert_false(request_has_tag("abc", "\"abc\""));
    assert_false(request_has_tag("", "\"abc\""));
    assert_false(request_has_tag(NULL, "\"abc\""));
}

static void test_numbers(void **state)
{
    uint64_t value = 5;
    (void)state;
    assert_true(request_number("0", &value) && value == 0);
    assert_true(request_number("9007199254740993", &value));
    assert_int_equal(value, UINT64_C(9007199254740993));
    assert_false(request_number("", &value));
    assert_false(request_number(NULL, &value));
    assert_false(request_number("-1", &value));
    assert_false(request_number("+1", &value));
    assert_false(request_number("1e3", &value));
    assert_false(request_number("99999999999999999999", &value));
    assert_int_equal(value, UINT64_C(9007199254740993));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses), cmocka_unit_test(test_hosts),
        cmocka_unit_test(test_gzip),      cmocka_unit_test(test_tags),
        cmocka_unit_test(test_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
