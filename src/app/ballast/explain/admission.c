/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/explain/admission.h"

#include <stdio.h>

#include "app/ballast/access/profile_option.h"
#include "app/ballast/cli/command.h"
#include "app/ballast/cli/fields.h"
#include "app/ballast/cli/values.h"
#include "core/model/certainty.h"
#include "edge/calibration/calibration.h"

/* The default one's rules are those of 4.17 and later. */
static const struct ballast_profile *toolstack_of(const char *xen_version)
{
    unsigned major = 0, minor = 0;
    bool is_known = sscanf(xen_version, "%4u.%4u", &major, &minor) == 2;
    return is_known && major == 4 && minor < 17 ? ballast_profile_find("libxl-4.14") : NULL;
}

static void say_exact(struct cli_admission *out, const char *version, enum ballast_sureness sure)
{
    (void)snprintf(out->why, sizeof(out->why), "the host runs Xen %.60s%s", version,
                   sure == BALLAST_SURE_ASSUMED
                       ? ", newer than any known release: computed as for the newest known one"
                       : "");
}

/* --profile holds also where it is known to be of another host. */
static void say_asked(struct cli_admission *out, const struct ballast_host *host)
{
    char why[160];
    const struct calibration *calibration = cli_profile_option_file(out->profile);
    bool other =
        calibration && calibration_match(calibration, host, why, sizeof(why)) == CALIBRATION_OTHER;
    (void)snprintf(out->why, sizeof(out->why), "chosen by --profile%s%s",
                   other ? ", although " : "", other ? why : "");
}

void cli_admission_choose(struct cli_admission *out, const struct ballast_profile *asked,
                          const struct ballast_host *host, const struct cli_own_profile *own)
{
    enum ballast_sureness sure;
    const char *version = host->xen_version;
    *out = (struct cli_admission){.profile = asked, .asked = asked != NULL, .host = *host};
    out->host.domains = NULL;
    out->host.domain_count = 0;
    if (asked) {
        say_asked(out, host);
        return;
    }
    if (own && own->profile) {
        out->profile = own->profile;
        (void)snprintf(out->why, sizeof(out->why), "%s", own->why);
        return;
    }
    if (*version == '\0') {
        (void)snprintf(out->why, sizeof(out->why), "the version of the host's Xen is unknown");
        return;
    }
    out->profile = ballast_profile_for_xen(version, &sure, NULL);
    if (out->profile) {
        say_exact(out, version, sure);
        return;
    }
    out->profile = toolstack_of(version);
    (void)snprintf(out->why, sizeof(out->why),
                   "the costs of Xen %.60s are not known exactly, so by the toolstack's rule",
                   version);
}

void cli_admission_ask(struct cli_admission *out, const struct ballast_profile *asked,
                       struct cli_daemon *daemon, bool own)
{
    struct ballast_host host = {.caps = BALLAST_HOST_CAPS_ALL};
    struct wire_message answer = {.kind = WIRE_RESPONSE};
    struct cli_own_profile is = {.profile = NULL};
    int rc = cli_daemon_ask(daemon, "host", NULL, &answer);
    if (rc == CLI_DONE && !answer.error_code)
        cli_field_host_facts(answer.result, &host);
    if (own && !asked)
        cli_own_profile_ask(&is, daemon);
    cli_admission_choose(out, asked, &host, &is);
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

void cli_certainty_of(struct cli_certainty *out, const struct ballast_breakdown *breakdown)
{
    out->word = ballast_certainty_name(ballast_certainty(breakdown));
    (void)ballast_certainty_text(breakdown, out->text, sizeof(out->text));
}

void cli_certainty_json(struct json_object *object, const struct cli_certainty *certainty)
{
    cli_json_string(object, "certainty", certainty->word);
    cli_json_string(object, "certainty_why", certainty->text);
}
