/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bodies of the switch's answers as they come in. The messages of a transfer come newest first, and
 * the oldest are to be worked on first: they are kept in a heap with the newest on top, which goes
 * when there is no room.
 */
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "edge/json/json.h"
#include "edge/squeezed/sieve.h"
#include "edge/squeezed/squeezed.h"
#include "edge/squeezed/switch.h"

enum { PAYLOAD_MOST = SQUEEZED_BODY_MOST + 1 };
_Static_assert((int)SIEVE_STRING_MOST >= (int)PAYLOAD_MOST,
               "what is cut off is refused as too long");

struct switch_reading {
    enum switch_question question;
    const char *queue;
    struct sieve sieve;
    struct switch_room room;
    struct switch_batch batch;
    size_t batch_bytes;
    uint64_t dropped; /* this message and newer ones are not kept */
    bool has_next;    /* or current_time */
    bool found;
    int64_t now_nsec;
    int64_t expected_nsec;
};

/* The texts in it come from the switch's clients, which may have written any bytes. */
static struct json_object *read_switch_json(const char *body, size_t length)
{
    struct json_reader reader = json_reader_over("message switch", body, length);
    reader.any_bytes = true;
    struct json_object *object = NULL;
    struct json_at at;
    return json_next(&reader, &object, &at, NULL) == 0 ? object : NULL;
}

static struct json_object *item_of(struct json_object *array, size_t i, enum json_type type)
{
    struct json_object *item =
        json_object_is_type(array, json_type_array) && i < json_object_array_length(array)
            ? json_object_array_get_idx(array, i)
            : NULL;
    return json_object_is_type(item, type) ? item : NULL;
}

static struct json_object *member_of(struct json_object *object, const char *key,
                                     enum json_type type)
{
    struct json_object *member =
        json_object_is_type(object, json_type_object) ? json_object_object_get(object, key) : NULL;
    return json_object_is_type(member, type) ? member : NULL;
}

/* A queue's name: a text that ends where its NUL is. */
static bool is_queue_name(struct json_object *name)
{
    const char *text = name ? json_object_get_string(name) : NULL;
    size_t length = text ? (size_t)json_object_get_string_len(name) : 0;
    return text && length < SWITCH_NAME_MOST && strlen(text) == length;
}

/* With a NUL at the end; there may be others in it. */
static char *copy_of_text(struct json_object *text, size_t length)
{
    char *copy = malloc(length + 1);
    if (!copy)
        return NULL;
    memcpy(copy, json_object_get_string(text), length);
    copy[length] = '\0';
    return copy;
}

/* [["Q", 8], {"payload": "...", "kind": ["Request", "REPLYQ"]}] */
static int read_switch_message(struct json_object *pair, struct switch_message *out)
{
    struct json_object *number = item_of(item_of(pair, 0, json_type_array), 1, json_type_int);
    struct json_object *message = item_of(pair, 1, json_type_object);
    struct json_object *payload = member_of(message, "payload", json_type_string);
    struct json_object *kind = member_of(message, "kind", json_type_array);
    struct json_object *word = item_of(kind, 0, json_type_string);
    struct json_object *reply = item_of(kind, 1, json_type_string);
    if (!number || !payload || !word || json_object_get_int64(number) < 0)
        return -EBADMSG;
    out->number = json_object_get_uint64(number);
    if (out->number == UINT64_MAX)
        return -EBADMSG;
    out->is_request = strcmp(json_object_get_string(word), "Request") == 0 && is_queue_name(reply);
    out->payload_length = (size_t)json_object_get_string_len(payload);
    if (out->payload_length > PAYLOAD_MOST)
        out->payload_length = PAYLOAD_MOST;
    out->payload = copy_of_text(payload, out->payload_length);
    out->reply_queue = strdup(out->is_request ? json_object_get_string(reply) : "");
    return out->payload && out->reply_queue ? 0 : -ENOMEM;
}

static int compare_numbers(const void *a, const void *b)
{
    const struct switch_message *one = a;
    const struct switch_message *other = b;
    return (one->number > other->number) - (one->number < other->number);
}

static void free_message_texts(struct switch_message *message)
{
    free(message->payload);
    free(message->reply_queue);
}

void switch_batch_release(struct switch_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        free_message_texts(&batch->messages[i]);
    free(batch->messages);
    *batch = (struct switch_batch){0};
}

/* OCaml's options: left out, null, [] or [N], or N. */
static bool read_optional_time(struct json_object *value, int64_t *out)
{
    if (json_object_is_type(value, json_type_array))
        value = item_of(value, 0, json_type_int);
    if (!json_object_is_type(value, json_type_int))
        return false;
    *out = json_object_get_int64(value);
    return true;
}

/* Messages */

size_t switch_message_bytes(const struct switch_message *message)
{
    return sizeof(*message) + message->payload_length + strlen(message->reply_queue) + 2;
}

size_t switch_message_bytes_most(void)
{
    return sizeof(struct switch_message) + PAYLOAD_MOST + SWITCH_NAME_MOST + 2;
}

static void swap_messages(struct switch_message *a, struct switch_message *b)
{
    struct switch_message was = *a;
    *a = *b;
    *b = was;
}

static void raise_message(struct switch_batch *batch)
{
    struct switch_message *heap = batch->messages;
    for (size_t i = batch->count - 1; i > 0 && heap[(i - 1) / 2].number < heap[i].number;
         i = (i - 1) / 2)
        swap_messages(&heap[(i - 1) / 2], &heap[i]);
}

static void drop_newest(struct switch_reading *reading)
{
    struct switch_batch *batch = &reading->batch;
    struct switch_message *heap = batch->messages;
    reading->dropped = heap[0].number;
    reading->batch_bytes -= switch_message_bytes(&heap[0]);
    free_message_texts(&heap[0]);
    heap[0] = heap[--batch->count];
    for (size_t i = 0, child; (child = 2 * i + 1) < batch->count; i = child) {
        child += child + 1 < batch->count && heap[child + 1].number > heap[child].number;
        if (heap[i].number >= heap[child].number)
            break;
        swap_messages(&heap[i], &heap[child]);
    }
}

/* The message is the batch's, or freed. */
static int keep_among_oldest(struct switch_reading *reading, struct switch_message *message)
{
    struct switch_batch *batch = &reading->batch;
    if (!batch->messages)
        batch->messages = calloc(reading->room.count + 1, sizeof(*batch->messages));
    if (!batch->messages || message->number >= reading->dropped) {
        free_message_texts(message);
        return batch->messages ? 0 : -ENOMEM;
    }
    batch->messages[batch->count++] = *message;
    reading->batch_bytes += switch_message_bytes(message);
    raise_message(batch);
    while (batch->count > 1 &&
           (batch->count > reading->room.count || reading->batch_bytes > reading->room.bytes))
        drop_newest(reading);
    return 0;
}

static int take_message_item(struct switch_reading *reading, struct json_object *item)
{
    struct switch_message message = {0};
    int rc = read_switch_message(item, &message);
    if (rc == 0)
        return keep_among_oldest(reading, &message);
    free_message_texts(&message);
    return rc;
}

/* Values */

static int take_next(struct switch_reading *reading, struct json_object *next)
{
    if (!json_object_is_type(next, json_type_string) ||
        (size_t)json_object_get_string_len(next) >= sizeof(reading->batch.next))
        return -EBADMSG;
    (void)snprintf(reading->batch.next, sizeof(reading->batch.next), "%s",
                   json_object_get_string(next));
    reading->has_next = true;
    return 0;
}

static int take_time(struct switch_reading *reading, struct json_object *now)
{
    if (!json_object_is_type(now, json_type_int))
        return -EBADMSG;
    reading->now_nsec = json_object_get_int64(now);
    reading->has_next = true;
    return 0;
}

static int take_reading_value(struct switch_reading *reading, size_t path,
                              struct json_object *value)
{
    switch (reading->question) {
    case SWITCH_TRANSFER:
        return path == 0 ? take_message_item(reading, value) : take_next(reading, value);
    case SWITCH_HAS_RECEIVER:
        reading->found = true;
        return 0;
    case SWITCH_HAS_QUEUE:
        reading->found |= json_object_is_type(value, json_type_string) &&
                          strcmp(json_object_get_string(value), reading->queue) == 0;
        return 0;
    case SWITCH_HAS_READER:
        if (path == 1)
            return take_time(reading, value);
        reading->found = read_optional_time(value, &reading->expected_nsec);
        return 0;
    }
    return -EBADMSG;
}

static int take_sieved(void *context, size_t path, const char *text, size_t length)
{
    struct json_object *array = read_switch_json(text, length);
    int rc = array && json_object_array_length(array) == 1
                 ? take_reading_value(context, path, json_object_array_get_idx(array, 0))
                 : -EBADMSG;
    json_object_put(array);
    return rc;
}

struct switch_reading *switch_reading_new(enum switch_question question, const char *queue,
                                          struct switch_room room)
{
    struct switch_reading *reading = calloc(1, sizeof(*reading));
    if (!reading)
        return NULL;
    reading->question = question;
    reading->queue = queue;
    reading->room = room;
    reading->dropped = UINT64_MAX;
    struct sieve *sieve = &reading->sieve;
    *sieve = (struct sieve){.opens = '[', .path_count = 1, .take = take_sieved, .context = reading};
    sieve->paths[0] = (struct sieve_path){.depth = 1};
    if (question == SWITCH_TRANSFER) {
        sieve->paths[0] = (struct sieve_path){.depth = 2, .keys = {"messages"}};
        sieve->paths[1] = (struct sieve_path){.depth = 1, .keys = {"next"}};
    } else if (question == SWITCH_HAS_READER) {
        sieve->paths[0] = (struct sieve_path){
            .depth = 3, .keys = {"permanent_queues", queue, "next_transfer_expected"}};
        sieve->paths[1] = (struct sieve_path){.depth = 1, .keys = {"current_time"}};
    }
    if (sieve->paths[1].depth > 0) {
        sieve->opens = '{';
        sieve->path_count = 2;
    }
    return reading;
}

void switch_reading_free(struct switch_reading *reading)
{
    if (!reading)
        return;
    sieve_release(&reading->sieve);
    switch_batch_release(&reading->batch);
    free(reading);
}

void switch_reading_add(struct switch_reading *reading, const char *data, size_t length)
{
    (void)sieve_add(&reading->sieve, data, length);
}

static int end_reading(const struct switch_reading *reading)
{
    int rc = reading ? sieve_end(&reading->sieve) : -ENOMEM;
    bool is_whole = rc < 0 || reading->sieve.opens == '[' ||
                    (reading->has_next && (reading->sieve.entered & 1));
    return is_whole ? rc : -EBADMSG;
}

int switch_reading_there(const struct switch_reading *reading, bool *there)
{
    int rc = end_reading(reading);
    if (rc < 0)
        return rc;
    *there = reading->found &&
             (reading->question != SWITCH_HAS_READER || reading->expected_nsec > reading->now_nsec);
    return 0;
}

int switch_reading_batch(struct switch_reading *reading, struct switch_batch *out,
                         struct ballast_error *err)
{
    int rc = end_reading(reading);
    if (rc < 0)
        return ballast_fail(err, rc, "message switch: %s",
                            rc == -ENOMEM ? "out of memory" : "not an answer to a transfer");
    struct switch_batch *batch = &reading->batch;
    if (batch->count > 0)
        qsort(batch->messages, batch->count, sizeof(*batch->messages), compare_numbers);
    batch->has_more = reading->dropped != UINT64_MAX;
    if (batch->has_more)
        (void)snprintf(batch->next, sizeof(batch->next), "%" PRIu64,
                       batch->messages[batch->count - 1].number);
    *out = *batch;
    *batch = (struct switch_batch){0};
    return 0;
}
