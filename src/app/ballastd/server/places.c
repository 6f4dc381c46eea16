/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/server/places.h"

#include <errno.h>
#include <stdlib.h>

#include "app/ballastd/server/connection.h"
#include "app/ballastd/daemon.h"
#include "core/base/error.h"

enum {
    KEPT_PART = 8,                /* one place in so many is kept for those who are trusted */
    USER_UNREAD_PAUSE = 16 << 20, /* bytes; ballast-protocol(7) */
    USER_UNREAD_MOST = 32 << 20,
};

static size_t places_of_others(const struct daemon *daemon)
{
    size_t all = daemon->config.clients;
    size_t kept = all < KEPT_PART ? all > 1 : all / KEPT_PART;
    return all - kept;
}

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

/* The one whose loss is the least: who does not read before who is quiet, long before short. */
static bool makes_way_before(const struct connection *connection, const struct connection *other)
{
    uint64_t reading_usec = connection->unread > 0 ? connection->read_usec : UINT64_MAX;
    uint64_t other_usec = other->unread > 0 ? other->read_usec : UINT64_MAX;
    if (reading_usec != other_usec)
        return reading_usec < other_usec;
    if ((connection->waits > 0) != (other->waits > 0))
        return connection->waits == 0;
    return connection->heard_usec < other->heard_usec;
}

static struct connection *find_leaver(const struct connection *comer,
                                      const struct places_user *user)
{
    struct connection *found = NULL;
    for (struct connection *at = comer->daemon->connections; at; at = at->next) {
        if (at == comer || at->user != user || at->trusted)
            continue;
        if (!found || makes_way_before(at, found))
            found = at;
    }
    return found;
}

/* Of those who have the most, one makes way for a user who has fewer even with this place. */
static int make_way(const struct connection *comer)
{
    const struct places_user *most = NULL;
    for (const struct places_user *user = comer->listener->users; user; user = user->next) {
        if (!most || user->connections > most->connections)
            most = user;
    }
    size_t has = comer->trusted ? 0 : comer->user->connections + 1;
    struct connection *leaver = most && most->connections > has ? find_leaver(comer, most) : NULL;
    if (!leaver)
        return -EBUSY;
    connection_turn_away(leaver, "others need this connection's place");
    return 0;
}

/* Who has hung up and was not noticed yet: the loop may come to those later than to who comes. */
static void close_left(const struct connection *comer)
{
    for (struct connection *next, *at = comer->daemon->connections; at; at = next) {
        next = at->next;
        if (at != comer && at->listener == comer->listener && connection_has_left(at))
            connection_close(at);
    }
}

static bool has_most(const struct connection *connection)
{
    return !connection->trusted &&
           connection->user->connections >= (connection->daemon->config.clients + 1) / 2;
}

static bool is_taken(const struct connection *connection)
{
    const struct listener *listener = connection->listener;
    return listener->clients > connection->daemon->config.clients ||
           (!connection->trusted && listener->others >= places_of_others(connection->daemon));
}

static int refuse_most(const struct connection *connection, struct ballast_error *err)
{
    return ballast_fail(err, -EBUSY,
                        "%s: user %u has %zu connections, half of all, the most of one user: close "
                        "one",
                        connection->listener->path, (unsigned)connection->uid,
                        connection->user->connections);
}

static int refuse_taken(const struct connection *connection, struct ballast_error *err)
{
    size_t all = connection->daemon->config.clients;
    bool in_all = connection->listener->clients > all;
    size_t places = in_all ? all : places_of_others(connection->daemon);
    return ballast_fail(err, -EBUSY,
                        "%s: %zu of %zu connections%s are in use: close one, or raise 'clients' in "
                        "ballastd.conf",
                        connection->listener->path, places, places,
                        in_all ? "" : " of users without privilege");
}

int places_enter(struct connection *connection, struct ballast_error *err)
{
    struct listener *listener = connection->listener;
    struct places_user *user = find_or_add_user(listener, connection->uid);
    int rc = 0;
    if (!user)
        return ballast_fail(err, -ENOMEM, "out of memory");
    connection->user = user;
    user->refs++;
    if (has_most(connection) || is_taken(connection))
        close_left(connection);
    if (has_most(connection))
        rc = refuse_most(connection, err);
    else if (is_taken(connection) && make_way(connection) < 0)
        rc = refuse_taken(connection, err);
    if (rc == 0 && !connection->trusted) {
        user->connections++;
        listener->others++;
        connection->placed = true;
    }
    return rc;
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
