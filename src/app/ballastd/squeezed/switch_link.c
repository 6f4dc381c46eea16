/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/squeezed/switch_link.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "edge/squeezed/switch.h"

/* More than an answer's head may have. */
enum { LINK_ROOM = 1 << 15 };

static void free_link(uv_handle_t *handle)
{
    struct switch_link *link = handle->data;
    switch_reading_free(link->reading);
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
    link->answered(link, 0, NULL);
}

static void end_answer(struct switch_link *link)
{
    struct switch_reading *reading = link->reading;
    link->reading = NULL;
    link->busy = link->in_body = false;
    link->answered(link, link->status, reading);
    switch_reading_free(reading);
}

static void take_switch_body(struct switch_link *link, const char *data, size_t length)
{
    if (length > link->left) {
        break_link(link, "it sends more than its answer's length");
        return;
    }
    if (link->reading && link->status == 200)
        switch_reading_add(link->reading, data, length);
    link->left -= length;
    link->length = 0;
    if (link->left == 0)
        end_answer(link);
}

static void take_switch_answer(struct switch_link *link)
{
    struct switch_answer answer = {0};
    int rc = link->in_body ? 0 : switch_answer_read(link->data, link->length, &answer);
    if (rc == -EAGAIN)
        return;
    if (rc < 0 || !link->busy) {
        break_link(link, "its answer cannot be read");
        return;
    }
    if (!link->in_body) {
        link->in_body = true;
        link->status = answer.status;
        link->left = answer.body_length;
    }
    take_switch_body(link, link->data + answer.body_at, link->length - answer.body_at);
}

static void give_link_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct switch_link *link = handle->data;
    (void)suggested;
    if (!link->data)
        link->data = malloc(LINK_ROOM);
    *buf = link->data ? uv_buf_init(link->data + link->length, (unsigned)(LINK_ROOM - link->length))
                      : uv_buf_init(NULL, 0);
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

void switch_link_ask(struct switch_link *link, const char *path, const char *body, size_t length,
                     struct switch_reading *reading)
{
    size_t room = strlen(path) + length + 128;
    struct link_sending *sending = malloc(sizeof(*sending) + room);
    link->reading = reading;
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
