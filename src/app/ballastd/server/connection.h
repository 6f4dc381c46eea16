/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A connection costs only itself: what it does not read is bounded, and one that stops in the
 * middle of a line or stands in the way of others is closed.
 */
#ifndef APP_BALLASTD_SERVER_CONNECTION_H
#define APP_BALLASTD_SERVER_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>

struct ballast_error;
struct connection;
struct listener;
struct server;

/* One that is to be accepted next. NULL: out of memory. */
struct connection *connection_new(struct listener *listener);
/* Reads from now on. */
void connection_begin(struct connection *connection);
/* Takes over the line; a connection that does not read is closed, in the loop's next turn. */
void connection_send(struct connection *connection, char *line, size_t length);
void connection_close(struct connection *connection);
/* Closes it in the loop's next turn: there is something that it cannot be told. */
void connection_schedule_close(struct connection *connection);
/* Says why, if it can be said at once, and closes it. */
void connection_turn_away(struct connection *connection, const char *why);
/* Takes nothing more from it; it is closed when it has read why. */
void connection_refuse_rest(struct connection *connection, const struct ballast_error *err);
/* After a turn: goes on at once, reads more, or is done. */
void connection_continue(struct connection *connection);
/* It, or its user, leaves so much unread that nothing more is taken from it. */
bool connection_is_full(const struct connection *connection);
/* Its peer is gone, and no whole line that it said is left to be done. */
bool connection_has_left(const struct connection *connection);
/* Those that stand in the way are closed; from time to time. */
void connection_sweep(struct server *server);

#endif
