/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A build without Xen's libraries reports that, and changes none of its arguments. */
#include "unit.h"

#include "edge/hv/xen.h"

static void says_so(void **state)
{
    (void)state;
    struct ballast_error err = {0};
    struct hv *hv = (struct hv *)&err;
    assert_int_equal(xen_open(NULL, &hv, &err), -ENOTSUP);
    assert_int_equal(err.code, -ENOTSUP);
    unit_assert_text(err, "without Xen's libraries");
    assert_ptr_equal(hv, &err);
    assert_int_equal(xen_set_range(NULL, 0, 0, 0, NULL), -ENOTSUP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(says_so)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
