/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reservations tied to a connection: when it ends, those that are not bound are released. This is
 * not stored: after a restart of the daemon they wait for their owners to tie them again, or for
 * the end of their leases.
 */
#ifndef APP_BALLASTD_SERVER_OWNED_RESERVATIONS_H
#define APP_BALLASTD_SERVER_OWNED_RESERVATIONS_H

#include <stdint.h>

struct connection;

/* Ties the reservation to this connection only; as rpc_session_ops.own. */
int owned_add(struct connection *connection, uint64_t id);
/* Unties it from all connections; as rpc_session_ops.disown. */
void owned_drop(struct connection *connection, uint64_t id);
/* The connection ends. Nothing is released while the server itself ends: the clients may return. */
void owned_release(struct connection *connection);

#endif
