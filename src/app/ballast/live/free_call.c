/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "app/ballast/access/host_access_daemon.h"
#include "app/ballast/cli/command.h"
#include "app/ballast/cli/fields.h"
#include "app/ballast/cli/interrupt.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/cli/progress.h"
#include "app/ballast/cli/time.h"
#include "app/ballast/cli/values.h"
#include "app/ballast/client/admission_preview.h"
#include "app/ballast/client/daemon.h"
#include "app/ballast/live/free.h"
#include "core/base/units.h"

struct wait {
    struct cli_progress progress;
    uint64_t need_kib;
};

static int on_free_event(void *context, const char *method, const struct json_object *params)
{
    struct wait *wait = context;
    char text[CLI_MESSAGE];
    if (strcmp(method, "reservation-changed") != 0)
        return 0;
    uint64_t missing_kib = ballast_min_u64(json_field_sum(params, "missing_kib"), wait->need_kib);
    (void)snprintf(text, sizeof(text), "%" PRIu64 " of %" PRIu64 " KiB missing", missing_kib,
                   wait->need_kib);
    cli_progress_show(
        &wait->progress, cli_now_usec(),
        (uint32_t)ballast_mul_div(wait->need_kib - missing_kib, BALLAST_PERMYRIAD, wait->need_kib),
        text);
    return 0;
}

/* What the daemon granted is answered; what it refuses is an answer, too, and has its reason. */
static void take_free_answer(struct cli_freeing *freeing, const struct wire_message *answer,
                             uint64_t *freed_kib)
{
    freeing->freed = answer->error_code == 0;
    *freed_kib = json_field_sum(answer->result, "free_kib");
    if (freeing->freed)
        return;
    const char *reason = json_field_string(answer->error_data, "reason");
    (void)snprintf(freeing->refused, sizeof(freeing->refused), "%s", *reason ? reason : "refused");
    char *shown = cli_shown(answer->error_text);
    (void)snprintf(freeing->refused_why, sizeof(freeing->refused_why), "%s", shown);
    free(shown);
}

/* CLI_DONE: it was freed, refused or interrupted, as `freeing` says. */
static int wait_for_free_answer(struct cli_freeing *freeing, struct cli_daemon *daemon,
                                uint64_t *freed_kib)
{
    struct ballast_error err;
    struct wire_message answer = {.kind = WIRE_RESPONSE};
    struct wait wait = {.need_kib = freeing->need_kib};
    struct json_object *params = cli_params();
    int status = CLI_DONE;
    cli_params_u64(params, "kib", freeing->need_kib);
    cli_params_u64(params, "deadline_usec", freeing->timeout_usec);
    cli_params_bool(params, "wait", true);
    cli_interrupt_catch();
    cli_progress_begin(&wait.progress, cli_now_usec(), freeing->json);
    int rc = cli_daemon_wait(daemon, "free", params, on_free_event, &wait, &answer, &err);
    cli_progress_end(&wait.progress);
    freeing->interrupted = rc == -EINTR;
    if (rc < 0 && rc != -EINTR) {
        cli_error("free: %s", err.text);
        return CLI_UNREACHABLE;
    }
    if (answer.error_code && answer.error_code != WIRE_REFUSED)
        status = cli_daemon_no(daemon, &answer);
    else if (rc == 0)
        take_free_answer(freeing, &answer, freed_kib);
    wire_message_release(&answer);
    return status;
}

/* How each domain has done, in the daemon's own words. */
static void take_balloon_status(struct cli_freeing *freeing)
{
    const struct json_object *domains = host_access_daemon_domains(freeing->access.hv);
    for (size_t i = 0; i < freeing->donor_count; i++) {
        struct cli_donor *donor = &freeing->donors[i];
        for (size_t d = 0; d < json_object_array_length(domains); d++) {
            const struct json_object *domain = json_object_array_get_idx(domains, d);
            if (json_field_sum(domain, "domid") != donor->id)
                continue;
            for (int at = 0; at < BALLOON_STATUSES; at++) {
                enum balloon_status status = (enum balloon_status)at;
                if (strcmp(json_field_string(domain, "balloon_status"),
                           balloon_status_name(status)) == 0)
                    donor->balloon_status = status;
            }
            if (strcmp(json_field_string(domain, "floor_reason"), "last-stop") == 0)
                donor->last_stop_kib = json_field_sum(domain, "floor_kib");
        }
    }
}

/*
 * What was freed is reserved for a moment, so it is not available. After that moment a domain may
 * have it: then what was free at the answer counts.
 */
static void add_what_was_freed(struct cli_freeing *freeing, uint64_t before_kib, uint64_t freed_kib)
{
    uint64_t now_kib = host_access_daemon_reserved_kib(freeing->access.hv);
    uint64_t ours_kib = ballast_min_u64(freed_kib, ballast_sub_floor(now_kib, before_kib));
    freeing->after_kib = ballast_max_u64(ballast_add_ceil(freeing->after_kib, ours_kib), freed_kib);
}

static int free_for_real(struct cli_freeing *freeing, struct cli_daemon *daemon)
{
    uint64_t reserved_kib = host_access_daemon_reserved_kib(freeing->access.hv);
    uint64_t freed_kib = 0;
    int rc = wait_for_free_answer(freeing, daemon, &freed_kib);
    int finished = cli_daemon_finish(daemon, freeing->freed);
    if (!rc)
        rc = finished;
    if (!rc)
        rc = cli_free_look(freeing);
    if (rc)
        return rc;
    if (freeing->freed)
        add_what_was_freed(freeing, reserved_kib, freed_kib);
    take_balloon_status(freeing);
    cli_free_print(freeing);
    return freeing->freed ? CLI_DONE : CLI_NO;
}

static struct json_object *asked_json(const struct cli_freeing *freeing,
                                      const struct cli_admission_preview *preview)
{
    struct json_object *array = cli_json_array();
    size_t count = preview->donors ? json_object_array_length(preview->donors) : 0;
    for (size_t i = 0; i < count; i++) {
        const struct json_object *donor = json_object_array_get_idx(preview->donors, i);
        uint64_t id = json_field_sum(donor, "domid");
        uint64_t reclaim_kib = json_field_sum(donor, "reclaim_kib");
        const struct cli_domain *domain = host_access_by_id(&freeing->access, (uint32_t)id);
        struct json_object *object = cli_json_object();
        if (!domain || reclaim_kib == 0) {
            json_object_put(object);
            continue;
        }
        cli_json_kib(object, "domid", id);
        cli_json_string(object, "name", domain->is.name);
        cli_json_kib(object, "current_kib", domain->is.tot_kib);
        cli_json_kib(object, "target_kib", ballast_sub_floor(domain->is.tot_kib, reclaim_kib));
        cli_json_string(object, "reason", json_field_string(preview->start, "reason"));
        cli_json_append(array, object);
    }
    return array;
}

static int free_dry_run(const struct cli_freeing *freeing, struct cli_daemon *daemon)
{
    struct cli_admission_preview preview = {0};
    int rc = cli_admission_preview_ask(daemon, NULL, freeing->need_kib, &preview);
    if (rc)
        return rc;
    bool can_be = cli_admission_preview_is_possible(&preview);
    if (freeing->json)
        cli_free_print_dry_json(freeing, asked_json(freeing, &preview), can_be);
    else
        cli_admission_preview_print(&preview, stdout);
    cli_admission_preview_release(&preview);
    return can_be ? CLI_DONE : CLI_NO;
}

int cli_free_by(struct cli_freeing *freeing, struct cli_daemon *daemon)
{
    freeing->access = (struct host_access){.lock = -1};
    freeing->access.hv = host_access_daemon_new(daemon);
    struct cli_daemon *asked = host_access_daemon_of(freeing->access.hv);
    int rc = host_access_refresh(&freeing->access);
    if (!rc)
        cli_free_note(freeing);
    if (!rc)
        rc = freeing->dry ? free_dry_run(freeing, asked) : free_for_real(freeing, asked);
    free(freeing->donors);
    freeing->donors = NULL;
    host_access_close(&freeing->access);
    return rc;
}
