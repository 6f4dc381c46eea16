/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What XAPI's clients and squeezed send each other, as bytes: XML-RPC in HTTP on a socket of its
 * own, JSON inside messages of XAPI's switch. Pure: bytes to a request, an answer to bytes; what a
 * request does is the daemon's. Source: xen-api, ocaml/xapi-idl/memory/memory_interface.ml, and the
 * answers of ocaml-rpc's readers and writers (xmlrpc.ml, jsonrpc.ml) to each kind of input.
 */
#ifndef EDGE_SQUEEZED_SQUEEZED_H
#define EDGE_SQUEEZED_SQUEEZED_H

#include <stddef.h>
#include <stdint.h>

#include <ballast/error.h>

/* The debug text that begins each call carries a trace at most, some hundred bytes. */
enum { SQUEEZED_HEAD_MOST = 1 << 14, SQUEEZED_BODY_MOST = 1 << 16 };

enum squeezed_method {
    SQUEEZED_LOGIN,
    SQUEEZED_RESERVE_MEMORY,
    SQUEEZED_RESERVE_MEMORY_RANGE,
    SQUEEZED_DELETE_RESERVATION,
    SQUEEZED_TRANSFER_RESERVATION_TO_DOMAIN,
    SQUEEZED_QUERY_RESERVATION_OF_DOMAIN,
    SQUEEZED_BALANCE_MEMORY,
    SQUEEZED_GET_HOST_RESERVED_MEMORY,
    SQUEEZED_GET_HOST_INITIAL_FREE_MEMORY,
    SQUEEZED_GET_DOMAIN_ZERO_POLICY,
    SQUEEZED_GET_DIAGNOSTICS,
    SQUEEZED_METHODS
};

/* All zero is one that has nothing to release. */
struct squeezed_request {
    enum squeezed_method method;
    char *session;      /* or the service of a login; NULL: the method has none */
    char *id;           /* of a reservation; NULL: the method has none */
    int64_t numbers[2]; /* KiB as they were sent, or a domain's number */
};

/* "login" ...; NULL past the last one. */
const char *squeezed_method_name(enum squeezed_method method);

/*
 * A call from its body. -EBADMSG: it cannot be read, or lacks method, parameters or (JSON) id;
 * -ENOSYS: there is no such method; -EINVAL: its parameters are too few or of the wrong type, which
 * is answered by SQUEEZED_INTERNAL_ERROR with that text; -ENOTSUP: libxml2 is missing; -ENOMEM.
 * *out is then as it was. Parameters beyond those of the method are ignored, as squeezed does.
 */
int squeezed_read_xml(const char *body, size_t length, struct squeezed_request *out,
                      struct ballast_error *err);
int squeezed_read_json(const char *body, size_t length, struct squeezed_request *out,
                       struct ballast_error *err);
/* Leaves it all zero. */
void squeezed_request_release(struct squeezed_request *request);

enum squeezed_kind {
    SQUEEZED_NOTHING,
    SQUEEZED_TEXT,         /* text */
    SQUEEZED_NUMBER,       /* numbers[0] */
    SQUEEZED_RESERVED,     /* text: the id; numbers[0]: KiB */
    SQUEEZED_FIXED_SIZE,   /* numbers[0]: bytes */
    SQUEEZED_AUTO_BALLOON, /* numbers: bytes */
    /* From here on errors. */
    SQUEEZED_CANNOT_FREE,         /* numbers: KiB wanted, and free beyond the host's reserve */
    SQUEEZED_DOMAINS_REFUSED,     /* domids */
    SQUEEZED_UNKNOWN_RESERVATION, /* text */
    SQUEEZED_NO_RESERVATION,
    SQUEEZED_INVALID_MEMORY, /* numbers[0] */
    SQUEEZED_INTERNAL_ERROR, /* text */
    SQUEEZED_KINDS
};

struct squeezed_answer {
    enum squeezed_kind kind;
    const char *text; /* the caller's, as domids are; NULL stands for "" */
    int64_t numbers[2];
    const uint32_t *domids;
    size_t domid_count;
};

/*
 * The body of an answer, terminated, in *out (malloc'ed, the caller's); *length leaves out the NUL.
 * Control characters that XML cannot hold are left out, and bytes that are not UTF-8 become '?'.
 * -ENOMEM.
 */
int squeezed_write_xml(const struct squeezed_answer *answer, char **out, size_t *length);
int squeezed_write_json(const struct squeezed_answer *answer, char **out, size_t *length);

/* A request as HTTP has it: where its body is. */
struct squeezed_http {
    size_t body_at;
    size_t body_length;
};

/*
 * The request that `data` begins with. -EAGAIN: more is to come; -EOPNOTSUPP: not a POST, which
 * is answered 404; -EBADMSG: not a request, or larger than the limits above: the connection is
 * closed without an answer, as squeezed does.
 */
int squeezed_http_read(const char *data, size_t length, struct squeezed_http *out);
/* An answer with that body, after which the connection is closed; as squeezed_write_xml(). */
int squeezed_http_ok(const char *body, size_t body_length, char **out, size_t *length);
/* The answer to what is not a POST. */
extern const char squeezed_http_not_found[];

#endif
