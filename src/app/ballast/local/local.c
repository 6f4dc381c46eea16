/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/local/local.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <json-c/json.h>

#include "app/ballast/cli/command.h"
#include "app/ballast/cli/interrupt.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/local/local_host.h"
#include "app/ballastd/engine/clock.h"
#include "app/ballastd/engine/config.h"
#include "app/ballastd/engine/engine.h"
#include "app/ballastd/engine/observer.h"
#include "app/ballastd/rpc/encode.h"
#include "app/ballastd/rpc/rpc.h"
#include "app/ballastd/rpc/session.h"
#include "core/base/error.h"
#include "core/base/units.h"

/*
 * After memory was freed the engine runs for this long at least and at most, with the memory
 * reserved, until no balloon moves: one that was to stop may have freed more meanwhile (60 MiB
 * within a tick were seen), and gets that back.
 */
#define SETTLE_LEAST_USEC BALLAST_SEC_USEC
#define SETTLE_MOST_USEC  (UINT64_C(3) * BALLAST_SEC_USEC)

struct local {
    struct rpc_session session; /* first */
    struct cli_local_host host;
    struct engine *engine;
    struct rpc *rpc;
    struct wire_decoder *decoder;
    bool reclaims; /* until it is finished */
    uint64_t made; /* the reservation that was asked for last */
    uint64_t last_id;
    bool broken; /* an answer could not be made */
    bool answered;
    struct wire_message answer; /* to last_id, once it is answered */
    wire_notified_fn *notified;
    void *context;
};

/* What the methods ask of a session. */

static struct local *local_of(struct rpc_session *session)
{
    return (struct local *)session;
}

static void take_answer_line(struct rpc_session *session, char *line, size_t length)
{
    struct local *local = local_of(session);
    struct wire_message message = {.kind = WIRE_RESPONSE};
    if (wire_decoder_feed(local->decoder, line, length, NULL) < 0 ||
        wire_decoder_next(local->decoder, &message, NULL) <= 0)
        local->broken = true;
    free(line);
    bool wanted = message.kind == WIRE_RESPONSE && !local->answered && !local->broken &&
                  json_object_get_uint64(message.id) == local->last_id;
    if (!wanted) {
        wire_message_release(&message);
        return;
    }
    local->answer = message;
    local->answered = true;
}

static void note_broken(struct rpc_session *session)
{
    local_of(session)->broken = true;
}

static void note_reservation(struct rpc_session *session, uint64_t id)
{
    local_of(session)->made = id;
}

static size_t count_none(const struct rpc_session *session)
{
    (void)session;
    return 0;
}

/* No reservation ends with this command: that needs a daemon. */
static const struct rpc_session_ops local_session_ops = {
    .send = take_answer_line,
    .close = note_broken,
    .note_made = note_reservation,
    .count = count_none,
};

/* What the engine reports. */

static void notify_progress(void *context, const struct ledger_reservation *record)
{
    struct local *local = context;
    if (!local->notified || record->id != local->made)
        return;
    struct json_object *params =
        encode_reservation(local->engine, record, encode_missing_kib(local->engine, record));
    (void)local->notified(local->context, "reservation-changed", params);
    json_object_put(params);
}

static void answer_settled(void *context)
{
    rpc_answer_waiting(((struct local *)context)->rpc);
}

static void ignore_event(void *context, const struct history_event *event)
{
    (void)context;
    (void)event;
}

static void ignore_alert(void *context, enum alert_kind name, const struct alert *alert)
{
    (void)context;
    (void)name;
    (void)alert;
}

static void notify_tick(void *context)
{
    struct local *local = context;
    const struct ledger_reservation *record =
        local->notified ? ledger_find(engine_ledger(local->engine), local->made) : NULL;
    if (record && record->state == LEDGER_RECLAIMING)
        notify_progress(local, record);
}

static struct engine_observer local_observer(struct local *local)
{
    return (struct engine_observer){.context = local,
                                    .reservation = notify_progress,
                                    .settled = answer_settled,
                                    .event = ignore_event,
                                    .alert = ignore_alert,
                                    .ticked = notify_tick};
}

/* Waits for an event of the host, the next tick or an interrupt; then does what is due. */
static void take_turn(struct local *local)
{
    bool stepped = engine_host(local->engine)->stepped;
    uint64_t left_usec =
        stepped ? 0 : ballast_sub_floor(engine_due_usec(local->engine), clock_real_usec());
    struct pollfd fds[] = {{.fd = engine_events_fd(local->engine), .events = POLLIN},
                           {.fd = cli_interrupt_fd(), .events = POLLIN}};
    if (left_usec > 0 && poll(fds, 2, (int)ballast_div_up(left_usec, 1000)) > 0 && fds[0].revents)
        engine_take_events(local->engine);
    if (stepped || clock_real_usec() >= engine_due_usec(local->engine))
        engine_tick(local->engine);
}

/* How it is asked. */

static int request_message(struct local *local, const char *method, struct json_object *params,
                           struct wire_message *out, struct ballast_error *err)
{
    *out = (struct wire_message){.kind = WIRE_REQUEST, .params = params};
    (void)snprintf(out->method, sizeof(out->method), "%s", method);
    out->id = json_object_new_uint64(++local->last_id);
    if (out->id)
        return 0;
    wire_message_release(out);
    return ballast_fail(err, -ENOMEM, "out of memory");
}

static int wait_for_local_answer(struct local *local, struct ballast_error *err)
{
    while (!local->answered) {
        if (local->broken)
            return ballast_fail(err, -ENOMEM, "out of memory");
        if (engine_failed(local->engine))
            return ballast_fail(err, -EIO, "simulated host: a step of its clock failed");
        if (cli_interrupted())
            return ballast_fail(err, -EINTR, "wait: interrupted");
        take_turn(local);
    }
    return 0;
}

static int call_local(struct cli_daemon *daemon, const char *method, struct json_object *params,
                      uint64_t timeout_usec, wire_notified_fn *notified, void *context,
                      struct wire_message *answer, struct ballast_error *err)
{
    struct local *local = daemon->local;
    struct wire_message request;
    (void)timeout_usec; /* all but what is to wait is answered at once */
    int rc = request_message(local, method, params, &request, err);
    if (rc < 0)
        return rc;
    local->answered = false;
    local->notified = notified;
    local->context = context;
    rpc_take(local->rpc, &local->session, &request);
    wire_message_release(&request);
    rc = wait_for_local_answer(local, err);
    local->notified = NULL;
    if (rc == 0)
        *answer = local->answer;
    local->answer = (struct wire_message){.kind = WIRE_RESPONSE};
    return rc;
}

static int pass_locally(struct cli_daemon *daemon, uint64_t usec, struct ballast_error *err)
{
    struct local *local = daemon->local;
    uint64_t until_usec = ballast_add_ceil(engine_now_usec(local->engine), usec);
    while (engine_now_usec(local->engine) < until_usec && !cli_interrupted()) {
        if (engine_failed(local->engine))
            return ballast_fail(err, -EIO, "simulated host: a step of its clock failed");
        take_turn(local);
    }
    return 0;
}

static void let_arrive(struct local *local)
{
    uint64_t began_usec = engine_now_usec(local->engine);
    uint64_t spent_usec = 0;
    while (spent_usec < SETTLE_MOST_USEC && !cli_interrupted() && !engine_failed(local->engine) &&
           (spent_usec < SETTLE_LEAST_USEC || engine_moves(local->engine))) {
        take_turn(local);
        spent_usec = ballast_sub_floor(engine_now_usec(local->engine), began_usec);
    }
}

/* The last sample leaves targets and maxima that need no process to keep them. */
static int finish_local(struct cli_daemon *daemon, bool arrives, struct ballast_error *err)
{
    struct local *local = daemon->local;
    (void)err;
    rpc_forget(local->rpc, &local->session);
    if (!local->reclaims)
        return 0;
    local->reclaims = false;
    if (arrives)
        let_arrive(local);
    engine_stop_reclaiming(local->engine);
    engine_sample(local->engine);
    engine_settle(local->engine);
    return 0;
}

static void free_local(struct local *local)
{
    rpc_free(local->rpc);
    engine_free(local->engine);
    wire_decoder_free(local->decoder);
    cli_local_host_close(&local->host);
    free(local);
}

static void close_local(struct cli_daemon *daemon)
{
    (void)finish_local(daemon, false, NULL);
    free_local(daemon->local);
    *daemon = (struct cli_daemon){0};
}

static const struct cli_daemon_ops local_ops = {
    .call = call_local,
    .pass = pass_locally,
    .finish = finish_local,
    .close = close_local,
};

/* Opening */

static int start_engine(struct local *local, const struct cli_local_options *options,
                        struct engine_config *config)
{
    static const enum engine_role roles[] = {[CLI_LOCAL_DRY_RUN] = ENGINE_WATCHES,
                                             [CLI_LOCAL_CHANGE] = ENGINE_WATCHES,
                                             [CLI_LOCAL_RECLAIM] = ENGINE_RECLAIMS};
    struct ballast_error err;
    struct engine_observer observer = local_observer(local);
    struct engine_options engine = {.state_dir = local->host.state_dir,
                                    .read_only = options->purpose == CLI_LOCAL_DRY_RUN,
                                    .role = roles[options->purpose],
                                    .policy = options->policy};
    struct hv *hv = local->host.hv;
    local->host.hv = NULL; /* the engine's now */
    if (engine_new(&engine, hv, config, &observer, &local->engine, &err) < 0) {
        cli_error("%s: %s", options->command, err.text);
        return CLI_UNREACHABLE;
    }
    local->rpc = xcheck(rpc_new(local->engine));
    return CLI_DONE;
}

/* Reads the ledger and samples the host; CLI_UNREACHABLE, with a message. */
static int begin_engine(const struct local *local, const char *command)
{
    engine_begin(local->engine);
    if (engine_is_ready(local->engine))
        return CLI_DONE;
    const struct alert *ledger = engine_alert(local->engine, ALERT_LEDGER);
    const struct alert *host = engine_alert(local->engine, ALERT_HOST);
    const struct alert *why = ledger->on ? ledger : host;
    cli_error("%s: %s", command, why->on ? why->message : "the host cannot be read");
    return CLI_UNREACHABLE;
}

int cli_local_open(struct cli_daemon *out, const struct cli_local_options *options)
{
    struct engine_config config;
    struct local *local = xcheck(calloc(1, sizeof(*local)));
    local->session = (struct rpc_session){.ops = &local_session_ops,
                                          .uid = getuid(),
                                          .pid = getpid(),
                                          .control = true,
                                          .may_change = true};
    local->decoder = xcheck(wire_decoder_new(WIRE_FROM_DAEMON));
    int rc = cli_local_host_open(&local->host, options, &config);
    if (!rc)
        rc = start_engine(local, options, &config);
    if (!rc)
        rc = begin_engine(local, options->command);
    if (rc) {
        free_local(local);
        return rc;
    }
    local->reclaims = options->purpose == CLI_LOCAL_RECLAIM;
    *out = (struct cli_daemon){.ops = &local_ops, .local = local, .command = options->command};
    return CLI_DONE;
}

bool cli_local_is_kept(const struct cli_daemon *daemon)
{
    const struct local *local = daemon->local;
    return local->host.keeps;
}
