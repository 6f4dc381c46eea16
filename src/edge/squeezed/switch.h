/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * XAPI's message switch as a service sees it, as bytes: answers of HTTP/1.1 on a kept connection,
 * and the JSON in them. Source: xen-api, ocaml/message-switch/core/protocol.ml.
 */
#ifndef EDGE_SQUEEZED_SWITCH_H
#define EDGE_SQUEEZED_SWITCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ballast/error.h>

/* A transfer may hand over many requests; a longer answer is not read. */
enum { SWITCH_ANSWER_MOST = 1 << 23, SWITCH_NAME_MOST = 256 };

/* An answer that `data` begins with. */
struct switch_answer {
    unsigned status; /* 200 ... */
    size_t body_at;
    size_t body_length;
};

/* -EAGAIN: more is to come; -EBADMSG: not an answer, or one without a length. */
int switch_answer_read(const char *data, size_t length, struct switch_answer *out);

/* A message in the service's queue; the texts are the caller's to free, by switch_batch_release()
 */
struct switch_message {
    uint64_t number;
    bool is_request; /* else it has no queue to answer to */
    char *reply_queue;
    char *payload; /* any bytes, and a NUL behind them */
    size_t payload_length;
};

struct switch_batch {
    struct switch_message *messages; /* the oldest first */
    size_t count;
    char next[32]; /* what the next transfer begins behind */
};

/* What a transfer was answered. -EBADMSG, -ENOMEM; *out is then as it was. */
int switch_batch_read(const char *body, size_t length, struct switch_batch *out,
                      struct ballast_error *err);
void switch_batch_release(struct switch_batch *batch);

/* What a message was answered that was sent: whether its queue is there. -EBADMSG. */
int switch_sent_read(const char *body, size_t length, bool *there);
/* A list of queues: whether that one is in it. -EBADMSG. */
int switch_list_read(const char *body, size_t length, const char *queue, bool *there);
/* Diagnostics: whether a reader of that queue is due to ask again, so that one is there. -EBADMSG.
 */
int switch_reader_read(const char *body, size_t length, const char *queue, bool *there);

/* Percent-encodes a name for a path; false: it is too long for `size`. */
bool switch_name_encode(const char *name, char *out, size_t size);

#endif
