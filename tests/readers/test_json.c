/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "check.h"

#include <json-c/json.h>

#include "edge/json/json.h"

/* The first document of `text`, which must be one; *at refers to a copy that is leaked on failure
 * only. */
static struct json_object *parse(const char *text, struct json_at *at, char **copy)
{
    struct ballast_error err;
    struct json_object *object = NULL;
    *copy = unterminated(text, strlen(text));
    struct json_reader reader = json_reader_over("f", *copy, strlen(text));
    if (json_next(&reader, &object, at, &err) < 0)
        fail_msg("%s: %s", text, err.text);
    return object;
}

static void refuses(const char *text, size_t length, const char *begin, const char *contains)
{
    struct ballast_error err;
    struct json_object *object;
    struct json_at at;
    char *copy = unterminated(text, length);
    struct json_reader reader = json_reader_over("f", copy, length);
    int rc;
    while ((rc = json_next(&reader, &object, &at, &err)) == 0 && object)
        json_object_put(object);
    check_error(rc, -EINVAL, &err, begin, contains);
    free(copy);
}

static void test_stream(void **state)
{
    (void)state;
    static const char text[] = "\xef\xbb\xbf {\"a\":1}\n\n[2]{\"b\":\n3}\n  ";
    struct json_reader reader = json_reader_over("f", text, sizeof(text) - 1);
    static const unsigned lines[] = {1, 3, 3};
    struct json_object *object;
    struct json_at at;
    struct ballast_error err;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(json_next(&reader, &object, &at, &err), 0);
        assert_non_null(object);
        assert_int_equal(at.line, lines[i]);
        json_object_put(object);
    }
    assert_int_equal(json_next(&reader, &object, &at, &err), 0);
    assert_null(object);
    assert_int_equal(reader.line, 5);
}

static void test_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *begin;
        const char *contains;
    } cases[] = {
        {"42", "f:1: ", "object or array"},
        {"{}\nx", "f:2: ", "object or array"},
        {"{\"a\":1,}", "f:1: ", "in double quotes"},
        {"{\"a\" 1}", "f:1: ", "colon"},
        {"{a:1}", "f:1: ", "in double quotes"},
        {"{'a':1}", "f:1: ", "in double quotes"},
        {"[1 2]", "f:1: ", "comma or ]"},
        {"[1,]", "f:1: ", "not a JSON value"},
        {"[\n\n1", "f:3: ", "comma or ]"},
        {"[", "f:1: ", "ends before a value"},
        {"[01]", "f:1: ", "begins with 0"},
        {"[-]", "f:1: ", "digit"},
        {"[1.]", "f:1: ", "digit"},
        {"[1e]", "f:1: ", "digit"},
        {"[1e308]", "f:1: ", "more than 308 digits"},
        {"[-1.5E+0400]", "f:1: ", "more than 308 digits"},
        {"[1e99999999999999999999]", "f:1: ", "more than 308 digits"},
        {"[+1]", "f:1: ", "not a JSON value"},
        {"[NaN]", "f:1: ", "not a JSON value"},
        {"[nul]", "f:1: ", "not a JSON value"},
        {"[True]", "f:1: ", "not a JSON value"},
        {"[1]/* c */", "f:1: ", "object or array"},
        {"[\"a\nb\"]", "f:1: ", "control character"},
        {"[\"a", "f:1: ", "without an end"},
        {"[\"\\x\"]", "f:1: ", "backslash"},
        {"[\"\\u12g4\"]", "f:1: ", "hexadecimal"},
        {"[\"\\u0000\"]", "f:1: ", "NUL"},
        {"[\n\"\xff\"]", "f:2: ", "UTF-8"},
        {"{\"a\":1,\n\"b\":{\"c\":1,\n\"c\":2}}", "f:3: ", "duplicate key 'c'"},
        {"{\"a\":1,\"\\u0061\":2}", "f:1: ", "duplicate key '\\u0061'"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        refuses(cases[i].text, strlen(cases[i].text), cases[i].begin, cases[i].contains);
    refuses("{}\0{}", 5, "f:1: ", "object or array");
    refuses("[\"\0\"]", 5, "f:1: ", "control character");
}

static void fill(char *text, const char *part, size_t times)
{
    for (size_t i = 0; i < times; i++)
        memcpy(text + i * strlen(part), part, strlen(part));
}

static void test_bounds(void **state)
{
    (void)state;
    size_t size = 4 << 20;
    char *text = calloc(1, size);
    assert_non_null(text);
    fill(text, "[", 33);
    refuses(text, 33, "f:1: ", "nested");
    fill(text, "[[],", 1);
    fill(text + 1, "[],", JSON_MAX_CONTAINERS);
    refuses(text, 1 + 3 * (size_t)JSON_MAX_CONTAINERS, "f:1: ", "more objects and arrays");
    fill(text + 1, "1,", JSON_MAX_VALUES);
    refuses(text, 1 + 2 * (size_t)JSON_MAX_VALUES, "f:1: ", "more values");
    free(text);

    char deepest[2 * JSON_MAX_DEPTH + 1] = "";
    for (size_t i = 0; i < JSON_MAX_DEPTH; i++) {
        deepest[i] = '[';
        deepest[JSON_MAX_DEPTH + i] = ']';
    }
    struct json_at at;
    char *copy;
    json_object_put(parse(deepest, &at, &copy));
    free(copy);
}

static void test_numbers(void **state)
{
    (void)state;
    struct json_at at;
    char *copy;
    struct ballast_error err;
    uint64_t number = 7;
    struct json_object *o =
        parse("{\"zero\":0,\"half\":9223372036854775808,\"most\":18446744073709551614,\n"
              "\"unset\":18446744073709551615,\"more\":18446744073709551616,\n"
              "\"huge\":99999999999999999999999,\"minus\":-1,\"least\":-99999999999999999999,\n"
              "\"float\":1.0,\"exp\":1e3,\"text\":\"1\",\"null\":null,\"true\":true}",
              &at, &copy);
    assert_int_equal(json_get_u64(o, "absent", &at, &number, &err), -ENOENT);
    assert_int_equal(json_get_u64(o, "null", &at, &number, &err), -ENOENT);
    assert_int_equal(number, 7);
    assert_int_equal(json_get_u64(o, "zero", &at, &number, &err), 0);
    assert_int_equal(number, 0);
    assert_int_equal(json_get_u64(o, "half", &at, &number, &err), 0);
    assert_true(number == UINT64_C(1) << 63);
    assert_int_equal(json_get_u64(o, "most", &at, &number, &err), 0);
    assert_true(number == UINT64_MAX - 1);
    number = 7;
    check_error(json_get_u64(o, "unset", &at, &number, &err), -EINVAL, &err,
                "f:2: unset: ", "too large");
    check_error(json_get_u64(o, "more", &at, &number, &err), -EINVAL, &err,
                "f:2: more: ", "too large");
    check_error(json_get_u64(o, "huge", &at, &number, &err), -EINVAL, &err,
                "f:3: huge: ", "too large");
    check_error(json_get_u64(o, "minus", &at, &number, &err), -EINVAL, &err, "f:3: minus: -1",
                "negative");
    check_error(json_get_u64(o, "least", &at, &number, &err), -EINVAL, &err,
                "f:3: least: ", "negative");
    check_error(json_get_u64(o, "float", &at, &number, &err), -EINVAL, &err,
                "f:4: float: ", "whole number");
    check_error(json_get_u64(o, "exp", &at, &number, &err), -EINVAL, &err,
                "f:4: exp: ", "whole number");
    check_error(json_get_u64(o, "text", &at, &number, &err), -EINVAL, &err,
                "f:4: text: ", "is a string");
    check_error(json_get_u64(o, "true", &at, &number, &err), -EINVAL, &err,
                "f:4: true: ", "is a boolean");
    assert_int_equal(number, 7);
    json_object_put(o);
    free(copy);
}

static void test_seconds(void **state)
{
    (void)state;
    struct json_at at;
    char *copy;
    struct ballast_error err;
    uint64_t usec = 7;
    struct json_object *o =
        parse("{\"a\":12.3,\"b\":4,\"c\":-0.1,\"d\":1e300,\"e\":\"1\",\"g\":-0.0,"
              "\"h\":0.0000004}",
              &at, &copy);
    assert_int_equal(json_get_seconds(o, "a", &at, &usec, &err), 0);
    assert_int_equal(usec, 12300000);
    assert_int_equal(json_get_seconds(o, "b", &at, &usec, &err), 0);
    assert_int_equal(usec, 4000000);
    assert_int_equal(json_get_seconds(o, "g", &at, &usec, &err), 0);
    assert_int_equal(usec, 0);
    assert_int_equal(json_get_seconds(o, "h", &at, &usec, &err), 0);
    assert_int_equal(usec, 0);
    assert_int_equal(json_get_seconds(o, "absent", &at, &usec, &err), -ENOENT);
    check_error(json_get_seconds(o, "c", &at, &usec, &err), -EINVAL, &err, "f:1: c: ", "negative");
    check_error(json_get_seconds(o, "d", &at, &usec, &err), -EINVAL, &err, "f:1: d: ", "2^53 us");
    check_error(json_get_seconds(o, "e", &at, &usec, &err), -EINVAL, &err, "f:1: e: ", "seconds");
    json_object_put(o);
    free(copy);
}

static void test_others(void **state)
{
    (void)state;
    struct json_at at;
    char *copy;
    struct ballast_error err;
    struct json_object *in;
    const char *string;
    bool flag = true;
    struct json_object *o =
        parse("{\"b\":false,\"s\":\"x\\u00e9\",\n\"o\":{},\"a\":[]}", &at, &copy);
    assert_int_equal(json_get_bool(o, "b", &at, &flag, &err), 0);
    assert_false(flag);
    assert_int_equal(json_get_string(o, "s", &at, &string, &err), 0);
    assert_string_equal(string, "x\xc3\xa9");
    assert_int_equal(json_get_object(o, "o", &at, &in, &err), 0);
    assert_int_equal(json_get_array(o, "a", &at, &in, &err), 0);
    check_error(json_get_bool(o, "s", &at, &flag, &err), -EINVAL, &err,
                "f:1: s: ", "must be true or false, and is a string");
    check_error(json_get_string(o, "o", &at, &string, &err), -EINVAL, &err,
                "f:2: o: ", "must be a string, and is an object");
    check_error(json_get_object(o, "a", &at, &in, &err), -EINVAL, &err,
                "f:2: a: ", "must be an object, and is an array");
    check_error(json_get_array(o, "o", &at, &in, &err), -EINVAL, &err,
                "f:2: o: ", "must be an array, and is an object");
    json_object_put(o);
    free(copy);
}

/* The line in a message is that of the key, wherever it stands in a document of many lines. */
static void test_lines(void **state)
{
    (void)state;
    struct json_at at;
    char *copy;
    struct ballast_error err;
    struct json_object *o =
        parse("\n{\"x\":[{\"id\":\n1},\n{\"s\":\"}\\\"],\",\n\"id\":2}],\n\"y\":0}", &at, &copy);
    struct json_at x = json_at_key(&at, "x");
    struct json_at first = json_at_item(&x, 0);
    struct json_at second = json_at_item(&x, 1);
    (void)json_fail(&err, &first, "id", "bad");
    assert_string_equal(err.text, "f:2: x[0].id: bad");
    (void)json_fail(&err, &second, "id", "bad");
    assert_string_equal(err.text, "f:5: x[1].id: bad");
    (void)json_fail(&err, &second, "absent", "bad");
    assert_string_equal(err.text, "f:4: x[1].absent: bad");
    (void)json_fail(&err, &at, "y", "bad");
    assert_string_equal(err.text, "f:6: y: bad");
    (void)json_fail(&err, &at, NULL, "bad");
    assert_string_equal(err.text, "f:2: bad");
    assert_int_equal(json_fail(NULL, &at, NULL, "bad"), -EINVAL);
    json_object_put(o);
    free(copy);
}

static void test_printable(void **state)
{
    (void)state;
    char text[] = "a\033[31m\x7f\xc2\x9b\xc3\xa9\xc2";
    json_printable(text);
    assert_string_equal(text, "a?[31m???\xc3\xa9?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stream),  cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_bounds),  cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_seconds), cmocka_unit_test(test_others),
        cmocka_unit_test(test_lines),   cmocka_unit_test(test_printable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
