/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <json-c/json.h>

#include "app/ballast/access/host_access_daemon.h"
#include "app/ballast/cli/command.h"
#include "app/ballast/cli/fields.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/cli/progress.h"
#include "app/ballast/cli/values.h"
#include "app/ballast/client/admission_preview.h"
#include "app/ballast/client/daemon.h"
#include "app/ballast/live/free.h"
#include "core/base/units.h"

struct wait {
    struct cli_progress progress;
    uint64_t need_kib;
};

static uint64_t free_by_daemon_now_usec(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * BALLAST_SEC_USEC + (uint64_t)now.tv_nsec / 1000;
}

static int on_free_event(void *context, const char *method, const struct json_object *params)
{
    struct wait *wait = context;
    char text[CLI_MESSAGE];
    if (strcmp(method, "reservation-changed") != 0)
        return 0;
    uint64_t missing_kib = ballast_min_u64(cli_field_sum(params, "missing_kib"), wait->need_kib);
    (void)snprintf(text, sizeof(text), "%" PRIu64 " of %" PRIu64 " KiB missing", missing_kib,
                   wait->need_kib);
    cli_progress_show(
        &wait->progress, free_by_daemon_now_usec(),
        (uint32_t)ballast_mul_div(wait->need_kib - missing_kib, BALLAST_PERMYRIAD, wait->need_kib),
        text);
    return 0;
}

/* No signal is caught: the daemon stops freeing for a connection that ends before its answer. */
static int wait_for_free_answer(const struct cli_freeing *freeing, struct cli_daemon *daemon,
                                struct wire_message *answer)
{
    struct ballast_error err;
    struct wait wait = {.need_kib = freeing->need_kib};
    struct json_object *params = cli_params();
    cli_params_u64(params, "kib", freeing->need_kib);
    cli_params_u64(params, "deadline_usec", freeing->timeout_usec);
    cli_params_bool(params, "wait", true);
    cli_progress_begin(&wait.progress, free_by_daemon_now_usec(), freeing->json);
    int rc = wire_call(daemon->client, "free", params, 0, on_free_event, &wait, answer, &err);
    cli_progress_end(&wait.progress);
    if (rc < 0) {
        cli_error("free: %s", err.text);
        return CLI_UNREACHABLE;
    }
    bool is_refusal = answer->error_code == WIRE_REFUSED;
    return answer->error_code && !is_refusal ? cli_daemon_no(daemon, answer) : CLI_DONE;
}

/* How each domain has done, by the daemon's own words. */
static void take_balloon_status(struct cli_freeing *freeing)
{
    const struct json_object *domains = host_access_daemon_domains(freeing->access.hv);
    for (size_t i = 0; i < freeing->donor_count; i++) {
        struct cli_donor *donor = &freeing->donors[i];
        for (size_t d = 0; d < json_object_array_length(domains); d++) {
            const struct json_object *domain = json_object_array_get_idx(domains, d);
            if (cli_field_sum(domain, "domid") != donor->id)
                continue;
            for (int at = 0; at < BALLOON_STATUSES; at++) {
                enum balloon_status status = (enum balloon_status)at;
                if (strcmp(cli_field_string(domain, "balloon_status"),
                           balloon_status_name(status)) == 0)
                    donor->estimate.balloon_status = status;
            }
            if (strcmp(cli_field_string(domain, "floor_reason"), "last-stop") == 0)
                donor->estimate.last_stop.kib = cli_field_sum(domain, "floor_kib");
        }
    }
}

/* What the daemon granted is answered; what it refuses is an answer, too, and has its reason. */
static int take_free_by_daemon_answer(struct cli_freeing *freeing,
                                      const struct wire_message *answer)
{
    freeing->answered = answer->error_code == 0;
    freeing->verdict = (struct balancer_verdict){.granted = true, .reason = BALANCER_FITS};
    if (freeing->answered)
        return CLI_DONE;
    const char *reason = cli_field_string(answer->error_data, "reason");
    (void)snprintf(freeing->refused, sizeof(freeing->refused), "%s", *reason ? reason : "refused");
    char *shown = cli_shown(answer->error_text);
    (void)snprintf(freeing->refused_why, sizeof(freeing->refused_why), "%s", shown);
    free(shown);
    return CLI_NO;
}

/* The same report as of a command that frees in its own process: the host before and after. */
static int free_by_daemon_for_real(struct cli_freeing *freeing, struct cli_daemon *daemon)
{
    struct wire_message answer = {.kind = WIRE_RESPONSE};
    int rc = wait_for_free_answer(freeing, daemon, &answer);
    int status = rc ? rc : take_free_by_daemon_answer(freeing, &answer);
    uint64_t freed_kib = cli_field_u64(answer.result, "free_kib");
    wire_message_release(&answer);
    if (!rc)
        rc = cli_free_look(freeing);
    if (rc)
        return rc;
    /* What was free when it was done: by now guests may have it again. */
    if (freed_kib != BALLAST_NONE)
        freeing->after_kib = freed_kib;
    take_balloon_status(freeing);
    cli_free_tell(freeing);
    return status;
}

static struct json_object *asked_json(const struct cli_freeing *freeing,
                                      const struct cli_admission_preview *preview)
{
    struct json_object *array = xcheck(json_object_new_array());
    size_t count = preview->donors ? json_object_array_length(preview->donors) : 0;
    for (size_t i = 0; i < count; i++) {
        const struct json_object *donor = json_object_array_get_idx(preview->donors, i);
        uint64_t id = cli_field_sum(donor, "domid");
        uint64_t reclaim_kib = cli_field_sum(donor, "reclaim_kib");
        const struct cli_domain *domain = host_access_by_id(&freeing->access, (uint32_t)id);
        struct json_object *object = xcheck(json_object_new_object());
        if (!domain || reclaim_kib == 0) {
            json_object_put(object);
            continue;
        }
        cli_json_kib(object, "domid", id);
        cli_json_string(object, "name", domain->is.name);
        cli_json_kib(object, "current_kib", domain->is.tot_kib);
        cli_json_kib(object, "target_kib", ballast_sub_floor(domain->is.tot_kib, reclaim_kib));
        cli_json_string(object, "reason", cli_field_string(preview->start, "reason"));
        if (json_object_array_add(array, object) < 0)
            xcheck(NULL);
    }
    return array;
}

static int free_by_daemon_dry_run(const struct cli_freeing *freeing, struct cli_daemon *daemon)
{
    struct cli_admission_preview preview = {0};
    int rc = cli_admission_preview_ask(daemon, NULL, freeing->need_kib, &preview);
    if (rc)
        return rc;
    bool can_be = cli_admission_preview_is_possible(&preview);
    if (freeing->json)
        cli_free_tell_dry_json(freeing, asked_json(freeing, &preview), can_be);
    else
        cli_admission_preview_print(&preview, stdout);
    cli_admission_preview_release(&preview);
    return can_be ? CLI_DONE : CLI_NO;
}

int cli_free_through_daemon(struct cli_freeing *freeing, bool *through)
{
    struct cli_daemon daemon;
    int rc =
        cli_daemon_try(&daemon, "free", NULL, freeing->dry ? CLI_DAEMON_READS : CLI_DAEMON_CHANGES);
    *through = daemon.client != NULL;
    if (rc || !*through)
        return rc;
    if (freeing->policy) {
        cli_error(
            "free: --policy does not work beside ballastd, which decides by its own: leave it "
            "out, or set the daemon's with 'ballast policy %s'",
            freeing->policy->name);
        cli_daemon_close(&daemon);
        return CLI_BAD;
    }
    freeing->access = (struct host_access){.lock = -1, .is_daemon = true};
    freeing->access.hv = host_access_daemon_new(&daemon);
    struct cli_daemon *asked = host_access_daemon_of(freeing->access.hv);
    rc = host_access_refresh(&freeing->access);
    if (!rc)
        cli_free_remember(freeing);
    if (!rc)
        rc = freeing->dry ? free_by_daemon_dry_run(freeing, asked)
                          : free_by_daemon_for_real(freeing, asked);
    free(freeing->donors);
    freeing->donors = NULL;
    host_access_close(&freeing->access);
    return rc;
}
