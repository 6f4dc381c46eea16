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

enum { SWITCH_NAME_MOST = 256 };

/* An answer that `data` begins with; its body may be still to come, in part or whole. */
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
    char
        *payload; /* any bytes, and a NUL behind them; longer ones cut off: no request is so long */
    size_t payload_length;
};

/* What a message takes of memory; none takes more than the other says. */
size_t switch_message_bytes(const struct switch_message *message);
size_t switch_message_bytes_most(void);

struct switch_batch {
    struct switch_message *messages; /* the oldest first */
    size_t count;
    char next[32]; /* what the next transfer begins behind */
    bool has_more; /* newer ones had no room; `next` is before them */
};

/* How many messages there is room for, and how many bytes: of one at least. */
struct switch_room {
    size_t count;
    size_t bytes;
};

enum switch_question {
    SWITCH_TRANSFER,     /* the messages of the queue */
    SWITCH_HAS_RECEIVER, /* was sent: is its queue there? */
    SWITCH_HAS_QUEUE,    /* a list: is that queue in it? */
    SWITCH_HAS_READER,   /* diagnostics: is a reader of that queue due to ask again? */
};

/*
 * The body of an answer, of any length, as it comes in. Bounded: it keeps what answers the
 * question, and of messages the oldest that there is room for.
 */
struct switch_reading;

/* `queue` is not copied. NULL: out of memory. */
struct switch_reading *switch_reading_new(enum switch_question question, const char *queue,
                                          struct switch_room room);
void switch_reading_free(struct switch_reading *reading);
/* The next piece; a fault is told at the end. */
void switch_reading_add(struct switch_reading *reading, const char *data, size_t length);
/* At the end; of the other questions. -EBADMSG, -ENOMEM (also for NULL); *there is then as it was.
 */
int switch_reading_there(const struct switch_reading *reading, bool *there);
/* At the end of a transfer. -EBADMSG, -ENOMEM (also for NULL); *out is then as it was. */
int switch_reading_batch(struct switch_reading *reading, struct switch_batch *out,
                         struct ballast_error *err);
void switch_batch_release(struct switch_batch *batch);

/* Percent-encodes a name for a path; false: it is too long for `size`. */
bool switch_name_encode(const char *name, char *out, size_t size);

#endif
