/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How many connections each user has, and how much they leave unread. */
#ifndef APP_BALLASTD_SERVER_PLACES_H
#define APP_BALLASTD_SERVER_PLACES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <ballast/error.h>

struct connection;

/* A user of one listener; exists as long as one of its connections. */
struct places_user {
    struct places_user *next;
    uid_t uid;
    size_t refs;        /* connections, also those that are being closed */
    size_t connections; /* those that occupy a common place */
    size_t unread;      /* bytes that all of them have not read */
};

/* Counts the connection, whose user is known, for that user. -ENOMEM. */
int places_take_user(struct connection *connection);
/* Takes one of the common places, which are for users that are not trusted. */
void places_take(struct connection *connection);
/* Returns the place; harmless without one. */
void places_leave(struct connection *connection);
/* Removes the connection; the last call for it. */
void places_forget(struct connection *connection);
/* This many more bytes are unread. */
void places_wait(const struct connection *connection, size_t bytes);
/* This many fewer are unread; whether its user, from whom nothing was read, may continue. */
bool places_waited(const struct connection *connection, size_t bytes);
/* Its user leaves so much unread that the server reads nothing more from it. */
bool places_is_full(const struct connection *connection);
/* ... that this many more bytes are not sent to it either. */
bool places_is_over(const struct connection *connection, size_t bytes);

#endif
