/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ballast-protocol(7) and the table of methods say the same: every method and parameter of the one
 * is in the other, with its type and whether it is required; so with notifications, errors and the
 * words of reasons; and the example is what it claims to be.
 */
#include "check.h"

#include "core/ledger/ledger.h"
#include "core/policy/balancer.h"
#include "edge/wire/methods.h"
#include "edge/wire/wire.h"

static char *page; /* the whole of it */

static char *read_page(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = NULL;
    size_t size = 0;
    if (!file || getdelim(&text, &size, '\0', file) <= 0) {
        (void)fprintf(stderr, "%s cannot be read\n", path);
        exit(1);
    }
    (void)fclose(file);
    return text;
}

/* A copy of what stands between "# NAME" (or "## NAME") in `in` and the next heading of its kind.
 */
static char *section(const char *in, const char *mark, const char *name)
{
    char heading[96];
    char next[16];
    (void)snprintf(heading, sizeof(heading), "\n%s %s\n", mark, name);
    (void)snprintf(next, sizeof(next), "\n%s ", mark);
    const char *begin = strstr(in, heading);
    if (!begin)
        return NULL;
    begin += strlen(heading) - 1;
    const char *end = strstr(begin, next);
    return end ? strndup(begin, (size_t)(end - begin)) : strdup(begin);
}

/* How many lines of the text begin so. */
static size_t count_lines(const char *text, const char *begin)
{
    size_t count = 0;
    for (const char *c = text; (c = strstr(c, begin)); c++)
        count++;
    return count;
}

/* How many lines look like "*name* (type)". */
static size_t count_params(const char *text)
{
    size_t count = 0;
    for (const char *line = text; (line = strstr(line, "\n*")); line++) {
        const char *end = strchr(line + 1, '\n');
        const char *type = strstr(line, "* (");
        count += end && type && type < end && end[-1] == ')';
    }
    return count;
}

static const char *type_name(enum wire_type type)
{
    static const char *const words[WIRE_TYPES] = {
        [WIRE_KIB] = "KiB",         [WIRE_USEC] = "usec",     [WIRE_COUNT] = "number",
        [WIRE_DOMID] = "domain id", [WIRE_DOMAIN] = "domain", [WIRE_BOOL] = "boolean",
        [WIRE_STRING] = "string",   [WIRE_UUID] = "uuid",     [WIRE_STRINGS] = "strings",
        [WIRE_OBJECTS] = "objects",
    };
    return (unsigned)type < WIRE_TYPES ? words[type] : NULL;
}

static void check_param(const char *method, const char *text, const struct wire_param *param)
{
    char line[160];
    (void)snprintf(line, sizeof(line), "\n*%s* (%s%s)\n\t", param->name, type_name(param->type),
                   param->required ? "; required" : "");
    if (!strstr(text, line))
        fail_msg("%s of %s: no line \"%s\"", param->name, method, line + 1);
    for (const struct wire_param *item = param->items; item && item->name; item++) {
        (void)snprintf(line, sizeof(line), "_%s_", item->name);
        if (!strstr(text, line))
            fail_msg("%s of %s has no %s", param->name, method, item->name);
    }
}

static void test_methods(void **state)
{
    (void)state;
    char *methods = section(page, "#", "METHODS");
    assert_non_null(methods);
    size_t count = 0;
    for (; wire_method_at(count); count++) {
        const struct wire_method *method = wire_method_at(count);
        char *text = section(methods, "##", method->name);
        if (!text)
            fail_msg("%s is not in the page", method->name);
        size_t params = 0;
        for (const struct wire_param *param = method->params; param->name; param++, params++)
            check_param(method->name, text, param);
        if (count_params(text) != params)
            fail_msg("%s: the page has %zu parameters, the table %zu", method->name,
                     count_params(text), params);
        if (method->changes != (strstr(text, "*Control socket only.*") != NULL))
            fail_msg("%s: who may call it?", method->name);
        assert_non_null(strstr(text, "Result"));
        free(text);
    }
    assert_int_equal(count_lines(methods, "\n## "), count);
    free(methods);
}

static void test_notifications(void **state)
{
    (void)state;
    char *text = section(page, "#", "NOTIFICATIONS");
    assert_non_null(text);
    size_t count = 0;
    for (; wire_event_at(count); count++) {
        char *one = section(text, "##", wire_event_at(count));
        if (!one)
            fail_msg("%s is not in the page", wire_event_at(count));
        free(one);
    }
    assert_int_equal(count_lines(text, "\n## "), count);
    free(text);
}

static const char *code_name(int code)
{
    switch (code) {
    case WIRE_PARSE_ERROR:
        return "parse error";
    case WIRE_INVALID_REQUEST:
        return "invalid request";
    case WIRE_METHOD_NOT_FOUND:
        return "method not found";
    case WIRE_INVALID_PARAMS:
        return "invalid params";
    case WIRE_INTERNAL_ERROR:
        return "internal error";
    case WIRE_REFUSED:
        return "refused";
    case WIRE_FORBIDDEN:
        return "forbidden";
    case WIRE_NOT_FOUND:
        return "not found";
    case WIRE_UNAVAILABLE:
        return "unavailable";
    case WIRE_BUSY:
        return "busy";
    default:
        return NULL;
    }
}

static void test_errors(void **state)
{
    (void)state;
    char *text = section(page, "#", "ERRORS");
    assert_non_null(text);
    size_t count = 0;
    for (int code = -40000; code < 0; code++) {
        char line[64];
        if (!code_name(code))
            continue;
        (void)snprintf(line, sizeof(line), "\n*%d* %s\n", code, code_name(code));
        if (!strstr(text, line))
            fail_msg("no line \"%s\"", line + 1);
        count++;
    }
    assert_int_equal(count_lines(text, "\n*-32"), count);
    free(text);
}

static void has_word(const char *text, const char *word)
{
    char bold[64];
    char plain[64];
    (void)snprintf(bold, sizeof(bold), "*%s*", word);
    (void)snprintf(plain, sizeof(plain), "_%s_", word);
    if (!strstr(text, bold) && !strstr(text, plain))
        fail_msg("%s is not in the page", word);
}

static void test_words(void **state)
{
    (void)state;
    char *text = section(page, "#", "STATES AND REASONS");
    assert_non_null(text);
    for (int i = 0; i < LEDGER_STATES; i++)
        has_word(text, ledger_state_name((enum ledger_state)i));
    for (int i = 0; i < LEDGER_REASONS; i++)
        has_word(text, ledger_reason_name((enum ledger_reason)i));
    for (int i = 0; i < BALANCER_REASONS; i++)
        has_word(text, balancer_reason_name((enum balancer_reason)i));
    free(text);
}

static void test_bounds(void **state)
{
    (void)state;
    static const unsigned long long bounds[] = {
        WIRE_LINE_MOST,  WIRE_ID_MOST,     WIRE_KIB_MOST,  WIRE_USEC_MOST,
        WIRE_DOMID_MOST, WIRE_STRING_MOST, WIRE_LIST_MOST, INT64_MAX,
    };
    char *text = section(page, "#", "FORM");
    assert_non_null(text);
    for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
        char number[32];
        (void)snprintf(number, sizeof(number), " %llu", bounds[i]);
        if (!strstr(text, number))
            fail_msg("the bound%s is not in the page", number);
    }
    free(text);
}

/* A line of the example, as its receiver reads it. */
static void check_example(const char *line, size_t length, bool from_client)
{
    struct wire_decoder *decoder =
        wire_decoder_new(from_client ? WIRE_FROM_CLIENT : WIRE_FROM_DAEMON);
    struct wire_message message;
    struct ballast_error err;
    assert_int_equal(wire_decoder_feed(decoder, line, length, &err), 0);
    assert_int_equal(wire_decoder_next(decoder, &message, &err), 1);
    if (from_client) {
        const struct wire_method *method = wire_method_find(message.method);
        assert_int_equal(message.kind, WIRE_REQUEST);
        if (!method || wire_params_check(method, message.params, &err) < 0)
            fail_msg("%.*s: %s", (int)length, line, method ? err.text : "no such method");
    } else if (message.kind != WIRE_RESPONSE && message.kind != WIRE_NOTIFICATION) {
        fail_msg("%.*s: %s", (int)length, line, message.error_text);
    }
    wire_message_release(&message);
    wire_decoder_free(decoder);
}

static void test_example(void **state)
{
    (void)state;
    char *text = section(page, "#", "EXAMPLES");
    assert_non_null(text);
    size_t count = 0;
    for (const char *line = text; (line = strchr(line, '\n'));) {
        line++;
        if ((line[0] != '>' && line[0] != '<') || line[1] != ' ')
            continue;
        check_example(line + 2, strcspn(line + 2, "\n") + 1, line[0] == '>');
        count++;
    }
    assert_true(count >= 6);
    free(text);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_methods), cmocka_unit_test(test_notifications),
        cmocka_unit_test(test_errors),  cmocka_unit_test(test_words),
        cmocka_unit_test(test_bounds),  cmocka_unit_test(test_example),
    };
    if (argc != 2)
        return 2;
    page = read_page(argv[1]);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(page);
    return failed;
}
