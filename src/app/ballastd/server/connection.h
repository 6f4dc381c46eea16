/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A connection can only harm itself: unread data is bounded, and one that stops in the middle of a
 * line or occupies the place of others is closed.
 */
#ifndef APP_BALLASTD_SERVER_CONNECTION_H
#define APP_BALLASTD_SERVER_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>

struct ballast_error;
struct connection;
struct listener;
struct server;

/* A connection to be accepted next. NULL: out of memory. */
struct connection *connection_new(struct listener *listener);
/* Starts reading. */
void connection_begin(struct connection *connection);
/* Owns the line; a connection that does not read is closed in the loop's next turn. */
void connection_send(struct connection *connection, char *line, size_t length);
void connection_close(struct connection *connection);
/* Closes it in the loop's next turn, since a message to it was lost. */
void connection_schedule_close(struct connection *connection);
/* Sends the reason, if that is possible at once, and closes it. */
void connection_turn_away(struct connection *connection, const char *why);
/* Reads nothing more from it; it is closed after it has read the reason. */
void connection_refuse_rest(struct connection *connection, const struct ballast_error *err);
/* After a turn: continues at once, reads more, or finishes. */
void connection_continue(struct connection *connection);
/* It, or its user, leaves so much unread that the server reads nothing more from it. */
bool connection_is_full(const struct connection *connection);
/* Its peer is gone, and no complete line from it is left to handle. */
bool connection_has_left(const struct connection *connection);
/* Closes connections that occupy the places of others; called from time to time. */
void connection_sweep(struct server *server);

#endif
