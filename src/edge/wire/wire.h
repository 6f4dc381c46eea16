/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The control protocol: JSON-RPC 2.0, one object a line, over a Unix stream socket. This room turns
 * bytes into messages and back; who may say what, and what is done, is the daemon's.
 * ballast-protocol(7) has every method.
 *
 * The decoder is fed whatever came and keeps at most one line of WIRE_LINE_MOST bytes; a peer that
 * sends more, or what is no JSON-RPC, costs only its own connection.
 */
#ifndef EDGE_WIRE_WIRE_H
#define EDGE_WIRE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ballast/error.h>

struct json_object;

enum { WIRE_LINE_MOST = 1 << 20, WIRE_VERSION = 1 };

/* JSON-RPC's own codes, and ours from -32000 down. */
enum wire_code {
    WIRE_PARSE_ERROR = -32700,
    WIRE_INVALID_REQUEST = -32600,
    WIRE_METHOD_NOT_FOUND = -32601,
    WIRE_INVALID_PARAMS = -32602,
    WIRE_INTERNAL_ERROR = -32603,
    WIRE_REFUSED = -32000,     /* the answer is no; data has reason, a_kib, b_kib */
    WIRE_FORBIDDEN = -32001,   /* this socket or this user may not */
    WIRE_NOT_FOUND = -32002,   /* no such domain, reservation, policy */
    WIRE_UNAVAILABLE = -32003, /* the ledger cannot be written, the host cannot be read */
    WIRE_BUSY = -32004,        /* too many at once */
};

/* One request or notification (id NULL) that came, or one response. */
struct wire_message {
    bool is_response;
    char method[64];
    struct json_object *id;     /* string or number; NULL: a notification */
    struct json_object *params; /* object, or NULL */
    struct json_object *result; /* of a response */
    int error_code;             /* of a response; 0: none */
    char error_text[BALLAST_ERROR_TEXT];
    struct json_object *error_data;
};

void wire_message_release(struct wire_message *message);

struct wire_decoder;

struct wire_decoder *wire_decoder_new(void); /* NULL: out of memory */
void wire_decoder_free(struct wire_decoder *decoder);
/*
 * Appends what came. -EMSGSIZE: a line longer than WIRE_LINE_MOST, -ENOMEM; the connection is
 * beyond help then.
 */
int wire_decoder_feed(struct wire_decoder *decoder, const void *data, size_t length);
/*
 * The next message, in *out (the caller's, to be released). 1: there is one; 0: none complete yet;
 * -EINVAL: a line that is none: err->code is a wire_code, *out->id is what can be told of it (or
 * NULL), and the next call goes on behind it.
 */
int wire_decoder_next(struct wire_decoder *decoder, struct wire_message *out,
                      struct ballast_error *err);

/* A line, newline included, in *out (malloc'ed, the caller's); takes over params, result and data.
 */
int wire_request(uint64_t id, const char *method, struct json_object *params, char **out,
                 size_t *length);
int wire_notification(const char *method, struct json_object *params, char **out, size_t *length);
int wire_result(const struct json_object *id, struct json_object *result, char **out,
                size_t *length);
int wire_error(const struct json_object *id, int code, const char *text, struct json_object *data,
               char **out, size_t *length);

/* A blocking client, for `ballast` and others that have no loop. */
struct wire_client;

/*
 * Connects to DIR/control.sock, or DIR/status.sock with `status`. -ENOENT, -ECONNREFUSED: no
 * daemon; -EACCES: not allowed; -EPROTO: it speaks another version (hello is exchanged here).
 */
int wire_connect(const char *run_dir, bool status, struct wire_client **out,
                 struct ballast_error *err);
void wire_disconnect(struct wire_client *client);
/*
 * Calls a method (params is taken over) and waits for its answer, or for so long (0: for ever).
 * *result is the caller's. An error of the peer is -EREMOTEIO with its sentence; *code is its
 * wire_code then. Notifications that come meanwhile go to `told` (may be NULL); when that returns
 * negative the call ends.
 */
int wire_call(struct wire_client *client, const char *method, struct json_object *params,
              uint64_t timeout_usec,
              int (*told)(void *context, const char *method, const struct json_object *params),
              void *context, struct json_object **result, int *code, struct ballast_error *err);
/* For a client that has a loop after all. */
int wire_client_fd(const struct wire_client *client);

#endif
