/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* squeezed.conf, by the rules of the reader that XAPI's services share. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "edge/squeezed/conf.h"

static struct squeezed_conf read_conf(const char *text)
{
    struct squeezed_conf conf = {0};
    struct ballast_error err = {0};
    if (squeezed_conf_read("s.conf", text, strlen(text), &conf, &err) < 0)
        fail_msg("%s", err.text);
    return conf;
}

/* Nothing is taken of it, and the message is this. */
static void refused(const char *text, const char *message)
{
    struct squeezed_conf conf = {.settings = {{.number = 7}}};
    struct squeezed_conf before = conf;
    struct ballast_error err = {0};
    assert_int_equal(squeezed_conf_read("s.conf", text, strlen(text), &conf, &err), -EINVAL);
    assert_int_equal(err.code, -EINVAL);
    assert_memory_equal(&conf, &before, sizeof(conf));
    if (!strstr(err.text, message))
        fail_msg("%s: not: %s", err.text, message);
}

static void values_have_their_units(void **state)
{
    static const struct {
        const char *text;
        enum squeezed_conf_key key;
        uint64_t number;
    } rows[] = {
        {"balance-check-interval = 10", SQUEEZED_CONF_INTERVAL, 10000000},
        {"balance-check-interval = 0.5", SQUEEZED_CONF_INTERVAL, 500000},
        {"balance-check-interval = 10.", SQUEEZED_CONF_INTERVAL, 10000000},
        {"balance-check-interval = 1.0000019", SQUEEZED_CONF_INTERVAL, 1000001},
        {"balance-check-interval = 86400", SQUEEZED_CONF_INTERVAL, UINT64_C(86400000000)},
        {"manage-domain-zero = true", SQUEEZED_CONF_MANAGE, 1},
        {"manage-domain-zero = false", SQUEEZED_CONF_MANAGE, 0},
        {"domain-zero-dynamic-min = 1073741824", SQUEEZED_CONF_DOM0_MIN, 1 << 20},
        {"domain-zero-dynamic-max = 4294967296", SQUEEZED_CONF_DOM0_MAX, 4 << 20},
        {"domain-zero-dynamic-max = auto", SQUEEZED_CONF_DOM0_MAX, SQUEEZED_CONF_AUTO},
        {"domain-zero-dynamic-max = 4503599627370496", SQUEEZED_CONF_DOM0_MAX, UINT64_C(1) << 42},
        {"use-switch = false", SQUEEZED_CONF_USE_SWITCH, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct squeezed_conf conf = read_conf(rows[i].text);
        assert_string_equal(conf.settings[rows[i].key].where, "s.conf:1");
        assert_true(conf.settings[rows[i].key].number == rows[i].number);
    }
}

static void lines_are_xapis(void **state)
{
    static const char *const same[] = {
        "switch-path=/s p",
        "  switch-path\t =  /s p  \r\n",
        "switch-path = /s p# a comment = x",
        "switch-path = \"/s p\"",
        "switch-path = '/s p' # it's",
        "switch-path = /other\nswitch-path = /s p",
        "# manage-domain-zero = maybe\nno key\nunknown = 1\n= 2\nswitch-path = /s p",
        "Manage-Domain-Zero = maybe\nswitch-path = /s p",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++) {
        struct squeezed_conf conf = read_conf(same[i]);
        assert_string_equal(conf.settings[SQUEEZED_CONF_SWITCH_PATH].text, "/s p");
        assert_string_equal(conf.settings[SQUEEZED_CONF_MANAGE].where, "");
    }
}

static void a_later_file_goes_before(void **state)
{
    (void)state;
    struct ballast_error err = {0};
    struct squeezed_conf conf = read_conf("use-switch = true\nlog = syslog:x\n");
    const char second[] = "\nuse-switch = false\n";
    assert_int_equal(squeezed_conf_read("t", second, strlen(second), &conf, &err), 0);
    assert_int_equal(conf.settings[SQUEEZED_CONF_USE_SWITCH].number, 0);
    assert_string_equal(conf.settings[SQUEEZED_CONF_USE_SWITCH].where, "t:2");
    assert_string_equal(conf.settings[SQUEEZED_CONF_LOG].where, "s.conf:2");
}

static void what_is_wrong_is_named(void **state)
{
    (void)state;
    refused("\n\nmanage-domain-zero = yes\n",
            "s.conf:3: manage-domain-zero: invalid value 'yes': use true or false");
    refused("use-switch = \"'true'\"", "invalid value ''true''");
    refused("balance-check-interval =", "invalid value '': use a number of seconds");
    refused("balance-check-interval = -1", "invalid value '-1'");
    refused("balance-check-interval = 1e1", "invalid value '1e1'");
    refused("balance-check-interval = .5", "invalid value '.5'");
    refused("balance-check-interval = 86401", "invalid value");
    refused("domain-zero-dynamic-min = auto", "invalid value 'auto': use a number of bytes");
    refused("domain-zero-dynamic-min = 1GiB", "invalid value '1GiB'");
    refused("domain-zero-dynamic-min = 1.5", "invalid value '1.5'");
    refused("domain-zero-dynamic-max = 4503599627370497", "use auto, or a number of bytes");
    refused("domain-zero-dynamic-max = 99999999999999999999999", "invalid value");
    refused("switch-path = sock", "use a path from / on");
    refused("use-switch = \x1b[2J", "invalid value '?[2J'");
    refused("switch-path = /2345678901234567890123456789012345678901234567890123456789012345678901"
            "2345678901234567890123456789012345678",
            "too long");
    char nul[] = "use-switch = true_";
    struct squeezed_conf conf = {0};
    struct ballast_error err = {0};
    nul[sizeof(nul) - 2] = '\0';
    assert_int_equal(squeezed_conf_read("s", nul, sizeof(nul) - 1, &conf, &err), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_have_their_units),
        cmocka_unit_test(lines_are_xapis),
        cmocka_unit_test(a_later_file_goes_before),
        cmocka_unit_test(what_is_wrong_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
