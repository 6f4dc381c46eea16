/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qmemman.conf, by the rules of the parser that qmemman reads it with. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "edge/qmemman/conf.h"

#define MIB UINT64_C(1024)

static struct qmemman_conf read_conf(const char *text)
{
    struct qmemman_conf conf;
    struct ballast_error err = {0};
    if (qmemman_conf_read("q.conf", text, strlen(text), &conf, &err) < 0)
        fail_msg("%s", err.text);
    return conf;
}

/* Nothing is taken of it, and the message is this. */
static void refused(const char *text, const char *message)
{
    struct qmemman_conf conf = {.guest_min_kib = 7};
    struct ballast_error err = {0};
    assert_int_equal(qmemman_conf_read("q.conf", text, strlen(text), &conf, &err), -EINVAL);
    assert_int_equal(err.code, -EINVAL);
    assert_int_equal(conf.guest_min_kib, 7);
    if (!strstr(err.text, message))
        fail_msg("%s: not: %s", err.text, message);
}

static void what_qubes_ships_is_read(void **state)
{
    (void)state;
    struct qmemman_conf conf = read_conf("[global]\n"
                                         "# vm-min-mem - give at least this amount to VM.\n"
                                         "vm-min-mem = 200M\n"
                                         "\n"
                                         "dom0-mem-boost = 350MiB\n"
                                         "cache-margin-factor = 1.3\n"
                                         "log-level = 30\n");
    assert_int_equal(conf.guest_min_kib, 200 * 1000 * 1000 / 1024);
    assert_int_equal(conf.dom0_boost_kib, 350 * MIB);
    assert_int_equal(conf.margin_permyriad, 13000);
    assert_int_equal(conf.log_level, 30);
}

static void without_a_section_the_defaults_hold(void **state)
{
    static const char *const texts[] = {"", "[other]\nvm-min-mem = 1\n",
                                        "[DEFAULT]\nvm-min-mem = 1GiB\n", "[Global]\nlog-level=1"};
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        struct qmemman_conf conf = read_conf(texts[i]);
        assert_memory_equal(&conf, &qmemman_conf_default, sizeof(conf));
    }
    assert_int_equal(qmemman_conf_default.guest_min_kib, 200 * MIB);
}

static void sizes_are_parse_sizes(void **state)
{
    static const struct {
        const char *text;
        uint64_t kib;
    } rows[] = {
        {"1048576", 1024},
        {"1024K", 1000},
        {"1024kb", 1000},
        {"1024 KiB", 1024},
        {"3ki", 3},
        {"2MiB", 2048},
        {"2mi", 2048},
        {"2M", 1953},
        {"2 mb", 1953},
        {"1G", 976562},
        {"1gB", 976562},
        {"1Gi", 1024 * MIB},
        {"1GIB", 1024 * MIB},
        {"0", 0},
        {"1", 0},
        {"007Mi", 7 * MIB},
        {"4096GiB", 4096 * MIB * 1024},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        char text[128] = "[global]\nVM-Min-Mem: ";
        strcat(text, rows[i].text);
        struct qmemman_conf conf = read_conf(text);
        assert_int_equal(conf.guest_min_kib, rows[i].kib);
    }
}

static void lines_are_configparsers(void **state)
{
    (void)state;
    struct qmemman_conf conf = read_conf("; first\r\n"
                                         "[DEFAULT]\r\n"
                                         "vm-min-mem = 1Mi\r\n"
                                         "dom0-mem-boost = 2Mi\r\n"
                                         "[global] behind it\r\n"
                                         "unknown = 1\r\n"
                                         "   goes on = there\r\n"
                                         "DOM0-MEM-BOOST : 3Mi\r\n"
                                         "  # a comment\r\n"
                                         "[a] b]\r\n"
                                         "dom0-mem-boost = 4Mi");
    assert_int_equal(conf.guest_min_kib, 1 * MIB);
    assert_int_equal(conf.dom0_boost_kib, 3 * MIB);
    /* An indented line before any key is one. */
    conf = read_conf("  [global]\n  log-level = 10\n");
    assert_int_equal(conf.log_level, 10);
}

static void what_is_wrong_is_named(void **state)
{
    (void)state;
    refused("[global]\n\nvm-min-mem = 1.5G\n",
            "q.conf:3: [global] vm-min-mem: invalid size '1.5G': use");
    refused("[global]\nvm-min-mem = -1", "invalid size '-1'");
    refused("[global]\nvm-min-mem =", "invalid size ''");
    refused("[global]\nvm-min-mem = 1T", "invalid size '1T'");
    refused("[global]\nvm-min-mem = 200M # a comment", "invalid size '200M # a comment'");
    refused("[global]\nvm-min-mem = 99999999999999999999", "invalid size");
    refused("[global]\nvm-min-mem = 4398046511105Ki", "invalid size");
    refused("[global]\nvm-min-mem = 8000GiB\ndom0-mem-boost = 5000000GiB", "q.conf:3: ");
    refused("[DEFAULT]\nlog-level = x\n[global]\n",
            "q.conf:2: [global] log-level: invalid level 'x'");
    refused("[global]\ncache-margin-factor = 0.9", "invalid factor '0.9'");
    refused("[global]\ncache-margin-factor = 1,3", "invalid factor");
    refused("[global]\ncache-margin-factor = 101", "invalid factor");
    refused("[global]\ncache-margin-factor = nan", "invalid factor");
    refused("vm-min-mem = 1M\n", "q.conf:1: a key before any section: write [global]");
    refused("[global]\nvm-min-mem\n", "q.conf:2: neither a section nor a key");
    refused("[global]\n= 1\n", "q.conf:2: neither a section nor a key");
    refused("[]\n", "q.conf:1: no section");
    refused("[global\n", "q.conf:1: no section");
    refused("[global]\n[global]\n", "q.conf:2: [global]: duplicate section");
    refused("[global]\nlog-level = 1\nLog-Level = 1\n", "q.conf:3: duplicate key");
    refused("[global]\nvm-min-mem = 200\n  M\n", "q.conf:3: it goes on with the value above");
    refused("[global]\nvm-min-mem = "
            "1111111111111111111111111111111111111111111111111111111111111111111111111111",
            "too long");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_qubes_ships_is_read),
        cmocka_unit_test(without_a_section_the_defaults_hold),
        cmocka_unit_test(sizes_are_parse_sizes),
        cmocka_unit_test(lines_are_configparsers),
        cmocka_unit_test(what_is_wrong_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
