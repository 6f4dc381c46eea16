/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What clients ask for. A method is a function that fills in an answer; which there are, and who
 * may call them, is data.
 */
#ifndef APP_BALLASTD_CALLS_H
#define APP_BALLASTD_CALLS_H

#include <json-c/json.h>

#include "app/ballastd/conn.h"
#include "app/ballastd/daemon.h"
#include "edge/wire/methods.h"
#include "edge/wire/wire.h"

struct call {
    struct daemon *daemon;
    struct conn *conn;
    struct json_object *params; /* checked; NULL: none */
    struct json_object *id;
    uint64_t failures; /* of build_failures() before it */
    /* The answer: result, or a code with a text and data. */
    struct json_object *result;
    int code;
    char text[BALLAST_ERROR_TEXT];
    struct json_object *data;
    bool later; /* it will be answered through tell_wait() */
};

/* A message came; the caller releases it. */
void calls_take(struct conn *conn, struct wire_message *message);
/* The answer of a call that waited for that reservation. */
void calls_decided(struct conn *conn, struct json_object *id, uint64_t reservation, bool is_free);

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

typedef void call_fn(struct call *call);

/* calls_read.c */
call_fn call_hello, call_ping, call_subscribe, call_status, call_host, call_host_profile,
    call_domains, call_reservations, call_decisions, call_policy, call_plan;
/* calls_history.c */
call_fn call_history, call_why;
/* calls_promise.c */
call_fn call_login, call_reserve, call_attach, call_release, call_bind, call_free;
/* Of a domain in the last refresh; answers the call. */
void call_bind_to(struct call *call, uint64_t id, const struct ledger_domain *life, size_t at);
/* calls_domain.c */
call_fn call_set_target, call_set_max, call_set_range, call_set_shares, call_opt_out,
    call_set_policy, call_pause, call_resume;
/* calls_sim.c: only on a simulated host */
call_fn call_sim_start, call_sim_destroy, call_sim_set_target;
/* NULL where there is none. */
const struct wire_method *calls_sim_find(const char *name, call_fn **out);

#endif
