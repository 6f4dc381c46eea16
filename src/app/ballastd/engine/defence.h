/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The alert for reserved memory that a domain takes, or that a target lets it take. */
#ifndef APP_BALLASTD_ENGINE_DEFENCE_H
#define APP_BALLASTD_ENGINE_DEFENCE_H

struct ballast_domain;
struct engine;
struct tick_result;

/* A domain was built without a reservation: counted, and what it took of reserved memory recorded.
 */
void defence_note_unreserved(void *context, const struct ballast_domain *domain);
/* After each sample on which the balancer decided. */
void defence_check(struct engine *engine, const struct tick_result *result);

#endif
