/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* On a machine that is not a Xen host, opening it fails with one line of explanation. */
#include "unit.h"

#include <unistd.h>

#include "edge/hv/xen.h"
#include "edge/hv/xen_event.h"

static void says_so(void **state)
{
    (void)state;
    struct ballast_error err = {0};
    struct hv *hv = (struct hv *)&err;
    if (access("/dev/xen/privcmd", F_OK) == 0 || access("/proc/xen/privcmd", F_OK) == 0)
        skip(); /* this is a Xen host */
    assert_int_equal(xen_open(&(struct xen_options){0}, &hv, &err), -ENODEV);
    assert_int_equal(err.code, -ENODEV);
    unit_assert_text(err, "not a Xen host");
    assert_ptr_equal(hv, &err);
    assert_int_equal(xen_open(NULL, &hv, NULL), -ENODEV);
}

static void nobody_tells_of_low_memory(void **state)
{
    (void)state;
    struct ballast_error err = {0};
    struct xen_event *event = (struct xen_event *)&err;
    if (access("/dev/xen/evtchn", F_OK) == 0)
        skip(); /* this is a Xen host */
    assert_true(xen_event_open(&event, &err) < 0);
    assert_true(err.text[0] != '\0');
    assert_ptr_equal(event, &err);
    xen_event_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(says_so),
                                       cmocka_unit_test(nobody_tells_of_low_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
