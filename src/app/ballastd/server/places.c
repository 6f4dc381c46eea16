/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/server/places.h"

#include <errno.h>
#include <stdlib.h>

#include "app/ballastd/server/state.h"

enum {
    USER_UNREAD_PAUSE = 16 << 20, /* bytes; ballast-protocol(7) */
    USER_UNREAD_MOST = 32 << 20,
};

static struct places_user *find_or_add_user(struct listener *listener, uid_t uid)
{
    for (struct places_user *user = listener->users; user; user = user->next) {
        if (user->uid == uid)
            return user;
    }
    struct places_user *user = calloc(1, sizeof(*user));
    if (!user)
        return NULL;
    user->uid = uid;
    user->next = listener->users;
    listener->users = user;
    return user;
}

static void forget_user(struct listener *listener, const struct places_user *gone)
{
    struct places_user **at = &listener->users;
    while (*at && *at != gone)
        at = &(*at)->next;
    if (*at)
        *at = gone->next;
}

int places_take_user(struct connection *connection)
{
    struct places_user *user = find_or_add_user(connection->listener, connection->session.uid);
    if (!user)
        return -ENOMEM;
    connection->user = user;
    user->refs++;
    return 0;
}

void places_take(struct connection *connection)
{
    connection->user->connections++;
    connection->listener->others++;
    connection->placed = true;
}

void places_leave(struct connection *connection)
{
    if (!connection->placed)
        return;
    connection->placed = false;
    connection->user->connections--;
    connection->listener->others--;
}

void places_forget(struct connection *connection)
{
    struct places_user *user = connection->user;
    connection->user = NULL;
    if (!user || --user->refs > 0)
        return;
    forget_user(connection->listener, user);
    free(user);
}

void places_wait(const struct connection *connection, size_t bytes)
{
    if (connection->user)
        connection->user->unread += bytes;
}

bool places_waited(const struct connection *connection, size_t bytes)
{
    if (!connection->user)
        return false;
    bool was_full = places_is_full(connection);
    connection->user->unread -= bytes;
    return was_full && !places_is_full(connection);
}

bool places_is_full(const struct connection *connection)
{
    return connection->user && connection->user->unread > USER_UNREAD_PAUSE;
}

bool places_is_over(const struct connection *connection, size_t bytes)
{
    return connection->user && connection->user->unread + bytes > USER_UNREAD_MOST;
}
