/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/client/daemon.h"

#include <errno.h>
#include <stdlib.h>

#include <json-c/json.h>

#include "app/ballast/cli/command.h"
#include "app/ballast/cli/fields.h"
#include "app/ballast/cli/interrupt.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/cli/rundir.h"
#include "app/ballast/cli/time.h"
#include "core/base/error.h"
#include "core/base/units.h"

/* The daemon answers within a tick, unless it hangs; a commit to a slow disk is the longest. */
#define ANSWER_USEC UINT64_C(30000000)

static void close_socket(struct cli_daemon *daemon)
{
    wire_disconnect(daemon->client);
    daemon->client = NULL;
}

static bool daemon_is_absent(int rc)
{
    return rc == -ENOENT || rc == -ECONNREFUSED || rc == -ENOTDIR;
}

static int call_over_socket(struct cli_daemon *daemon, const char *method,
                            struct json_object *params, uint64_t timeout_usec,
                            wire_notified_fn *notified, void *context, struct wire_message *answer,
                            struct ballast_error *err)
{
    if (!daemon->client) {
        json_object_put(params);
        return ballast_fail(err, -ENOTCONN, "daemon: its connection is lost");
    }
    wire_client_stop_on(daemon->client, timeout_usec == 0 ? cli_interrupt_fd() : -1);
    return wire_call(daemon->client, method, params, timeout_usec, notified, context, answer, err);
}

/* A daemon's host moves by itself. */
static int pass_over_socket(struct cli_daemon *daemon, uint64_t usec, struct ballast_error *err)
{
    (void)daemon;
    (void)err;
    cli_sleep(usec);
    return 0;
}

/* The daemon gives up what a connection that ends waits for. */
static int finish_over_socket(struct cli_daemon *daemon, bool arrives, struct ballast_error *err)
{
    (void)arrives;
    if (!daemon->waits)
        return 0;
    close_socket(daemon);
    return wire_connect(daemon->run_dir, false, &daemon->client, err);
}

static const struct cli_daemon_ops socket_ops = {
    .call = call_over_socket,
    .pass = pass_over_socket,
    .finish = finish_over_socket,
    .close = close_socket,
};

static int connect_to(struct cli_daemon *daemon, const char *command, const char *run_dir,
                      enum cli_daemon_kind kind, bool must)
{
    struct ballast_error err;
    *daemon = (struct cli_daemon){
        .ops = &socket_ops, .command = command, .run_dir = cli_run_dir(run_dir)};
    int rc = wire_connect(daemon->run_dir, kind == CLI_DAEMON_READS, &daemon->client, &err);
    if (rc == 0 || (daemon_is_absent(rc) && !must))
        return CLI_DONE;
    cli_error("%s: %s", command, err.text);
    return rc == -ENAMETOOLONG ? CLI_BAD : CLI_UNREACHABLE;
}

int cli_daemon_open(struct cli_daemon *daemon, const char *command, const char *run_dir,
                    enum cli_daemon_kind kind)
{
    return connect_to(daemon, command, run_dir, kind, true);
}

int cli_daemon_try(struct cli_daemon *daemon, const char *command, const char *run_dir,
                   enum cli_daemon_kind kind)
{
    return connect_to(daemon, command, run_dir, kind, false);
}

void cli_daemon_close(struct cli_daemon *daemon)
{
    if (daemon->ops)
        daemon->ops->close(daemon);
}

static int call_by_ops(struct cli_daemon *daemon, const char *method, struct json_object *params,
                       uint64_t timeout_usec, wire_notified_fn *notified, void *context,
                       struct wire_message *answer, struct ballast_error *err)
{
    if (daemon->ops)
        return daemon->ops->call(daemon, method, params, timeout_usec, notified, context, answer,
                                 err);
    json_object_put(params);
    return ballast_fail(err, -ENOTCONN, "daemon: its connection is lost");
}

int cli_daemon_ask(struct cli_daemon *daemon, const char *method, struct json_object *params,
                   struct wire_message *answer)
{
    struct ballast_error err;
    int rc = call_by_ops(daemon, method, params, ANSWER_USEC, NULL, NULL, answer, &err);
    if (rc == 0)
        return CLI_DONE;
    cli_error("%s: %s", daemon->command, err.text);
    return CLI_UNREACHABLE;
}

int cli_daemon_wait(struct cli_daemon *daemon, const char *method, struct json_object *params,
                    wire_notified_fn *notified, void *context, struct wire_message *answer,
                    struct ballast_error *err)
{
    int rc = call_by_ops(daemon, method, params, 0, notified, context, answer, err);
    daemon->waits = rc < 0;
    return rc;
}

int cli_daemon_pass(struct cli_daemon *daemon, uint64_t usec)
{
    struct ballast_error err;
    if (daemon->ops->pass(daemon, usec, &err) == 0)
        return CLI_DONE;
    cli_error("%s: %s", daemon->command, err.text);
    return CLI_UNREACHABLE;
}

int cli_daemon_finish(struct cli_daemon *daemon, bool arrives)
{
    struct ballast_error err;
    if (daemon->ops->finish(daemon, arrives, &err) == 0)
        return CLI_DONE;
    cli_error("%s: %s", daemon->command, err.text);
    return CLI_UNREACHABLE;
}

int cli_daemon_status(int wire_code)
{
    switch (wire_code) {
    case 0:
        return CLI_DONE;
    case WIRE_REFUSED:
        return CLI_NO;
    case WIRE_INVALID_PARAMS:
    case WIRE_NOT_FOUND:
        return CLI_BAD;
    default:
        return CLI_UNREACHABLE;
    }
}

int cli_daemon_no(const struct cli_daemon *daemon, const struct wire_message *answer)
{
    char *shown = cli_shown(answer->error_text);
    cli_error("%s: %s", daemon->command,
              *shown ? shown : "the daemon refused, and named no reason");
    free(shown);
    return cli_daemon_status(answer->error_code);
}

int cli_daemon_call(struct cli_daemon *daemon, const char *method, struct json_object *params,
                    struct json_object **result)
{
    struct wire_message answer = {.kind = WIRE_RESPONSE};
    int rc = cli_daemon_ask(daemon, method, params, &answer);
    if (!rc && answer.error_code)
        rc = cli_daemon_no(daemon, &answer);
    if (!rc && result) {
        *result = answer.result;
        answer.result = NULL;
    }
    wire_message_release(&answer);
    return rc;
}

void cli_daemon_attach(struct cli_daemon *daemon, uint64_t reservation, const char *owner)
{
    struct wire_message answer = {.kind = WIRE_RESPONSE};
    struct json_object *params = cli_params();
    cli_params_u64(params, "id", reservation);
    cli_params_string(params, "owner", owner);
    (void)call_by_ops(daemon, "attach", params, ANSWER_USEC, NULL, NULL, &answer, NULL);
    wire_message_release(&answer);
}
