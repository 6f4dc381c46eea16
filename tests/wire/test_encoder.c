/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "check.h"

#include "edge/wire/wire.h"

#include "../seeds/seed.h"

static struct wire_message read_back(const char *line, size_t length)
{
    struct wire_decoder *decoder = wire_decoder_new(WIRE_FROM_DAEMON);
    struct wire_message message;
    struct ballast_error err;
    assert_int_equal(strlen(line), length);
    assert_ptr_equal(strchr(line, '\n'), line + length - 1);
    assert_int_equal(wire_decoder_feed(decoder, line, length, &err), 0);
    assert_int_equal(wire_decoder_next(decoder, &message, &err), 1);
    wire_decoder_free(decoder);
    return message;
}

static void test_lines(void **state)
{
    (void)state;
    char *line = NULL;
    size_t length = 0;
    struct json_object *params = json_object_new_object();
    json_object_object_add(params, "path", json_object_new_string("/a\nb\""));
    assert_int_equal(wire_request(UINT64_MAX - 1, "m", params, &line, &length, NULL), 0);
    assert_string_equal(line, "{\"jsonrpc\":\"2.0\",\"id\":18446744073709551614,\"method\":\"m\","
                              "\"params\":{\"path\":\"/a\\nb\\\"\"}}\n");
    free(line);
    assert_int_equal(wire_notification("tick", NULL, &line, &length, NULL), 0);
    assert_string_equal(line, "{\"jsonrpc\":\"2.0\",\"method\":\"tick\"}\n");
    free(line);
    struct json_object *id = json_object_new_string("q");
    assert_int_equal(wire_result(id, NULL, &line, &length, NULL), 0);
    assert_string_equal(line, "{\"jsonrpc\":\"2.0\",\"id\":\"q\",\"result\":null}\n");
    free(line);
    json_object_put(id);
    assert_int_equal(
        wire_error(NULL, WIRE_PARSE_ERROR, "no", json_object_new_int(5), &line, &length, NULL), 0);
    assert_string_equal(line, "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,"
                              "\"message\":\"no\",\"data\":5}}\n");
    free(line);
}

static void test_refuses(void **state)
{
    (void)state;
    char *line = NULL;
    size_t length = 0;
    struct ballast_error err;
    char name[WIRE_METHOD_SIZE + 1];
    memset(name, 'm', sizeof(name) - 1);
    name[WIRE_METHOD_SIZE] = '\0';
    assert_int_equal(wire_request(1, name, json_object_new_object(), &line, &length, &err),
                     -EINVAL);
    assert_int_equal(wire_request(1, "", NULL, &line, &length, &err), -EINVAL);
    assert_int_equal(wire_request(1, "m", json_object_new_int(1), &line, &length, &err), -EINVAL);
    struct wire_message broken = {.kind = WIRE_BROKEN, .error_code = WIRE_PARSE_ERROR};
    assert_int_equal(wire_encode(&broken, &line, &length, &err), -EINVAL);
    char *huge = malloc(WIRE_LINE_MOST + 1);
    assert_non_null(huge);
    memset(huge, 'x', WIRE_LINE_MOST);
    huge[WIRE_LINE_MOST] = '\0';
    assert_int_equal(wire_result(NULL, json_object_new_string(huge), &line, &length, &err),
                     -EMSGSIZE);
    assert_int_equal(err.code, -EMSGSIZE);
    /* The longest that goes: a string that fills the line to its last byte. */
    huge[WIRE_LINE_MOST - strlen("{\"jsonrpc\":\"2.0\",\"id\":null,\"result\":\"\"}")] = '\0';
    assert_int_equal(wire_result(NULL, json_object_new_string(huge), &line, &length, &err), 0);
    assert_int_equal(length, WIRE_LINE_MOST + 1);
    struct wire_message message = read_back(line, length);
    assert_string_equal(json_object_get_string(message.result), huge);
    wire_message_release(&message);
    free(line);
    free(huge);
}

/* A guest's name can be any bytes: the line is one all the same, and its neighbours are whole. */
static void test_foreign_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        const char *out;
    } cases[] = {{"\xff", "?"},
                 {"a\xc3", "a?"},
                 {"\xc3\"\\", "?\"\\"},
                 {"\xed\xa0\x80", "???"},
                 {"\xc3\xbc\xe2\x82x", "\xc3\xbc??x"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct json_object *result = json_object_new_array();
        char *line = NULL;
        size_t length = 0;
        json_object_array_add(result, json_object_new_string(cases[i].in));
        json_object_array_add(result, json_object_new_string("next"));
        assert_int_equal(wire_result(NULL, result, &line, &length, NULL), 0);
        struct wire_message message = read_back(line, length);
        assert_int_equal(message.kind, WIRE_RESPONSE);
        assert_string_equal(json_object_get_string(json_object_array_get_idx(message.result, 0)),
                            cases[i].out);
        assert_string_equal(json_object_get_string(json_object_array_get_idx(message.result, 1)),
                            "next");
        wire_message_release(&message);
        free(line);
    }
    /* A text that is cut in the middle of a character. */
    char text[BALLAST_ERROR_TEXT + 8];
    memset(text, 'x', sizeof(text));
    memcpy(text + BALLAST_ERROR_TEXT - 2, "\xc3\xbc", 3);
    char *line = NULL;
    size_t length = 0;
    assert_int_equal(wire_error(NULL, WIRE_REFUSED, text, NULL, &line, &length, NULL), 0);
    struct wire_message message = read_back(line, length);
    assert_int_equal(message.error_code, WIRE_REFUSED);
    assert_int_equal(strlen(message.error_text), BALLAST_ERROR_TEXT - 1);
    assert_int_equal(message.error_text[BALLAST_ERROR_TEXT - 2], '?');
    wire_message_release(&message);
    free(line);
}

static struct json_object *random_value(uint64_t *random, int depth)
{
    static const char *const strings[] = {"", "a", "\"\\\n\t", "\xc3\xbc", "\x7f\x01"};
    switch (random_next(random) % (depth > 0 ? 7 : 5)) {
    case 0:
        return NULL;
    case 1:
        return json_object_new_uint64(random_next(random) >> (random_next(random) % 64 | 1));
    case 2:
        return json_object_new_int64((int64_t)random_next(random) >> 1);
    case 3:
        return json_object_new_boolean(random_next(random) % 2 == 0);
    case 4:
        return json_object_new_string(strings[random_next(random) % 5]);
    case 5: {
        struct json_object *array = json_object_new_array();
        for (uint64_t i = random_next(random) % 4; i > 0; i--)
            json_object_array_add(array, random_value(random, depth - 1));
        return array;
    }
    default: {
        struct json_object *object = json_object_new_object();
        char key[8] = "k";
        for (uint64_t i = random_next(random) % 4; i > 0; i--, key[0]++)
            json_object_object_add(object, key, random_value(random, depth - 1));
        return object;
    }
    }
}

static struct wire_message random_message(uint64_t *random)
{
    static const enum wire_kind kinds[] = {WIRE_REQUEST, WIRE_NOTIFICATION, WIRE_RESPONSE};
    struct wire_message message = {.kind = kinds[random_next(random) % 3]};
    if (message.kind != WIRE_NOTIFICATION && random_next(random) % 4)
        message.id = random_next(random) % 2
                         ? json_object_new_int64((int64_t)random_next(random) / 2)
                         : json_object_new_string("an \"id\"");
    if (message.kind == WIRE_RESPONSE) {
        bool error = random_next(random) % 2;
        message.error_code = error ? -1 - (int)(random_next(random) % 40000) : 0;
        if (error) {
            (void)strcpy(message.error_text, "why \xe2\x82\xac");
            message.error_data = random_value(random, 3);
        } else {
            message.result = random_value(random, 4);
        }
    } else {
        (void)strcpy(message.method, "set-target");
        message.params = random_next(random) % 2 ? json_object_new_object() : NULL;
        if (message.params)
            json_object_object_add(message.params, "x", random_value(random, 3));
    }
    return message;
}

static uint64_t seed = 77;

static void test_round_trip(void **state)
{
    (void)state;
    uint64_t random = seed * 2 + 1;
    for (int i = 0; i < 5000; i++) {
        struct wire_message message = random_message(&random);
        char *line = NULL;
        char *again = NULL;
        size_t length = 0;
        assert_int_equal(wire_encode(&message, &line, &length, NULL), 0);
        struct wire_message back = read_back(line, length);
        assert_int_equal(back.kind, message.kind);
        assert_string_equal(back.method, message.method);
        assert_int_equal(back.error_code, message.error_code);
        assert_string_equal(back.error_text, message.error_text);
        assert_true(json_object_equal(back.id, message.id));
        assert_true(json_object_equal(back.params, message.params));
        assert_true(json_object_equal(back.result, message.result));
        assert_true(json_object_equal(back.error_data, message.error_data));
        assert_int_equal(wire_encode(&back, &again, &length, NULL), 0);
        assert_string_equal(line, again);
        wire_message_release(&back);
        wire_message_release(&message);
        free(line);
        free(again);
    }
}

int main(int argc, char **argv)
{
    seed_from(argc, argv, &seed, "test_round_trip");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_foreign_bytes),
        cmocka_unit_test(test_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
