/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <json-c/json.h>

#include "app/ballast/commands.h"
#include "app/ballast/daemon.h"
#include "app/ballast/fields.h"
#include "app/ballast/free.h"
#include "app/ballast/output.h"
#include "app/ballast/progress.h"
#include "app/ballast/prospect.h"
#include "app/ballast/values.h"
#include "core/base/units.h"

struct wait {
    struct cli_progress progress;
    uint64_t need_kib;
};

static uint64_t now_usec(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * BALLAST_SEC_USEC + (uint64_t)now.tv_nsec / 1000;
}

static int told(void *context, const char *method, const struct json_object *params)
{
    struct wait *wait = context;
    char text[CLI_MESSAGE];
    if (strcmp(method, "reservation-changed") != 0)
        return 0;
    uint64_t missing_kib = ballast_min_u64(cli_field_sum(params, "missing_kib"), wait->need_kib);
    (void)snprintf(text, sizeof(text), "%" PRIu64 " of %" PRIu64 " KiB missing", missing_kib,
                   wait->need_kib);
    cli_progress_show(
        &wait->progress, now_usec(),
        (uint32_t)ballast_mul_div(wait->need_kib - missing_kib, BALLAST_PERMYRIAD, wait->need_kib),
        text);
    return 0;
}

/* No signal is caught: the daemon stops freeing for a connection that ends before its answer. */
static int wait_for(const struct cli_freeing *freeing, struct cli_daemon *daemon,
                    struct wire_message *answer)
{
    struct ballast_error err;
    struct wait wait = {.need_kib = freeing->need_kib};
    struct json_object *params = cli_params();
    cli_params_u64(params, "kib", freeing->need_kib);
    cli_params_u64(params, "deadline_usec", freeing->timeout_usec);
    cli_params_bool(params, "wait", true);
    cli_progress_begin(&wait.progress, now_usec(), freeing->json);
    int rc = wire_call(daemon->client, "free", params, 0, told, &wait, answer, &err);
    cli_progress_end(&wait.progress);
    if (rc < 0) {
        cli_complain("free: %s", err.text);
        return CLI_UNREACHABLE;
    }
    return answer->error_code ? cli_daemon_no(daemon, answer) : CLI_DONE;
}

static int really(const struct cli_freeing *freeing, struct cli_daemon *daemon)
{
    struct wire_message answer = {.kind = WIRE_RESPONSE};
    int rc = wait_for(freeing, daemon, &answer);
    if (!rc && freeing->json)
        cli_json_print(json_object_get(answer.result));
    else if (!rc)
        printf("%" PRIu64 " KiB are free beyond what is promised\n",
               cli_field_sum(answer.result, "free_kib"));
    wire_message_release(&answer);
    return rc;
}

static int dryly(const struct cli_freeing *freeing, struct cli_daemon *daemon)
{
    struct cli_prospect prospect = {0};
    int rc = cli_prospect_ask(daemon, NULL, freeing->need_kib, &prospect);
    if (rc)
        return rc;
    if (freeing->json)
        cli_json_print(cli_prospect_json(&prospect));
    else
        cli_prospect_tell(&prospect, stdout);
    rc = cli_prospect_is_possible(&prospect) ? CLI_DONE : CLI_NO;
    cli_prospect_release(&prospect);
    return rc;
}

int cli_free_through_daemon(const struct cli_freeing *freeing, bool *through)
{
    struct cli_daemon daemon;
    int rc =
        cli_daemon_try(&daemon, "free", NULL, freeing->dry ? CLI_DAEMON_READS : CLI_DAEMON_CHANGES);
    *through = daemon.client != NULL;
    if (rc || !*through)
        return rc;
    rc = freeing->dry ? dryly(freeing, &daemon) : really(freeing, &daemon);
    cli_daemon_close(&daemon);
    return rc;
}
