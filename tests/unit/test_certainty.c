/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* "Measured" means measured: host, processor, build, type and devices together. */
#include "unit.h"

#include <stdio.h>

#include <ballast/profile.h>

#include "core/model/certainty.h"
#include "core/model/profile_xen.h"

static struct ballast_host host_of(const char *version, const char *processor)
{
    struct ballast_host host = {.caps = BALLAST_HOST_CAPS_ALL};
    (void)snprintf(host.xen_version, sizeof(host.xen_version), "%s", version);
    (void)snprintf(host.processor, sizeof(host.processor), "%s", processor);
    host.caps.vmx = ballast_processor_is_vmx(processor);
    return host;
}

static const char *says(const char *profile, struct ballast_guest guest,
                        const struct ballast_host *host)
{
    static char text[256];
    struct ballast_breakdown b;
    assert_int_equal(ballast_breakdown_evaluate(&b, ballast_profile_find(profile), &guest,
                                                host ? &host->caps : NULL, NULL),
                     0);
    if (host)
        ballast_certainty_of_host(&b, host);
    (void)ballast_certainty_text(&b, text, sizeof(text));
    return text;
}

#define HVM unit_guest(BALLAST_HVM, {BALLAST_MEMORY, 4096 * MIB}, {BALLAST_VCPUS, 4})
#define AMD "AuthenticAMD-25-1"

static void by_host(void **state)
{
    static const struct {
        const char *profile, *version, *processor, *says;
    } rows[] = {
        {"xen-4.17.7", "4.17.7", AMD, "measured to the page"},
        {"xen-4.17.7", "4.17.7+13-g2445b30a44", AMD, "measured to the page"},
        {"xen-4.17.7", "4.17.7", "GenuineIntel-6-55-4",
         "by source, not measured: Intel's processors"},
        {"xen-4.17.7", "4.17.7", "", "by source, not measured: this host's processor"},
        {"xen-4.17.7", "4.17.7", "HygonGenuine-24-1",
         "by source, not measured: this host's processor"},
        {"xen-4.17.7", "4.17.7.1-qubes", AMD, "by source, not measured: this build of Xen"},
        {"xen-4.17.3", "4.17.3", AMD, "by source, not measured: this release of Xen"},
        {"xen-4.17.7", "4.17.9", AMD, "by source, not measured: this release of Xen"},
        {"xen-4.17", "4.20.4", AMD, "by source, not measured: this release of Xen"},
        {"xen-4.17", "", "", "by source, not measured: this build of Xen; this host's processor"},
        {"libxl", "4.17.7", AMD, "estimate by the toolstack's rule"},
        {"xapi", "4.17.7", AMD, "estimate by the toolstack's rule"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ballast_host host = host_of(rows[i].version, rows[i].processor);
        assert_string_equal(says(rows[i].profile, HVM, &host), rows[i].says);
    }
    assert_string_equal(says("xen-4.17", HVM, NULL), "measured to the page");
}

/* A PV guest has no virtualisation of Intel's, but was measured on no such processor either. */
static void by_guest(void **state)
{
    struct ballast_host amd = host_of("4.17.7", AMD);
    struct ballast_host intel = host_of("4.17.7", "GenuineIntel-6-55-4");
    (void)state;
    assert_string_equal(
        says("xen-4.17", unit_guest(BALLAST_PV, {BALLAST_MEMORY, 64 * MIB}), &intel),
        "by source, not measured: Intel's processors");
    assert_string_equal(
        says("xen-4.17",
             unit_guest(BALLAST_HVM, {BALLAST_MEMORY, 64 * MIB}, {BALLAST_STUBDOMAIN, 1}), &amd),
        "by source, not measured: this device model");
    assert_non_null(strstr(
        says("xen-4.17",
             unit_guest(BALLAST_HVM, {BALLAST_MEMORY, 64 * MIB}, {BALLAST_PCI_DEVICES, 1}), &amd),
        "device passthrough"));
}

/* What was calibrated on a host is as sure as the calibration, until something else was not. */
static void of_a_calibration(void **state)
{
    struct ballast_profile own;
    struct ballast_breakdown b;
    struct ballast_host intel = host_of("4.17.3-odd", "GenuineIntel-6-55-4");
    struct ballast_guest guest = HVM;
    (void)state;
    ballast_xen_profile_make(&own, "rack", "",
                             ballast_xen_profile_terms(ballast_profile_find("xen-4.17.3")));
    assert_int_equal(ballast_breakdown_evaluate(&b, &own, &guest, &intel.caps, NULL), 0);
    ballast_certainty_of_host(&b, &intel);
    assert_int_equal(ballast_certainty(&b), BALLAST_CERTAINTY_HOST);
    guest.attr[BALLAST_PCI_DEVICES] = 1;
    assert_int_equal(ballast_breakdown_evaluate(&b, &own, &guest, &intel.caps, NULL), 0);
    assert_true(ballast_certainty(&b) == BALLAST_CERTAINTY_SOURCE ||
                ballast_certainty(&b) == BALLAST_CERTAINTY_BOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_host),
        cmocka_unit_test(by_guest),
        cmocka_unit_test(of_a_calibration),
    };
    return cmocka_run_group_tests_name("certainty", tests, NULL, NULL);
}
