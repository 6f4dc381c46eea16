/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What qubesd sends to qmemman, and what qmemman makes of anything else, to the byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "edge/qmemman/qmemman.h"

static struct qmemman_request read_text(const char *text)
{
    struct qmemman_request request;
    memset(&request, 0xa5, sizeof(request));
    qmemman_read(text, strlen(text), &request);
    return request;
}

static void sizes_are_read(void **state)
{
    static const struct {
        const char *text;
        uint64_t bytes;
    } rows[] = {
        {"1073741824\n", UINT64_C(1073741824)},
        {"0\n", 0},
        {"007", 7},
        {" \t\r\n\v\f12\f\v\n\r\t ", 12},
        {"18446744073709551614", UINT64_MAX - 1},
        {"18446744073709551615", UINT64_MAX},
        {"18446744073709551616", UINT64_MAX},
        {"999999999999999999999999999999999999", UINT64_MAX},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct qmemman_request request = read_text(rows[i].text);
        assert_int_equal(request.kind, QMEMMAN_FREES);
        assert_true(request.bytes == rows[i].bytes);
        assert_int_equal(request.pair_count, 0);
    }
}

static void pairs_are_read(void **state)
{
    (void)state;
    struct qmemman_request request = read_text("5:419430400 7:0\n");
    assert_int_equal(request.kind, QMEMMAN_SETS);
    assert_int_equal(request.pair_count, 2);
    assert_int_equal(request.pairs[0].domid, 5);
    assert_int_equal(request.pairs[0].bytes, 419430400);
    assert_int_equal(request.pairs[1].domid, 7);
    assert_int_equal(request.pairs[1].bytes, 0);
    request = read_text("0:-5\x1c"
                        "32751:+1_000 0:99999999999999999999 1:-99999999999999999999");
    assert_int_equal(request.kind, QMEMMAN_SETS);
    assert_int_equal(request.pair_count, 3);
    assert_int_equal(request.pairs[0].domid, 0);
    assert_true(request.pairs[0].bytes == INT64_MAX);
    assert_int_equal(request.pairs[1].domid, 32751);
    assert_int_equal(request.pairs[1].bytes, 1000);
    assert_true(request.pairs[2].bytes == -INT64_MAX);
}

static void all_pairs_of_a_request_have_room(void **state)
{
    char text[QMEMMAN_REQUEST_MOST + 1];
    size_t used = 0;
    size_t pairs = 0;
    (void)state;
    for (; used + 8 < sizeof(text); pairs++)
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%zu:0 ", pairs);
    struct qmemman_request request = read_text(text);
    assert_int_equal(request.kind, QMEMMAN_SETS);
    assert_int_equal(request.pair_count, pairs);
}

static void all_else_is_told_apart(void **state)
{
    static const struct {
        const char *text;
        enum qmemman_kind kind;
    } rows[] = {
        {"", QMEMMAN_CLOSES},
        {" \n", QMEMMAN_CLOSES},
        {"\x1c", QMEMMAN_CLOSES},
        {"5:1.5", QMEMMAN_CLOSES},
        {"-1:0", QMEMMAN_CLOSES},
        {"05:0", QMEMMAN_CLOSES},
        {"+5:0", QMEMMAN_CLOSES},
        {"5:", QMEMMAN_CLOSES},
        {":5", QMEMMAN_CLOSES},
        {":", QMEMMAN_CLOSES},
        {"5:6:7", QMEMMAN_CLOSES},
        {"5:0 7", QMEMMAN_CLOSES},
        {"5:_1", QMEMMAN_CLOSES},
        {"5:1_", QMEMMAN_CLOSES},
        {"5:1__0", QMEMMAN_CLOSES},
        {"5:+-1", QMEMMAN_CLOSES},
        {"5:-", QMEMMAN_CLOSES},
        {"32752:0", QMEMMAN_CLOSES},
        {"99999999999:0", QMEMMAN_CLOSES},
        {"\xd9\xa3", QMEMMAN_CLOSES},
        {"5 \xff", QMEMMAN_CLOSES},
        {"x\xc3\xa4", QMEMMAN_CLOSES},
        {"1.5", QMEMMAN_INVALID},
        {"-5", QMEMMAN_INVALID},
        {"+5", QMEMMAN_INVALID},
        {"5 6", QMEMMAN_INVALID},
        {"5 7:0", QMEMMAN_INVALID},
        {"hello", QMEMMAN_INVALID},
        {"1_000", QMEMMAN_INVALID},
        {"0x10", QMEMMAN_INVALID},
        {"5\x1c", QMEMMAN_INVALID},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct qmemman_request request = read_text(rows[i].text);
        if (request.kind != rows[i].kind)
            fail_msg("'%s' is %d, not %d", rows[i].text, (int)request.kind, (int)rows[i].kind);
        assert_int_equal(request.pair_count, 0);
    }
    struct qmemman_request request;
    qmemman_read("5\0", 2, &request);
    assert_int_equal(request.kind, QMEMMAN_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_are_read),
        cmocka_unit_test(pairs_are_read),
        cmocka_unit_test(all_pairs_of_a_request_have_room),
        cmocka_unit_test(all_else_is_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
