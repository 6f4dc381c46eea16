/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "check.h"

#include "core/ledger/ledger.h"
#include "core/base/uuid.h"
#include "edge/wire/methods.h"
#include "edge/wire/wire.h"

static int check(const char *method, const char *text, struct ballast_error *err)
{
    struct json_object *params = text ? json_tokener_parse(text) : NULL;
    const struct wire_method *row = wire_method_find(method);
    if (text && !params)
        fail_msg("%s: no JSON in the test", text);
    if (!row)
        fail_msg("%s: no such method", method);
    int rc = wire_params_check(row, params, err);
    json_object_put(params);
    return rc;
}

static void test_accepts(void **state)
{
    (void)state;
    static const struct {
        const char *method;
        const char *params;
    } cases[] = {
        {"ping", NULL},
        {"ping", "{}"},
        {"ping", "{\"later\":{\"x\":[-1]}}"},
        {"hello", "{\"version\":1,\"client\":\"ballast\"}"},
        {"reserve", "{\"min_kib\":4}"},
        {"reserve", "{\"min_kib\":4,\"max_kib\":null,\"wait\":true,\"owner\":\"\xc3\xbc\"}"},
        {"reserve", "{\"min_kib\":4398046511104,\"lease_usec\":9007199254740992}"},
        {"bind", "{\"id\":1,\"domid\":0,\"uuid\":\"0011aaff-0000-1111-2222-333344445555\"}"},
        {"bind", "{\"id\":9223372036854775807,\"domid\":32751}"},
        {"set-shares", "{\"domain\":\"web\",\"shares\":0}"},
        {"set-shares", "{\"domain\":7,\"shares\":1}"},
        {"subscribe", "{\"events\":[]}"},
        {"subscribe", "{\"events\":[\"tick\",\"alert\"]}"},
        {"plan", "{\"requests\":[{\"min_kib\":1,\"label\":\"a\"},{\"min_kib\":2,\"max_kib\":3}]}"},
        {"reserve", "{\"min_kib\":4,\"require\":[\"wait\",\"max_kib\"]}"},
    };
    struct ballast_error err;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (check(cases[i].method, cases[i].params, &err) != 0)
            fail_msg("%s %s: %s", cases[i].method, cases[i].params, err.text);
    }
}

#define STRING_64 "0123456789012345678901234567890123456789012345678901234567890123"

static void test_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *method;
        const char *params;
        const char *begin;
        const char *says;
    } cases[] = {
        {"ping", "[]", "params: ", "object"},
        {"reserve", NULL, "min_kib: ", "missing"},
        {"reserve", "{}", "min_kib: ", "KiB"},
        {"reserve", "{\"min_kib\":null}", "min_kib: ", "missing"},
        {"reserve", "{\"min_kib\":\"4\"}", "min_kib: ", "must be a whole number of KiB"},
        {"reserve", "{\"min_kib\":4.0}", "min_kib: ", "whole"},
        {"reserve", "{\"min_kib\":-4}", "min_kib: ", "-4: must not be negative"},
        {"reserve", "{\"min_kib\":0}", "min_kib: ", "at least 1"},
        {"reserve", "{\"min_kib\":4398046511105}", "min_kib: ", "at most 4398046511104"},
        {"reserve", "{\"min_kib\":99999999999999999999999}", "min_kib: ", "at most"},
        {"reserve", "{\"min_kib\":4,\"max_kib\":-1}", "max_kib: ", "negative"},
        {"reserve", "{\"min_kib\":4,\"lease_usec\":0}", "lease_usec: ", "at least"},
        {"reserve", "{\"min_kib\":4,\"deadline_usec\":9007199254740993}",
         "deadline_usec: ", "most"},
        {"reserve", "{\"min_kib\":4,\"wait\":1}", "wait: ", "true or false"},
        {"reserve", "{\"min_kib\":4,\"owner\":\"\"}", "owner: ", "1 to 63"},
        {"reserve", "{\"min_kib\":4,\"label\":\"" STRING_64 "\"}", "label: ", "64"},
        {"reserve", "{\"min_kib\":4,\"label\":\"a\\u001bb\"}", "label: ", "control"},
        {"reserve", "{\"min_kib\":4,\"label\":\"\\u0085\"}", "label: ", "control"},
        {"reserve", "{\"min_kib\":4,\"require\":[\"numa\"]}", "numa: ", "no such parameter"},
        {"reserve", "{\"min_kib\":4,\"require\":\"node\"}", "require: ", "array"},
        {"reserve", "{\"require\":[3],\"min_kib\":4}", "require: ", "[0]"},
        {"bind", "{\"id\":0,\"domid\":1}", "id: ", "at least 1"},
        {"bind", "{\"id\":9223372036854775808,\"domid\":1}", "id: ", "at most"},
        {"bind", "{\"id\":1,\"domid\":32752}", "domid: ", "at most 32751"},
        {"bind", "{\"id\":1,\"domid\":1,\"uuid\":\"0011aaff00001111222233334444555\"}",
         "uuid: ", "8-4-4-4-12"},
        {"bind", "{\"id\":1,\"domid\":1,\"uuid\":\"0011aaff-0000-1111-2222-3333444455556\"}",
         "uuid: ", "8-4-4-4-12"},
        {"bind", "{\"id\":1,\"domid\":1,\"uuid\":\"\"}", "uuid: ", "8-4-4-4-12"},
        {"set-target", "{\"domain\":true,\"target_kib\":4}", "domain: ", "name or uuid"},
        {"set-target", "{\"domain\":-1,\"target_kib\":4}", "domain: ", "negative"},
        {"set-target", "{\"domain\":40000,\"target_kib\":4}", "domain: ", "at most"},
        {"opt-out", "{\"domain\":3}", "on: ", "missing"},
        {"subscribe", "{\"events\":[\"tack\"]}", "events: ", "there are: reservation-changed, "},
        {"subscribe", "{\"events\":[5]}", "events: ", "[0]"},
        {"subscribe", "{\"events\":{}}", "events: ", "array of strings"},
        {"plan", "{\"requests\":[{\"min_kib\":1},{}]}", "requests[1].min_kib: ", "missing"},
        {"plan", "{\"requests\":[{\"min_kib\":1},7]}", "requests: ", "[1]"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ballast_error err = {.text = ""};
        int rc = check(cases[i].method, cases[i].params, &err);
        if (rc != -EINVAL || err.code != -EINVAL ||
            strncmp(err.text, cases[i].begin, strlen(cases[i].begin)) != 0 ||
            !strstr(err.text, cases[i].says))
            fail_msg("%s %s: %d \"%s\"", cases[i].method, cases[i].params, rc, err.text);
    }
}

static void test_too_many(void **state)
{
    (void)state;
    for (int more = 0; more < 2; more++) {
        struct json_object *params = json_object_new_object();
        struct json_object *starts = json_object_new_array();
        struct ballast_error err;
        for (int i = 0; i < WIRE_LIST_MOST + more; i++)
            json_object_array_add(starts, json_tokener_parse("{\"min_kib\":1}"));
        json_object_object_add(params, "requests", starts);
        assert_int_equal(wire_params_check(wire_method_find("plan"), params, &err),
                         more ? -EINVAL : 0);
        json_object_put(params);
    }
}

/* Every parameter of every method, left out, null and of each wrong type: refused by its name. */
static void test_each_parameter(void **state)
{
    (void)state;
    static const char *const values[] = {"true", "-1", "1.5", "\"x\"", "[1]", "{}"};
    size_t refused = 0;
    for (size_t i = 0; wire_method_at(i); i++) {
        const struct wire_method one = *wire_method_at(i);
        for (const struct wire_param *param = one.params; param->name; param++) {
            const struct wire_param alone[] = {*param, {.name = NULL}};
            const struct wire_method row = {.name = one.name, .params = alone};
            assert_int_equal(wire_params_check(&row, NULL, NULL), param->required ? -EINVAL : 0);
            for (size_t k = 0; k < sizeof(values) / sizeof(values[0]); k++) {
                struct json_object *params = json_object_new_object();
                struct ballast_error err;
                json_object_object_add(params, param->name, json_tokener_parse(values[k]));
                if (wire_params_check(&row, params, &err) < 0) {
                    refused++;
                    assert_memory_equal(err.text, param->name, strlen(param->name));
                }
                json_object_put(params);
            }
        }
    }
    /* Of these six every type takes one at most, a domain and a string the same one. */
    size_t params = 0;
    for (size_t i = 0; wire_method_at(i); i++)
        for (const struct wire_param *p = wire_method_at(i)->params; p->name; p++)
            params++;
    assert_true(refused >= 5 * params);
}

static void test_table(void **state)
{
    (void)state;
    assert_int_equal(WIRE_KIB_MOST, LEDGER_MOST_KIB);
    assert_int_equal(WIRE_STRING_MOST, LEDGER_OWNER - 1);
    for (size_t i = 0; wire_method_at(i); i++) {
        const struct wire_method *row = wire_method_at(i);
        assert_ptr_equal(wire_method_find(row->name), row);
        assert_true(strlen(row->name) < WIRE_METHOD_SIZE && row->help[0]);
        for (const struct wire_param *p = row->params; p->name; p++) {
            assert_true(p->help && p->help[0]);
            assert_string_not_equal(p->name, "require");
            assert_int_equal(p->type == WIRE_OBJECTS, p->items != NULL);
        }
    }
    assert_null(wire_method_find("rpc.discover"));
    assert_null(wire_method_find(""));
}

static void test_values(void **state)
{
    (void)state;
    struct json_object *params = json_tokener_parse(
        "{\"n\":18446744073709551614,\"b\":true,\"s\":\"x\",\"a\":[],\"z\":null,\"d\":7}");
    struct wire_domain_name domain;
    assert_int_equal(wire_param_u64(params, "n", 0), UINT64_MAX - 1);
    assert_int_equal(wire_param_u64(params, "z", 5), 5);
    assert_int_equal(wire_param_u64(NULL, "n", 5), 5);
    assert_true(wire_param_bool(params, "b", false));
    assert_false(wire_param_bool(params, "none", false));
    assert_string_equal(wire_param_string(params, "s", ""), "x");
    assert_null(wire_param_string(params, "none", NULL));
    assert_non_null(wire_param_array(params, "a"));
    assert_true(wire_param_domain(params, "d", &domain) && domain.is_number && domain.domid == 7);
    assert_true(wire_param_domain(params, "s", &domain) && !domain.is_number);
    assert_string_equal(domain.name, "x");
    assert_false(wire_param_domain(params, "z", &domain));
    json_object_put(params);
    uint8_t uuid[16];
    char text[37];
    assert_int_equal(ballast_uuid_parse("00112233-4455-6677-8899-AAbbCCddEEff", uuid), 0);
    ballast_uuid_text(uuid, text);
    assert_string_equal(text, "00112233-4455-6677-8899-aabbccddeeff");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepts),  cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_too_many), cmocka_unit_test(test_each_parameter),
        cmocka_unit_test(test_table),    cmocka_unit_test(test_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
