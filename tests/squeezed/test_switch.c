/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What XAPI's message switch answers. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "edge/squeezed/switch.h"

static void a_transfer_is_read_oldest_first(void **state)
{
    static const char body[] =
        "{\"messages\":[[[\"Q\",8],{\"payload\":\"b\",\"kind\":[\"Request\",\"R\"]}],"
        "[[\"Q\",7],{\"payload\":\"a\",\"kind\":[\"Response\",[\"Q\",1]]}]],\"next\":\"8\"}";
    struct switch_batch batch = {0};
    struct ballast_error err;
    (void)state;
    assert_int_equal(switch_batch_read(body, strlen(body), &batch, &err), 0);
    assert_int_equal(batch.count, 2);
    assert_int_equal(batch.messages[0].number, 7);
    assert_false(batch.messages[0].is_request);
    assert_int_equal(batch.messages[1].number, 8);
    assert_true(batch.messages[1].is_request);
    assert_string_equal(batch.messages[1].reply_queue, "R");
    assert_string_equal(batch.messages[1].payload, "b");
    assert_string_equal(batch.next, "8");
    switch_batch_release(&batch);
    assert_int_equal(switch_batch_read("{}", 2, &batch, &err), -EBADMSG);
}

/* What one client writes keeps none of the others' messages from being read. */
static void a_payload_is_any_bytes(void **state)
{
    static const char body[] =
        "{\"messages\":[[[\"Q\",1],{\"payload\":\"a\\u0000bc\",\"kind\":[\"Request\",\"R\"]}],"
        "[[\"Q\",2],{\"payload\":\"\xff\n\xc3\",\"kind\":[\"Request\",\"R\"]}],"
        "[[\"Q\",3],{\"payload\":\"\",\"kind\":[\"Request\",\"R\\u0000S\"]}]],\"next\":\"3\"}";
    struct switch_batch batch = {0};
    struct ballast_error err;
    (void)state;
    assert_int_equal(switch_batch_read(body, sizeof(body) - 1, &batch, &err), 0);
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

static void answers_are_told_apart(void **state)
{
    static const struct {
        const char *data;
        int rc;
    } rows[] = {
        {"", -EAGAIN},
        {"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[", -EAGAIN},
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]", 0},
        {"HTTP/1.1 200 OK\r\n\r\n", -EBADMSG},
        {"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n", -EBADMSG},
        {"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n", -EBADMSG},
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
    assert_int_equal(switch_reader_read(body, strlen(body), "Q", &there), 0);
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
    assert_int_equal(switch_reader_read("[]", 2, "Q", &there), -EBADMSG);
    assert_int_equal(switch_sent_read("[]", 2, &there), 0);
    assert_false(there);
    assert_int_equal(switch_list_read("[\"QQ\",\"Q\"]", 10, "Q", &there), 0);
    assert_true(there);
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
        cmocka_unit_test(answers_are_told_apart),
        cmocka_unit_test(a_reader_is_one_that_is_due),
        cmocka_unit_test(names_are_encoded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
