/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/server/connection.h"

#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "app/ballastd/engine/clock.h"
#include "app/ballastd/engine/config.h"
#include "app/ballastd/engine/engine.h"
#include "app/ballastd/engine/log.h"
#include "app/ballastd/rpc/rpc.h"
#include "app/ballastd/server/owned_reservations.h"
#include "app/ballastd/server/places.h"
#include "app/ballastd/server/state.h"
#include "core/base/units.h"
#include "edge/wire/wire.h"

enum {
    READ_BYTES = 1 << 16,
    UNREAD_MOST = 1 << 20,  /* bytes that wait to be read by the peer; ballast-protocol(7) */
    UNREAD_PAUSE = 1 << 18, /* from here on the server reads nothing more from it */
};
/* A line must be completed within this time. */
#define LINE_USEC (30 * BALLAST_SEC_USEC)

static char read_buffer[READ_BYTES]; /* one loop, one read at a time */

static void free_connection(uv_handle_t *handle)
{
    struct connection *connection = handle->data;
    places_forget(connection);
    wire_decoder_free(connection->decoder);
    free(connection->made);
    free(connection);
}

void connection_close(struct connection *connection)
{
    struct server *server = connection->server;
    if (connection->closing)
        return;
    connection->closing = true;
    if (connection->prev)
        connection->prev->next = connection->next;
    else
        server->connections = connection->next;
    if (connection->next)
        connection->next->prev = connection->prev;
    connection->listener->clients--;
    places_leave(connection);
    uv_close((uv_handle_t *)&connection->pipe, free_connection);
    rpc_forget(server->rpc, &connection->session);
    owned_release(connection);
}

void connection_turn_away(struct connection *connection, const char *why)
{
    char *line;
    size_t length;
    if (wire_error(NULL, WIRE_BUSY, why, NULL, &line, &length, NULL) == 0) {
        uv_buf_t buf = uv_buf_init(line, (unsigned)length);
        (void)uv_try_write((uv_stream_t *)&connection->pipe, &buf, 1);
        free(line);
    }
    connection_close(connection);
}

/* What it was sent and has not read, including what the kernel has buffered. */
static size_t unread_by(const struct connection *connection)
{
    uv_os_fd_t fd;
    int kept = 0;
    if (uv_fileno((const uv_handle_t *)&connection->pipe, &fd) < 0 ||
        ioctl(fd, SIOCOUTQ, &kept) < 0)
        kept = 0;
    return uv_stream_get_write_queue_size((const uv_stream_t *)&connection->pipe) + (size_t)kept;
}

static void note_reading(struct connection *connection, uint64_t now_usec)
{
    size_t unread = unread_by(connection);
    if (unread == 0 || unread < connection->unread)
        connection->read_usec = now_usec;
    connection->unread = unread;
}

void connection_schedule_close(struct connection *connection)
{
    connection->close_scheduled = true;
    uv_idle_start(&connection->server->pump, connection->server->on_pump);
}

struct sending {
    uv_write_t write;
    char *line;
    size_t length;
};

static void on_sent(uv_write_t *write, int status)
{
    struct sending *sending = (struct sending *)write;
    struct connection *connection = write->handle->data;
    /* Other connections of this user may have more messages too. */
    if (places_waited(connection, sending->length) && !connection->server->ending)
        uv_idle_start(&connection->server->pump, connection->server->on_pump);
    free(sending->line);
    free(sending);
    if (status < 0) {
        connection_close(connection);
        return;
    }
    if (connection->closing)
        return;
    size_t unread = uv_stream_get_write_queue_size((uv_stream_t *)&connection->pipe);
    if (unread == 0 && (connection->last ||
                        (connection->ended && connection->session.waits == 0 && !connection->more)))
        connection_close(connection);
    else if (unread <= UNREAD_PAUSE && connection->more)
        uv_idle_start(&connection->server->pump, connection->server->on_pump);
}

static void log_unread(const struct connection *connection)
{
    engine_log(LOG_NOTICE, "client %d of user %u does not read what it is sent: closed",
               (int)connection->session.pid, (unsigned)connection->session.uid);
}

static bool try_send(struct connection *connection, struct sending *sending, size_t length)
{
    uv_stream_t *stream = (uv_stream_t *)&connection->pipe;
    uv_buf_t buf = uv_buf_init(sending->line, (unsigned)length);
    size_t unread = uv_stream_get_write_queue_size(stream);
    if (unread > 0 && (unread + length > UNREAD_MOST || places_is_over(connection, length))) {
        log_unread(connection);
        return false;
    }
    note_reading(connection, clock_real_usec());
    if (uv_write(&sending->write, stream, &buf, 1, on_sent) < 0)
        return false;
    places_wait(connection, length);
    connection->unread = unread_by(connection);
    return true;
}

void connection_send(struct connection *connection, char *line, size_t length)
{
    struct sending *sending =
        connection->closing || connection->close_scheduled ? NULL : malloc(sizeof(*sending));
    if (sending) {
        sending->line = line;
        sending->length = length;
    }
    if (sending && try_send(connection, sending, length))
        return;
    free(line);
    free(sending);
    if (!connection->closing)
        connection_schedule_close(connection);
}

void connection_refuse_rest(struct connection *connection, const struct ballast_error *err)
{
    char *line;
    size_t length;
    connection->last = true;
    connection->more = false;
    uv_read_stop((uv_stream_t *)&connection->pipe);
    /* The error is in the line, or it is our lack of memory. */
    int code = err->code == -ENOMEM ? WIRE_INTERNAL_ERROR : WIRE_INVALID_REQUEST;
    if (wire_error(NULL, code, err->text, NULL, &line, &length, NULL) == 0)
        connection_send(connection, line, length);
    else
        connection_schedule_close(connection);
}

bool connection_is_full(const struct connection *connection)
{
    return places_is_full(connection) ||
           uv_stream_get_write_queue_size((const uv_stream_t *)&connection->pipe) > UNREAD_PAUSE;
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buf);

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)handle;
    (void)suggested;
    *buf = uv_buf_init(read_buffer, sizeof(read_buffer));
}

/* After a turn: continue at once, read more, or finish. */
void connection_continue(struct connection *connection)
{
    uv_stream_t *stream = (uv_stream_t *)&connection->pipe;
    if (connection->closing || connection->close_scheduled || connection->last)
        return;
    if (connection->more) {
        uv_read_stop(stream);
        /* One that does not read continues when it does; see sent(). */
        if (!connection_is_full(connection))
            uv_idle_start(&connection->server->pump, connection->server->on_pump);
    } else if (connection->ended) {
        if (connection->session.waits == 0 && uv_stream_get_write_queue_size(stream) == 0)
            connection_close(connection);
    } else {
        uv_read_start(stream, on_alloc, on_read);
    }
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buf)
{
    struct connection *connection = stream->data;
    struct ballast_error err;
    if (count == 0)
        return;
    if (count == UV_EOF) {
        connection->ended = true;
        uv_read_stop(stream);
        connection_continue(connection);
        return;
    }
    if (count < 0) {
        connection_close(connection);
        return;
    }
    if (wire_decoder_pending(connection->decoder) == 0)
        connection->received_usec = clock_real_usec();
    if (wire_decoder_feed(connection->decoder, buf->base, (size_t)count, &err) < 0) {
        connection_refuse_rest(connection, &err);
        return;
    }
    /* Handled in its turn, not now: the order of events is not the order of sending. */
    connection->more = true;
    connection_continue(connection);
}

struct connection *connection_new(struct listener *listener)
{
    struct server *server = listener->server;
    struct connection *connection = calloc(1, sizeof(*connection));
    if (!connection)
        return NULL;
    connection->session.ops = server->session_ops;
    connection->server = server;
    connection->listener = listener;
    connection->received_usec = clock_real_usec();
    connection->read_usec = connection->received_usec;
    connection->decoder = wire_decoder_new(WIRE_FROM_CLIENT);
    uv_pipe_init(server->loop, &connection->pipe, 0);
    connection->pipe.data = connection;
    connection->next = server->connections;
    if (connection->next)
        connection->next->prev = connection;
    server->connections = connection;
    listener->clients++;
    return connection;
}

void connection_begin(struct connection *connection)
{
    if (uv_read_start((uv_stream_t *)&connection->pipe, on_alloc, on_read) < 0)
        connection_close(connection);
}

/* Whether data still in the kernel may complete a line. */
static bool may_end_line(uv_os_fd_t fd)
{
    int pending = 0;
    if (ioctl(fd, FIONREAD, &pending) < 0 || pending > READ_BYTES)
        return true;
    if (pending == 0)
        return false;
    ssize_t seen = recv(fd, read_buffer, sizeof(read_buffer), MSG_PEEK | MSG_DONTWAIT);
    return seen < pending || memchr(read_buffer, '\n', (size_t)seen) != NULL;
}

bool connection_has_left(const struct connection *connection)
{
    uv_os_fd_t fd;
    if (uv_fileno((const uv_handle_t *)&connection->pipe, &fd) < 0)
        return false;
    struct pollfd poll_one = {.fd = fd};
    return poll(&poll_one, 1, 0) > 0 && (poll_one.revents & (POLLHUP | POLLERR)) != 0 &&
           !wire_decoder_has_line(connection->decoder) && !may_end_line(fd);
}

/* A peer that closed only its half waits for answers; one that is gone does not. */
static bool is_gone(struct connection *connection)
{
    uv_os_fd_t fd;
    struct pollfd poll_one = {.events = 0};
    if (!connection->ended || uv_fileno((uv_handle_t *)&connection->pipe, &fd) < 0)
        return false;
    poll_one.fd = fd;
    return poll(&poll_one, 1, 0) > 0 && (poll_one.revents & (POLLHUP | POLLERR)) != 0;
}

/* A connection's reservations must not be lost because its program was stopped for a while. */
static bool is_not_reading(struct connection *connection, uint64_t now_usec)
{
    note_reading(connection, now_usec);
    if (connection->unread == 0 || connection->owned_count > 0 ||
        now_usec - connection->read_usec <= engine_config(connection->server->engine)->unread_usec)
        return false;
    if (!connection->close_scheduled)
        log_unread(connection);
    return true;
}

void connection_sweep(struct server *server)
{
    uint64_t now_usec = clock_real_usec();
    if (server->listeners[0].waits || server->listeners[1].waits)
        uv_idle_start(&server->pump, server->on_pump);
    for (struct connection *connection = server->connections; connection;
         connection = connection->next) {
        bool half = !connection->more && wire_decoder_pending(connection->decoder) > 0;
        if ((half && now_usec - connection->received_usec > LINE_USEC) ||
            is_not_reading(connection, now_usec) || is_gone(connection))
            connection_schedule_close(connection);
    }
}
