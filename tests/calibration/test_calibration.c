/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The profile of a host, from a fit to its file and back. */
#include <stdio.h>
#include <stdlib.h>

#include "unit/unit.h"

#include "core/model/breakdown.h"
#include "edge/calibration/calibration.h"

static struct fit_result found(void)
{
    struct fit_result result = {.profile = ballast_profile_find("xen-4.17.7")};
    for (int i = 0; i < BALLAST_GUEST_TYPES; i++)
        result.arenas[i].bound = (struct ballast_arena_bound){10 + (uint32_t)i, 20000};
    result.estimates[FIT_HVM_BASE] = (struct fit_estimate){.verdict = FIT_DISAGREES,
                                                           .shipped_pages = 17,
                                                           .correction_pages = 64,
                                                           .cells = 9,
                                                           .exact = 8};
    result.estimates[FIT_PVH_VCPU].correction_pages = -1;
    result.estimates[FIT_PVH_INSIDE].correction_pages = 2;
    result.estimates[FIT_NESTED_VCPU].correction_pages = 3;
    return result;
}

static char *written(const struct calibration *calibration, const struct fit_result *result)
{
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    assert_non_null(out);
    assert_int_equal(calibration_write(out, calibration, result), 0);
    assert_int_equal(fclose(out), 0);
    return text;
}

static struct calibration *parsed(const char *text)
{
    struct calibration *out = NULL;
    struct ballast_error err = unit_clean_error();
    if (calibration_parse("host.json", text, strlen(text), &out, &err) < 0)
        fail_msg("%s", err.text);
    return out;
}

static uint64_t settled(const struct ballast_profile *profile, enum ballast_guest_type type)
{
    struct ballast_guest guest = unit_guest(type, {BALLAST_MEMORY, 256 * MIB}, {BALLAST_VCPUS, 4});
    struct ballast_breakdown b;
    assert_int_equal(ballast_breakdown_evaluate(&b, profile, &guest, NULL, NULL), 0);
    assert_int_equal(ballast_breakdown_check(&b, NULL), 0);
    return b.cost.settled_kib / 4;
}

static void there_and_back(void **state)
{
    (void)state;
    struct fit_result result = found();
    struct calibration *made = NULL;
    struct ballast_error err = unit_clean_error();
    struct ballast_host host = {.xen_version = "4.17.7+13-\"g", .processor = "AuthenticAMD-25-1"};
    assert_int_equal(calibration_of(&result, "rack-7", &host, 216, &made, &err), 0);
    unit_assert_clean(err);
    const struct ballast_profile *base = ballast_profile_find("xen-4.17.7");
    assert_int_equal(settled(made->profile, BALLAST_HVM) - settled(base, BALLAST_HVM), 64);
    assert_int_equal(
        (int64_t)settled(made->profile, BALLAST_PVH) - (int64_t)settled(base, BALLAST_PVH), 2 - 4);
    assert_int_equal(settled(made->profile, BALLAST_PV), settled(base, BALLAST_PV));
    for (int with = 0; with < 2; with++) {
        char *text = written(made, with ? &result : NULL);
        struct calibration *again = parsed(text);
        assert_string_equal(again->name, "rack-7");
        assert_string_equal(again->xen_version, "4.17.7+13-\"g");
        assert_string_equal(again->processor, "AuthenticAMD-25-1");
        assert_int_equal(again->guests, 216);
        assert_string_equal(again->summary, made->summary);
        assert_memory_equal(again->terms.off_base_pages, made->terms.off_base_pages,
                            sizeof(made->terms.off_base_pages));
        assert_memory_equal(again->terms.off_vcpu_pages, made->terms.off_vcpu_pages,
                            sizeof(made->terms.off_vcpu_pages));
        assert_int_equal(again->terms.off_nested_vcpu_pages, 3);
        assert_memory_equal(again->terms.arena, made->terms.arena, sizeof(made->terms.arena));
        char *same = written(again, with ? &result : NULL);
        assert_string_equal(same, text);
        assert_int_equal(strstr(text, "an HVM guest: 81 pages") != NULL, with);
        free(same);
        free(text);
        calibration_free(again);
    }
    calibration_free(made);
}

static void refuses(const char *text, const char *where, const char *why)
{
    struct calibration *out = (void *)1;
    struct ballast_error err = unit_clean_error();
    assert_int_equal(calibration_parse("host.json", text, strlen(text), &out, &err), -EINVAL);
    assert_ptr_equal(out, (void *)1);
    unit_assert_text(err, where);
    unit_assert_text(err, why);
}

#define HEAD "{\"calibration\":\"h\",\"base\":\"xen-4.17\","
#define OFF                                                                                        \
    "\"corrections\":{\"pv\":{\"base\":0,\"vcpu\":0},\"pvh\":{\"base\":0,\"vcpu\":0},"             \
    "\"hvm\":{\"base\":0,\"vcpu\":0},\"nested_vcpu\":0}"
#define ARENA                                                                                         \
    ",\"arena\":{\"pv\":{\"base\":8,\"vcpu_permyriad\":1},\"pvh\":{\"base\":8,\"vcpu_permyriad\":1}," \
    "\"hvm\":{\"base\":8,\"vcpu_permyriad\":1}}}"

static void what_is_no_profile(void **state)
{
    (void)state;
    calibration_free(parsed(HEAD OFF ARENA));
    refuses("", "host.json: is empty", "profile of a host");
    refuses("[]", "host.json:1: ", "JSON object");
    refuses("{}", "calibration: missing", "");
    refuses("{\"v\":2}", "host.json:1: v: 2", "version 1");
    refuses("{\"calibration\":\"xen-4.17\",\"base\":\"xen-4.17\"}",
            "host.json:1: calibration: ", "another profile");
    refuses("{\"calibration\":\"a b\",\"base\":\"xen-4.17\"}",
            "host.json:1: calibration: ", "invalid name of a profile");
    refuses("{\"calibration\":\"h\",\"base\":\"libxl\"}",
            "host.json:1: base: ", "not an exact profile");
    refuses(HEAD "\"xen_version\":\"new\"}", "host.json:1: xen_version: ", "4.17.7");
    refuses(HEAD "\"processor\":[]}", "host.json:1: processor: ", "string");
    refuses(HEAD "\"processor\":\"GenuineIntel-GenuineIntel-GenuineIntel-GenuineIntel\"}",
            "host.json:1: processor: ", "47 bytes");
    refuses(HEAD "\"guests\":-1}", "host.json:1: guests: -1", "negative");
    refuses(HEAD "\"corrections\":{}}", "corrections.pv: missing", "");
    refuses(HEAD "\"corrections\":{\"pv\":{\"base\":0.5}}}",
            "corrections.pv.base: ", "whole number");
    refuses(HEAD "\"corrections\":{\"pv\":{\"base\":-65537}}}", "corrections.pv.base: -65537",
            "65536");
    refuses(HEAD "\"corrections\":{\"pv\":{\"base\":-99999999999999999999}}}",
            "corrections.pv.base: ", "63 bits");
    refuses(HEAD OFF "}", "arena: missing", "");
    refuses(HEAD OFF ",\"arena\":{\"pv\":{\"base\":-1}}}", "arena.pv.base: -1", "negative");
    refuses(HEAD OFF ",\"arena\":{\"pv\":{\"base\":70000}}}", "arena.pv.base: 70000", "65536");
    refuses(HEAD OFF ARENA "{}", "a second object", "one profile");
}

/* Corrections that take more off a guest than it has cost a refusal, not a negative size. */
static void more_off_than_there_is(void **state)
{
    (void)state;
    struct calibration *host = parsed(
        HEAD
        "\"corrections\":{\"pv\":{\"base\":-65536,\"vcpu\":-65536},\"pvh\":{\"base\":0,\"vcpu\":0},"
        "\"hvm\":{\"base\":0,\"vcpu\":0},\"nested_vcpu\":-6}" ARENA);
    struct ballast_guest guest =
        unit_guest(BALLAST_PV, {BALLAST_MEMORY, 256 * MIB}, {BALLAST_VCPUS, 4});
    struct ballast_breakdown b;
    struct ballast_error err = unit_clean_error();
    assert_int_equal(ballast_breakdown_evaluate(&b, host->profile, &guest, NULL, &err), -EOVERFLOW);
    unit_assert_text(err, "calibration");
    calibration_free(host);
}

static void names(void **state)
{
    (void)state;
    struct fit_result result = found();
    struct calibration *out = NULL;
    struct ballast_error err = unit_clean_error();
    struct ballast_host host = {.xen_version = ""};
    assert_int_equal(calibration_of(&result, "libxl", &host, 1, &out, &err), -EINVAL);
    unit_assert_text(err, "another profile");
    assert_int_equal(calibration_of(&result, "", &host, 1, &out, &err), -EINVAL);
    host.xen_version[0] = '?';
    assert_int_equal(calibration_of(&result, "h", &host, 1, &out, &err), -EINVAL);
    assert_null(out);
    calibration_free(NULL);
}

/* A host that says nothing is not another one; one that says something else is. */
static void of_which_host(void **state)
{
    (void)state;
    static const struct {
        const char *version, *processor;
        enum calibration_match match;
        const char *why;
    } rows[] = {
        {"4.17.7", "GenuineIntel-6-55-4", CALIBRATION_SAME, ""},
        {"", "GenuineIntel-6-55-4", CALIBRATION_UNKNOWN, ""},
        {"4.17.7", "", CALIBRATION_UNKNOWN, ""},
        {"4.17.7-pre", "", CALIBRATION_OTHER, "it was made on Xen 4.17.7, and this is 4.17.7-pre"},
        {"4.17.7", "GenuineIntel-6-55-7", CALIBRATION_OTHER,
         "it was made on a processor GenuineIntel-6-55-4, and this is GenuineIntel-6-55-7"},
        {"", "AuthenticAMD-25-21-2", CALIBRATION_OTHER, "it was made on a processor"},
    };
    struct calibration *made =
        parsed(HEAD "\"xen_version\":\"4.17.7\",\"processor\":\"GenuineIntel-6-55-4\"," OFF ARENA);
    struct calibration *vague = parsed(HEAD OFF ARENA);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ballast_host host = {.total_kib = 0};
        char why[160] = "?";
        strcpy(host.xen_version, rows[i].version);
        strcpy(host.processor, rows[i].processor);
        assert_int_equal(calibration_match(made, &host, why, sizeof(why)), rows[i].match);
        assert_int_equal(strncmp(why, rows[i].why, strlen(rows[i].why)), 0);
        assert_int_equal(*why == '\0', rows[i].match != CALIBRATION_OTHER);
        assert_int_equal(calibration_match(vague, &host, why, sizeof(why)), CALIBRATION_UNKNOWN);
    }
    calibration_free(made);
    calibration_free(vague);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back),         cmocka_unit_test(what_is_no_profile),
        cmocka_unit_test(more_off_than_there_is), cmocka_unit_test(names),
        cmocka_unit_test(of_which_host),
    };
    return cmocka_run_group_tests_name("calibration", tests, NULL, NULL);
}
