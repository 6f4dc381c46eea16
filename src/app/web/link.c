/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/web/link.h"

#include <errno.h>
#include <json-c/json.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/model/host.h"
#include "edge/wire/methods.h"

enum {
    CHUNK = 65536,
    CHUNKS_A_TURN = 32, /* then the rest of the loop has its turn */
    OUT_MOST = 65536,   /* bytes that wait to be sent: some hundred requests */
};

struct link {
    const char *run_dir;
    const struct link_events *events;
    void *context;
    int fd; /* -1: down */
    bool is_up;
    bool said_down; /* since it was last up, or since the start */
    uint64_t retry_usec;
    uint64_t last_id;
    uint64_t received;
    uint64_t hello_id;
    uint64_t waiting;    /* requests without an answer */
    uint64_t since_usec; /* of the request, or of the last data */
    struct json_object *hello;
    struct wire_decoder *decoder;
    char *out;
    size_t out_length;
};

struct link *link_new(const char *run_dir, const struct link_events *events, void *context)
{
    struct link *link = calloc(1, sizeof(*link));
    if (!link)
        return NULL;
    *link = (struct link){.run_dir = run_dir, .events = events, .context = context, .fd = -1};
    return link;
}

static void let_go(struct link *link)
{
    if (link->fd >= 0)
        (void)close(link->fd);
    wire_decoder_free(link->decoder);
    json_object_put(link->hello);
    free(link->out);
    link->fd = -1;
    link->is_up = false;
    link->decoder = NULL;
    link->hello = NULL;
    link->out = NULL;
    link->out_length = 0;
    link->waiting = 0;
}

void link_free(struct link *link)
{
    if (!link)
        return;
    let_go(link);
    free(link);
}

__attribute__((format(printf, 3, 4))) static void lose_link(struct link *link, uint64_t now_usec,
                                                            const char *format, ...)
{
    char why[256];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(why, sizeof(why), format, args);
    va_end(args);
    let_go(link);
    link->retry_usec = now_usec + LINK_RETRY_USEC;
    if (!link->said_down) {
        link->said_down = true;
        link->events->down(link->context, why);
    }
}

bool link_is_up(const struct link *link)
{
    return link->is_up;
}

struct json_object *link_hello(const struct link *link)
{
    return link->hello;
}

static uint64_t send_line(struct link *link, const char *method, struct json_object *params,
                          uint64_t now_usec)
{
    char *line = NULL;
    size_t length = 0;
    if (wire_request(link->last_id + 1, method, params, &line, &length, NULL) < 0)
        return 0;
    char *out = link->out_length + length <= OUT_MOST
                    ? realloc(link->out, link->out_length + length)
                    : NULL;
    if (!out) {
        free(line);
        return 0;
    }
    memcpy(out + link->out_length, line, length);
    free(line);
    link->out = out;
    link->out_length += length;
    if (link->waiting++ == 0)
        link->since_usec = now_usec;
    return ++link->last_id;
}

uint64_t link_ask(struct link *link, const char *method, struct json_object *params,
                  uint64_t now_usec)
{
    if (link->is_up)
        return send_line(link, method, params, now_usec);
    json_object_put(params);
    return 0;
}

static void connect_now(struct link *link, uint64_t now_usec)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int length =
        snprintf(address.sun_path, sizeof(address.sun_path), "%s/status.sock", link->run_dir);
    if (length < 0 || (size_t)length >= sizeof(address.sun_path)) {
        lose_link(link, now_usec,
                  "%.128s: too long for a directory of sockets: choose a shorter --run-dir",
                  link->run_dir);
        return;
    }
    link->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    link->decoder = wire_decoder_new(WIRE_FROM_DAEMON);
    if (link->fd < 0 || !link->decoder) {
        lose_link(link, now_usec, "out of memory or descriptors");
        return;
    }
    if (connect(link->fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
        int code = errno;
        lose_link(link, now_usec, "no daemon at %.128s: %s", address.sun_path, strerror(code));
        return;
    }
    struct json_object *params = json_object_new_object();
    json_object_object_add(params, "version", json_object_new_int(WIRE_VERSION));
    json_object_object_add(params, "client", json_object_new_string("ballast-web"));
    link->hello_id = send_line(link, "hello", params, now_usec);
    if (link->hello_id == 0)
        lose_link(link, now_usec, "out of memory");
}

static void take_hello(struct link *link, const struct wire_message *answer, uint64_t now_usec)
{
    struct json_object *version = NULL;
    if (answer->error_code || !json_object_object_get_ex(answer->result, "version", &version) ||
        json_object_get_int64(version) != WIRE_VERSION) {
        lose_link(link, now_usec, "the daemon speaks another protocol");
        return;
    }
    link->hello = json_object_get(answer->result);
    link->is_up = true;
    link->said_down = false;
    link->events->up(link->context);
}

static void take_link_message(struct link *link, struct wire_message *message, uint64_t now_usec)
{
    if (message->kind == WIRE_NOTIFICATION) {
        link->events->notified(link->context, message->method, message->params);
        return;
    }
    if (message->kind == WIRE_BROKEN) {
        lose_link(link, now_usec, "the daemon's answer cannot be read");
        return;
    }
    if (message->kind != WIRE_RESPONSE || !json_object_is_type(message->id, json_type_int))
        return;
    uint64_t id = json_object_get_uint64(message->id);
    if (link->waiting > 0)
        link->waiting--;
    if (id == link->hello_id && !link->is_up)
        take_hello(link, message, now_usec);
    else
        link->events->answered(link->context, id, message);
}

/* false: the link is down. */
static bool deliver_link_messages(struct link *link, uint64_t now_usec)
{
    struct ballast_error err;
    struct wire_message message;
    int rc;
    while ((rc = wire_decoder_next(link->decoder, &message, &err)) > 0) {
        take_link_message(link, &message, now_usec);
        wire_message_release(&message);
        if (link->fd < 0)
            return false;
    }
    if (rc < 0)
        lose_link(link, now_usec, "the daemon's answer cannot be read: %s", err.text);
    return rc == 0;
}

static void read_link(struct link *link, uint64_t now_usec)
{
    static char chunk[CHUNK]; /* one loop, one reader */
    for (int i = 0; i < CHUNKS_A_TURN; i++) {
        ssize_t length = recv(link->fd, chunk, sizeof(chunk), 0);
        if (length < 0 && errno == EINTR)
            continue;
        if (length < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;
        if (length <= 0) {
            lose_link(link, now_usec, length == 0 ? "the daemon has ended" : "the daemon is gone");
            return;
        }
        link->since_usec = now_usec;
        link->received += (uint64_t)length;
        if (wire_decoder_feed(link->decoder, chunk, (size_t)length, NULL) < 0) {
            lose_link(link, now_usec, "out of memory");
            return;
        }
        if (!deliver_link_messages(link, now_usec))
            return;
    }
}

static void write_some(struct link *link, uint64_t now_usec)
{
    if (link->out_length == 0)
        return;
    ssize_t length = send(link->fd, link->out, link->out_length, MSG_NOSIGNAL);
    if (length < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
        lose_link(link, now_usec, "the daemon is gone");
        return;
    }
    if (length > 0) {
        link->out_length -= (size_t)length;
        memmove(link->out, link->out + length, link->out_length);
    }
}

uint64_t link_received(const struct link *link)
{
    return link->received;
}

int link_fd(const struct link *link, short *events)
{
    *events = (short)(POLLIN | (link->out_length > 0 ? POLLOUT : 0));
    return link->fd;
}

uint64_t link_due_usec(const struct link *link)
{
    if (link->fd < 0)
        return link->retry_usec;
    return link->waiting > 0 ? link->since_usec + LINK_PATIENCE_USEC : BALLAST_NONE;
}

void link_turn(struct link *link, uint64_t now_usec)
{
    if (link->fd < 0 && now_usec >= link->retry_usec)
        connect_now(link, now_usec);
    if (link->fd >= 0)
        write_some(link, now_usec);
    if (link->fd >= 0)
        read_link(link, now_usec);
    /* Requests made while answers arrived need not wait for the next turn. */
    if (link->fd >= 0)
        write_some(link, now_usec);
    if (link->fd >= 0 && link->waiting > 0 && now_usec >= link->since_usec + LINK_PATIENCE_USEC)
        lose_link(link, now_usec, "the daemon does not answer");
}
