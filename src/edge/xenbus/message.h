/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Messages between a guest and xenstored as bytes: docs/misc/xenstore.txt of Xen, and its public
 * header io/xs_wire.h. A header of four numbers (type, request, transaction, length), then the
 * body. Pure: no I/O. The other side is the guest's own kernel, which passes on what xenstored
 * sent; all of it is checked.
 */
#ifndef EDGE_XENBUS_MESSAGE_H
#define EDGE_XENBUS_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

/* enum xsd_sockmsg_type */
enum xenbus_type {
    XENBUS_READ = 2,
    XENBUS_WATCH = 4,
    XENBUS_WRITE = 11,
    XENBUS_REMOVE = 13,
    XENBUS_EVENT = 15,
    XENBUS_ERROR = 16,
};

/* XENSTORE_PAYLOAD_MAX. */
enum {
    XENBUS_HEADER = 16,
    XENBUS_BODY_MOST = 4096,
    XENBUS_MESSAGE_MOST = XENBUS_HEADER + XENBUS_BODY_MOST
};

struct xenbus_message {
    uint32_t type;
    const char *body; /* in the bytes that it was read from */
    size_t length;
};

/*
 * The message that the bytes begin with: its length in bytes, header included; 0: more bytes are
 * needed; -EPROTO: its body is longer than the protocol allows. Only a whole one changes *out.
 */
long xenbus_decode(const uint8_t *bytes, size_t length, struct xenbus_message *out);

/*
 * A request of a path and, unless NULL, a second part, behind a NUL; a watch's token has one behind
 * it too. The length written to `out`; 0: it does not fit.
 */
size_t xenbus_encode(enum xenbus_type type, const char *path, const char *second,
                     uint8_t out[XENBUS_MESSAGE_MOST]);

/* The negative errno that an XENBUS_ERROR names; -EIO for one that is not known. */
int xenbus_error_code(const struct xenbus_message *message);

/* The token of an XENBUS_EVENT if it is one character, or 0. */
char xenbus_event_token(const struct xenbus_message *message);

#endif
