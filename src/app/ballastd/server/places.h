/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who gets a connection of a listener. One user takes half of the places at most, one place in
 * eight is kept for those who are trusted, and when all others are taken the user who has the most
 * makes way for one who has fewer: nobody holds a listener for ever, however many connections it
 * opens and whatever it does with them.
 */
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

/*
 * Gives the connection, whose user is known, a place; another one may be closed for it. -EBUSY:
 * there is none, and in the record why: of this user, of all without privilege, of all; -ENOMEM.
 */
int places_enter(struct connection *connection, struct ballast_error *err);
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
