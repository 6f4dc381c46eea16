/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/starts/reserving.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <json-c/json.h>

#include "app/ballast/cli/command.h"
#include "app/ballast/cli/fields.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/cli/progress.h"
#include "app/ballast/cli/signals.h"
#include "app/ballast/cli/time.h"
#include "core/base/text.h"
#include "core/base/units.h"
#include "core/base/uuid.h"
#include "core/model/host.h"

/* How soon a signal is seen. */
#define SLICE_USEC UINT64_C(100000)
/* A reservation without an event for so long is asked about. */
#define ASK_USEC BALLAST_SEC_USEC
/* A daemon that restarts reads its ledger and the host first; longer than that is a fault. */
#define GONE_USEC (UINT64_C(30) * BALLAST_SEC_USEC)
/* What the bar of progress.h takes of a line, and the width of lines where it is unknown. */
enum { BAR_WIDTH = 40, USUAL_WIDTH = 80, SOURCES_MOST = 1024 };

static void take_source(struct cli_reserving *reserving, const struct json_object *donor)
{
    uint64_t domid = json_field_u64(donor, "domid");
    struct cli_source *source = NULL;
    for (size_t i = 0; i < reserving->source_count && !source; i++) {
        if (reserving->sources[i].domid == domid)
            source = &reserving->sources[i];
    }
    if (!source && reserving->source_count < SOURCES_MOST) {
        reserving->sources = xcheck(reallocarray(reserving->sources, reserving->source_count + 1,
                                                 sizeof(*reserving->sources)));
        source = &reserving->sources[reserving->source_count++];
        *source = (struct cli_source){.domid = domid, .shown = cli_field_shown(donor, "name")};
    }
    if (!source)
        return;
    source->reclaimed_kib = json_field_sum(donor, "reclaimed_kib");
}

static void take_reservation(struct cli_reserving *reserving, struct json_object *reservation)
{
    json_object_put(reserving->reservation);
    reserving->reservation = reservation;
    for (size_t i = 0; i < json_field_count(reservation, "donors"); i++)
        take_source(reserving, json_field_at(reservation, "donors", i));
}

static const char *reserving_state_of(const struct cli_reserving *reserving)
{
    return json_field_string(reserving->reservation, "state");
}

static bool reserving_is_waiting(const struct cli_reserving *reserving)
{
    const char *state = reserving_state_of(reserving);
    return strcmp(state, "requested") == 0 || strcmp(state, "reclaiming") == 0;
}

bool cli_reserving_is_granted(const struct cli_reserving *reserving)
{
    const char *state = reserving_state_of(reserving);
    return strcmp(state, "granted") == 0 || strcmp(state, "bound") == 0 ||
           strcmp(state, "used") == 0;
}

int cli_reserving_uuid(const struct cli_args *args, struct cli_want *want)
{
    uint8_t uuid[BALLAST_UUID_BYTES];
    if (ballast_uuid_parse(args->value, uuid) < 0)
        return cli_args_wrong(args, "--uuid: invalid uuid '%s': use 8-4-4-4-12 hexadecimal digits",
                              args->value);
    want->uuid = args->value;
    return CLI_DONE;
}

static struct json_object *reserving_params_of(const struct cli_want *want)
{
    struct json_object *params = cli_params();
    cli_params_u64(params, "min_kib", want->min_kib);
    cli_params_u64(params, "max_kib", want->max_kib);
    cli_params_u64(params, "lease_usec", want->lease_usec);
    cli_params_u64(params, "deadline_usec", want->deadline_usec);
    cli_params_string(params, "owner", want->owner);
    cli_params_string(params, "label", want->label);
    cli_params_string(params, "name", want->name);
    cli_params_string(params, "uuid", want->uuid);
    if (want->node > 0)
        cli_params_u64(params, "node", want->node - 1);
    if (want->pool)
        json_object_object_add(params, "pool", json_object_new_boolean(true));
    if (want->starts)
        json_object_object_add(params, "starts", json_object_new_boolean(true));
    if (want->with_connection)
        json_object_object_add(params, "with_connection", json_object_new_boolean(true));
    return params;
}

int cli_reserving_ask(struct cli_reserving *reserving)
{
    struct wire_message answer = {.kind = WIRE_RESPONSE};
    int rc = cli_daemon_ask(reserving->daemon, "reserve", reserving_params_of(&reserving->want),
                            &answer);
    if (!rc && answer.error_code == WIRE_REFUSED) {
        reserving->no = answer;
        return CLI_NO;
    }
    if (!rc && answer.error_code)
        rc = cli_daemon_no(reserving->daemon, &answer);
    if (!rc && json_field_u64(answer.result, "id") == BALLAST_NONE) {
        cli_error("%s: the daemon's answer to 'reserve' has no reservation",
                  reserving->daemon->command);
        rc = CLI_UNREACHABLE;
    }
    if (!rc) {
        take_reservation(reserving, json_object_get(answer.result));
        reserving->id = json_field_u64(answer.result, "id");
    }
    wire_message_release(&answer);
    return rc;
}

static int on_reservation_event(void *context, const char *method, const struct json_object *params)
{
    struct cli_reserving *reserving = context;
    if (strcmp(method, "reservation-changed") != 0 || json_field_u64(params, "id") != reserving->id)
        return 0;
    take_reservation(reserving, json_object_get((struct json_object *)params));
    return -ECANCELED;
}

static size_t line_width(void)
{
    struct winsize size;
    bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    size_t width = known ? size.ws_col : USUAL_WIDTH;
    return width > 2 * BAR_WIDTH ? width - BAR_WIDTH : BAR_WIDTH;
}

static void show_reserving(const struct cli_reserving *reserving, struct cli_progress *progress)
{
    char words[CLI_MESSAGE];
    size_t width = progress->bar ? line_width() : sizeof(words);
    struct ballast_text text =
        ballast_text_over(words, width < sizeof(words) ? width : sizeof(words));
    uint64_t need_kib = reserving->want.min_kib;
    uint64_t missing_kib = json_field_u64(reserving->reservation, "missing_kib");
    if (missing_kib == BALLAST_NONE)
        missing_kib = need_kib;
    ballast_text_add(&text, "%" PRIu64 " of %" PRIu64 " MiB missing", missing_kib / BALLAST_MIB_KIB,
                     need_kib / BALLAST_MIB_KIB);
    const char *between = "; so far from ";
    for (size_t i = 0; i < reserving->source_count; i++) {
        const struct cli_source *source = &reserving->sources[i];
        if (source->reclaimed_kib == 0)
            continue;
        ballast_text_add(&text, "%s%s %" PRIu64, between, source->shown,
                         source->reclaimed_kib / BALLAST_MIB_KIB);
        between = ", ";
    }
    uint64_t here_kib = ballast_sub_floor(need_kib, missing_kib);
    cli_progress_show(progress, cli_now_usec(),
                      (uint32_t)ballast_mul_div(here_kib, BALLAST_PERMYRIAD, need_kib), words);
}

static int ask_again(struct cli_reserving *reserving)
{
    struct json_object *result = NULL;
    struct json_object *params = cli_params();
    cli_params_u64(params, "id", reserving->id);
    int rc = cli_daemon_call(reserving->daemon, "reservations", params, &result);
    struct json_object *now = json_field_at(result, "reservations", 0);
    if (!rc && now)
        take_reservation(reserving, json_object_get(now));
    json_object_put(result);
    return rc;
}

/* The ledger outlives the daemon, and so does the reservation. */
static int find_reserving_daemon(struct cli_reserving *reserving)
{
    struct ballast_error err = {0};
    struct cli_daemon *daemon = reserving->daemon;
    uint64_t until_usec = cli_now_usec() + GONE_USEC;
    cli_error("%s: the daemon ended; waiting for it to start again", daemon->command);
    while (cli_now_usec() < until_usec && !cli_signal()) {
        cli_sleep(SLICE_USEC);
        cli_daemon_close(daemon);
        if (wire_connect(daemon->run_dir, false, &daemon->client, &err) < 0)
            continue;
        if (reserving->want.with_connection)
            cli_daemon_attach(daemon, reserving->id, reserving->want.owner);
        return ask_again(reserving);
    }
    cli_error("%s: %s; reservation %" PRIu64 " lasts until its lease or deadline ends",
              daemon->command, err.text, reserving->id);
    return CLI_UNREACHABLE;
}

static int wait_a_while(struct cli_reserving *reserving, uint64_t *received_usec)
{
    struct ballast_error err;
    int rc =
        wire_wait(reserving->daemon->client, SLICE_USEC, on_reservation_event, reserving, &err);
    if (rc == -ECANCELED)
        *received_usec = cli_now_usec();
    if (rc < 0 && rc != -ECANCELED && rc != -ETIMEDOUT)
        return find_reserving_daemon(reserving);
    if (cli_now_usec() - *received_usec < ASK_USEC)
        return CLI_DONE;
    *received_usec = cli_now_usec();
    return ask_again(reserving);
}

int cli_reserving_wait(struct cli_reserving *reserving)
{
    struct cli_progress progress;
    uint64_t received_usec = cli_now_usec();
    int rc = CLI_DONE;
    cli_progress_begin(&progress, received_usec, reserving->quiet);
    while (!rc && reserving_is_waiting(reserving) && !cli_signal()) {
        show_reserving(reserving, &progress);
        rc = wait_a_while(reserving, &received_usec);
    }
    cli_progress_end(&progress);
    if (!rc && cli_signal()) {
        cli_reserving_release(reserving);
        return CLI_NO;
    }
    return rc ? rc : cli_reserving_is_granted(reserving) ? CLI_DONE : CLI_NO;
}

void cli_reserving_release(struct cli_reserving *reserving)
{
    struct wire_message answer = {.kind = WIRE_RESPONSE};
    if (!reserving->id)
        return;
    struct json_object *params = cli_params();
    cli_params_u64(params, "id", reserving->id);
    cli_params_string(params, "owner", reserving->want.owner);
    int rc = cli_daemon_ask(reserving->daemon, "release", params, &answer);
    int code = answer.error_code;
    if (!rc && code && code != WIRE_REFUSED && code != WIRE_NOT_FOUND)
        (void)cli_daemon_no(reserving->daemon, &answer);
    wire_message_release(&answer);
}

int cli_reserving_keep(struct cli_reserving *reserving)
{
    struct json_object *params = cli_params();
    cli_params_u64(params, "id", reserving->id);
    cli_params_string(params, "owner", reserving->want.owner);
    return cli_daemon_call(reserving->daemon, "detach", params, NULL);
}

void cli_reserving_why(const struct cli_reserving *reserving, char *buf, size_t size)
{
    const char *words = reserving->no.error_code
                            ? reserving->no.error_text
                            : json_field_string(reserving->reservation, "message");
    char *shown = cli_shown(*words ? words : "the daemon named no reason");
    (void)snprintf(buf, size, "%s", shown);
    free(shown);
}

void cli_reserving_end(struct cli_reserving *reserving)
{
    for (size_t i = 0; i < reserving->source_count; i++)
        free(reserving->sources[i].shown);
    free(reserving->sources);
    json_object_put(reserving->reservation);
    wire_message_release(&reserving->no);
    *reserving = (struct cli_reserving){.daemon = reserving->daemon};
}
