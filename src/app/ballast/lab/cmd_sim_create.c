/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ballast sim-create */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <json-c/json.h>

#include "app/ballast/cli/fields.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/cli/time.h"
#include "app/ballast/cli/values.h"
#include "app/ballast/client/daemon_request.h"
#include "app/ballast/explain/need.h"
#include "core/base/units.h"
#include "core/model/host.h"

/* Between two polls of the build: the pace of the daemon. */
#define LOOK_USEC UINT64_C(100000)
/* The daemon sees a new domain with its next tick, a second away at rest. */
enum { UNSEEN_LOOKS = 30 };

static const struct cli_option sim_create_options[] = {
    CLI_REQUEST_ROWS("the domain as it is then"),
    {NULL, NULL, NULL},
};

/* Whether its cost can be predicted by what the simulated host knows of a guest: memory and vCPUs.
 */
static bool is_plain(const struct ballast_guest *config)
{
    for (int attr = 0; config && attr < BALLAST_GUEST_ATTRS; attr++) {
        bool is_known = attr == BALLAST_MEMORY || attr == BALLAST_MAXMEM || attr == BALLAST_VCPUS;
        if (!is_known && config->attr[attr] != BALLAST_UNSET)
            return false;
    }
    return config && config->type == BALLAST_PVH && config->attr[BALLAST_VCPUS] != BALLAST_UNSET;
}

/* What the simulated host counts as the guest's pages, and what it spends beside them. */
static struct json_object *sim_create_params_of(const struct cli_need *need,
                                                const struct ballast_breakdown *breakdown)
{
    uint64_t target_kib = ballast_breakdown_span_kib(breakdown, BALLAST_ACTUAL_TARGET);
    uint64_t static_kib = ballast_breakdown_span_kib(breakdown, BALLAST_STATIC_MAXIMUM);
    uint64_t memory_kib = ballast_min_u64(target_kib, need->kib);
    const struct ballast_guest *config = cli_guest_config(&need->guests.guests[0]);
    struct json_object *params = cli_params();
    cli_params_string(params, "name", need->label);
    cli_params_u64(params, "need_kib", need->kib);
    cli_params_u64(params, "overhead_kib", need->kib - memory_kib);
    cli_params_u64(params, "max_kib", ballast_max_u64(static_kib, memory_kib));
    if (is_plain(config))
        cli_params_u64(params, "vcpus", config->attr[BALLAST_VCPUS]);
    return params;
}

/* The domain as it is, NULL where there is none (or not yet). */
static int find_sim_guest(struct cli_daemon *daemon, uint64_t domid, struct json_object **domain)
{
    struct wire_message answer = {.kind = WIRE_RESPONSE};
    struct json_object *params = cli_params();
    cli_params_u64(params, "domain", domid);
    int rc = cli_daemon_ask(daemon, "domains", params, &answer);
    if (!rc && answer.error_code && answer.error_code != WIRE_NOT_FOUND)
        rc = cli_daemon_no(daemon, &answer);
    json_object_put(*domain);
    *domain = rc ? NULL : json_object_get(json_field_at(answer.result, "domains", 0));
    wire_message_release(&answer);
    return rc;
}

static bool is_building(const struct json_object *domain)
{
    return strcmp(json_field_string(domain, "state"), "build") == 0;
}

/* A toolstack whose build fails leaves nothing. */
static int watch_sim_guest(struct cli_daemon *daemon, uint64_t domid, struct json_object **domain)
{
    bool seen = false;
    int rc = find_sim_guest(daemon, domid, domain);
    for (int looks = 1; !rc && (*domain ? is_building(*domain) : !seen && looks < UNSEEN_LOOKS);
         looks++) {
        seen |= *domain != NULL;
        cli_sleep(LOOK_USEC);
        rc = find_sim_guest(daemon, domid, domain);
    }
    if (!rc && !*domain) {
        cli_error("sim-create: domain %" PRIu64
                  " died while it was built: free memory did not suffice",
                  domid);
        rc = CLI_NO;
    }
    return rc;
}

static int build_sim_guest(struct cli_daemon *daemon, struct json_object *params,
                           struct json_object **domain)
{
    struct json_object *started = NULL;
    int rc = cli_daemon_call(daemon, "sim-start", params, &started);
    uint64_t domid = json_field_u64(started, "domid");
    json_object_put(started);
    return rc ? rc : watch_sim_guest(daemon, domid, domain);
}

/* By what the simulated host's Xen takes, as `ballast run` has reserved it. */
static int params_by_host(struct cli_daemon_request *request, struct cli_need *need,
                          struct json_object **out)
{
    const struct cli_guest *guest = &need->guests.guests[0];
    struct cli_admission admission;
    struct ballast_breakdown breakdown;
    /* Not by a calibration: that is an estimate, and this is what happens. */
    cli_admission_ask(&admission, NULL, &request->daemon, false);
    int rc = cli_need_admit(need, &admission);
    if (!rc)
        rc = cli_guest_evaluate(&need->guests, guest, cli_admission_profile(&admission, guest),
                                &breakdown, NULL);
    if (!rc)
        *out = sim_create_params_of(need, &breakdown);
    return rc;
}

static int create_sim_guest(struct cli_daemon_request *request, struct cli_need *need)
{
    struct json_object *domain = NULL;
    struct json_object *params = NULL;
    int rc = cli_daemon_request_open(request, CLI_DAEMON_CHANGES);
    if (!rc)
        rc = params_by_host(request, need, &params);
    if (!rc)
        rc = build_sim_guest(&request->daemon, params, &domain);
    cli_daemon_close(&request->daemon);
    if (!rc && request->json)
        cli_json_print(json_object_get(domain));
    else if (!rc)
        printf("domain %" PRIu64 " is built and has %" PRIu64 " KiB\n",
               json_field_sum(domain, "domid"), json_field_sum(domain, "current_kib"));
    json_object_put(domain);
    return rc;
}

static int sim_create_main(struct cli_args *args)
{
    struct cli_daemon_request request = {.args = args};
    struct cli_need need;
    size_t count;
    if (cli_daemon_request_options(&request))
        return CLI_BAD;
    char **operands = cli_args_operands(args, &count);
    if (count != 1)
        return cli_args_wrong(args, "name one GUEST");
    int rc = cli_need_read(&need, operands[0], NULL);
    if (rc)
        return rc;
    rc = create_sim_guest(&request, &need);
    cli_need_release(&need);
    return rc;
}

const struct cli_command cmd_sim_create = {
    .name = "sim-create",
    .summary = "build a guest on the daemon's simulated host",
    .operands = "GUEST",
    .text = "Does on the daemon's simulated host what 'xl create GUEST' does on a real one:\n"
            "builds the guest at once, even if too little is free, and ends when it is built.\n"
            "'ballast run GUEST -- ballast sim-create GUEST' reserves its memory first.",
    .options = sim_create_options,
    .run = sim_create_main,
};
