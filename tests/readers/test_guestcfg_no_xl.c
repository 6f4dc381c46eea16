/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A build without libxlutil. */
#include "check.h"

#include "edge/guestcfg/guestcfg.h"

static void test_xl_is_not_supported(void **state)
{
    (void)state;
    static const char text[] = "name='a'\nmemory=512\n";
    struct guestcfg_list list = {0};
    struct guestcfg_xl_conf conf = {.claim_mode = 1};
    struct ballast_error err;
    check_error(guestcfg_parse("web.cfg", text, sizeof(text) - 1, NULL, &list, &err), -ENOTSUP,
                &err, "web.cfg: ", "libxlutil");
    assert_int_equal(list.count, 0);
    check_error(guestcfg_parse_xl_conf("xl.conf", "", 0, &conf, &err), -ENOTSUP, &err,
                "xl.conf: ", "libxlutil");
    check_error(guestcfg_read_xl_conf("/", &conf, &err), -ENOTSUP, &err, "/: ", "libxlutil");
    assert_int_equal(conf.claim_mode, 1);
    assert_int_equal(guestcfg_read_xl_conf("/nonexistent/xl.conf", &conf, &err), 0);
    assert_true(conf.claim_mode == BALLAST_UNSET);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_xl_is_not_supported)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
