/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The methods: each fills in the answer of a call. */
#ifndef APP_BALLASTD_RPC_METHODS_H
#define APP_BALLASTD_RPC_METHODS_H

#include "app/ballastd/rpc/call.h"
#include "edge/wire/methods.h"

typedef void method_fn(struct call *call);

/* methods_read.c */
method_fn method_hello, method_ping, method_subscribe, method_status, method_host,
    method_host_profile, method_domains, method_reservations, method_policy, method_plan;
/* methods_history.c */
method_fn method_history, method_events;
/* methods_reservation.c */
method_fn method_login, method_reserve, method_attach, method_detach, method_release, method_bind,
    method_free;
/* Binds to a domain of the last refresh; answers the call. */
void method_bind_to(struct call *call, uint64_t id, const struct ledger_domain *life, size_t at);
/* methods_domain.c */
method_fn method_set_target, method_set_max, method_set_range, method_set_shares, method_opt_out,
    method_set_policy, method_pause, method_resume;
/* methods_sim.c: only on a simulated host */
method_fn method_sim_start, method_sim_destroy, method_sim_set_target;
/* NULL if there is none. */
const struct wire_method *methods_sim_find(const char *name, method_fn **out);

#endif
