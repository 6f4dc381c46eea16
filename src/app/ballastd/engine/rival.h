/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A second balancer on the same host: noticed by the targets that it sets, and stood back from. */
#ifndef APP_BALLASTD_ENGINE_RIVAL_H
#define APP_BALLASTD_ENGINE_RIVAL_H

#include <stdint.h>

struct ballast_domain;
struct engine;
struct overlay_record;

/* A target that another program has set: for the overlay, `context` is the engine. */
void rival_on_foreign_target(void *context, const struct ballast_domain *domain,
                             struct overlay_record *record, uint64_t was_kib);
/* No domain is balanced while the engine is paused or stands back. */
void rival_update_hold(struct engine *engine);
/* What a rival pinned is given back, once the sample that showed it is there. */
void rival_unpin(struct engine *engine);
/* Ends standing back where the rival has been quiet for long enough. */
void rival_wait_for_quiet(struct engine *engine);
/* Ends it at once. */
void rival_end(struct engine *engine);

#endif
