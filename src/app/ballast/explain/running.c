/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/explain/running.h"

#include <json-c/json.h>
#include <stdio.h>

#include <errno.h>
#include <inttypes.h>

#include "app/ballast/access/host_access_daemon.h"
#include "app/ballast/cli/command.h"
#include "app/ballast/cli/fields.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/client/daemon.h"
#include "core/base/units.h"
#include "core/model/certainty.h"
#include "core/model/running.h"

const struct ballast_profile *cli_running_profile(const struct host_access *access)
{
    return hv_profile(access->hv);
}

/* A domain that some other toolstack has built has none that could be read, and is shown without.
 */
static void add_running_configuration(const struct host_access *access,
                                      const struct ballast_profile *profile,
                                      struct cli_running *out)
{
    struct ballast_error err;
    int rc = host_access_config(access, out->domain.is.id, &out->config, &err);
    if (rc == 0)
        rc = ballast_breakdown_evaluate(&out->configured, profile, &out->config,
                                        &access->host->caps, &err);
    if (rc == 0)
        ballast_certainty_of_host(&out->configured, access->host);
    out->has_config = rc == 0;
    if (rc < 0 && rc != -ENOENT && rc != -ENOTSUP)
        cli_error("explain: the configuration of domain %" PRIu32 " (%s) is left out: %s",
                  out->domain.is.id, out->domain.shown, err.text);
}

int cli_running_now(const struct host_access *access, const struct cli_domain *domain,
                    const struct ballast_profile *profile, struct ballast_breakdown *out,
                    struct ballast_error *err)
{
    struct ballast_running running = hv_running(&domain->is);
    /* Where the host knows no more than its snapshot, a target has the video memory in it. */
    if (running.videoram_kib == BALLAST_NONE && running.type == BALLAST_HVM) {
        running.videoram_kib = domain->video_kib;
        running.target_kib = ballast_sub_floor(running.target_kib, domain->video_kib);
    }
    return ballast_running_breakdown(&running, profile, &access->host->caps, out, err);
}

/* Only costs that were seen while it was built are shown; none without a daemon. */
static void ask_cost(const struct host_access *access, const struct cli_domain *domain,
                     struct cli_running_cost *out)
{
    struct cli_daemon daemon = {.command = "explain"};
    struct wire_message answer = {.kind = WIRE_RESPONSE};
    struct json_object *params = cli_params();
    if ((!access->hv->ops->is_machine && !host_access_daemon_of(access->hv)) ||
        cli_daemon_try(&daemon, "explain", NULL, CLI_DAEMON_READS) != CLI_DONE || !daemon.client) {
        json_object_put(params);
        cli_daemon_close(&daemon);
        return;
    }
    cli_params_u64(params, "domain", domain->is.id);
    if (cli_daemon_ask(&daemon, "domains", params, &answer) == CLI_DONE && !answer.error_code) {
        const struct json_object *cost =
            json_field(json_field_at(answer.result, "domains", 0), "cost");
        out->is_known = cost != NULL;
        out->settled_kib = json_field_sum(cost, "settled_kib");
        out->fresh_max_kib = json_field_sum(cost, "fresh_max_kib");
        out->actual_kib = json_object_get_int64(json_field(cost, "actual_kib"));
        out->difference_kib = json_object_get_int64(json_field(cost, "difference_kib"));
        (void)snprintf(out->verdict, sizeof(out->verdict), "%s",
                       json_field_string(cost, "verdict"));
    }
    wire_message_release(&answer);
    cli_daemon_close(&daemon);
}

int cli_running_of(const struct host_access *access, const struct cli_domain *domain,
                   const struct ballast_profile *profile, struct cli_running *out)
{
    struct ballast_error err;
    if (!profile)
        profile = cli_running_profile(access);
    *out = (struct cli_running){.domain = *domain, .profile_name = ballast_profile_name(profile)};
    if (cli_running_now(access, domain, profile, &out->now, &err) < 0) {
        cli_error("explain: domain %" PRIu32 " (%s): %s", domain->is.id, domain->shown, err.text);
        return CLI_UNREACHABLE;
    }
    out->floor_kib = cli_floor_of(access, domain, out->floor_why);
    ask_cost(access, domain, &out->cost);
    add_running_configuration(access, profile, out);
    return CLI_DONE;
}
