/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/xenbus/xenbus.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/error.h"

/* xenstored answers in milliseconds; a host that swaps, or moves the guest, may need longer. */
enum { REPLY_MSEC = 30000 };

static int connect_to_socket(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address.sun_path))
        return -ENAMETOOLONG;
    memcpy(address.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
        int rc = -errno;
        close(fd);
        return rc;
    }
    return fd;
}

static int open_device(const char *path)
{
    struct stat status;
    if (stat(path, &status) < 0)
        return -errno;
    if (S_ISSOCK(status.st_mode))
        return connect_to_socket(path);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int xenbus_open(const char *path, struct xenbus *out, struct ballast_error *err)
{
    const char *tried = path ? path : "/dev/xen/xenbus";
    int fd = open_device(tried);
    if (fd == -ENOENT && !path)
        fd = open_device("/proc/xen/xenbus");
    if (fd < 0)
        return ballast_fail(err, fd,
                            "%s: %s: run this as root in a guest of Xen, whose kernel has that "
                            "device and whose toolstack runs xenstored",
                            tried, strerror(-fd));
    out->fd = fd;
    out->events = 0;
    out->length = 0;
    return 0;
}

bool xenbus_is_open(const struct xenbus *bus)
{
    return bus->fd >= 0;
}

void xenbus_close(struct xenbus *bus)
{
    if (bus->fd >= 0)
        close(bus->fd);
    bus->fd = -1;
    bus->events = 0;
    bus->length = 0;
}

static int lose_connection(struct xenbus *bus, int code)
{
    xenbus_close(bus);
    return code;
}

/* 1: there is something to read; 0: not within that time; -EINTR. */
static int wait_for_bytes(struct xenbus *bus, int msec)
{
    struct pollfd ready = {.fd = bus->fd, .events = POLLIN};
    int rc = poll(&ready, 1, msec);
    return rc < 0 ? -errno : rc;
}

/* Reads what is there; called only when there is something. */
static int receive_bytes(struct xenbus *bus)
{
    ssize_t got = read(bus->fd, bus->bytes + bus->length, sizeof(bus->bytes) - bus->length);
    if (got < 0)
        return errno == EINTR || errno == EAGAIN ? 0 : -errno;
    if (got == 0)
        return -ECONNRESET;
    bus->length += (size_t)got;
    return 0;
}

static void note_event(struct xenbus *bus, const struct xenbus_message *message)
{
    char token = xenbus_event_token(message);
    if (token >= 'a' && token <= 'z')
        bus->events |= UINT32_C(1) << (token - 'a');
}

static void drop_bus_message(struct xenbus *bus, size_t length)
{
    bus->length -= length;
    memmove(bus->bytes, bus->bytes + length, bus->length);
}

/*
 * Takes events off the buffer up to the first other message. Its length, in *reply; 0: more bytes
 * are needed; -EPROTO.
 */
static long take_bus_messages(struct xenbus *bus, struct xenbus_message *reply)
{
    for (;;) {
        long length = xenbus_decode(bus->bytes, bus->length, reply);
        if (length <= 0 || reply->type != XENBUS_EVENT)
            return length;
        note_event(bus, reply);
        drop_bus_message(bus, (size_t)length);
    }
}

/* The length of the next message that is no event; events before it are kept. */
static long receive_reply(struct xenbus *bus, struct xenbus_message *reply)
{
    for (;;) {
        long length = take_bus_messages(bus, reply);
        if (length != 0)
            return length;
        int rc = wait_for_bytes(bus, REPLY_MSEC);
        if (rc == 0)
            return -ETIMEDOUT;
        if (rc > 0)
            rc = receive_bytes(bus);
        if (rc < 0 && rc != -EINTR)
            return rc;
    }
}

static int send_to_bus(struct xenbus *bus, const uint8_t *bytes, size_t length)
{
    while (length > 0) {
        ssize_t sent = write(bus->fd, bytes, length);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return sent < 0 ? -errno : -EIO;
        bytes += sent;
        length -= (size_t)sent;
    }
    return 0;
}

/*
 * Linux sets a watch within the write, and returns a refusal of xenstored as that write's error
 * (drivers/xen/xenbus/xenbus_dev_frontend.c, xenbus_write_watch()); the connection is as it was.
 */
static bool is_refused_watch(enum xenbus_type type, int code)
{
    return type == XENBUS_WATCH && code != -EPIPE && code != -ECONNRESET && code != -ENOTCONN;
}

static int take_reply_value(const struct xenbus_message *reply, char *value, size_t size)
{
    if (!value)
        return 0;
    if (reply->length >= size || memchr(reply->body, '\0', reply->length))
        return -E2BIG;
    memcpy(value, reply->body, reply->length);
    value[reply->length] = '\0';
    return 0;
}

/* Sends a request and takes its reply; `value` is NULL where the reply says only that it is done.
 */
static int request_node(struct xenbus *bus, enum xenbus_type type, const char *path,
                        const char *second, char *value, size_t size)
{
    uint8_t request[XENBUS_MESSAGE_MOST];
    struct xenbus_message reply;
    size_t length = xenbus_encode(type, path, second, request);
    if (length == 0)
        return -E2BIG;
    if (bus->fd < 0)
        return -ENOTCONN;
    int rc = send_to_bus(bus, request, length);
    if (rc)
        return is_refused_watch(type, rc) ? rc : lose_connection(bus, rc);
    long got = receive_reply(bus, &reply);
    if (got < 0)
        return lose_connection(bus, (int)got);
    if (reply.type == XENBUS_ERROR)
        rc = xenbus_error_code(&reply);
    else if (reply.type != type)
        return lose_connection(bus, -EPROTO);
    else
        rc = take_reply_value(&reply, value, size);
    drop_bus_message(bus, (size_t)got);
    return rc;
}

int xenbus_read_node(struct xenbus *bus, const char *path, char *value, size_t size)
{
    return request_node(bus, XENBUS_READ, path, NULL, value, size);
}

int xenbus_write_node(struct xenbus *bus, const char *path, const char *value)
{
    return request_node(bus, XENBUS_WRITE, path, value, NULL, 0);
}

int xenbus_remove_node(struct xenbus *bus, const char *path)
{
    return request_node(bus, XENBUS_REMOVE, path, NULL, NULL, 0);
}

int xenbus_watch_node(struct xenbus *bus, const char *path, char token)
{
    char text[2] = {token, '\0'};
    return request_node(bus, XENBUS_WATCH, path, text, NULL, 0);
}

uint32_t xenbus_take_events(struct xenbus *bus)
{
    struct xenbus_message message;
    while (bus->fd >= 0) {
        long length = take_bus_messages(bus, &message);
        int rc = length != 0 ? -EPROTO : wait_for_bytes(bus, 0);
        if (rc == 0)
            break;
        if (rc > 0)
            rc = receive_bytes(bus);
        if (rc < 0 && rc != -EINTR)
            xenbus_close(bus);
    }
    uint32_t events = bus->events;
    bus->events = 0;
    return events;
}
