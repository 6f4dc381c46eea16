/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The daemon's data as objects of ballast-protocol(7). The caller owns every object. */
#ifndef APP_BALLASTD_RPC_ENCODE_H
#define APP_BALLASTD_RPC_ENCODE_H

#include <json-c/json.h>

#include "app/ballastd/engine/alerts.h"
#include "app/ballastd/engine/overlay.h"
#include "core/ledger/ledger.h"
#include "core/policy/balancer.h"
#include "edge/history/history.h"

struct engine;

/* A number; BALLAST_NONE is null. */
void encode_u64(struct json_object *object, const char *key, uint64_t value);
void encode_bool(struct json_object *object, const char *key, bool value);
/* "" and NULL are null; bytes that are not text become '?'. */
void encode_text(struct json_object *object, const char *key, const char *text);

/* `missing_kib` is 0 unless it waits. */
struct json_object *encode_reservation(const struct engine *engine,
                                       const struct ledger_reservation *record,
                                       uint64_t missing_kib);
/* What a waiting request and those before it still lack; 0 for others. */
uint64_t encode_missing_kib(struct engine *engine, const struct ledger_reservation *record);
/* The figures of a reason, by name. */
void encode_figures(struct json_object *object, enum balancer_reason reason,
                    const struct balancer_figures *figures);
/* The data of a refusal; without the id if there is no such reservation. */
struct json_object *encode_refusal(const struct ledger_verdict *verdict);
/* The i-th of the last refresh; NULL when out of memory. */
/* pinned_kib, pinned_by, pinned_since_usec: null if not pinned. */
void encode_pin(struct json_object *object, const struct overlay_pin *pin);
struct json_object *encode_domain(struct engine *engine, size_t i);
struct json_object *encode_event(const struct history_event *event);
struct json_object *encode_alert(enum alert_kind name, const struct alert *alert);
/* total, parts ...; of the last refresh. NULL if it cannot be divided. */
struct json_object *encode_host(struct engine *engine);
/* The profile that predicts the cost of guests; of the last refresh. */
struct json_object *encode_host_profile(const struct engine *engine);
/* `clients` are connected. */
struct json_object *encode_status(struct engine *engine, size_t clients);
/* The donors for the waiting requests. */
struct json_object *encode_donors(struct engine *engine);
struct json_object *encode_tick(struct engine *engine);

#endif
