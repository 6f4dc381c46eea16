/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/squeezed/socket.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/ballastd/squeezed/tasks.h"

enum {
    /* xenopsd has some 25 workers, each with one call at a time, and only root may connect. */
    CONNECTIONS_MOST = 256,
    REQUEST_MOST = SQUEEZED_HEAD_MOST + SQUEEZED_BODY_MOST,
    REQUEST_MSEC = 30000, /* a request must be complete within this time */
};

struct squeezed_connection {
    uv_pipe_t pipe; /* data: the connection */
    uv_timer_t timer;
    struct squeezed_socket *socket;
    struct squeezed_connection *next;
    struct squeezed_task *task; /* NULL: none waits */
    struct squeezed_caller caller;
    char *data;
    size_t length;
    bool asked; /* its request is complete: what follows is dropped */
    bool closing;
    unsigned handles; /* that are not closed yet */
};

static void free_when_closed(uv_handle_t *handle)
{
    struct squeezed_connection *connection = handle->data;
    if (--connection->handles > 0)
        return;
    free(connection->data);
    free(connection);
}

static void close_connection(struct squeezed_connection *connection)
{
    struct squeezed_connection **at = &connection->socket->first;
    if (connection->closing)
        return;
    connection->closing = true;
    while (*at != connection)
        at = &(*at)->next;
    *at = connection->next;
    connection->socket->count--;
    if (connection->task)
        squeezed_task_cancel(connection->task);
    connection->task = NULL;
    uv_close((uv_handle_t *)&connection->pipe, free_when_closed);
    uv_close((uv_handle_t *)&connection->timer, free_when_closed);
}

/* Answers */

struct answering {
    uv_write_t write; /* handle: the connection's */
    char *text;
    uint64_t granted;
};

static void on_answered(uv_write_t *write, int status)
{
    struct answering *answering = (struct answering *)write;
    struct squeezed_connection *connection = write->handle->data;
    if (status < 0)
        standin_release(connection->socket->tasks->engine, answering->granted);
    free(answering->text);
    free(answering);
    close_connection(connection);
}

/* Owns the text; NULL: out of memory. */
static void send_whole(struct squeezed_connection *connection, char *text, size_t length,
                       uint64_t granted)
{
    struct answering *answering = text ? calloc(1, sizeof(*answering)) : NULL;
    uv_buf_t buf = uv_buf_init(text, (unsigned)length);
    if (answering) {
        answering->text = text;
        answering->granted = granted;
        if (uv_write(&answering->write, (uv_stream_t *)&connection->pipe, &buf, 1, on_answered) ==
            0)
            return;
    }
    standin_release(connection->socket->tasks->engine, granted);
    free(answering);
    free(text);
    close_connection(connection);
}

static void send_answer(void *context, const struct squeezed_answer *answer, uint64_t granted)
{
    struct squeezed_connection *connection = context;
    char *body = NULL;
    char *text = NULL;
    size_t length = 0;
    connection->task = NULL;
    if (squeezed_write_xml(answer, &body, &length) == 0)
        (void)squeezed_http_ok(body, length, &text, &length);
    free(body);
    send_whole(connection, text, length, granted);
}

/* Requests */

static void take_xml_call(struct squeezed_connection *connection, const struct squeezed_http *http)
{
    struct squeezed_request request = {0};
    struct ballast_error err;
    int rc = squeezed_read_xml(connection->data + http->body_at, http->body_length, &request, &err);
    if (rc == 0) {
        connection->task =
            squeezed_task_new(connection->socket->tasks, &request, &connection->caller);
    } else if (rc == -EBADMSG || rc == -ENOSYS) {
        close_connection(connection);
    } else {
        struct squeezed_answer answer = {.kind = SQUEEZED_INTERNAL_ERROR, .text = err.text};
        send_answer(connection, &answer, 0);
    }
}

static void take_http(struct squeezed_connection *connection)
{
    struct squeezed_http http;
    int rc = squeezed_http_read(connection->data, connection->length, &http);
    if (rc == -EAGAIN)
        return;
    connection->asked = true;
    uv_timer_stop(&connection->timer);
    if (rc == 0)
        take_xml_call(connection, &http);
    else if (rc == -EOPNOTSUPP)
        send_whole(connection, strdup(squeezed_http_not_found), strlen(squeezed_http_not_found), 0);
    else
        close_connection(connection);
}

static void give_request_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct squeezed_connection *connection = handle->data;
    (void)suggested;
    if (!connection->data)
        connection->data = malloc(REQUEST_MOST);
    *buf = uv_buf_init(connection->data ? connection->data + connection->length : NULL,
                       (unsigned)(connection->data ? REQUEST_MOST - connection->length : 0));
}

/* What comes after the request is dropped, up to as much as a request may have. */
static void on_request_bytes(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf)
{
    struct squeezed_connection *connection = stream->data;
    (void)buf;
    if (got == 0)
        return;
    if (got < 0) {
        uv_read_stop(stream);
        if (got != UV_EOF || !connection->asked || standin_peer_has_gone(&connection->pipe))
            close_connection(connection);
        return;
    }
    connection->length += (size_t)got;
    if (!connection->asked)
        take_http(connection);
    else if (connection->length == REQUEST_MOST)
        close_connection(connection);
}

static void on_request_late(uv_timer_t *timer)
{
    close_connection(timer->data);
}

/* Only root and the daemon's own user may call. */
static bool identify_caller(struct squeezed_connection *connection)
{
    connection->caller = (struct squeezed_caller){.reply = send_answer, .context = connection};
    return standin_peer_find(&connection->pipe, &connection->caller.peer) &&
           connection->caller.peer.trusted;
}

static void on_squeezed_client(uv_stream_t *stream, int status)
{
    struct squeezed_socket *socket = stream->data;
    struct squeezed_connection *connection = status < 0 ? NULL : calloc(1, sizeof(*connection));
    if (status == 0 && !connection)
        standin_place_refuse(&socket->place);
    if (!connection)
        return;
    uv_pipe_init(stream->loop, &connection->pipe, 0);
    uv_timer_init(stream->loop, &connection->timer);
    connection->pipe.data = connection->timer.data = connection;
    connection->handles = 2;
    connection->socket = socket;
    connection->next = socket->first;
    socket->first = connection;
    socket->count++;
    if (uv_accept(stream, (uv_stream_t *)&connection->pipe) < 0 ||
        socket->count > CONNECTIONS_MOST || !identify_caller(connection) ||
        uv_read_start((uv_stream_t *)&connection->pipe, give_request_room, on_request_bytes) < 0)
        close_connection(connection);
    else
        uv_timer_start(&connection->timer, on_request_late, REQUEST_MSEC, 0);
}

int squeezed_socket_open(struct squeezed_socket *socket, uv_loop_t *loop, const char *path,
                         struct squeezed_tasks *tasks, struct ballast_error *err)
{
    struct standin_place_options options = {.loop = loop,
                                            .path = path,
                                            .mode = 0600,
                                            .daemon = "squeezed",
                                            .on_client = on_squeezed_client,
                                            .data = socket};
    socket->tasks = tasks;
    return standin_place_open(&socket->place, &options, err);
}

void squeezed_socket_close(struct squeezed_socket *socket)
{
    while (socket->first)
        close_connection(socket->first);
    standin_place_close(&socket->place);
}
