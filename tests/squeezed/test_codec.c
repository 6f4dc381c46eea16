/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What XAPI's programs send to squeezed and expect of it, to the byte. */
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

#include "edge/squeezed/squeezed.h"

#define XML(method, params)                                                                        \
    "<?xml version=\"1.0\"?><methodCall><methodName>" method "</methodName><params>" params        \
    "</params></methodCall>"
#define P(text) "<param><value>" text "</value></param>"
#define DBG     P("dbg")

typedef int read_fn(const char *, size_t, struct squeezed_request *, struct ballast_error *);

static int read_with(read_fn *read, const char *body, struct squeezed_request *out)
{
    struct ballast_error err = {0};
    *out = (struct squeezed_request){0};
    int rc = read(body, strlen(body), out, &err);
    if (rc < 0)
        assert_true(err.text[0] != '\0' && err.code == rc);
    return rc;
}

static void xml_calls_are_read(void **state)
{
    struct squeezed_request request;
    (void)state;
    assert_int_equal(
        read_with(squeezed_read_xml,
                  XML("reserve_memory_range", DBG P("xenopsd") P("65536") P("<i8>131072</i8>")),
                  &request),
        0);
    assert_int_equal(request.method, SQUEEZED_RESERVE_MEMORY_RANGE);
    assert_string_equal(request.session, "xenopsd");
    assert_int_equal(request.numbers[0], 65536);
    assert_int_equal(request.numbers[1], 131072);
    squeezed_request_release(&request);
    assert_int_equal(read_with(squeezed_read_xml,
                               "<?xml version=\"1.0\"?>\n<methodCall>\n <methodName>login"
                               "</methodName>\t<params><param> <value></value></param>\n<param>"
                               "<value><string>a&lt;&amp;b</string></value></param><param><value>"
                               "<nil/></value></param></params></methodCall>\n",
                               &request),
                     0);
    assert_int_equal(request.method, SQUEEZED_LOGIN);
    assert_string_equal(request.session, "a<&b");
    squeezed_request_release(&request);
}

static void numbers_are_ocamls(void **state)
{
    static const struct {
        const char *text;
        bool good;
        int64_t number;
    } rows[] = {{"0", true, 0},
                {"-1", true, -1},
                {"+7", true, 7},
                {"0x10", true, 16},
                {"1_000", true, 1000},
                {"0b11", true, 3},
                {"9223372036854775807", true, INT64_MAX},
                {"-9223372036854775808", true, INT64_MIN},
                {"9223372036854775808", false, 0},
                {" 12 ", false, 0},
                {"1.0", false, 0},
                {"", false, 0},
                {"-", false, 0},
                {"_1", false, 0},
                {"0x", false, 0},
                {"12a", false, 0}};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct squeezed_request request;
        char body[512];
        (void)snprintf(body, sizeof(body), XML("reserve_memory", DBG P("s") P("%s")), rows[i].text);
        assert_int_equal(read_with(squeezed_read_xml, body, &request), rows[i].good ? 0 : -EINVAL);
        assert_int_equal(request.numbers[0], rows[i].number);
        squeezed_request_release(&request);
        (void)snprintf(body, sizeof(body),
                       "{\"method\":\"reserve_memory\",\"params\":[\"\",\"s\",\"%s\"],\"id\":1}",
                       rows[i].text);
        assert_int_equal(read_with(squeezed_read_json, body, &request), rows[i].good ? 0 : -EINVAL);
        assert_int_equal(request.numbers[0], rows[i].number);
        squeezed_request_release(&request);
    }
}

static void json_calls_are_read(void **state)
{
    struct squeezed_request request;
    (void)state;
    assert_int_equal(
        read_with(
            squeezed_read_json,
            "{\"method\":\"transfer_reservation_to_domain\",\"params\":[\"a\\n{\\\"b\\\":1}\","
            "\"xenopsd\",\"7-8\",12,\"more\",[]],\"id\":3}",
            &request),
        0);
    assert_int_equal(request.method, SQUEEZED_TRANSFER_RESERVATION_TO_DOMAIN);
    assert_string_equal(request.id, "7-8");
    assert_int_equal(request.numbers[0], 12);
    squeezed_request_release(&request);
}

/* -EBADMSG and -ENOSYS are not answered on the socket; -EINVAL is an Internal_error. */
static void malformed_calls_are_told_apart(void **state)
{
    static const struct {
        read_fn *read;
        const char *body;
        int rc;
    } rows[] = {
        {squeezed_read_xml, "", -EBADMSG},
        {squeezed_read_xml, "<methodCall>", -EBADMSG},
        {squeezed_read_xml, "<other/>", -EBADMSG},
        {squeezed_read_xml, "{\"method\":\"login\"}", -EBADMSG},
        {squeezed_read_xml, "<methodCall><methodName>login</methodName></methodCall>", -EBADMSG},
        {squeezed_read_xml, XML("login", "<param/>"), -EBADMSG},
        {squeezed_read_xml, "<!DOCTYPE a [<!ENTITY x 'y'>]>" XML("login", DBG P("&x;")), -EBADMSG},
        {squeezed_read_xml, XML("no_such", DBG), -ENOSYS},
        {squeezed_read_xml, XML("login", DBG), -EINVAL},
        {squeezed_read_xml, XML("login", DBG P("<int>1</int>")), -EINVAL},
        {squeezed_read_xml, XML("login", DBG P("<array><data/></array>")), -EINVAL},
        {squeezed_read_xml, XML("reserve_memory", DBG P("s") P("<i4>x</i4>")), -EINVAL},
        {squeezed_read_json, "", -EBADMSG},
        {squeezed_read_json, "[]", -EBADMSG},
        {squeezed_read_json, "{\"method\":\"login\",\"params\":[\"\",\"s\"]}", -EBADMSG},
        {squeezed_read_json, "{\"method\":\"login\",\"params\":{},\"id\":1}", -EBADMSG},
        {squeezed_read_json, "{\"params\":[],\"id\":1}", -EBADMSG},
        {squeezed_read_json, "{\"method\":\"nothing\",\"params\":[\"\"],\"id\":1}", -ENOSYS},
        {squeezed_read_json, "{\"method\":\"login\",\"params\":[],\"id\":1}", -EINVAL},
        {squeezed_read_json, "{\"method\":\"login\",\"params\":[\"\",7],\"id\":1}", -EINVAL},
        {squeezed_read_json, "{\"method\":\"login\",\"params\":[\"\",\"a\\u0000b\"],\"id\":1}",
         -EBADMSG},
        {squeezed_read_json, "{\"method\":\"reserve_memory\",\"params\":[\"\",\"s\",1.0],\"id\":1}",
         -EINVAL},
        {squeezed_read_json,
         "{\"method\":\"reserve_memory\",\"params\":[\"\",\"s\",9223372036854775808],\"id\":1}",
         -EINVAL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct squeezed_request request;
        int rc = read_with(rows[i].read, rows[i].body, &request);
        if (rc != rows[i].rc)
            print_error("%s\n", rows[i].body);
        assert_int_equal(rc, rows[i].rc);
        assert_null(request.session);
        assert_null(request.id);
    }
}

#define GOOD(value)                                                                                \
    "<?xml version=\"1.0\"?><methodResponse><params><param><value><struct><member><name>Status"    \
    "</name><value>Success</value></member><member><name>Value</name>" value                       \
    "</member></struct></value></param></params></methodResponse>"
#define BAD(value)                                                                                 \
    "<?xml version=\"1.0\"?><methodResponse><params><param><value><struct><member><name>Status"    \
    "</name><value>Failure</value></member><member><name>ErrorDescription</name>" value            \
    "</member></struct></value></param></params></methodResponse>"
#define ARRAY(values) "<value><array><data>" values "</data></array></value>"
#define V(text)       "<value>" text "</value>"

static const uint32_t domids[] = {3, 7};

static const struct {
    struct squeezed_answer answer;
    const char *xml;
    const char *json;
} answers[] = {
    {{.kind = SQUEEZED_NOTHING}, GOOD(V("<nil/>")), "{\"result\":null,\"error\":null,\"id\":0}"},
    {{.kind = SQUEEZED_NUMBER, .numbers = {73728}},
     GOOD(V("73728")),
     "{\"result\":73728,\"error\":null,\"id\":0}"},
    {{.kind = SQUEEZED_TEXT, .text = "a<b>&\"c\"\x01\\\n\xff\xc3\xa9"},
     GOOD(V("a&lt;b&gt;&amp;&quot;c&quot;\\\n?\xc3\xa9")),
     "{\"result\":\"a<b>&\\\"c\\\"\\u0001\\\\\\u000a?\xc3\xa9\",\"error\":null,\"id\":0}"},
    {{.kind = SQUEEZED_RESERVED, .text = "u-1", .numbers = {65536}},
     GOOD(ARRAY(V("u-1") V("65536"))),
     "{\"result\":[\"u-1\",65536],\"error\":null,\"id\":0}"},
    {{.kind = SQUEEZED_FIXED_SIZE, .numbers = {INT64_C(2147483648)}},
     GOOD(ARRAY(V("Fixed_size") V("2147483648"))),
     "{\"result\":[\"Fixed_size\",2147483648],\"error\":null,\"id\":0}"},
    {{.kind = SQUEEZED_AUTO_BALLOON, .numbers = {1, 2}},
     GOOD(ARRAY(V("Auto_balloon") ARRAY(V("1") V("2")))),
     "{\"result\":[\"Auto_balloon\",[1,2]],\"error\":null,\"id\":0}"},
    {{.kind = SQUEEZED_CANNOT_FREE, .numbers = {131072, 4096}},
     BAD(ARRAY(V("Cannot_free_this_much_memory") ARRAY(V("131072") V("4096")))),
     "{\"result\":null,\"error\":[\"Cannot_free_this_much_memory\",[131072,4096]],\"id\":0}"},
    {{.kind = SQUEEZED_DOMAINS_REFUSED, .domids = domids, .domid_count = 2},
     BAD(ARRAY(V("Domains_refused_to_cooperate") ARRAY(V("3") V("7")))),
     "{\"result\":null,\"error\":[\"Domains_refused_to_cooperate\",[3,7]],\"id\":0}"},
    {{.kind = SQUEEZED_DOMAINS_REFUSED},
     BAD(ARRAY(V("Domains_refused_to_cooperate") ARRAY(""))),
     "{\"result\":null,\"error\":[\"Domains_refused_to_cooperate\",[]],\"id\":0}"},
    {{.kind = SQUEEZED_UNKNOWN_RESERVATION, .text = "x"},
     BAD(ARRAY(V("Unknown_reservation") V("x"))),
     "{\"result\":null,\"error\":[\"Unknown_reservation\",\"x\"],\"id\":0}"},
    {{.kind = SQUEEZED_NO_RESERVATION},
     BAD(V("No_reservation")),
     "{\"result\":null,\"error\":\"No_reservation\",\"id\":0}"},
    {{.kind = SQUEEZED_INVALID_MEMORY, .numbers = {-1}},
     BAD(ARRAY(V("Invalid_memory_value") V("-1"))),
     "{\"result\":null,\"error\":[\"Invalid_memory_value\",-1],\"id\":0}"},
    {{.kind = SQUEEZED_INTERNAL_ERROR, .text = "why"},
     BAD(ARRAY(V("Internal_error") V("why"))),
     "{\"result\":null,\"error\":[\"Internal_error\",\"why\"],\"id\":0}"},
};

static void answers_are_squeezeds(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        char *text;
        size_t length;
        assert_int_equal(squeezed_write_xml(&answers[i].answer, &text, &length), 0);
        assert_string_equal(text, answers[i].xml);
        assert_int_equal(length, strlen(text));
        free(text);
        assert_int_equal(squeezed_write_json(&answers[i].answer, &text, &length), 0);
        assert_string_equal(text, answers[i].json);
        assert_int_equal(length, strlen(text));
        free(text);
    }
}

static void http_is_squeezeds(void **state)
{
    static const struct {
        const char *data;
        int rc;
    } rows[] = {
        {"", -EAGAIN},
        {"POST /var/xapi/memory HTTP/1.1\r\nContent-LENGTH: 2\r\n\r\nab", 0},
        {"POST / HTTP/1.0\nhost: x\ncontent-length:2 \n\nabPOST", 0},
        {"POST / HTTP/1.1\r\ncontent-length: 2\r\n\r\na", -EAGAIN},
        {"POST / HTTP/1.1\r\ncontent-length: 2\r\n", -EAGAIN},
        {"GET / HTTP/1.1\r\n\r\n", -EOPNOTSUPP},
        {"PUT / HTTP/1.1\r\ncontent-length: 2\r\n\r\n", -EOPNOTSUPP},
        {"POST / HTTP/1.1\r\n\r\n", -EBADMSG},
        {"POST / HTTP/1.1\r\ncontent-length: x\r\n\r\n", -EBADMSG},
        {"POST / HTTP/1.1\r\ncontent-length: -2\r\n\r\n", -EBADMSG},
        {"POST / HTTP/1.1\r\ncontent-length:\r\n\r\n", -EBADMSG},
        {"POST / HTTP/1.1\r\ncontent-length: 99999999999999999999\r\n\r\n", -EBADMSG},
        {"POST / HTTP/1.1\r\ncontent-length: 65537\r\n\r\n", -EBADMSG},
        {"hello\r\n", -EBADMSG},
        {"\r\n\r\n", -EBADMSG},
    };
    struct squeezed_http http;
    static char endless[SQUEEZED_HEAD_MOST];
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int rc = squeezed_http_read(rows[i].data, strlen(rows[i].data), &http);
        if (rc != rows[i].rc)
            print_error("%s\n", rows[i].data);
        assert_int_equal(rc, rows[i].rc);
        if (rc == 0)
            assert_memory_equal(rows[i].data + http.body_at, "ab", http.body_length);
    }
    memset(endless, 'a', sizeof(endless));
    assert_int_equal(squeezed_http_read(endless, sizeof(endless) - 1, &http), -EAGAIN);
    assert_int_equal(squeezed_http_read(endless, sizeof(endless), &http), -EBADMSG);
}

static void an_http_answer_is_whole(void **state)
{
    char *text;
    size_t length;
    (void)state;
    assert_int_equal(squeezed_http_ok("abc", 3, &text, &length), 0);
    assert_string_equal(text, "HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\ncontent-length: 3\r\n"
                              "connection: close\r\n\r\nabc");
    assert_int_equal(length, strlen(text));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(xml_calls_are_read),      cmocka_unit_test(json_calls_are_read),
        cmocka_unit_test(numbers_are_ocamls),      cmocka_unit_test(malformed_calls_are_told_apart),
        cmocka_unit_test(answers_are_squeezeds),   cmocka_unit_test(http_is_squeezeds),
        cmocka_unit_test(an_http_answer_is_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
