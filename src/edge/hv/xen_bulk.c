/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Round one asks for each domain's name, which domain it serves, its report of free memory, whether
 * ballast-agent lives in it, and what two of its directories have; round two for the nodes that are
 * there; round three for the signs of a kernel that are needed
 * only where the first of them says nothing.
 */
#include "edge/hv/xen_bulk.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <xenstore_lib.h>

#include "core/base/error.h"
#include "edge/hv/xen_store.h"

/* Requests under way at once: they and the answers of the usual size fit a socket's buffers. */
enum { WINDOW = 64, PATH = 96 };

#define FIRST_NODES                                                                                \
    (XEN_NODE_BIT(XEN_NODE_NAME) | XEN_NODE_BIT(XEN_NODE_SERVES) |                                 \
     XEN_NODE_BIT(XEN_NODE_MEMINFO_FREE) | XEN_NODE_BIT(XEN_NODE_ALIVE))
#define LATE_NODES (XEN_NODE_BIT(XEN_NODE_FEATURE_POWEROFF) | XEN_NODE_BIT(XEN_NODE_FEATURE_REBOOT))

struct xen_bulk {
    int fd;
    uint64_t calls;
};

/* What is asked for one domain, and what has come of it. */
struct about {
    uint32_t domid;
    struct xen_said said;
    uint32_t there; /* nodes that its directories have */
};

enum asked { ASKED_NODE, ASKED_MEMORY, ASKED_CONTROL };

struct request {
    struct about *about;
    enum asked asked;
    enum xen_node node;
    bool answered;
};

struct batch {
    struct request requests[WINDOW];
    size_t count;
    char bytes[WINDOW * (sizeof(struct xsd_sockmsg) + PATH)];
    size_t length;
    char answers[2 * (sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX)];
};

int xen_bulk_open(struct xen_bulk **out, struct ballast_error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (xen_store_socket_path(address.sun_path, sizeof(address.sun_path)) < 0)
        return ballast_fail(err, -ENOTSUP, "xenstore: the path of its socket is too long");
    struct xen_bulk *bulk = calloc(1, sizeof(*bulk));
    if (!bulk)
        return ballast_fail(err, -ENOMEM, "out of memory");
    bulk->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bulk->fd < 0 || connect(bulk->fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
        int rc = ballast_fail(err, -ENOTSUP, "%s: %s", address.sun_path, strerror(errno));
        xen_bulk_close(bulk);
        return rc;
    }
    *out = bulk;
    return 0;
}

void xen_bulk_close(struct xen_bulk *bulk)
{
    if (!bulk)
        return;
    if (bulk->fd >= 0)
        (void)close(bulk->fd);
    free(bulk);
}

static int send_bytes(struct xen_bulk *bulk, const char *bytes, size_t length,
                      struct ballast_error *err)
{
    while (length > 0) {
        ssize_t sent = send(bulk->fd, bytes, length, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return ballast_fail(err, -EIO, "xenstore cannot be asked: %s", strerror(errno));
        bytes += sent;
        length -= (size_t)sent;
    }
    return 0;
}

static int fail_protocol(struct ballast_error *err, const char *what)
{
    return ballast_fail(err, -EIO, "xenstore's answer is none of its protocol: %s", what);
}

/* Marks the nodes of one directory that its listing, names with a NUL behind each, has. */
static uint32_t listed_nodes(uint32_t nodes, const char *directory, const char *names,
                             size_t length)
{
    uint32_t there = 0;
    size_t prefix = strlen(directory) + 1;
    for (const char *name = names; name < names + length;) {
        size_t left = (size_t)(names + length - name);
        size_t size = strnlen(name, left);
        for (unsigned node = 0; node < XEN_NODES && size < left; node++) {
            if ((nodes & XEN_NODE_BIT(node)) &&
                strcmp(name, xen_node_path((enum xen_node)node) + prefix) == 0)
                there |= XEN_NODE_BIT(node);
        }
        name += size + 1;
    }
    return there;
}

static void receive_directory(const struct request *request, const char *value, size_t length)
{
    bool memory = request->asked == ASKED_MEMORY;
    request->about->there |= listed_nodes(memory ? XEN_NODES_IN_MEMORY : XEN_NODES_IN_CONTROL,
                                          memory ? "memory" : "control", value, length);
}

/* A node that is not there, or may not be read, is nothing said; other failures are xenstore's. */
static int receive_error(const struct request *request, const char *word, struct ballast_error *err)
{
    if (strcmp(word, "ENOENT") == 0 || strcmp(word, "EACCES") == 0) {
        if (request->asked == ASKED_NODE)
            xen_decode_node(&request->about->said, request->node, NULL, 0);
        return 0;
    }
    /* Too long for a message: then any of them may be there. */
    if (request->asked != ASKED_NODE && strcmp(word, "E2BIG") == 0) {
        request->about->there |=
            request->asked == ASKED_MEMORY ? XEN_NODES_IN_MEMORY : XEN_NODES_IN_CONTROL;
        return 0;
    }
    return ballast_fail(err, -EIO, "xenstore does not tell of domain %" PRIu32 ": %.32s",
                        request->about->domid, word);
}

static int take_reply(struct batch *batch, const struct xsd_sockmsg *head, char *value,
                      struct ballast_error *err)
{
    if (head->req_id >= batch->count || batch->requests[head->req_id].answered)
        return fail_protocol(err, "the number of a request that was not made");
    struct request *request = &batch->requests[head->req_id];
    request->answered = true;
    value[head->len] = '\0';
    if (head->type == XS_ERROR)
        return receive_error(request, value, err);
    if (head->type != (request->asked == ASKED_NODE ? XS_READ : XS_DIRECTORY))
        return fail_protocol(err, "another type than that of the request");
    if (request->asked == ASKED_NODE)
        xen_decode_node(&request->about->said, request->node, value, head->len);
    else
        receive_directory(request, value, head->len);
    return 0;
}

/*
 * At least `least` bytes more behind those that are there: so many are certain to come, so that who
 * waits need not look at each answer when it does.
 */
static int receive_answers(struct xen_bulk *bulk, struct batch *batch, size_t least, size_t *length,
                           struct ballast_error *err)
{
    size_t room = sizeof(batch->answers) - *length;
    ssize_t got;
    do {
        got = recv(bulk->fd, batch->answers + *length, least < room ? least : room, MSG_WAITALL);
    } while (got < 0 && errno == EINTR);
    if (got <= 0)
        return ballast_fail(err, -EIO, "xenstore does not answer: %s",
                            got == 0 ? "it has closed the connection" : strerror(errno));
    *length += (size_t)got;
    return 0;
}

/* As many answers as there were requests. */
static int receive_all(struct xen_bulk *bulk, struct batch *batch, struct ballast_error *err)
{
    char *bytes = batch->answers;
    char value[XENSTORE_PAYLOAD_MAX + 1];
    struct xsd_sockmsg head;
    size_t length = 0;
    size_t at = 0;
    for (size_t left = batch->count; left > 0;) {
        size_t here = length - at;
        size_t least = left * sizeof(head); /* of what is still to come */
        if (here >= sizeof(head)) {
            memcpy(&head, bytes + at, sizeof(head));
            least += head.len;
        }
        if (here >= sizeof(head) && head.len > XENSTORE_PAYLOAD_MAX)
            return fail_protocol(err, "longer than an answer can be");
        if (here < sizeof(head) || here < sizeof(head) + head.len) {
            memmove(bytes, bytes + at, here);
            length = here;
            at = 0;
            int rc = receive_answers(bulk, batch, least - here, &length, err);
            if (rc < 0)
                return rc;
            continue;
        }
        memcpy(value, bytes + at + sizeof(head), head.len);
        at += sizeof(head) + head.len;
        left--;
        int rc = take_reply(batch, &head, value, err);
        if (rc < 0)
            return rc;
    }
    return length == at ? 0 : fail_protocol(err, "more than was asked for");
}

static int flush_batch(struct xen_bulk *bulk, struct batch *batch, struct ballast_error *err)
{
    int rc = send_bytes(bulk, batch->bytes, batch->length, err);
    if (rc == 0)
        rc = receive_all(bulk, batch, err);
    batch->count = 0;
    batch->length = 0;
    return rc;
}

static int queue_request(struct xen_bulk *bulk, struct batch *batch, struct about *about,
                         enum asked asked, enum xen_node node, struct ballast_error *err)
{
    int rc = batch->count == WINDOW ? flush_batch(bulk, batch, err) : 0;
    if (rc < 0)
        return rc;
    const char *below = asked == ASKED_NODE     ? xen_node_path(node)
                        : asked == ASKED_MEMORY ? "memory"
                                                : "control";
    char *path = batch->bytes + batch->length + sizeof(struct xsd_sockmsg);
    int length = snprintf(path, PATH, "/local/domain/%" PRIu32 "/%s", about->domid, below);
    const struct xsd_sockmsg head = {.type = asked == ASKED_NODE ? XS_READ : XS_DIRECTORY,
                                     .req_id = (uint32_t)batch->count,
                                     .len = (uint32_t)length + 1};
    memcpy(batch->bytes + batch->length, &head, sizeof(head));
    batch->length += sizeof(head) + head.len;
    batch->requests[batch->count++] = (struct request){about, asked, node, false};
    bulk->calls++;
    return 0;
}

static int ask_nodes(struct xen_bulk *bulk, struct batch *batch, struct about *about,
                     uint32_t nodes, struct ballast_error *err)
{
    int rc = 0;
    for (unsigned node = 0; node < XEN_NODES && rc == 0; node++) {
        if (nodes & XEN_NODE_BIT(node))
            rc = queue_request(bulk, batch, about, ASKED_NODE, (enum xen_node)node, err);
    }
    return rc;
}

static int ask_round(struct xen_bulk *bulk, struct batch *batch, struct about *about,
                     unsigned number, struct ballast_error *err)
{
    int rc;
    if (number == 0) {
        rc = ask_nodes(bulk, batch, about, FIRST_NODES, err);
        if (rc == 0)
            rc = queue_request(bulk, batch, about, ASKED_MEMORY, XEN_NODES, err);
        return rc < 0 ? rc : queue_request(bulk, batch, about, ASKED_CONTROL, XEN_NODES, err);
    }
    if (number == 1) {
        uint32_t agent = about->said.alive == BALLAST_NONE ? 0 : XEN_NODES_OF_AGENT;
        return ask_nodes(bulk, batch, about, (about->there & ~LATE_NODES) | agent, err);
    }
    if (about->said.on[XEN_NODE_FEATURE_SUSPEND])
        return 0;
    return ask_nodes(bulk, batch, about, about->there & LATE_NODES, err);
}

int xen_bulk_read(struct xen_bulk *bulk, struct xen_followed *const *followed, size_t count,
                  struct ballast_error *err)
{
    struct about *abouts = calloc(count > 0 ? count : 1, sizeof(*abouts));
    struct batch *batch = calloc(1, sizeof(*batch));
    int rc = abouts && batch ? 0 : ballast_fail(err, -ENOMEM, "out of memory");
    for (size_t i = 0; i < count && rc == 0; i++) {
        abouts[i] = (struct about){.domid = followed[i]->domid};
        xen_said_nothing(&abouts[i].said);
    }
    for (unsigned number = 0; number < 3 && rc == 0; number++) {
        for (size_t i = 0; i < count && rc == 0; i++)
            rc = ask_round(bulk, batch, &abouts[i], number, err);
        if (rc == 0)
            rc = flush_batch(bulk, batch, err);
    }
    for (size_t i = 0; i < count && rc == 0; i++) {
        followed[i]->said = abouts[i].said;
        followed[i]->stale = 0;
    }
    free(abouts);
    free(batch);
    return rc;
}

uint64_t xen_bulk_calls(const struct xen_bulk *bulk)
{
    return bulk ? bulk->calls : 0;
}
