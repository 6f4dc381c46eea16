/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/server/admission.h"

#include <errno.h>

#include "app/ballastd/engine/config.h"
#include "app/ballastd/engine/engine.h"
#include "app/ballastd/server/connection.h"
#include "app/ballastd/server/peer.h"
#include "app/ballastd/server/places.h"
#include "app/ballastd/server/state.h"
#include "core/base/error.h"

/* One place in this many is kept for trusted users. */
enum { KEPT_PART = 8 };

static size_t places_of_others(const struct server *server)
{
    size_t all = engine_config(server->engine)->clients;
    size_t kept = all < KEPT_PART ? all > 1 : all / KEPT_PART;
    return all - kept;
}

/*
 * The connection whose loss matters least: one that does not read before an idle one, a long one
 * before a short one.
 */
static bool makes_way_before(const struct connection *connection, const struct connection *other)
{
    uint64_t reading_usec = connection->unread > 0 ? connection->read_usec : UINT64_MAX;
    uint64_t other_usec = other->unread > 0 ? other->read_usec : UINT64_MAX;
    if (reading_usec != other_usec)
        return reading_usec < other_usec;
    if ((connection->session.waits > 0) != (other->session.waits > 0))
        return connection->session.waits == 0;
    return connection->received_usec < other->received_usec;
}

static struct connection *find_leaver(const struct connection *comer,
                                      const struct places_user *user)
{
    struct connection *found = NULL;
    for (struct connection *at = comer->server->connections; at; at = at->next) {
        if (at == comer || at->user != user || at->trusted)
            continue;
        if (!found || makes_way_before(at, found))
            found = at;
    }
    return found;
}

/*
 * A connection of the user with the most makes way for a user who has fewer even with this place.
 */
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

/*
 * Closes connections whose peers have hung up unnoticed: the loop may handle those later than new
 * ones.
 */
static void close_left(const struct connection *comer)
{
    for (struct connection *next, *at = comer->server->connections; at; at = next) {
        next = at->next;
        if (at != comer && at->listener == comer->listener && connection_has_left(at))
            connection_close(at);
    }
}

static bool has_most(const struct connection *connection)
{
    return !connection->trusted && connection->user->connections >=
                                       (engine_config(connection->server->engine)->clients + 1) / 2;
}

static bool is_taken(const struct connection *connection)
{
    const struct listener *listener = connection->listener;
    return listener->clients > engine_config(connection->server->engine)->clients ||
           (!connection->trusted && listener->others >= places_of_others(connection->server));
}

static int refuse_most(const struct connection *connection, struct ballast_error *err)
{
    return ballast_fail(err, -EBUSY,
                        "%s: user %u has %zu connections, half of all, the most of one user: close "
                        "one",
                        connection->listener->path, (unsigned)connection->session.uid,
                        connection->user->connections);
}

static int refuse_taken(const struct connection *connection, struct ballast_error *err)
{
    size_t all = engine_config(connection->server->engine)->clients;
    bool in_all = connection->listener->clients > all;
    size_t places = in_all ? all : places_of_others(connection->server);
    return ballast_fail(err, -EBUSY,
                        "%s: %zu of %zu connections%s are in use: close one, or raise 'clients' in "
                        "ballastd.conf",
                        connection->listener->path, places, places,
                        in_all ? "" : " of users without privilege");
}

/*
 * Finds a place for the connection, whose user is known; another one may be closed for it. -EBUSY:
 * there is none, and the record says for whom (this user, all without privilege, all); -ENOMEM.
 */
static int find_connection_place(struct connection *connection, struct ballast_error *err)
{
    int rc = places_take_user(connection);
    if (rc < 0)
        return ballast_fail(err, rc, "out of memory");
    if (has_most(connection) || is_taken(connection))
        close_left(connection);
    if (has_most(connection))
        rc = refuse_most(connection, err);
    else if (is_taken(connection) && make_way(connection) < 0)
        rc = refuse_taken(connection, err);
    if (rc == 0 && !connection->trusted)
        places_take(connection);
    return rc;
}

void admission_accept(struct listener *listener)
{
    struct ballast_error err;
    struct connection *connection = connection_new(listener);
    if (!connection) {
        /* Retried at once, then from time to time: until then libuv accepts no other. */
        listener->waits = true;
        uv_idle_start(&listener->server->pump, listener->server->on_pump);
        return;
    }
    if (uv_accept((uv_stream_t *)&listener->pipe, (uv_stream_t *)&connection->pipe) < 0 ||
        !connection->decoder || peer_identify(connection) < 0)
        connection_close(connection);
    else if (find_connection_place(connection, &err) < 0)
        connection_turn_away(connection, err.text);
    else
        connection_begin(connection);
}
