/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/squeezed/switch_link.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "edge/squeezed/switch.h"

enum { LINK_ROOM = 1 << 14, LINK_ROOM_MOST = SWITCH_ANSWER_MOST + LINK_ROOM };
_Static_assert(SWITCH_ANSWER_MOST == 8 << 20, "take_switch_answer() says so");

static void free_link(uv_handle_t *handle)
{
    struct switch_link *link = handle->data;
    free(link->data);
    free(link);
}

void switch_link_close(struct switch_link *link)
{
    if (!link || link->closing)
        return;
    link->closing = true;
    uv_close((uv_handle_t *)&link->pipe, free_link);
}

static void break_link(struct switch_link *link, const char *why)
{
    if (link->closing)
        return;
    link->why = why;
    switch_link_close(link);
    link->answered(link, 0, NULL, 0);
}

static void take_switch_answer(struct switch_link *link)
{
    struct switch_answer answer;
    int rc = switch_answer_read(link->data, link->length, &answer);
    if (rc == -EAGAIN)
        return;
    if (rc < 0 || !link->busy || answer.body_at + answer.body_length < link->length) {
        break_link(link, "its answer cannot be read, or is longer than 8 MiB");
        return;
    }
    char *data = link->data;
    link->data = NULL;
    link->length = link->room = 0;
    link->busy = false;
    link->answered(link, answer.status, data + answer.body_at, answer.body_length);
    free(data);
}

static void give_link_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct switch_link *link = handle->data;
    (void)suggested;
    if (link->room - link->length < LINK_ROOM / 2 && link->room < LINK_ROOM_MOST) {
        size_t room = link->room ? 2 * link->room : LINK_ROOM;
        room = room < LINK_ROOM_MOST ? room : LINK_ROOM_MOST;
        char *data = realloc(link->data, room);
        link->data = data ? data : link->data;
        link->room = data ? room : link->room;
    }
    *buf = uv_buf_init(link->data ? link->data + link->length : NULL,
                       (unsigned)(link->room - link->length));
}

static void on_link_bytes(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf)
{
    struct switch_link *link = stream->data;
    (void)buf;
    if (got < 0) {
        break_link(link, got == UV_EOF ? "it closed the connection" : uv_strerror((int)got));
    } else if (got > 0) {
        link->length += (size_t)got;
        take_switch_answer(link);
    }
}

static void on_connected(uv_connect_t *connect, int status)
{
    struct switch_link *link = connect->data;
    if (link->closing)
        return;
    int rc = status < 0 ? status
                        : uv_read_start((uv_stream_t *)&link->pipe, give_link_room, on_link_bytes);
    if (rc < 0)
        break_link(link, uv_strerror(rc));
    else
        link->connected(link);
}

struct switch_link *switch_link_new(uv_loop_t *loop, const char *path, const struct switch_link *to)
{
    struct switch_link *link = calloc(1, sizeof(*link));
    if (!link)
        return NULL;
    link->answered = to->answered;
    link->connected = to->connected;
    link->context = to->context;
    uv_pipe_init(loop, &link->pipe, 0);
    link->pipe.data = link->connect.data = link;
    uv_pipe_connect(&link->connect, &link->pipe, path, on_connected);
    return link;
}

struct link_sending {
    uv_write_t write;
    char text[];
};

static void on_link_sent(uv_write_t *write, int status)
{
    struct switch_link *link = write->handle->data;
    free(write);
    if (status < 0)
        break_link(link, uv_strerror(status));
}

void switch_link_ask(struct switch_link *link, const char *path, const char *body, size_t length)
{
    size_t room = strlen(path) + length + 128;
    struct link_sending *sending = malloc(sizeof(*sending) + room);
    if (!sending) {
        break_link(link, "out of memory");
        return;
    }
    int head = snprintf(sending->text, room,
                        "%s %s HTTP/1.1\r\nhost: localhost\r\ncontent-length: %zu\r\n\r\n",
                        body ? "POST" : "GET", path, length);
    if (body)
        memcpy(sending->text + head, body, length);
    uv_buf_t buf = uv_buf_init(sending->text, (unsigned)((size_t)head + length));
    link->busy = true;
    int rc = uv_write(&sending->write, (uv_stream_t *)&link->pipe, &buf, 1, on_link_sent);
    if (rc < 0) {
        free(sending);
        break_link(link, uv_strerror(rc));
    }
}
