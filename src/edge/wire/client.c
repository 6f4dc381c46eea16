/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The client's exchanges. It writes and reads at the same time: a daemon with messages for the
 * client may not accept any before the client has read them.
 */
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/base/units.h"
#include "edge/json/json.h"
#include "edge/wire/methods.h"
#include "edge/wire/wire.h"

enum { CHUNK = 16384 };

struct wire_client {
    int fd;
    int stop_fd; /* -1: none */
    bool lost;
    uint64_t last_id;
    struct wire_decoder *decoder;
    struct json_object *hello;
    char name[128]; /* for messages */
};

/* A wait: for an answer to `id`, or (0) only for notifications. */
struct wait {
    uint64_t id;
    const char *method;
    const char *line; /* not sent yet */
    size_t length;
    uint64_t until_usec;
    bool last_look; /* the time is over: messages that are here already are still delivered */
    wire_notified_fn *notified;
    void *context;
    bool ended; /* by the timeout or by `notified`: the connection is still usable */
    struct wire_message *answer;
};

static uint64_t now_usec(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * BALLAST_SEC_USEC + (uint64_t)now.tv_nsec / 1000;
}

__attribute__((format(printf, 4, 5))) static int fail_daemon(const struct wire_client *client,
                                                             struct ballast_error *err, int code,
                                                             const char *format, ...)
{
    char text[BALLAST_ERROR_TEXT];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    json_printable(text);
    return ballast_fail(err, code, "the daemon at %s %s", client->name, text);
}

static int fail_gone(const struct wire_client *client, const struct wait *wait,
                     struct ballast_error *err)
{
    bool amid = wire_decoder_pending(client->decoder) > 0;
    if (!wait->id)
        return fail_daemon(client, err, -ECONNRESET, "closed the connection%s",
                           amid ? " in the middle of a message" : "");
    return fail_daemon(client, err, -ECONNRESET, "closed the connection %s to %s",
                       amid ? "in the middle of its answer" : "before it answered", wait->method);
}

/* 1: it is the answer; 0: it is an old one, which is dropped. */
static int take_response(const struct wire_client *client, struct wait *wait,
                         struct wire_message *message, struct ballast_error *err)
{
    bool number = json_object_is_type(message->id, json_type_int);
    uint64_t id = number ? json_object_get_uint64(message->id) : 0;
    /* An error without an id is about a line of ours that the daemon could not parse. */
    bool ours = message->id ? number && id == wait->id : message->error_code != 0;
    if (ours && wait->id) {
        *wait->answer = *message;
        *message = (struct wire_message){.kind = WIRE_RESPONSE};
        return 1;
    }
    if (number && id > 0 && id <= client->last_id)
        return 0;
    if (!message->id && message->error_code != 0)
        return fail_daemon(client, err, -EPROTO, "says: %s", message->error_text);
    return fail_daemon(client, err, -EPROTO, "answered what was not asked");
}

static int take_message(const struct wire_client *client, struct wait *wait,
                        struct wire_message *message, struct ballast_error *err)
{
    int rc = 0;
    switch (message->kind) {
    case WIRE_NOTIFICATION:
        if (wait->notified)
            rc = wait->notified(wait->context, message->method, message->params);
        wait->ended = rc < 0;
        if (rc < 0)
            (void)fail_daemon(client, err, rc, "is not waited for any longer");
        return rc < 0 ? rc : 0;
    case WIRE_RESPONSE:
        return take_response(client, wait, message, err);
    case WIRE_REQUEST:
        return fail_daemon(client, err, -EPROTO, "sent a request: it is not ballastd");
    case WIRE_BROKEN:
        break;
    }
    return fail_daemon(client, err, -EPROTO, "sent an invalid message: %s", message->error_text);
}

/* Delivers all that has arrived: 1 with the answer, 0 without. */
static int deliver_messages(const struct wire_client *client, struct wait *wait,
                            struct ballast_error *err)
{
    struct wire_message message = {.kind = WIRE_RESPONSE};
    struct ballast_error why;
    int rc;
    while ((rc = wire_decoder_next(client->decoder, &message, &why)) > 0) {
        rc = take_message(client, wait, &message, err);
        wire_message_release(&message);
        if (rc != 0)
            return rc;
    }
    if (rc == -EMSGSIZE)
        return fail_daemon(client, err, -EPROTO, "sent an invalid message: %s", why.text);
    return rc < 0 ? ballast_fail(err, rc, "%s", why.text) : 0;
}

static int send_some(const struct wire_client *client, struct wait *wait, struct ballast_error *err)
{
    while (wait->length > 0) {
        ssize_t sent = send(client->fd, wait->line, wait->length, MSG_NOSIGNAL);
        if (sent >= 0) {
            wait->line += sent;
            wait->length -= (size_t)sent;
        } else if (errno == EPIPE || errno == ECONNRESET) {
            /* It closed; its last messages ("too many clients") are still to be read. */
            wait->length = 0;
        } else if (errno == EAGAIN) {
            return 0;
        } else if (errno != EINTR) {
            return fail_daemon(client, err, -errno, "cannot be written to: %s", strerror(errno));
        }
    }
    return 0;
}

static int receive_some(const struct wire_client *client, const struct wait *wait,
                        struct ballast_error *err)
{
    char data[CHUNK];
    ssize_t got = recv(client->fd, data, sizeof(data), 0);
    if (got > 0)
        return wire_decoder_feed(client->decoder, data, (size_t)got, err);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (got == 0 || errno == ECONNRESET)
        return fail_gone(client, wait, err);
    return fail_daemon(client, err, -errno, "cannot be read from: %s", strerror(errno));
}

static int fail_late(const struct wire_client *client, const struct wait *wait,
                     struct ballast_error *err)
{
    if (!wait->id)
        return ballast_fail(err, -ETIMEDOUT, "the daemon at %s had nothing more to tell",
                            client->name);
    return fail_daemon(client, err, -ETIMEDOUT, "did not answer %s in time", wait->method);
}

/* Waits until there is something to do or the time is over; then once more without waiting. */
static int wait_ready(const struct wire_client *client, struct wait *wait,
                      struct ballast_error *err)
{
    struct pollfd fds[] = {{.fd = client->fd, .events = POLLIN},
                           {.fd = client->stop_fd, .events = POLLIN}};
    if (wait->length > 0)
        fds[0].events |= POLLOUT;
    for (;;) {
        uint64_t now = now_usec();
        uint64_t left = ballast_sub_floor(wait->until_usec, now);
        wait->ended = left == 0 && wait->last_look;
        if (wait->ended)
            return fail_late(client, wait, err);
        wait->last_look = left == 0;
        struct timespec time = {.tv_sec = (time_t)(left / BALLAST_SEC_USEC),
                                .tv_nsec = (long)(left % BALLAST_SEC_USEC) * 1000};
        int ready = ppoll(fds, 2, wait->until_usec == UINT64_MAX ? NULL : &time, NULL);
        wait->ended = ready > 0 && fds[0].revents == 0;
        if (wait->ended)
            return ballast_fail(err, -EINTR, "wait: interrupted");
        if (ready > 0)
            return 0;
        if (ready < 0 && errno != EINTR)
            return ballast_fail(err, -errno, "poll: %s", strerror(errno));
    }
}

static int run_exchange(struct wire_client *client, struct wait *wait, struct ballast_error *err)
{
    int rc;
    while ((rc = deliver_messages(client, wait, err)) == 0) {
        if ((rc = send_some(client, wait, err)) < 0 || (rc = wait_ready(client, wait, err)) < 0 ||
            (rc = receive_some(client, wait, err)) < 0)
            break;
    }
    bool goes_on = rc > 0 || wait->ended;
    /* After half a request the daemon could not parse the next one. */
    client->lost = !goes_on || wait->length > 0;
    return rc > 0 ? 0 : rc;
}

static uint64_t deadline_after(uint64_t timeout_usec)
{
    return timeout_usec ? ballast_add_ceil(now_usec(), timeout_usec) : UINT64_MAX;
}

static int fail_lost(const struct wire_client *client, struct ballast_error *err)
{
    return ballast_fail(err, -ENOTCONN, "the connection to the daemon at %s is lost", client->name);
}

int wire_call(struct wire_client *client, const char *method, struct json_object *params,
              uint64_t timeout_usec, wire_notified_fn *notified, void *context,
              struct wire_message *answer, struct ballast_error *err)
{
    char *line = NULL;
    size_t length = 0;
    if (client->lost) {
        json_object_put(params);
        return fail_lost(client, err);
    }
    int rc = wire_request(client->last_id + 1, method, params, &line, &length, err);
    if (rc < 0)
        return rc;
    struct wait wait = {.id = ++client->last_id,
                        .method = method,
                        .line = line,
                        .length = length,
                        .until_usec = deadline_after(timeout_usec),
                        .notified = notified,
                        .context = context,
                        .answer = answer};
    rc = run_exchange(client, &wait, err);
    free(line);
    return rc;
}

int wire_wait(struct wire_client *client, uint64_t timeout_usec, wire_notified_fn *notified,
              void *context, struct ballast_error *err)
{
    if (client->lost)
        return fail_lost(client, err);
    struct wait wait = {
        .until_usec = deadline_after(timeout_usec), .notified = notified, .context = context};
    return run_exchange(client, &wait, err);
}

static int check_hello(struct wire_client *client, struct wire_message *answer,
                       struct ballast_error *err)
{
    int code = answer->error_code;
    if (code)
        return fail_daemon(client, err,
                           code == WIRE_FORBIDDEN ? -EACCES
                           : code == WIRE_BUSY    ? -EBUSY
                                                  : -EPROTO,
                           "answers: %s", answer->error_text);
    struct json_object *version = NULL;
    if (!json_object_is_type(answer->result, json_type_object) ||
        !json_object_object_get_ex(answer->result, "version", &version) ||
        !json_object_is_type(version, json_type_int))
        return fail_daemon(client, err, -EPROTO,
                           "does not say which version of the protocol it speaks");
    if (json_object_get_int64(version) != WIRE_VERSION)
        return fail_daemon(
            client, err, -EPROTO,
            "speaks version %lld of the protocol, and this program version %d: install "
            "both from one release",
            (long long)json_object_get_int64(version), WIRE_VERSION);
    client->hello = answer->result;
    answer->result = NULL;
    return 0;
}

static int say_hello(struct wire_client *client, uint64_t timeout_usec, struct ballast_error *err)
{
    char name[WIRE_STRING_MOST + 1];
    (void)snprintf(name, sizeof(name), "%s", program_invocation_short_name);
    struct json_object *params = json_object_new_object();
    if (!params ||
        json_object_object_add(params, "version", json_object_new_int(WIRE_VERSION)) < 0 ||
        json_object_object_add(params, "client", json_object_new_string(name)) < 0) {
        json_object_put(params);
        return ballast_fail(err, -ENOMEM, "out of memory");
    }
    struct wire_message answer = {.kind = WIRE_RESPONSE};
    int rc = wire_call(client, "hello", params, timeout_usec, NULL, NULL, &answer, err);
    if (rc == 0)
        rc = check_hello(client, &answer, err);
    wire_message_release(&answer);
    return rc;
}

int wire_client_over(int fd, const char *name, uint64_t hello_usec, struct wire_client **out,
                     struct ballast_error *err)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        return ballast_fail(err, -errno, "%s: %s", name, strerror(errno));
    struct wire_client *client = calloc(1, sizeof(*client));
    struct wire_decoder *decoder = wire_decoder_new(WIRE_FROM_DAEMON);
    if (!client || !decoder) {
        free(client);
        wire_decoder_free(decoder);
        return ballast_fail(err, -ENOMEM, "out of memory");
    }
    client->fd = fd;
    client->stop_fd = -1;
    client->decoder = decoder;
    (void)snprintf(client->name, sizeof(client->name), "%s", name);
    json_printable(client->name);
    int rc = say_hello(client, hello_usec, err);
    if (rc < 0) {
        client->fd = -1;
        wire_disconnect(client);
        return rc;
    }
    *out = client;
    return 0;
}

void wire_disconnect(struct wire_client *client)
{
    if (!client)
        return;
    if (client->fd >= 0)
        (void)close(client->fd);
    wire_decoder_free(client->decoder);
    json_object_put(client->hello);
    free(client);
}

void wire_client_stop_on(struct wire_client *client, int fd)
{
    client->stop_fd = fd;
}

const struct json_object *wire_client_hello(const struct wire_client *client)
{
    return client->hello;
}

int wire_client_fd(const struct wire_client *client)
{
    return client->fd;
}
