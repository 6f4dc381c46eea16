/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/access/own_profile.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ballast/access/host_access_daemon.h"
#include "app/ballast/cli/command.h"
#include "app/ballast/cli/fields.h"
#include "app/ballast/cli/output.h"
#include "core/model/xen_nearest.h"
#include "edge/calibration/calibration.h"

/* A command needs one of them, to its end. */
static struct calibration *loaded;

static void keep_own_profile(struct cli_own_profile *out, struct calibration *calibration)
{
    calibration_free(loaded);
    loaded = calibration;
    out->profile = calibration->profile;
}

static const char *usual_path(void)
{
    const char *path = getenv(CLI_OWN_PROFILE_ENV);
    return path && *path ? path : CALIBRATION_USUAL_PATH;
}

/* NULL where there is none, or it cannot be read, which is printed. */
static struct calibration *read_file(void)
{
    struct ballast_error err;
    struct calibration *calibration = NULL;
    int rc = calibration_read(usual_path(), FILE_REGULAR, &calibration, &err);
    if (rc < 0 && rc != -ENOENT && rc != -ENOTDIR)
        cli_error("the profile of this host is left out: %s", err.text);
    return rc < 0 ? NULL : calibration;
}

static void take_own_profile_answer(struct cli_own_profile *out, const struct json_object *answer)
{
    struct ballast_error err;
    struct calibration *calibration = NULL;
    struct json_object *object = json_field(answer, "calibration");
    char *file = cli_shown(json_field_string(answer, "file"));
    char *refused = cli_shown(json_field_string(answer, "refused"));
    if (*refused)
        cli_error("%s", refused);
    if (json_object_is_type(object, json_type_object)) {
        const char *text = json_object_to_json_string(object);
        if (calibration_parse("ballastd", text, strlen(text), &calibration, &err) < 0) {
            cli_error("the profile of this host is left out: %s", err.text);
        } else {
            keep_own_profile(out, calibration);
            (void)snprintf(out->why, sizeof(out->why),
                           "this host was calibrated, and ballastd uses %.250s", file);
        }
    }
    free(file);
    free(refused);
}

void cli_own_profile_ask(struct cli_own_profile *out, struct cli_daemon *daemon)
{
    struct wire_message answer = {.kind = WIRE_RESPONSE};
    *out = (struct cli_own_profile){.profile = NULL};
    /* One that does not know the method has none. */
    if (cli_daemon_ask(daemon, "host-profile", NULL, &answer) == CLI_DONE && !answer.error_code)
        take_own_profile_answer(out, answer.result);
    wire_message_release(&answer);
}

static void take_file(struct cli_own_profile *out, const struct ballast_host *host)
{
    char why[160];
    struct calibration *calibration = read_file();
    if (!calibration)
        return;
    if (calibration_match(calibration, host, why, sizeof(why)) == CALIBRATION_OTHER) {
        cli_error("the profile %s of %s is ignored: %s; 'ballast calibrate --out' makes one "
                  "of this host",
                  calibration->name, usual_path(), why);
        calibration_free(calibration);
        return;
    }
    keep_own_profile(out, calibration);
    (void)snprintf(out->why, sizeof(out->why), "this host was calibrated, see %.250s",
                   usual_path());
}

void cli_own_profile_of_access(struct cli_own_profile *out, const struct host_access *access)
{
    struct cli_daemon daemon = {.client = NULL};
    *out = (struct cli_own_profile){.profile = NULL};
    struct cli_daemon *asked = host_access_daemon_of(access->hv);
    if (asked)
        cli_own_profile_ask(out, asked);
    else if (!access->hv->ops->is_machine)
        cli_own_profile_of_snapshot(out, access->host);
    else if (cli_daemon_try(&daemon, "host-profile", NULL, CLI_DAEMON_READS) == CLI_DONE &&
             daemon.client)
        cli_own_profile_ask(out, &daemon);
    else
        take_file(out, access->host);
    cli_daemon_close(&daemon);
}

void cli_own_profile_of_snapshot(struct cli_own_profile *out, const struct ballast_host *host)
{
    char why[160];
    struct calibration *calibration = NULL;
    *out = (struct cli_own_profile){.profile = NULL};
    if (*host->xen_version == '\0' || *host->processor == '\0')
        return;
    calibration = read_file();
    if (!calibration)
        return;
    if (calibration_match(calibration, host, why, sizeof(why)) != CALIBRATION_SAME) {
        calibration_free(calibration);
        return;
    }
    keep_own_profile(out, calibration);
    (void)snprintf(out->why, sizeof(out->why), "%.250s was made on this very Xen and processor",
                   usual_path());
}

char *cli_xen_unknown(const struct host_access *access)
{
    char text[BALLAST_XEN_UNKNOWN_TEXT];
    struct cli_own_profile own = {.profile = NULL};
    if (ballast_xen_unknown_text(access->host->xen_version, text, sizeof(text)) == 0)
        return NULL;
    cli_own_profile_of_access(&own, access);
    return own.profile ? NULL : xcheck(strdup(text));
}
