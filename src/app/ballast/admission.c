/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/admission.h"

#include <json-c/json.h>
#include <stdio.h>

#include "app/ballast/commands.h"
#include "app/ballast/fields.h"

/* The default one's rules are those of 4.17 and later. */
static const struct ballast_profile *toolstack_of(const char *xen_version)
{
    unsigned major = 0, minor = 0;
    bool is_known = sscanf(xen_version, "%4u.%4u", &major, &minor) == 2;
    return is_known && major == 4 && minor < 17 ? ballast_profile_find("libxl-4.14") : NULL;
}

static void say_exact(struct cli_admission *out, const char *version, enum ballast_sureness sure)
{
    static const char *const how[BALLAST_SURENESSES] = {
        [BALLAST_SURE_MEASURED] = "measured to the page",
        [BALLAST_SURE_SOURCE] = "by its source, not measured",
        [BALLAST_SURE_ASSUMED] = "later than any that is known, taken for the last that is",
    };
    (void)snprintf(out->why, sizeof(out->why), "the host runs Xen %.60s: %s", version, how[sure]);
}

void cli_admission_choose(struct cli_admission *out, const struct ballast_profile *asked,
                          const char *xen_version, const struct ballast_host_caps *caps)
{
    enum ballast_sureness sure;
    *out = (struct cli_admission){.profile = asked, .asked = asked != NULL, .caps = *caps};
    if (asked) {
        (void)snprintf(out->why, sizeof(out->why), "asked for by --profile");
        return;
    }
    if (*xen_version == '\0') {
        (void)snprintf(out->why, sizeof(out->why), "which Xen the host runs is not known");
        return;
    }
    out->profile = ballast_profile_for_xen(xen_version, &sure, NULL);
    if (out->profile) {
        say_exact(out, xen_version, sure);
        return;
    }
    out->profile = toolstack_of(xen_version);
    (void)snprintf(out->why, sizeof(out->why),
                   "what Xen %.60s takes is not known to the page, so by the toolstack's rule",
                   xen_version);
}

void cli_admission_ask(struct cli_admission *out, const struct ballast_profile *asked,
                       struct cli_daemon *daemon)
{
    struct ballast_host_caps caps = BALLAST_HOST_CAPS_ALL;
    struct wire_message answer = {.kind = WIRE_RESPONSE};
    int rc = cli_daemon_ask(daemon, "host", NULL, &answer);
    bool told = rc == CLI_DONE && !answer.error_code;
    caps.vmx = told && cli_field_bool(answer.result, "vmx");
    cli_admission_choose(out, asked, told ? cli_field_string(answer.result, "xen_version") : "",
                         &caps);
    wire_message_release(&answer);
}

static bool goes_by_its_own(const struct cli_admission *admission, const struct cli_guest *guest)
{
    const struct guestcfg_guest *source = guest->source;
    return !admission->asked && !guest->stubdomain && (source->has_given || source->profile);
}

const struct ballast_profile *cli_admission_profile(const struct cli_admission *admission,
                                                    const struct cli_guest *guest)
{
    return goes_by_its_own(admission, guest) ? NULL : admission->profile;
}

const char *cli_admission_why(const struct cli_admission *admission, const struct cli_guest *guest)
{
    return goes_by_its_own(admission, guest) ? "its file says so" : admission->why;
}
