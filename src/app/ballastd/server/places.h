/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How many connections each user has, and how much of what they were sent they leave unread. */
#ifndef APP_BALLASTD_SERVER_PLACES_H
#define APP_BALLASTD_SERVER_PLACES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <ballast/error.h>

struct connection;

/* A user at one listener; lives as long as a connection of it. */
struct places_user {
    struct places_user *next;
    uid_t uid;
    size_t refs;        /* connections, also those that are being closed */
    size_t connections; /* those that take a place of others */
    size_t unread;      /* bytes that wait to be read by all of them */
};

/* Counts the connection, whose user is known, for that user. -ENOMEM. */
int places_take_user(struct connection *connection);
/* Takes one of the places of those that are not trusted. */
void places_take(struct connection *connection);
/* Gives the place back; harmless where it has none. */
void places_leave(struct connection *connection);
/* The last that is done with a connection. */
void places_forget(struct connection *connection);
/* So many bytes wait to be read. */
void places_wait(const struct connection *connection, size_t bytes);
/* So many do no more; whether its user, from whom nothing was taken, has read enough to go on. */
bool places_waited(const struct connection *connection, size_t bytes);
/* Its user leaves so much unread that nothing more is taken from it. */
bool places_is_full(const struct connection *connection);
/* ... that so much more is not sent to it either. */
bool places_is_over(const struct connection *connection, size_t bytes);

#endif
