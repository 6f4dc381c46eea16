/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages to and from xenstored, byte by byte, and a connection whose other side is broken. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "edge/xenbus/xenbus.h"

static size_t make_message(uint32_t type, const char *body, size_t length, uint8_t *out)
{
    uint32_t header[4] = {type, 0, 0, (uint32_t)length};
    memcpy(out, header, sizeof(header));
    memcpy(out + sizeof(header), body, length);
    return sizeof(header) + length;
}

static void requests_have_the_form_of_the_protocol(void **state)
{
    static const struct {
        enum xenbus_type type;
        const char *path;
        const char *second;
        const char *body;
        uint32_t length;
    } rows[] = {
        {XENBUS_READ, "data/x", NULL, "data/x", 7},
        {XENBUS_WRITE, "data/x", "12",
         "data/x\0"
         "12",
         9},
        {XENBUS_WRITE, "data/x", "", "data/x", 7},
        {XENBUS_WATCH, "data/x", "a", "data/x\0a", 9},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        uint8_t bytes[XENBUS_MESSAGE_MOST];
        uint32_t header[4];
        size_t length = xenbus_encode(rows[i].type, rows[i].path, rows[i].second, bytes);
        assert_int_equal(length, XENBUS_HEADER + rows[i].length);
        memcpy(header, bytes, sizeof(header));
        assert_int_equal(header[0], rows[i].type);
        assert_int_equal(header[1], 0);
        assert_int_equal(header[2], 0);
        assert_int_equal(header[3], rows[i].length);
        assert_memory_equal(bytes + XENBUS_HEADER, rows[i].body, rows[i].length);
    }
}

static void a_request_that_does_not_fit_is_none(void **state)
{
    static char path[XENBUS_BODY_MOST + 1];
    uint8_t bytes[XENBUS_MESSAGE_MOST];
    (void)state;
    memset(path, 'x', sizeof(path) - 1);
    assert_int_equal(xenbus_encode(XENBUS_READ, path, NULL, bytes), 0);
    assert_int_equal(xenbus_encode(XENBUS_WRITE, "x", path, bytes), 0);
    path[XENBUS_BODY_MOST - XENBUS_HEADER - 1] = '\0';
    assert_int_equal(xenbus_encode(XENBUS_READ, path, NULL, bytes), XENBUS_BODY_MOST);
    assert_int_equal(xenbus_encode(XENBUS_WRITE, path, "1", bytes), 0);
}

static void a_message_is_taken_whole_or_not(void **state)
{
    uint8_t bytes[64];
    struct xenbus_message message = {0};
    (void)state;
    size_t length = make_message(XENBUS_READ, "42", 2, bytes);
    for (size_t i = 0; i < length; i++)
        assert_int_equal(xenbus_decode(bytes, i, &message), 0);
    assert_null(message.body);
    assert_int_equal(xenbus_decode(bytes, length + 5, &message), (long)length);
    assert_int_equal(message.type, XENBUS_READ);
    assert_int_equal(message.length, 2);
    assert_memory_equal(message.body, "42", 2);
    uint32_t too_long = XENBUS_BODY_MOST + 1;
    memcpy(bytes + 12, &too_long, sizeof(too_long));
    assert_int_equal(xenbus_decode(bytes, length, &message), -EPROTO);
}

static void errors_have_names(void **state)
{
    (void)state;
    assert_int_equal(xenbus_error_code(&(struct xenbus_message){0, "ENOENT", 7}), -ENOENT);
    assert_int_equal(xenbus_error_code(&(struct xenbus_message){0, "ENOSPC", 7}), -ENOSPC);
    assert_int_equal(xenbus_error_code(&(struct xenbus_message){0, "EQUOTA", 7}), -EDQUOT);
    assert_int_equal(xenbus_error_code(&(struct xenbus_message){0, "ENOENT", 6}), -EIO);
    assert_int_equal(xenbus_error_code(&(struct xenbus_message){0, "EWHAT", 6}), -EIO);
    assert_int_equal(xenbus_error_code(&(struct xenbus_message){0, "", 0}), -EIO);
}

static void tokens_are_one_character(void **state)
{
    (void)state;
    assert_int_equal(xenbus_event_token(&(struct xenbus_message){0, "p\0a", 4}), 'a');
    assert_int_equal(xenbus_event_token(&(struct xenbus_message){0, "p\0ab", 5}), 0);
    assert_int_equal(xenbus_event_token(&(struct xenbus_message){0, "p\0a", 3}), 0);
    assert_int_equal(xenbus_event_token(&(struct xenbus_message){0, "p", 2}), 0);
    assert_int_equal(xenbus_event_token(&(struct xenbus_message){0, "p", 1}), 0);
    assert_int_equal(xenbus_event_token(&(struct xenbus_message){0, "", 0}), 0);
}

/* A bus whose other side has sent that already; returns the other side. */
static int answered_bus(struct xenbus *bus, const uint8_t *bytes, size_t length)
{
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(write(pair[1], bytes, length), (ssize_t)length);
    *bus = (struct xenbus){.fd = pair[0]};
    return pair[1];
}

static void events_before_a_reply_are_kept(void **state)
{
    uint8_t bytes[256];
    char value[8];
    struct xenbus bus;
    (void)state;
    size_t length = make_message(XENBUS_EVENT, "data/x\0a", 9, bytes);
    length += make_message(XENBUS_READ, "42", 2, bytes + length);
    length += make_message(XENBUS_EVENT, "data/y\0c", 9, bytes + length);
    length += make_message(XENBUS_EVENT, "data/y\0!", 9, bytes + length);
    int other = answered_bus(&bus, bytes, length);
    assert_int_equal(xenbus_read_node(&bus, "data/z", value, sizeof(value)), 0);
    assert_string_equal(value, "42");
    assert_int_equal(xenbus_take_events(&bus), 1 << 0 | 1 << 2);
    assert_int_equal(xenbus_take_events(&bus), 0);
    assert_true(xenbus_is_open(&bus));
    close(other);
    assert_int_equal(xenbus_take_events(&bus), 0);
    assert_false(xenbus_is_open(&bus));
    assert_int_equal(xenbus_write_node(&bus, "data/z", "1"), -ENOTCONN);
}

static void expect_read(const uint8_t *bytes, size_t length, int code, bool stays_open)
{
    char value[8] = "before";
    struct xenbus bus;
    int other = answered_bus(&bus, bytes, length);
    shutdown(other, SHUT_WR);
    assert_int_equal(xenbus_read_node(&bus, "data/z", value, sizeof(value)), code);
    assert_string_equal(value, "before");
    assert_true(xenbus_is_open(&bus) == stays_open);
    xenbus_close(&bus);
    close(other);
}

static void what_breaks_the_protocol_ends_the_connection(void **state)
{
    uint8_t bytes[256];
    (void)state;
    size_t length = make_message(XENBUS_ERROR, "EACCES", 7, bytes);
    expect_read(bytes, length, -EACCES, true);
    length = make_message(XENBUS_READ, "12345678", 8, bytes);
    expect_read(bytes, length, -E2BIG, true);
    length = make_message(XENBUS_READ, "1\0", 2, bytes);
    expect_read(bytes, length, -E2BIG, true);
    length = make_message(XENBUS_WRITE, "OK", 3, bytes);
    expect_read(bytes, length, -EPROTO, false);
    memset(bytes, 0xff, sizeof(bytes));
    expect_read(bytes, sizeof(bytes), -EPROTO, false);
    expect_read(bytes, 7, -ECONNRESET, false);
}

/* As Linux refuses one: by the error of the write. */
static void a_watch_that_is_refused_keeps_the_connection(void **state)
{
    struct xenbus bus;
    (void)state;
    assert_int_equal(xenbus_open("/dev/full", &bus, NULL), 0);
    assert_int_equal(xenbus_watch_node(&bus, "data/x", 'a'), -ENOSPC);
    assert_true(xenbus_is_open(&bus));
    assert_int_equal(xenbus_write_node(&bus, "data/x", "1"), -ENOSPC);
    assert_false(xenbus_is_open(&bus));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_have_the_form_of_the_protocol),
        cmocka_unit_test(a_request_that_does_not_fit_is_none),
        cmocka_unit_test(a_message_is_taken_whole_or_not),
        cmocka_unit_test(errors_have_names),
        cmocka_unit_test(tokens_are_one_character),
        cmocka_unit_test(events_before_a_reply_are_kept),
        cmocka_unit_test(what_breaks_the_protocol_ends_the_connection),
        cmocka_unit_test(a_watch_that_is_refused_keeps_the_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
