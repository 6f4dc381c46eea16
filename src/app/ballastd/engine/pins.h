/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pinned targets: who set which for a domain, kept in the ledger by uuid until it is given back.
 * The policies' side of it is core/policy/pin.h.
 */
#ifndef APP_BALLASTD_ENGINE_PINS_H
#define APP_BALLASTD_ENGINE_PINS_H

#include <stdbool.h>
#include <sys/types.h>

#include "app/ballastd/engine/overlay.h"

struct engine;

/* A pin of `kib` by a user of the host, from now on. */
struct overlay_pin pins_of_user(const struct engine *engine, uint64_t kib, uid_t uid);
/* Who a user is, as far as /etc/passwd says: "root", else "user 1234". */
void pins_who(uid_t uid, char out[OVERLAY_PIN_WHO]);

/* Pins the domain, or (kib 0) unpins it, durably. Errors as reservations_put_setting(). */
int pins_set(struct engine *engine, struct overlay_record *record, const struct overlay_pin *pin,
             struct ballast_error *err);
/* A target that another program has set is a pin by the writer of xenstore. */
void pins_foreign(struct engine *engine, struct overlay_record *record,
                  const struct ballast_domain *domain, uint64_t was_kib);
/* A rival balancer is not an administrator: what it pinned since then is unpinned. */
void pins_drop_foreign(struct engine *engine, uint64_t since_usec);
/* What happened becomes an event: `pin` was set in place of `was_kib`. */
void pins_record(struct engine *engine, size_t at, const struct overlay_pin *pin,
                 const struct overlay_pin *before, uint64_t was_kib);

#endif
