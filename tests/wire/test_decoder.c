/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "check.h"

#include "edge/wire/wire.h"

#include "../seeds/seed.h"

/* The message on one line, which came whole; the caller releases it. */
static struct wire_message read_from(const char *line, enum wire_from from)
{
    struct wire_decoder *decoder = wire_decoder_new(from);
    struct wire_message message;
    struct ballast_error err;
    assert_non_null(decoder);
    assert_int_equal(wire_decoder_feed(decoder, line, strlen(line), &err), 0);
    assert_int_equal(wire_decoder_feed(decoder, "\n", 1, &err), 0);
    assert_int_equal(wire_decoder_next(decoder, &message, &err), 1);
    assert_int_equal(wire_decoder_pending(decoder), 0);
    wire_decoder_free(decoder);
    return message;
}

static const char *text_of(struct json_object *value)
{
    return value ? json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN) : "null";
}

static void test_requests(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        enum wire_kind kind;
        const char *id;
        const char *params;
    } cases[] = {
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\"}", WIRE_REQUEST, "1", "null"},
        {"{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"m\",\"params\":{\"x\":1}}", WIRE_REQUEST,
         "\"a\"", "{\"x\":1}"},
        {"{\"id\":-7,\"method\":\"m\",\"jsonrpc\":\"2.0\",\"params\":[1]}\r", WIRE_REQUEST, "-7",
         "[1]"},
        {" {\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"m\"} ", WIRE_REQUEST, "null", "null"},
        {"{\"jsonrpc\":\"2.0\",\"id\":1.50,\"method\":\"m\",\"later\":{}}", WIRE_REQUEST, "1.50",
         "null"},
        {"{\"jsonrpc\":\"2.0\",\"id\":18446744073709551614,\"method\":\"m\"}", WIRE_REQUEST,
         "18446744073709551614", "null"},
        {"{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":{}}", WIRE_NOTIFICATION, "null", "{}"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct wire_message message = read_from(cases[i].line, WIRE_FROM_CLIENT);
        assert_int_equal(message.kind, cases[i].kind);
        assert_string_equal(message.method, "m");
        assert_string_equal(text_of(message.id), cases[i].id);
        assert_string_equal(text_of(message.params), cases[i].params);
        wire_message_release(&message);
    }
}

static void test_responses(void **state)
{
    (void)state;
    struct wire_message message =
        read_from("{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":null}", WIRE_FROM_DAEMON);
    assert_int_equal(message.kind, WIRE_RESPONSE);
    assert_int_equal(message.error_code, 0);
    assert_null(message.result);
    wire_message_release(&message);
    message = read_from("{\"jsonrpc\":\"2.0\",\"id\":3,\"error\":{\"code\":-32000,\"message\":"
                        "\"no\\nroom\",\"data\":{\"needed_kib\":4}}}",
                        WIRE_FROM_DAEMON);
    assert_int_equal(message.kind, WIRE_RESPONSE);
    assert_int_equal(message.error_code, WIRE_REFUSED);
    assert_string_equal(message.error_text, "no?room");
    assert_string_equal(text_of(message.error_data), "{\"needed_kib\":4}");
    wire_message_release(&message);
}

#define RPC "{\"jsonrpc\":\"2.0\","
#define LONG_NAME                                                                                  \
    "mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm"

static void test_broken(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        int code;
        bool answer;
        const char *id;
        const char *says;
    } cases[] = {
        {"hello", WIRE_PARSE_ERROR, true, "null", "byte 1"},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\"", WIRE_PARSE_ERROR, true, "null", "colon"},
        {RPC "\"id\":1,\"method\":\"m\"}{}", WIRE_PARSE_ERROR, true, "null", "one object a line"},
        {RPC "\"id\":1,\"id\":2,\"method\":\"m\"}", WIRE_PARSE_ERROR, true, "null",
         "duplicate key 'id'"},
        {RPC "\"id\":1,\"method\":\"\xc0\x80\"}", WIRE_PARSE_ERROR, true, "null", "not UTF-8"},
        {RPC "\"id\":1,\"method\":\"\xed\xa0\x80\"}", WIRE_PARSE_ERROR, true, "null", "byte 35"},
        {RPC "\"id\":1,\"method\":\"\xf4\x90\x80\x80\"}", WIRE_PARSE_ERROR, true, "null", "UTF-8"},
        {RPC "\"id\":1,\"method\":\"\xe2\x82\"}", WIRE_PARSE_ERROR, true, "null", "not UTF-8"},
        {RPC "\"id\":1,\"method\":\"a\\u0000\"}", WIRE_PARSE_ERROR, true, "null", "NUL"},
        {RPC "\"id\":1,\"method\":NaN}", WIRE_PARSE_ERROR, true, "null", "not a JSON value"},
        {"[" RPC "\"id\":1,\"method\":\"m\"}]", WIRE_INVALID_REQUEST, true, "null", "batches"},
        {"[]", WIRE_INVALID_REQUEST, true, "null", "batches"},
        {"7", WIRE_INVALID_REQUEST, true, "null", "object"},
        {"{}", WIRE_INVALID_REQUEST, true, "null", "jsonrpc"},
        {"{\"jsonrpc\":2.0,\"id\":1,\"method\":\"m\"}", WIRE_INVALID_REQUEST, true, "1", "jsonrpc"},
        {"{\"id\":\"q\",\"method\":\"m\"}", WIRE_INVALID_REQUEST, true, "\"q\"", "jsonrpc"},
        {RPC "\"id\":1}", WIRE_INVALID_REQUEST, true, "1", "method"},
        {RPC "\"id\":1,\"method\":5}", WIRE_INVALID_REQUEST, true, "1", "method"},
        {RPC "\"method\":1,\"params\":\"bar\"}", WIRE_INVALID_REQUEST, true, "null", "method"},
        {RPC "\"id\":1,\"method\":\"m\",\"params\":5}", WIRE_INVALID_REQUEST, true, "1", "params"},
        {RPC "\"id\":1,\"method\":\"m\",\"params\":null}", WIRE_INVALID_REQUEST, true, "1",
         "params"},
        {RPC "\"id\":true,\"method\":\"m\"}", WIRE_INVALID_REQUEST, true, "null", "id"},
        {RPC "\"id\":{},\"method\":\"m\"}", WIRE_INVALID_REQUEST, true, "null", "id"},
        {RPC "\"id\":99999999999999999999,\"method\":\"m\"}", WIRE_INVALID_REQUEST, true, "null",
         "64 bits"},
        {RPC "\"id\":1,\"method\":\"m\",\"result\":1}", WIRE_INVALID_REQUEST, true, "1", "both"},
        {RPC "\"id\":1,\"method\":\"" LONG_NAME "\"}", WIRE_METHOD_NOT_FOUND, true, "1", "90"},
        {RPC "\"method\":\"" LONG_NAME "\"}", WIRE_METHOD_NOT_FOUND, false, "null", "90"},
        {RPC "\"id\":1,\"result\":1,\"error\":{}}", WIRE_INVALID_REQUEST, false, "1", "either"},
        {RPC "\"result\":1}", WIRE_INVALID_REQUEST, false, "null", "id"},
        {"{\"id\":1,\"result\":1}", WIRE_INVALID_REQUEST, false, "1", "jsonrpc"},
        {RPC "\"id\":1,\"error\":7}", WIRE_INVALID_REQUEST, false, "1", "error"},
        {RPC "\"id\":1,\"error\":{\"code\":0,\"message\":\"\"}}", WIRE_INVALID_REQUEST, false, "1",
         "not 0"},
        {RPC "\"id\":1,\"error\":{\"code\":9999999999,\"message\":\"\"}}", WIRE_INVALID_REQUEST,
         false, "1", "code"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct wire_message message = read_from(cases[i].line, WIRE_FROM_CLIENT);
        if (message.kind != WIRE_BROKEN || message.error_code != cases[i].code ||
            message.answer != cases[i].answer || strcmp(text_of(message.id), cases[i].id) != 0 ||
            !strstr(message.error_text, cases[i].says))
            fail_msg("%s: kind %d, code %d, answer %d, id %s: %s", cases[i].line, message.kind,
                     message.error_code, message.answer, text_of(message.id), message.error_text);
        wire_message_release(&message);
    }
}

/* As many as `count` of them, as an array in the params of a request. */
static char *request_with(const char *item, size_t count)
{
    size_t size = count * (strlen(item) + 1) + 100;
    char *line = malloc(size);
    assert_non_null(line);
    size_t at = (size_t)snprintf(line, size, RPC "\"id\":1,\"method\":\"m\",\"params\":[");
    for (size_t i = 0; i < count; i++)
        at += (size_t)snprintf(line + at, size - at, "%s%s", i ? "," : "", item);
    (void)snprintf(line + at, size - at, "]}");
    return line;
}

static void test_bounds(void **state)
{
    (void)state;
    static const struct {
        const char *item;
        size_t fits;
    } cases[] = {{"{}", 1022}, {"0", 16384 - 5}};
    for (size_t i = 0; i < 2; i++) {
        for (size_t more = 0; more < 2; more++) {
            char *line = request_with(cases[i].item, cases[i].fits + more);
            struct wire_message message = read_from(line, WIRE_FROM_CLIENT);
            assert_int_equal(message.kind, more ? WIRE_BROKEN : WIRE_REQUEST);
            wire_message_release(&message);
            message = read_from(line, WIRE_FROM_DAEMON);
            assert_int_equal(message.kind, WIRE_REQUEST);
            wire_message_release(&message);
            free(line);
        }
    }
    char id[WIRE_ID_MOST + 64];
    for (int more = 0; more < 2; more++) {
        (void)snprintf(id, sizeof(id), RPC "\"method\":\"m\",\"id\":\"%0*d\"}",
                       WIRE_ID_MOST - 2 + more, 0);
        struct wire_message message = read_from(id, WIRE_FROM_CLIENT);
        assert_int_equal(message.kind, more ? WIRE_BROKEN : WIRE_REQUEST);
        wire_message_release(&message);
    }
}

/* ---- the same bytes in other pieces ---- */

static const char *const pool[] = {
    RPC "\"id\":1,\"method\":\"status\"}\n",
    RPC "\"id\":\"zwei\",\"method\":\"host\",\"params\":{\"a\":[1,2,{\"b\":null}]}}\r\n",
    RPC "\"method\":\"tick\",\"params\":{\"free_kib\":18446744073709551614}}\n",
    RPC "\"id\":null,\"result\":{\"name\":\"Gr\xc3\xbc\xc3\x9f"
        "e \xf0\x9f\x8e\x88\"}}\n",
    RPC "\"id\":4,\"error\":{\"code\":-32000,\"message\":\"no\",\"data\":[1]}}\n",
    "\n",
    "  \t\r\n",
    "{}\n",
    "[1,2]\n",
    "{\"jsonrpc\n",
    "\xff\xfe\n",
    "nonsense\n",
    "\"\n",
    RPC "\"id\":{},\"method\":\"m\"}\n",
    RPC "\"id\":1,\"id\":1,\"method\":\"m\"}\n",
};

struct log {
    char *text;
    size_t size;
    FILE *file;
};

static void describe(FILE *out, const struct wire_message *message)
{
    (void)fprintf(out, "%d %s %s", (int)message->kind, message->method, text_of(message->id));
    (void)fprintf(out, " %s", text_of(message->params));
    (void)fprintf(out, " %s", text_of(message->result));
    (void)fprintf(out, " %d %s %d %s\n", message->error_code, message->error_text, message->answer,
                  text_of(message->error_data));
}

/* What a decoder makes of the bytes when they come in pieces of at most `most` (0: all at once). */
static char *decode(const char *data, size_t length, size_t most, uint64_t *random)
{
    struct wire_decoder *decoder = wire_decoder_new(WIRE_FROM_CLIENT);
    struct ballast_error err;
    struct log log = {0};
    int rc = 0;
    log.file = open_memstream(&log.text, &log.size);
    assert_non_null(log.file);
    for (size_t at = 0; at < length && rc == 0;) {
        size_t piece = most ? 1 + (size_t)(random_next(random) % most) : length;
        piece = piece < length - at ? piece : length - at;
        char *copy = malloc(piece);
        assert_non_null(copy);
        memcpy(copy, data + at, piece);
        assert_int_equal(wire_decoder_feed(decoder, copy, piece, &err), 0);
        free(copy);
        at += piece;
        struct wire_message message;
        while ((rc = wire_decoder_next(decoder, &message, &err)) > 0) {
            describe(log.file, &message);
            wire_message_release(&message);
        }
    }
    (void)fprintf(log.file, "%d %s", rc, rc < 0 ? err.text : "");
    if (rc == 0)
        (void)fprintf(log.file, "%zu left", wire_decoder_pending(decoder));
    assert_int_equal(fclose(log.file), 0);
    wire_decoder_free(decoder);
    return log.text;
}

static size_t make_stream(char *out, size_t size, uint64_t *random)
{
    size_t length = 0;
    for (size_t lines = random_next(random) % 40; lines > 0; lines--) {
        const char *line = pool[random_next(random) % (sizeof(pool) / sizeof(pool[0]))];
        length += (size_t)snprintf(out + length, size - length, "%s", line);
    }
    /* Bytes that fall over on the way, and a line that does not end. */
    for (size_t i = random_next(random) % 4; i > 0 && length > 0; i--)
        out[random_next(random) % length] = (char)random_next(random);
    return length > 0 ? length - random_next(random) % 2 : 0;
}

static uint64_t seed = 20240611;
static int rounds = 3000;

static void test_pieces(void **state)
{
    (void)state;
    static char stream[16384];
    uint64_t random = seed * 2 + 1;
    for (int round = 0; round < rounds; round++) {
        size_t length = make_stream(stream, sizeof(stream), &random);
        char *whole = decode(stream, length, 0, &random);
        char *bytes = decode(stream, length, 1, &random);
        char *pieces = decode(stream, length, 1 + random_next(&random) % 300, &random);
        assert_string_equal(whole, bytes);
        assert_string_equal(whole, pieces);
        free(whole);
        free(bytes);
        free(pieces);
    }
}

static void test_longest_line(void **state)
{
    (void)state;
    for (size_t more = 0; more < 2; more++) {
        size_t length = WIRE_LINE_MOST + more;
        char *line = malloc(length + 1);
        assert_non_null(line);
        memset(line, ' ', length);
        memcpy(line, pool[0], strlen(pool[0]) - 1);
        line[length] = '\n';
        for (size_t piece = 1000; piece <= length + 1; piece += length + 1 - 1000) {
            struct wire_decoder *decoder = wire_decoder_new(WIRE_FROM_CLIENT);
            struct wire_message message;
            struct ballast_error err;
            int rc = 0;
            for (size_t at = 0; at <= length && rc == 0; at += piece) {
                size_t left = length + 1 - at;
                assert_int_equal(
                    wire_decoder_feed(decoder, line + at, piece < left ? piece : left, &err), 0);
                rc = wire_decoder_next(decoder, &message, &err);
            }
            assert_int_equal(rc, more ? -EMSGSIZE : 1);
            if (more) /* and it stays so */
                assert_int_equal(wire_decoder_next(decoder, &message, &err), -EMSGSIZE);
            else
                wire_message_release(&message);
            wire_decoder_free(decoder);
        }
        free(line);
    }
}

/* Whether there is a line is known without taking it, also behind one that was taken. */
static void test_has_line(void **state)
{
    (void)state;
    static const char half[] = "{\"jsonrpc\":\"2.0\",\"method\":\"m\"}";
    struct wire_decoder *decoder = wire_decoder_new(WIRE_FROM_CLIENT);
    struct wire_message message;
    struct ballast_error err;
    assert_false(wire_decoder_has_line(decoder));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(wire_decoder_feed(decoder, half, strlen(half), &err), 0);
        assert_false(wire_decoder_has_line(decoder));
        if (i == 1)
            assert_int_equal(wire_decoder_next(decoder, &message, &err), 0);
        assert_int_equal(wire_decoder_feed(decoder, "\n{", i < 2 ? 1 : 2, &err), 0);
        assert_true(wire_decoder_has_line(decoder));
        assert_int_equal(wire_decoder_next(decoder, &message, &err), 1);
        wire_message_release(&message);
        assert_false(wire_decoder_has_line(decoder));
    }
    wire_decoder_free(decoder);
}

static void test_not_drained(void **state)
{
    (void)state;
    struct wire_decoder *decoder = wire_decoder_new(WIRE_FROM_CLIENT);
    struct ballast_error err;
    struct wire_message message;
    size_t fed = 0;
    size_t messages = 0;
    while (wire_decoder_feed(decoder, pool[0], strlen(pool[0]), &err) == 0)
        fed++;
    assert_int_equal(err.code, -ENOBUFS);
    assert_int_equal(fed, WIRE_HELD_MOST / strlen(pool[0]));
    assert_int_equal(wire_decoder_pending(decoder), fed * strlen(pool[0]));
    while (wire_decoder_next(decoder, &message, &err) > 0) {
        wire_message_release(&message);
        messages++;
    }
    assert_int_equal(messages, fed);
    assert_int_equal(wire_decoder_feed(decoder, pool[0], strlen(pool[0]), &err), 0);
    wire_decoder_free(decoder);
}

int main(int argc, char **argv)
{
    if (seed_from(argc, argv, &seed, "test_pieces"))
        rounds = 300;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests), cmocka_unit_test(test_responses),
        cmocka_unit_test(test_broken),   cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_pieces),   cmocka_unit_test(test_longest_line),
        cmocka_unit_test(test_has_line), cmocka_unit_test(test_not_drained),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
