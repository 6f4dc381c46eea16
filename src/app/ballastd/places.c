/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/places.h"

#include <errno.h>
#include <stdlib.h>

#include "app/ballastd/conn.h"
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

static struct places_user *find_or_add_user(struct daemon_door *door, uid_t uid)
{
    for (struct places_user *user = door->users; user; user = user->next) {
        if (user->uid == uid)
            return user;
    }
    struct places_user *user = calloc(1, sizeof(*user));
    if (!user)
        return NULL;
    user->uid = uid;
    user->next = door->users;
    door->users = user;
    return user;
}

static void forget_user(struct daemon_door *door, const struct places_user *gone)
{
    struct places_user **at = &door->users;
    while (*at && *at != gone)
        at = &(*at)->next;
    if (*at)
        *at = gone->next;
}

/* The one whose loss is the least: who does not read before who is quiet, long before short. */
static bool makes_way_before(const struct conn *conn, const struct conn *other)
{
    uint64_t reading_usec = conn->unread > 0 ? conn->read_usec : UINT64_MAX;
    uint64_t other_usec = other->unread > 0 ? other->read_usec : UINT64_MAX;
    if (reading_usec != other_usec)
        return reading_usec < other_usec;
    if ((conn->waits > 0) != (other->waits > 0))
        return conn->waits == 0;
    return conn->heard_usec < other->heard_usec;
}

static struct conn *find_leaver(const struct conn *comer, const struct places_user *user)
{
    struct conn *found = NULL;
    for (struct conn *at = comer->daemon->conns; at; at = at->next) {
        if (at == comer || at->user != user || at->trusted)
            continue;
        if (!found || makes_way_before(at, found))
            found = at;
    }
    return found;
}

/* Of those who have the most, one makes way for a user who has fewer even with this place. */
static int make_way(const struct conn *comer)
{
    const struct places_user *most = NULL;
    for (const struct places_user *user = comer->door->users; user; user = user->next) {
        if (!most || user->conns > most->conns)
            most = user;
    }
    size_t has = comer->trusted ? 0 : comer->user->conns + 1;
    struct conn *leaver = most && most->conns > has ? find_leaver(comer, most) : NULL;
    if (!leaver)
        return -EBUSY;
    conn_turn_away(leaver, "others need this connection's place");
    return 0;
}

/* Who has hung up and was not noticed yet: the loop may come to those later than to who comes. */
static void close_left(const struct conn *comer)
{
    for (struct conn *next, *at = comer->daemon->conns; at; at = next) {
        next = at->next;
        if (at != comer && at->door == comer->door && conn_has_left(at))
            conn_close(at);
    }
}

static bool has_most(const struct conn *conn)
{
    return !conn->trusted && conn->user->conns >= (conn->daemon->config.clients + 1) / 2;
}

static bool is_taken(const struct conn *conn)
{
    const struct daemon_door *door = conn->door;
    return door->clients > conn->daemon->config.clients ||
           (!conn->trusted && door->others >= places_of_others(conn->daemon));
}

static int refuse_most(const struct conn *conn, struct ballast_error *err)
{
    return ballast_fail(err, -EBUSY,
                        "%s: user %u has %zu connections, half of all, the most of one user: close "
                        "one",
                        conn->door->path, (unsigned)conn->uid, conn->user->conns);
}

static int refuse_taken(const struct conn *conn, struct ballast_error *err)
{
    size_t all = conn->daemon->config.clients;
    bool in_all = conn->door->clients > all;
    size_t places = in_all ? all : places_of_others(conn->daemon);
    return ballast_fail(err, -EBUSY,
                        "%s: %zu of %zu connections%s are in use: close one, or raise 'clients' in "
                        "ballastd.conf",
                        conn->door->path, places, places,
                        in_all ? "" : " of users without privilege");
}

int places_enter(struct conn *conn, struct ballast_error *err)
{
    struct daemon_door *door = conn->door;
    struct places_user *user = find_or_add_user(door, conn->uid);
    int rc = 0;
    if (!user)
        return ballast_fail(err, -ENOMEM, "out of memory");
    conn->user = user;
    user->refs++;
    if (has_most(conn) || is_taken(conn))
        close_left(conn);
    if (has_most(conn))
        rc = refuse_most(conn, err);
    else if (is_taken(conn) && make_way(conn) < 0)
        rc = refuse_taken(conn, err);
    if (rc == 0 && !conn->trusted) {
        user->conns++;
        door->others++;
        conn->placed = true;
    }
    return rc;
}

void places_leave(struct conn *conn)
{
    if (!conn->placed)
        return;
    conn->placed = false;
    conn->user->conns--;
    conn->door->others--;
}

void places_forget(struct conn *conn)
{
    struct places_user *user = conn->user;
    conn->user = NULL;
    if (!user || --user->refs > 0)
        return;
    forget_user(conn->door, user);
    free(user);
}

void places_wait(const struct conn *conn, size_t bytes)
{
    if (conn->user)
        conn->user->unread += bytes;
}

bool places_waited(const struct conn *conn, size_t bytes)
{
    if (!conn->user)
        return false;
    bool was_full = places_is_full(conn);
    conn->user->unread -= bytes;
    return was_full && !places_is_full(conn);
}

bool places_is_full(const struct conn *conn)
{
    return conn->user && conn->user->unread > USER_UNREAD_PAUSE;
}

bool places_is_over(const struct conn *conn, size_t bytes)
{
    return conn->user && conn->user->unread + bytes > USER_UNREAD_MOST;
}
