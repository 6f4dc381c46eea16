/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The control protocol: JSON-RPC 2.0, one object per line, over a Unix stream socket. This room
 * turns bytes into messages and back; the daemon decides who may send what, and carries it out. The
 * methods are in methods.h; ballast-protocol(7) describes the protocol.
 *
 * An invalid line is a message too (WIRE_BROKEN), with the error that JSON-RPC requires in reply; a
 * negative errno means that this connection or this process cannot continue.
 */
#ifndef EDGE_WIRE_WIRE_H
#define EDGE_WIRE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ballast/error.h>

struct json_object;

enum {
    WIRE_VERSION = 1,
    WIRE_LINE_MOST = 1 << 20,            /* bytes of a line, its newline not counted */
    WIRE_HELD_MOST = 2 * WIRE_LINE_MOST, /* bytes that a decoder keeps undelivered */
    WIRE_METHOD_SIZE = 64,
    WIRE_ID_MOST = 256, /* bytes of an id as in the line: an answer repeats it */
};

/* JSON-RPC's codes, and ours from -32000 down. */
enum wire_code {
    WIRE_PARSE_ERROR = -32700,
    WIRE_INVALID_REQUEST = -32600,
    WIRE_METHOD_NOT_FOUND = -32601,
    WIRE_INVALID_PARAMS = -32602,
    WIRE_INTERNAL_ERROR = -32603,
    WIRE_REFUSED = -32000,     /* refused; data has the reason and its figures */
    WIRE_FORBIDDEN = -32001,   /* not allowed on this socket or for this user */
    WIRE_NOT_FOUND = -32002,   /* no such domain, reservation, policy */
    WIRE_UNAVAILABLE = -32003, /* the ledger cannot be written, the host cannot be read */
    WIRE_BUSY = -32004,        /* too many at once */
};

enum wire_kind {
    WIRE_REQUEST,      /* method, params, id: needs exactly one answer, also if id is null */
    WIRE_NOTIFICATION, /* method, params: must never be answered, not even with an error */
    WIRE_RESPONSE,     /* id, and result or (error_code not 0) error_code, error_text, error_data */
    WIRE_BROKEN,       /* any other line: error_code, error_text, answer, id */
};

/* All zeros is a message with nothing to release. */
struct wire_message {
    enum wire_kind kind;
    char method[WIRE_METHOD_SIZE];
    struct json_object *id;     /* string or number; NULL: null, or none */
    struct json_object *params; /* object or array (which wire_params_check() refuses), or NULL */
    struct json_object *result; /* any value; NULL: null, or none */
    int error_code;
    char error_text[BALLAST_ERROR_TEXT]; /* one line, without control characters */
    struct json_object *error_data;      /* any value; NULL: null, or none */
    bool answer; /* of a broken line: whether to send wire_error(id, error_code, ...) */
};

/* Releases its parts and sets it to zeros. */
void wire_message_release(struct wire_message *message);

/*
 * The sender of the lines determines how many values one may have, and so how expensive it is to
 * read.
 */
enum wire_from {
    WIRE_FROM_CLIENT, /* at most 1024 objects and arrays, 16384 values: up to 4 MiB */
    WIRE_FROM_DAEMON, /* what JSON_MAX_CONTAINERS and JSON_MAX_VALUES allow */
};

struct wire_decoder;

/* NULL: out of memory. An idle decoder keeps no buffer. */
struct wire_decoder *wire_decoder_new(enum wire_from from);
void wire_decoder_free(struct wire_decoder *decoder); /* NULL is allowed */
/*
 * Appends received bytes; call wire_decoder_next() until it returns 0, then feed again. A caller
 * that does so with at most WIRE_LINE_MOST bytes at a time never gets -ENOBUFS: more than
 * WIRE_HELD_MOST would be undelivered. -ENOMEM. On an error nothing was appended. The messages do
 * not depend on how the bytes are split, and the time is linear in their number.
 */
int wire_decoder_feed(struct wire_decoder *decoder, const void *data, size_t length,
                      struct ballast_error *err);
/*
 * The next message in *out, which the caller releases. 1: there is one (WIRE_BROKEN counts); 0:
 * none is complete yet. -EMSGSIZE: a line is longer than WIRE_LINE_MOST; this is permanent (send
 * wire_error(NULL, WIRE_INVALID_REQUEST, err->text), then close). -ENOMEM: the line is kept, call
 * again. Empty lines are skipped.
 */
int wire_decoder_next(struct wire_decoder *decoder, struct wire_message *out,
                      struct ballast_error *err);
/*
 * Bytes that were fed and not delivered; if not 0 when the peer is gone, it stopped in the middle
 * of a line.
 */
size_t wire_decoder_pending(const struct wire_decoder *decoder);
/* Whether they include the end of a line: if not, wire_decoder_next() has no message. */
bool wire_decoder_has_line(const struct wire_decoder *decoder);

/*
 * Encodes a line with newline and NUL in *out, which the caller frees; length does not count the
 * NUL. Bytes that are not UTF-8 (a guest may have such a name) become '?', so that the line is
 * always valid. -EMSGSIZE: it would be longer than WIRE_LINE_MOST; -EINVAL: no method, one that is
 * too long, params that are neither object nor array, a broken message; -ENOMEM.
 */
int wire_encode(const struct wire_message *message, char **out, size_t *length,
                struct ballast_error *err);
/* The same from parts; they own params, result and data, also on failure, but not id. */
int wire_request(uint64_t id, const char *method, struct json_object *params, char **out,
                 size_t *length, struct ballast_error *err);
int wire_notification(const char *method, struct json_object *params, char **out, size_t *length,
                      struct ballast_error *err);
int wire_result(struct json_object *id, struct json_object *result, char **out, size_t *length,
                struct ballast_error *err);
int wire_error(struct json_object *id, int code, const char *text, struct json_object *data,
               char **out, size_t *length, struct ballast_error *err);

/*
 * A blocking client, for `ballast` and other programs without a loop. None of its calls raises
 * SIGPIPE.
 */
struct wire_client;

/*
 * Connects to DIR/control.sock, or DIR/status.sock with `status`, and exchanges hello, for which
 * the daemon has WIRE_HELLO_USEC. -ENOENT, -ECONNREFUSED: no daemon; -EACCES: not allowed;
 * -ENAMETOOLONG: DIR is too long for a socket; -EPROTO: it speaks another version or protocol;
 * -ETIMEDOUT: it runs but does not answer; others as in connect(). The text has the remedy.
 */
int wire_connect(const char *run_dir, bool status, struct wire_client **out,
                 struct ballast_error *err);
/* The same over a connected stream socket, which it owns on success; `name` is for messages. */
int wire_client_over(int fd, const char *name, uint64_t hello_usec, struct wire_client **out,
                     struct ballast_error *err);
void wire_disconnect(struct wire_client *client); /* NULL is allowed */

#define WIRE_HELLO_USEC UINT64_C(5000000)

/* Called for a notification. A negative return value ends the wait and is returned by it. */
typedef int wire_notified_fn(void *context, const char *method, const struct json_object *params);

/*
 * Calls a method (and owns params, an object or NULL) and waits for its answer for at most this
 * time (0: forever). Returns 0 with the answer, a WIRE_RESPONSE, in *answer, which the caller
 * releases: check error_code first, a refusal is an answer. Notifications that arrive meanwhile go
 * to `notified` (NULL: dropped). -ETIMEDOUT; -ECONNRESET: the daemon closed, or died; -EPROTO: it
 * sent an invalid answer; what `notified` returned; -EINTR: see wire_client_stop_on(). After
 * -ETIMEDOUT, -EINTR and what `notified` returned the client may call again (a late answer is
 * dropped) unless the request was only sent in part; after the others every call is -ENOTCONN.
 */
int wire_call(struct wire_client *client, const char *method, struct json_object *params,
              uint64_t timeout_usec, wire_notified_fn *notified, void *context,
              struct wire_message *answer, struct ballast_error *err);
/* Waits only for notifications: -ETIMEDOUT when the time is over, and the rest as above. */
int wire_wait(struct wire_client *client, uint64_t timeout_usec, wire_notified_fn *notified,
              void *context, struct ballast_error *err);
/*
 * From now on a wait ends with -EINTR as soon as `fd`, which the caller keeps, is readable; -1: no
 * longer.
 */
void wire_client_stop_on(struct wire_client *client, int fd);
/* The answer to hello: version, daemon, host, pid. Owned by the client. */
const struct json_object *wire_client_hello(const struct wire_client *client);
/*
 * For a client that polls in its own loop; when it is readable wire_wait() with 1 usec delivers
 * what has arrived. The file descriptor is non-blocking.
 */
int wire_client_fd(const struct wire_client *client);

#endif
