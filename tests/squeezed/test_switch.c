/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What XAPI's message switch answers. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "edge/squeezed/sieve.h"
#include "edge/squeezed/squeezed.h"
#include "edge/squeezed/switch.h"

static const struct switch_room wide = {100, 1 << 20};

/* Read in pieces of that many bytes. */
static struct switch_reading *read_pieces(enum switch_question question, struct switch_room room,
                                          const char *body, size_t length, size_t piece)
{
    struct switch_reading *reading = switch_reading_new(question, "Q", room);
    assert_non_null(reading);
    for (size_t at = 0; at < length; at += piece)
        switch_reading_add(reading, body + at, length - at < piece ? length - at : piece);
    return reading;
}

static int read_batch(struct switch_room room, const char *body, size_t length, size_t piece,
                      struct switch_batch *batch)
{
    struct ballast_error err;
    struct switch_reading *reading = read_pieces(SWITCH_TRANSFER, room, body, length, piece);
    int rc = switch_reading_batch(reading, batch, &err);
    switch_reading_free(reading);
    return rc;
}

static int read_there(enum switch_question question, const char *body, bool *there)
{
    struct switch_reading *reading = read_pieces(question, wide, body, strlen(body), 1);
    int rc = switch_reading_there(reading, there);
    switch_reading_free(reading);
    return rc;
}

static void a_transfer_is_read_oldest_first(void **state)
{
    static const char body[] =
        "{\"messages\":[[[\"Q\",8],{\"payload\":\"b\",\"kind\":[\"Request\",\"R\"]}],"
        "[[\"Q\",7],{\"payload\":\"a\",\"kind\":[\"Response\",[\"Q\",1]]}]],\"next\":\"8\"}";
    struct switch_batch batch = {0};
    (void)state;
    assert_int_equal(read_batch(wide, body, strlen(body), 1, &batch), 0);
    assert_false(batch.has_more);
    assert_int_equal(batch.count, 2);
    assert_int_equal(batch.messages[0].number, 7);
    assert_false(batch.messages[0].is_request);
    assert_int_equal(batch.messages[1].number, 8);
    assert_true(batch.messages[1].is_request);
    assert_string_equal(batch.messages[1].reply_queue, "R");
    assert_string_equal(batch.messages[1].payload, "b");
    assert_string_equal(batch.next, "8");
    switch_batch_release(&batch);
    static const char *const others[] = {
        "",
        "{}",
        "[]",
        "garbled",
        "{\"messages\":[]}",
        "{\"messages\":[],\"next\":8}",
        "{\"messages\":{},\"next\":\"8\"}",
        "{\"messages\":[7],\"next\":\"8\"}",
        "{\"messages\":[],\"next\":\"8\"",
        "{\"messages\":[],\"next\":\"8\"}}",
        "{\"messages\":[],\"next\":\"8\"}{",
        "{\"messages\":[}],\"next\":\"8\"}",
        "{\"messages\":[] \"next\":\"8\"}",
        "{\"messages\":[],\"next\":\"a text that is too long to be a number\"}",
    };
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        if (read_batch(wide, others[i], strlen(others[i]), 1, &batch) != -EBADMSG)
            fail_msg("%s", others[i]);
    }
    static const char none[] = "{\"x\":[{}],\"messages\":[ ],\"next\":\"-1\"}";
    assert_int_equal(read_batch(wide, none, sizeof(none) - 1, 1, &batch), 0);
    assert_string_equal(batch.next, "-1");
}

/* What one client writes keeps none of the others' messages from being read. */
static void a_payload_is_any_bytes(void **state)
{
    static const char body[] =
        "{\"messages\":[[[\"Q\",1],{\"payload\":\"a\\u0000bc\",\"kind\":[\"Request\",\"R\"]}],"
        "[[\"Q\",2],{\"payload\":\"\xff\n\xc3\",\"kind\":[\"Request\",\"R\"]}],"
        "[[\"Q\",3],{\"payload\":\"\",\"kind\":[\"Request\",\"R\\u0000S\"]}]],\"next\":\"3\"}";
    struct switch_batch batch = {0};
    (void)state;
    assert_int_equal(read_batch(wide, body, sizeof(body) - 1, 1, &batch), 0);
    assert_int_equal(batch.count, 3);
    assert_int_equal(batch.messages[0].payload_length, 4);
    assert_memory_equal(batch.messages[0].payload, "a\0bc", 5);
    assert_true(batch.messages[0].is_request);
    assert_int_equal(batch.messages[1].payload_length, 3);
    assert_memory_equal(batch.messages[1].payload, "\xff\n\xc3", 4);
    /* No queue has such a name: there is no queue to answer to. */
    assert_false(batch.messages[2].is_request);
    switch_batch_release(&batch);
}

/* Messages `from` down to `to`, each with a payload of `length` times `fill`. */
static char *make_transfer(int from, int to, const char *fill, size_t length)
{
    char *body = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&body, &size);
    if (!out)
        abort();
    fputs("{\"messages\":[", out);
    for (int i = from; i >= to; i--) {
        fprintf(out, "[[\"Q\",%d],{\"payload\":\"", i);
        for (size_t j = 0; j < length; j++)
            fputs(fill, out);
        fprintf(out, "\",\"kind\":[\"Request\",\"R\"]}]%s", i > to ? "," : "");
    }
    fprintf(out, "],\"next\":\"%d\"}", from);
    assert_int_equal(fclose(out), 0);
    return body;
}

static void numbers_are(const struct switch_batch *batch, uint64_t first, size_t count)
{
    assert_int_equal(batch->count, count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(batch->messages[i].number, first + i);
}

static void the_oldest_are_kept_where_there_is_no_room(void **state)
{
    struct switch_batch batch = {0};
    char *body = make_transfer(999, 7, "a", 100);
    (void)state;
    assert_int_equal(read_batch((struct switch_room){20, 1 << 20}, body, strlen(body), 37, &batch),
                     0);
    numbers_are(&batch, 7, 20);
    assert_true(batch.has_more);
    assert_string_equal(batch.next, "26");
    size_t bytes = switch_message_bytes(&batch.messages[0]);
    switch_batch_release(&batch);
    assert_true(bytes > 100 && bytes < 200);
    assert_int_equal(
        read_batch((struct switch_room){20, 5 * bytes}, body, strlen(body), 37, &batch), 0);
    numbers_are(&batch, 7, 5);
    assert_string_equal(batch.next, "11");
    switch_batch_release(&batch);
    free(body);
}

/* None is left out that is older than one that is kept, whatever their order. */
static void the_oldest_are_kept_in_any_order(void **state)
{
    static const int orders[][4] = {{1, 2, 3, 4}, {4, 3, 2, 1}, {2, 4, 1, 3}, {3, 1, 4, 2}};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct switch_batch batch = {0};
        char body[512] = "{\"messages\":[";
        for (size_t j = 0; j < 4; j++)
            (void)sprintf(body + strlen(body),
                          "[[\"Q\",%d],{\"payload\":\"\",\"kind\":[\"Request\",\"R\"]}]%s",
                          orders[i][j], j < 3 ? "," : "],\"next\":\"4\"}");
        assert_int_equal(read_batch((struct switch_room){2, 4096}, body, strlen(body), 5, &batch),
                         0);
        numbers_are(&batch, 1, 2);
        assert_string_equal(batch.next, "2");
        switch_batch_release(&batch);
    }
}

/* One of them is left out for its length, a newer and shorter one too: it comes behind that. */
static void none_is_passed_over(void **state)
{
    char body[1024] = "{\"messages\":[";
    struct switch_batch batch = {0};
    (void)state;
    for (int i = 5; i <= 9; i += 2)
        (void)sprintf(body + strlen(body),
                      "[[\"Q\",%d],{\"payload\":\"%0*d\",\"kind\":[\"Request\",\"R\"]}]%s", i,
                      i == 7 ? 500 : 1, 0, i < 9 ? "," : "],\"next\":\"9\"}");
    assert_int_equal(read_batch((struct switch_room){4, 400}, body, strlen(body), 5, &batch), 0);
    numbers_are(&batch, 5, 1);
    assert_string_equal(batch.next, "5");
    switch_batch_release(&batch);
}

/* It has to be answered, so it is read; its payload stays too long to be a request. */
static void a_long_message_is_cut(void **state)
{
    static const char *const fills[] = {"a", "\\u0000", "\\\"", "\\ud83d\\ude00", "\xc3\xa4"};
    (void)state;
    for (size_t i = 0; i < sizeof(fills) / sizeof(fills[0]); i++) {
        struct switch_batch batch = {0};
        struct squeezed_request request;
        struct ballast_error err;
        char *body = make_transfer(8, 7, fills[i], 1 << 20);
        assert_int_equal(
            read_batch((struct switch_room){2, 1 << 20}, body, strlen(body), 4096, &batch), 0);
        free(body);
        numbers_are(&batch, 7, 2);
        assert_true(batch.messages[0].is_request);
        size_t length = batch.messages[0].payload_length;
        assert_int_equal(length, SQUEEZED_BODY_MOST + 1);
        assert_int_equal(squeezed_read_json(batch.messages[0].payload, length, &request, &err),
                         -EBADMSG);
        assert_true(switch_message_bytes(&batch.messages[0]) <= switch_message_bytes_most());
        switch_batch_release(&batch);
    }
}

static void brackets_are_checked_everywhere(void **state)
{
    static const struct {
        const char *text;
        int rc;
    } rows[] = {
        {"[]", 0},
        {" [ {\"a\" : [1, \"]\\\"\"], \"b\": {}}, null ] ", 0},
        {"[[]", -EBADMSG},
        {"[[]]]", -EBADMSG},
        {"[][]", -EBADMSG},
        {"[] 1", -EBADMSG},
        {"[{]", -EBADMSG},
        {"[{]}", -EBADMSG},
        {"[[}]", -EBADMSG},
        {"[,1]", -EBADMSG},
        {"[:1]", -EBADMSG},
        {"[[] []]", -EBADMSG},
        {"[\"a\" \"b\"]", -EBADMSG},
        {"[\"a]", -EBADMSG},
        {"[{\"a\" 1}]", -EBADMSG},
        {"[{\"a\":}]", -EBADMSG},
        {"[{\"a\"::1}]", -EBADMSG},
        {"[{\"a\":1 \"b\":2}]", -EBADMSG},
        {"[{\"a\":{} \"b\":2}]", -EBADMSG},
        {"{}", -EBADMSG},
        {"1", -EBADMSG},
        {"", -EBADMSG},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sieve sieve = {.opens = '['};
        (void)sieve_add(&sieve, rows[i].text, strlen(rows[i].text));
        if (sieve_end(&sieve) != rows[i].rc)
            fail_msg("%s", rows[i].text);
        sieve_release(&sieve);
    }
    struct sieve sieve = {.opens = '['};
    for (int i = 0; i < SIEVE_DEPTH; i++)
        assert_int_equal(sieve_add(&sieve, "[", 1), 0);
    assert_int_equal(sieve_add(&sieve, "[", 1), -EBADMSG);
}

static void what_is_not_looked_for_may_be_long(void **state)
{
    size_t length = 5 << 20;
    char *body = malloc(length + 256);
    bool there = false;
    (void)state;
    assert_non_null(body);
    char *at = body + sprintf(body, "{\"transient_queues\":{\"next_transfer_expected\":9,\"x\":\"");
    memset(at, 'x', length);
    (void)strcpy(at + length, "\"},\"permanent_queues\":{\"P\":{\"next_transfer_expected\":9},"
                              "\"Q\":{\"queue_contents\":[[]],\"next_transfer_expected\":[7]}},"
                              "\"current_time\":6}");
    assert_int_equal(read_there(SWITCH_HAS_READER, body, &there), 0);
    assert_true(there);
    char *time = strrchr(body, '6');
    *time = '7';
    assert_int_equal(read_there(SWITCH_HAS_READER, body, &there), 0);
    assert_false(there);
    free(body);
}

static void answers_are_told_apart(void **state)
{
    static const struct {
        const char *data;
        int rc;
    } rows[] = {
        {"", -EAGAIN},
        {"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r", -EAGAIN},
        {"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[", 0},
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]", 0},
        {"HTTP/1.1 200 OK\r\n\r\n", -EBADMSG},
        {"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n", -EBADMSG},
        {"HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\n", -EBADMSG},
        {"nonsense", -EBADMSG},
    };
    struct switch_answer answer;
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int rc = switch_answer_read(rows[i].data, strlen(rows[i].data), &answer);
        if (rc != rows[i].rc)
            print_error("%s\n", rows[i].data);
        assert_int_equal(rc, rows[i].rc);
        if (rc == 0)
            assert_true(answer.status == 200 && answer.body_length == 2);
    }
}

static bool reader_by(const char *expected)
{
    char body[256];
    bool there = false;
    (void)snprintf(body, sizeof(body), "{\"current_time\":5,\"permanent_queues\":{\"Q\":{%s}}}",
                   expected);
    assert_int_equal(read_there(SWITCH_HAS_READER, body, &there), 0);
    return there;
}

static void a_reader_is_one_that_is_due(void **state)
{
    bool there = true;
    (void)state;
    assert_true(reader_by("\"next_transfer_expected\":6"));
    assert_true(reader_by("\"next_transfer_expected\":[6]"));
    assert_false(reader_by("\"next_transfer_expected\":5"));
    assert_false(reader_by("\"next_transfer_expected\":null"));
    assert_false(reader_by("\"next_transfer_expected\":[]"));
    assert_false(reader_by(""));
    assert_int_equal(read_there(SWITCH_HAS_READER, "[]", &there), -EBADMSG);
    assert_int_equal(read_there(SWITCH_HAS_RECEIVER, "[]", &there), 0);
    assert_false(there);
    assert_int_equal(read_there(SWITCH_HAS_RECEIVER, "[[\"Q\",7]]", &there), 0);
    assert_true(there);
    assert_int_equal(read_there(SWITCH_HAS_QUEUE, "[\"QQ\",\"R\"]", &there), 0);
    assert_false(there);
    assert_int_equal(read_there(SWITCH_HAS_QUEUE, "[\"QQ\",\"Q\"]", &there), 0);
    assert_true(there);
    assert_int_equal(read_there(SWITCH_HAS_QUEUE, "garbled", &there), -EBADMSG);
    assert_int_equal(switch_reading_there(NULL, &there), -ENOMEM);
}

static void names_are_encoded(void **state)
{
    char out[16];
    (void)state;
    assert_true(switch_name_encode("a b/%", out, sizeof(out)));
    assert_string_equal(out, "a%20b%2F%25");
    assert_false(switch_name_encode("aaaaaaaaaaaaaaaa", out, sizeof(out)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_transfer_is_read_oldest_first),
        cmocka_unit_test(a_payload_is_any_bytes),
        cmocka_unit_test(the_oldest_are_kept_where_there_is_no_room),
        cmocka_unit_test(the_oldest_are_kept_in_any_order),
        cmocka_unit_test(none_is_passed_over),
        cmocka_unit_test(a_long_message_is_cut),
        cmocka_unit_test(brackets_are_checked_everywhere),
        cmocka_unit_test(what_is_not_looked_for_may_be_long),
        cmocka_unit_test(answers_are_told_apart),
        cmocka_unit_test(a_reader_is_one_that_is_due),
        cmocka_unit_test(names_are_encoded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
