/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A line that arrives byte by byte has a constant cost per byte, however long it becomes. The
 * decoder's work is counted (tests/work), independent of the machine's load.
 */
#include "check.h"

#include "edge/wire/wire.h"

#include "work.h"

static uint64_t work_of_bytewise(size_t length)
{
    struct wire_decoder *decoder = wire_decoder_new(WIRE_FROM_CLIENT);
    struct wire_message message;
    uint64_t before = work_done();
    assert_non_null(decoder);
    for (size_t i = 0; i < length; i++) {
        assert_int_equal(wire_decoder_feed(decoder, "x", 1, NULL), 0);
        assert_false(wire_decoder_has_line(decoder));
        assert_int_equal(wire_decoder_next(decoder, &message, NULL), 0);
    }
    uint64_t work = work_done() - before;
    wire_decoder_free(decoder);
    return work;
}

/* Quadratic would be 64 times the work for eight times the bytes; a buffer that doubles rounds up
 * once. */
static void test_linear(void **state)
{
    (void)state;
    uint64_t small = work_of_bytewise(WIRE_LINE_MOST / 8);
    uint64_t large = work_of_bytewise(WIRE_LINE_MOST);
    print_message("%.1f a byte for a line of %d KiB, %.1f for one of %d\n",
                  (double)small * 8 / WIRE_LINE_MOST, WIRE_LINE_MOST / 8 / 1024,
                  (double)large / WIRE_LINE_MOST, WIRE_LINE_MOST / 1024);
    assert_true(small >= WIRE_LINE_MOST / 8); /* it is counted at all */
    assert_true(large <= small * 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_linear)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
