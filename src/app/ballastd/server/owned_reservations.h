/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reservations that go with a connection: when it ends, those that are not bound by then are
 * released. Nothing of it is kept: over a restart of the daemon they wait for their owners to say
 * so again, or for the end of their leases.
 */
#ifndef APP_BALLASTD_SERVER_OWNED_RESERVATIONS_H
#define APP_BALLASTD_SERVER_OWNED_RESERVATIONS_H

#include <stdint.h>

struct connection;

/* It goes with this connection from now on, and with no other; as rpc_session_ops.own. */
int owned_add(struct connection *connection, uint64_t id);
/* The connection ends. While the server itself ends nothing is released: they may come back. */
void owned_release(struct connection *connection);

#endif
