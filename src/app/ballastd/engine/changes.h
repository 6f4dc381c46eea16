/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Changes of reservations, kept from when they are durable until observers have them. */
#ifndef APP_BALLASTD_ENGINE_CHANGES_H
#define APP_BALLASTD_ENGINE_CHANGES_H

#include <ballast/error.h>

struct engine;
struct ledger_reservation;

/* It has come into another state: for the reservations, `context` is the engine. */
void changes_on_reservation(void *context, const struct ledger_reservation *record);
/* Tells them. */
void changes_settle(struct engine *engine);
/* Releases the memory that `free` reserves, once a guest is built with it. */
void changes_end_free_holds(struct engine *engine);
/* Releases the waiting requests of `free`, whose commands have ended. Errors of the store. */
int changes_end_free_requests(struct engine *engine, struct ballast_error *err);

#endif
