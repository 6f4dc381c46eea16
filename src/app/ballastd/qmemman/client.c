/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/qmemman/client.h"

#include <stdlib.h>
#include <string.h>

#include "app/ballastd/engine/engine.h"
#include "core/base/units.h"
#include "core/ledger/ledger.h"

enum {
    /* One is kept for each start of qubesd, and some for the programs of dom0's users. */
    CLIENTS_MOST = 256,
    CLIENTS_OTHERS = 192, /* of users without privilege */
    CLIENTS_USER = 64,    /* of one of them */
    REQUEST_MSEC = 60000, /* qubesd sends its request at once */
};

static void free_closed_client(uv_handle_t *handle)
{
    struct qmemman_client *client = handle->data;
    if (--client->handles == 0)
        free(client);
}

static void end_client(struct qmemman_client *client)
{
    struct qmemman_client **at = &client->clients->first;
    while (*at != client)
        at = &(*at)->next;
    *at = client->next;
    client->closing = true;
    client->step = NULL;
    if (client->sizes)
        client->ended(client);
    standin_call_end(&client->call);
    uv_close((uv_handle_t *)&client->pipe, free_closed_client);
    uv_close((uv_handle_t *)&client->timer, free_closed_client);
}

void qmemman_client_close(struct qmemman_client *client)
{
    struct qmemman_clients *clients = client->clients;
    uint64_t reservation = client->call.reservation;
    if (client->closing)
        return;
    end_client(client);
    leftovers_add(&clients->leftovers, clients->engine, reservation, client->peer.uid);
}

/* Answers */

static void on_answer_written(uv_write_t *write, int status)
{
    struct qmemman_client *client = write->handle->data;
    if (status < 0 || client->leaves)
        qmemman_client_close(client);
}

void qmemman_client_answer(struct qmemman_client *client, const char *text)
{
    uv_buf_t buf = uv_buf_init((char *)text, (unsigned)strlen(text));
    client->step = NULL;
    client->answered = true;
    if (uv_write(&client->write, (uv_stream_t *)&client->pipe, &buf, 1, on_answer_written) < 0)
        qmemman_client_close(client);
}

/* Requests */

static void give_client_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct qmemman_client *client = handle->data;
    (void)suggested;
    *buf = uv_buf_init(client->data, sizeof(client->data));
}

/* A second request ends the connection, after the answer to the first; no more of it is read. */
static void on_client_bytes(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf)
{
    struct qmemman_client *client = stream->data;
    struct qmemman_request request;
    (void)buf;
    if (got == 0)
        return;
    if (got < 0)
        uv_read_stop(stream);
    bool is_gone = got < 0 && (got != UV_EOF || standin_peer_has_gone(&client->pipe));
    if (got > 0 && !client->asked) {
        client->asked = true;
        uv_timer_stop(&client->timer);
        qmemman_read(client->data, (size_t)got, &request);
        client->clients->run(client, &request);
    } else if (is_gone || !client->asked || client->answered) {
        qmemman_client_close(client);
    } else {
        client->leaves = true;
        uv_read_stop(stream);
    }
}

static void on_silent_client(uv_timer_t *timer)
{
    qmemman_client_close(timer->data);
}

/* The socket */

static size_t count_clients(const struct standin_call *call)
{
    size_t count = 0;
    const struct qmemman_client *client = (const struct qmemman_client *)call;
    for (client = client->clients->first; client; client = client->next)
        count++;
    return count;
}

/* No user keeps the others, and none keeps root, from being answered. */
static bool has_place(const struct qmemman_client *comer)
{
    size_t all = 0;
    size_t others = 0;
    size_t of_user = 0;
    for (const struct qmemman_client *at = comer->clients->first; at; at = at->next) {
        all++;
        others += !at->peer.trusted;
        of_user += at->peer.uid == comer->peer.uid;
    }
    return all <= CLIENTS_MOST &&
           (comer->peer.trusted || (others <= CLIENTS_OTHERS && of_user <= CLIENTS_USER));
}

static void begin_client(struct qmemman_client *client)
{
    standin_call_begin(&client->call, client->clients->rpc, &client->peer, count_clients);
    client->call.session.service = RPC_USER_QMEMMAN;
    memcpy(client->call.session.owner, QMEMMAN_OWNER, sizeof(QMEMMAN_OWNER));
    if (!has_place(client) ||
        uv_read_start((uv_stream_t *)&client->pipe, give_client_room, on_client_bytes) < 0)
        qmemman_client_close(client);
    else
        uv_timer_start(&client->timer, on_silent_client, REQUEST_MSEC, 0);
}

static void on_qmemman_client(uv_stream_t *stream, int status)
{
    struct qmemman_clients *clients = stream->data;
    struct qmemman_client *client = status < 0 ? NULL : calloc(1, sizeof(*client));
    if (status == 0 && !client)
        standin_place_refuse(&clients->place);
    if (!client)
        return;
    uv_pipe_init(stream->loop, &client->pipe, 0);
    uv_timer_init(stream->loop, &client->timer);
    client->pipe.data = client->timer.data = client;
    client->handles = 2;
    client->clients = clients;
    client->next = clients->first;
    clients->first = client;
    if (uv_accept(stream, (uv_stream_t *)&client->pipe) < 0 ||
        !standin_peer_find(&client->pipe, &client->peer))
        qmemman_client_close(client);
    else
        begin_client(client);
}

/* One that still waits, or whose lease is over, is owed nothing. */
static uint64_t owed_to_client(const struct qmemman_client *client)
{
    uint64_t id = client->call.reservation;
    const struct ledger_reservation *record =
        id ? ledger_find(engine_ledger(client->clients->engine), id) : NULL;
    if (!record || (record->state != LEDGER_GRANTED && record->state != LEDGER_USED))
        return 0;
    uint64_t left_kib = record->state == LEDGER_GRANTED ? record->granted_kib : 0;
    return ballast_sub_floor(client->asked_kib, left_kib);
}

static uint64_t owed_to_user(void *context, uid_t uid)
{
    const struct qmemman_clients *clients = context;
    uint64_t kib = 0;
    for (const struct qmemman_client *at = clients->first; at; at = at->next)
        kib = ballast_add_ceil(kib, at->peer.uid == uid ? owed_to_client(at) : 0);
    return kib;
}

int qmemman_clients_open(struct qmemman_clients *clients, uv_loop_t *loop, const char *path,
                         int given_fd, struct ballast_error *err)
{
    struct standin_place_options options = {.loop = loop,
                                            .path = path,
                                            .mode = 0777,
                                            .daemon = "qmemman",
                                            .given_fd = given_fd,
                                            .shared = true,
                                            .on_client = on_qmemman_client,
                                            .data = clients};
    clients->leftovers.owed = owed_to_user;
    clients->leftovers.owed_context = clients;
    return standin_place_open(&clients->place, &options, err);
}

void qmemman_clients_close(struct qmemman_clients *clients)
{
    while (clients->first)
        end_client(clients->first);
    standin_place_close(&clients->place);
}

/* A step may end its client, and no other. */
bool qmemman_clients_go_on(struct qmemman_clients *clients)
{
    uint64_t due_usec = engine_due_usec(clients->engine);
    bool done = leftovers_go_on(&clients->leftovers, clients->engine);
    struct qmemman_client *next;
    for (struct qmemman_client *client = clients->first; client; client = next) {
        next = client->next;
        qmemman_step_fn *step = client->step;
        if (!step)
            continue;
        /* Nothing else tells, since it is no longer read. */
        if (client->leaves && standin_peer_has_gone(&client->pipe))
            qmemman_client_close(client);
        else
            step(client);
        done = true;
    }
    return done && engine_due_usec(clients->engine) != due_usec;
}

bool qmemman_clients_have_sizes(const struct qmemman_clients *clients)
{
    const struct qmemman_client *client = clients->first;
    while (client && !client->sizes)
        client = client->next;
    return client != NULL;
}
