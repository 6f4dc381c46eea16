/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The text of metrics: form, sums, hostile names, and answers of another daemon than ours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "edge/metrics/metrics.h"

static const char host_text[] =
    "{\"total_kib\":1000,\"available_kib\":90,\"deficit_kib\":0,\"overcounted_kib\":%d,"
    "\"state\":\"hard\",\"unneeded_kib\":7,"
    "\"parts\":{\"xen\":100,\"dom0\":200,\"domains\":500,\"overhead\":20,\"unexplained\":30,"
    "\"claimed\":0,\"reserved\":50,\"slack\":10,\"scrub\":0,\"free\":%d},"
    "\"xen_parts\":{\"frame_table\":60,\"image\":40,\"new\":null},\"unexplained_most_kib\":64}";

static struct json_object *parsed(const char *text)
{
    struct json_object *object = json_tokener_parse(text);
    assert_non_null(object);
    return object;
}

static struct json_object *host_with(int overcounted, int free_kib)
{
    char text[640];
    (void)snprintf(text, sizeof(text), host_text, overcounted, free_kib);
    return parsed(text);
}

static char *written(const struct metrics_input *input, enum metrics_format format)
{
    char *text = NULL;
    size_t length = 0;
    assert_int_equal(metrics_write(input, format, &text, &length, NULL), 0);
    assert_int_equal(strlen(text), length);
    return text;
}

static void has(const char *text, const char *line)
{
    for (const char *at = text; (at = strstr(at, line)); at++) {
        if ((at == text || at[-1] == '\n') && at[strlen(line)] == '\n')
            return;
    }
    fail_msg("no line \"%s\" in:\n%s", line, text);
}

/* Of the samples that begin so. */
static int64_t sum_of(const char *text, const char *begin)
{
    int64_t sum = 0;
    for (const char *at = text; (at = strstr(at, begin)); at++) {
        const char *end = strchr(at, '\n');
        const char *value = end;
        while (value[-1] != ' ')
            value--;
        if (at == text || at[-1] == '\n')
            sum += strtoll(value, NULL, 10);
    }
    return sum;
}

static void test_nothing_known(void **state)
{
    (void)state;
    struct metrics_input input = {0};
    char *text = written(&input, METRICS_OPENMETRICS);
    has(text, "ballast_up 0");
    assert_string_equal(text + strlen(text) - 6, "# EOF\n");
    free(text);
    text = written(&input, METRICS_TEXT);
    assert_null(strstr(text, "# EOF"));
    assert_null(strstr(text, "# UNIT"));
    free(text);
}

/* Whether a snapshot contradicts itself or leaves something out, the sum is the total. */
static void test_host_sums(void **state)
{
    (void)state;
    static const struct {
        int overcounted;
        int free_kib;
    } rows[] = {{0, 90}, {40, 130}, {0, 60}};
    for (size_t i = 0; i < 3; i++) {
        struct json_object *host = host_with(rows[i].overcounted, rows[i].free_kib);
        struct metrics_input input = {.host = host};
        char *text = written(&input, METRICS_OPENMETRICS);
        has(text, "ballast_up 1");
        has(text, "ballast_host_memory_total_bytes 1024000");
        has(text, "ballast_host_state{state=\"hard\"} 1");
        has(text, "ballast_host_state{state=\"soft\"} 0");
        has(text, "ballast_host_unneeded_bytes 7168");
        assert_int_equal(sum_of(text, "ballast_host_memory_bytes{"), 1000 * 1024);
        has(text, "ballast_host_xen_memory_bytes{part=\"frame_table\"} 61440");
        has(text, "ballast_host_xen_memory_bytes{part=\"image\"} 40960");
        has(text, "ballast_host_unexplained_most_bytes 65536");
        assert_null(strstr(text, "part=\"new\""));
        has(text, i == 0   ? "ballast_host_memory_bytes{component=\"overcounted\"} 0"
                  : i == 1 ? "ballast_host_memory_bytes{component=\"overcounted\"} -40960"
                           : "ballast_host_memory_bytes{component=\"overcounted\"} 30720");
        free(text);
        json_object_put(host);
    }
}

static void test_domain(void **state)
{
    (void)state;
    struct json_object *host = host_with(0, 90);
    struct json_object *domains = parsed(
        "[{\"domid\":3,\"uuid\":\"u-3\",\"name\":\"w\\\"e\\\\b\\n\\u0007\",\"type\":\"hvm\","
        "\"state\":\"run\",\"current_kib\":300,\"target_kib\":280,\"xen_maximum_kib\":301,"
        "\"cost\":{\"settled_kib\":300,\"difference_kib\":-12,\"verdict\":\"within\"},"
        "\"overhead_kib\":15,\"need_kib\":400,\"balloon_status\":\"slow\",\"report_age_usec\":1500000,"
        "\"report_source\":\"ballast-agent\",\"pressure\":{\"psi_some_permyriad\":1234,"
        "\"psi_full_permyriad\":null,\"refaults\":70,\"swapins\":71,\"stalls\":72,"
        "\"oom_kills\":0,\"age_usec\":5},"
        "\"segments\":{\"shadow\":9,\"iommu\":1,\"video\":16,\"extra_internal\":4,\"guest\":9999}},"
        "{\"domid\":0,\"uuid\":\"u-0\",\"name\":\"Domain-0\",\"current_kib\":200,"
        "\"xen_maximum_kib\":18446744073709551612,\"overhead_kib\":5,\"segments\":null,"
        "\"balloon_status\":\"unknown\",\"need_kib\":100,\"cost\":null},"
        "{\"domid\":4,\"uuid\":\"u-4\",\"name\":\"db\",\"cost\":{\"difference_kib\":256}},"
        "{\"domid\":5,\"cost\":{\"difference_kib\":\"1\"}},{\"domid\":6,\"cost\":[7]}]");
    struct metrics_input input = {.host = host, .domains = domains};
    char *text = written(&input, METRICS_OPENMETRICS);
#define WHO "domid=\"3\",uuid=\"u-3\",name=\"w\\\"e\\\\b??\""
    has(text, "ballast_domain_info{" WHO ",type=\"hvm\",state=\"run\"} 1");
    has(text, "ballast_domain_memory_bytes{" WHO ",component=\"guest\"} 286720");
    has(text, "ballast_domain_memory_bytes{" WHO ",component=\"video\"} 16384");
    has(text, "ballast_domain_memory_bytes{" WHO ",component=\"paging_pool\"} 9216");
    has(text, "ballast_domain_memory_bytes{" WHO ",component=\"overhead\"} 5120");
    assert_int_equal(sum_of(text, "ballast_domain_memory_bytes{domid=\"3\""), 315 * 1024);
    assert_int_equal(sum_of(text, "ballast_domain_memory_bytes{domid=\"0\""), 205 * 1024);
    has(text, "ballast_domain_target_bytes{" WHO "} 286720");
    has(text, "ballast_domain_xen_maximum_bytes{" WHO "} 308224");
    has(text, "ballast_domain_pressure_ratio{" WHO "} 0.2500");
    has(text, "ballast_domain_balloon_follows{" WHO "} 1");
    has(text, "ballast_domain_report_age_seconds{" WHO "} 1.500000");
    has(text, "ballast_domain_report_info{" WHO ",source=\"ballast-agent\"} 1");
    has(text, "ballast_domain_psi_some_ratio{" WHO "} 0.1234");
    has(text, "ballast_domain_refaults_total{" WHO "} 70");
    has(text, "ballast_domain_swapins_total{" WHO "} 71");
    has(text, "ballast_domain_stalls_total{" WHO "} 72");
    has(text, "ballast_domain_oom_kills_total{" WHO "} 0");
    assert_null(strstr(text, "ballast_domain_psi_full_ratio{"));
    assert_null(strstr(text, "ballast_domain_report_info{domid=\"0\""));
    has(text, "# UNIT ballast_prediction_error_bytes bytes");
    has(text, "ballast_prediction_error_bytes{" WHO "} -12288");
    has(text, "ballast_prediction_error_bytes{domid=\"4\",uuid=\"u-4\",name=\"db\"} 262144");
    assert_int_equal(sum_of(text, "ballast_prediction_error_bytes{"), 262144 - 12288);
    /* All ones are no limit, and a domain that was not asked yet is neither. */
    assert_null(strstr(text, "ballast_domain_xen_maximum_bytes{domid=\"0\""));
    assert_null(strstr(text, "ballast_domain_balloon_follows{domid=\"0\""));
    has(text, "ballast_domain_pressure_ratio{domid=\"0\",uuid=\"u-0\",name=\"Domain-0\"} 0.0000");
    free(text);
    json_object_put(domains);
    json_object_put(host);
}

static void test_status(void **state)
{
    (void)state;
    struct json_object *hello = parsed("{\"daemon\":\"ballastd 1.2.3\"}");
    struct json_object *status = parsed(
        "{\"uptime_usec\":2000001,\"ticks\":7,\"low_memory_events\":4,\"paused\":true,\"ledger\":{\"writable\":false},"
        "\"alerts\":[{\"name\":\"ledger\"}],\"moved_down_kib\":3,\"moved_up_kib\":0,"
        "\"admissions\":[{\"result\":\"refused\",\"reason\":\"never-fits\",\"count\":2}],"
        "\"history\":{\"working\":true,\"size_kib\":12},"
        "\"prediction\":{\"profile\":\"rack-7\",\"file\":\"/etc/h.json\",\"guests\":9,\"outside\":3,"
        "\"above\":1,\"worst_kib\":-260}}");
    struct json_object *reservations =
        parsed("[{\"id\":12,\"owner\":\"xapi\",\"granted_kib\":100,\"used_kib\":30,"
               "\"missing_kib\":0},{\"id\":13,\"owner\":\"o\",\"granted_kib\":0,\"used_kib\":0,"
               "\"missing_kib\":7}]");
    struct metrics_input input = {.hello = hello, .status = status, .reservations = reservations};
    char *text = written(&input, METRICS_OPENMETRICS);
    has(text, "# TYPE ballast_build info");
    has(text, "ballast_build_info{version=\"1.2.3\"} 1");
    has(text, "ballast_uptime_seconds 2.000001");
    has(text, "# TYPE ballast_ticks counter");
    has(text, "ballast_ticks_total 7");
    has(text, "ballast_low_memory_events_total 4");
    has(text, "# UNIT ballast_moved_bytes bytes");
    has(text, "ballast_moved_bytes_total{direction=\"down\"} 3072");
    has(text, "ballast_admission_total{result=\"refused\",reason=\"never-fits\"} 2");
    has(text, "ballast_prediction_total{verdict=\"within\"} 6");
    has(text, "ballast_prediction_total{verdict=\"below\"} 2");
    has(text, "ballast_prediction_total{verdict=\"above\"} 1");
    has(text, "ballast_prediction_profile_info{profile=\"rack-7\",file=\"/etc/h.json\"} 1");
    has(text, "ballast_alert{name=\"ledger\"} 1");
    has(text, "ballast_paused 1");
    has(text, "ballast_ledger_writable 0");
    has(text, "ballast_history_working 1");
    has(text, "ballast_history_size_bytes 12288");
    has(text, "ballast_reservation_bytes{client=\"xapi\",id=\"12\"} 71680");
    has(text, "ballast_reservation_missing_bytes{client=\"o\",id=\"13\"} 7168");
    free(text);
    text = written(&input, METRICS_TEXT);
    has(text, "# TYPE ballast_build_info gauge");
    has(text, "# TYPE ballast_ticks_total counter");
    has(text, "ballast_ticks_total 7");
    free(text);
    /* A daemon that cannot be told has not been told 0 times. */
    json_object_object_add(status, "low_memory_events", NULL);
    text = written(&input, METRICS_TEXT);
    assert_null(strstr(text, "ballast_low_memory_events"));
    free(text);
    json_object_put(hello);
    json_object_put(status);
    json_object_put(reservations);
}

/* Every family is begun once, has a sample, and no other family's between them. */
static void check_families(const char *text)
{
    char family[128] = "";
    size_t samples = 1;
    for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
        char word[128];
        if (sscanf(line, "# TYPE %127s", word) == 1) {
            char again[160];
            assert_true(samples > 0);
            samples = 0;
            (void)snprintf(family, sizeof(family), "%s", word);
            (void)snprintf(again, sizeof(again), "# TYPE %s ", family);
            assert_null(strstr(line + 1, again));
        } else if (*line != '#') {
            assert_int_equal(strncmp(line, family, strlen(family)), 0);
            samples++;
        }
    }
}

static void test_form(void **state)
{
    (void)state;
    static const char *const answers[] = {
        "{}",
        "[]",
        "3",
        "\"x\"",
        "{\"parts\":[1],\"total_kib\":-1,\"alerts\":{},\"history\":4}",
        "{\"total_kib\":5,\"parts\":{\"a\":\"b\",\"c\":9223372036854775807,\"d\":-2}}",
        "[{\"domid\":\"x\",\"name\":7,\"segments\":[]},3,null]"};
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        struct json_object *any = parsed(answers[i]);
        struct metrics_input input = {
            .hello = any, .status = any, .host = any, .domains = any, .reservations = any};
        for (int format = 0; format < 2; format++) {
            char *text = written(&input, (enum metrics_format)format);
            check_families(text);
            free(text);
        }
        json_object_put(any);
    }
}

static void test_most(void **state)
{
    (void)state;
    struct json_object *domains = json_object_new_array();
    for (int i = 0; i < METRICS_DOMAINS + 3; i++) {
        struct json_object *domain = json_object_new_object();
        json_object_object_add(domain, "domid", json_object_new_int(i));
        json_object_object_add(domain, "target_kib", json_object_new_int(1));
        json_object_array_add(domains, domain);
    }
    struct metrics_input input = {.domains = domains};
    char *text = written(&input, METRICS_OPENMETRICS);
    check_families(text);
    assert_int_equal(sum_of(text, "ballast_domain_target_bytes{"), METRICS_DOMAINS * 1024);
    has(text, "ballast_metrics_left_out{of=\"domains\"} 3");
    free(text);
    json_object_put(domains);
}

static void test_accept(void **state)
{
    (void)state;
    assert_int_equal(metrics_format_for(NULL), METRICS_TEXT);
    assert_int_equal(metrics_format_for("*/*"), METRICS_TEXT);
    assert_int_equal(metrics_format_for("application/openmetrics-text;version=1.0.0,text/plain;"
                                        "version=0.0.4;q=0.5,*/*;q=0.1"),
                     METRICS_OPENMETRICS);
    assert_string_not_equal(metrics_content_type(METRICS_TEXT),
                            metrics_content_type(METRICS_OPENMETRICS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_known), cmocka_unit_test(test_host_sums),
        cmocka_unit_test(test_domain),        cmocka_unit_test(test_status),
        cmocka_unit_test(test_form),          cmocka_unit_test(test_most),
        cmocka_unit_test(test_accept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
