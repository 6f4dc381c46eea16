/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What clients ask for. A method is a function that fills in an answer; which there are, and who
 * may call them, is data.
 */
#ifndef APP_BALLASTD_RPC_DISPATCH_H
#define APP_BALLASTD_RPC_DISPATCH_H

#include <json-c/json.h>

#include "app/ballastd/server/connection.h"
#include "app/ballastd/daemon.h"
#include "edge/wire/methods.h"
#include "edge/wire/wire.h"

struct call {
    struct daemon *daemon;
    struct connection *connection;
    struct json_object *params; /* checked; NULL: none */
    struct json_object *id;
    uint64_t failures; /* of build_failures() before it */
    /* The answer: result, or a code with a text and data. */
    struct json_object *result;
    int code;
    char text[BALLAST_ERROR_TEXT];
    struct json_object *data;
    bool later; /* it will be answered through waiters_add() */
};

/* A message came; the caller releases it. */
void dispatch_message(struct connection *connection, struct wire_message *message);
/* The answer of a call that waited for that reservation. */
void reply_decided(struct connection *connection, struct json_object *id, uint64_t reservation,
                   bool is_free);

/* The call fails. */
__attribute__((format(printf, 3, 4))) void call_fail(struct call *call, int code,
                                                     const char *format, ...);
/* A verdict that is no, with its numbers. */
void call_refuse(struct call *call, const struct ledger_verdict *verdict);
/* The ledger or the host did not do it: what rc says of whose fault it is. */
void call_unavailable(struct call *call, int rc, const struct ballast_error *err);
/* The ledger, or NULL and the call has failed: it has not been read yet. */
struct ledger *call_ledger(struct call *call);
/* The domain of a parameter by its place in the last refresh; false: the call has failed. */
bool call_domain(struct call *call, size_t *out);
/* Whose reservations the call is about: NULL is "anybody's". */
const char *call_owner(const struct call *call);

typedef void method_fn(struct call *call);

/* calls_read.c */
method_fn method_hello, method_ping, method_subscribe, method_status, method_host,
    method_host_profile, method_domains, method_reservations, method_decisions, method_policy,
    method_plan;
/* calls_history.c */
method_fn method_history, method_why;
/* calls_promise.c */
method_fn method_login, method_reserve, method_attach, method_release, method_bind, method_free;
/* Of a domain in the last refresh; answers the call. */
void method_bind_to(struct call *call, uint64_t id, const struct ledger_domain *life, size_t at);
/* calls_domain.c */
method_fn method_set_target, method_set_max, method_set_range, method_set_shares, method_opt_out,
    method_set_policy, method_pause, method_resume;
/* calls_sim.c: only on a simulated host */
method_fn method_sim_start, method_sim_destroy, method_sim_set_target;
/* NULL where there is none. */
const struct wire_method *methods_sim_find(const char *name, method_fn **out);

#endif
