/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/squeezed/switch.h"

#include <ctype.h>
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/error.h"
#include "edge/json/json.h"

enum { ANSWER_HEAD_MOST = 1 << 14 };

/* The value of that header, up to the end of its line; NULL: it is not there. */
static const char *find_header(const char *head, size_t length, const char *name)
{
    size_t name_length = strlen(name);
    const char *end = head + length;
    for (const char *line = head; line && line < end;
         line = memchr(line, '\n', (size_t)(end - line))) {
        line += *line == '\n';
        if ((size_t)(end - line) > name_length && line[name_length] == ':' &&
            strncasecmp(line, name, name_length) == 0)
            return line + name_length + 1;
    }
    return NULL;
}

static bool read_length(const char *value, size_t *out)
{
    size_t sum = 0;
    while (*value == ' ' || *value == '\t')
        value++;
    if (!isdigit((unsigned char)*value))
        return false;
    for (; isdigit((unsigned char)*value) && sum <= SWITCH_ANSWER_MOST; value++)
        sum = sum * 10 + (size_t)(*value - '0');
    *out = sum;
    return (*value == '\r' || *value == '\n' || *value == ' ') && sum <= SWITCH_ANSWER_MOST;
}

int switch_answer_read(const char *data, size_t length, struct switch_answer *out)
{
    static const char begin[] = "HTTP/1.";
    struct switch_answer answer = {0};
    size_t at = sizeof(begin) - 1;
    if (memcmp(data, begin, length < at ? length : at) != 0)
        return -EBADMSG;
    const char *end = memmem(data, length, "\r\n\r\n", 4);
    if (!end)
        return length > ANSWER_HEAD_MOST ? -EBADMSG : -EAGAIN;
    answer.body_at = (size_t)(end - data) + 4;
    if (answer.body_at < at + 5 || data[at + 1] != ' ')
        return -EBADMSG;
    for (size_t i = at + 2; i < at + 5; i++) {
        if (!isdigit((unsigned char)data[i]))
            return -EBADMSG;
        answer.status = answer.status * 10 + (unsigned)(data[i] - '0');
    }
    const char *value = find_header(data, answer.body_at - 2, "content-length");
    if (!value || !read_length(value, &answer.body_length))
        return -EBADMSG;
    if (length - answer.body_at < answer.body_length)
        return -EAGAIN;
    *out = answer;
    return 0;
}

/* JSON */

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

/* With a NUL at the end, which its length leaves out; there may be others in it. */
static char *copy_of_text(struct json_object *text)
{
    size_t length = (size_t)json_object_get_string_len(text);
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
    out->is_request = strcmp(json_object_get_string(word), "Request") == 0 && is_queue_name(reply);
    out->payload_length = (size_t)json_object_get_string_len(payload);
    out->payload = copy_of_text(payload);
    out->reply_queue = strdup(out->is_request ? json_object_get_string(reply) : "");
    return out->payload && out->reply_queue ? 0 : -ENOMEM;
}

static int compare_numbers(const void *a, const void *b)
{
    const struct switch_message *one = a;
    const struct switch_message *other = b;
    return (one->number > other->number) - (one->number < other->number);
}

static int read_messages(struct json_object *root, struct switch_batch *batch)
{
    struct json_object *messages = member_of(root, "messages", json_type_array);
    struct json_object *next = member_of(root, "next", json_type_string);
    if (!messages || !next || (size_t)json_object_get_string_len(next) >= sizeof(batch->next))
        return -EBADMSG;
    (void)snprintf(batch->next, sizeof(batch->next), "%s", json_object_get_string(next));
    size_t count = json_object_array_length(messages);
    batch->messages = count > 0 ? calloc(count, sizeof(*batch->messages)) : NULL;
    if (count > 0 && !batch->messages)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        int rc = read_switch_message(json_object_array_get_idx(messages, i),
                                     &batch->messages[batch->count++]);
        if (rc < 0)
            return rc;
    }
    if (count > 0)
        qsort(batch->messages, count, sizeof(*batch->messages), compare_numbers);
    return 0;
}

int switch_batch_read(const char *body, size_t length, struct switch_batch *out,
                      struct ballast_error *err)
{
    struct switch_batch batch = {0};
    struct json_object *root = read_switch_json(body, length);
    int rc = read_messages(root, &batch);
    json_object_put(root);
    if (rc < 0) {
        switch_batch_release(&batch);
        return ballast_fail(err, rc, "message switch: %s",
                            rc == -ENOMEM ? "out of memory" : "not an answer to a transfer");
    }
    *out = batch;
    return 0;
}

void switch_batch_release(struct switch_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        free(batch->messages[i].payload);
        free(batch->messages[i].reply_queue);
    }
    free(batch->messages);
    *batch = (struct switch_batch){0};
}

int switch_sent_read(const char *body, size_t length, bool *there)
{
    struct json_object *root = read_switch_json(body, length);
    bool is_array = json_object_is_type(root, json_type_array);
    if (is_array)
        *there = json_object_array_length(root) > 0;
    json_object_put(root);
    return is_array ? 0 : -EBADMSG;
}

int switch_list_read(const char *body, size_t length, const char *queue, bool *there)
{
    struct json_object *root = read_switch_json(body, length);
    bool is_array = json_object_is_type(root, json_type_array);
    bool found = false;
    for (size_t i = 0; is_array && i < json_object_array_length(root) && !found; i++) {
        struct json_object *name = item_of(root, i, json_type_string);
        found = name && strcmp(json_object_get_string(name), queue) == 0;
    }
    json_object_put(root);
    if (is_array)
        *there = found;
    return is_array ? 0 : -EBADMSG;
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

int switch_reader_read(const char *body, size_t length, const char *queue, bool *there)
{
    struct json_object *root = read_switch_json(body, length);
    struct json_object *now = member_of(root, "current_time", json_type_int);
    struct json_object *queues = member_of(root, "permanent_queues", json_type_object);
    struct json_object *found = member_of(queues, queue, json_type_object);
    int64_t expected_nsec;
    bool is_due = now && found &&
                  read_optional_time(json_object_object_get(found, "next_transfer_expected"),
                                     &expected_nsec) &&
                  expected_nsec > json_object_get_int64(now);
    bool good = now && queues;
    json_object_put(root);
    if (good)
        *there = is_due;
    return good ? 0 : -EBADMSG;
}

bool switch_name_encode(const char *name, char *out, size_t size)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t at = 0;
    for (; *name; name++) {
        unsigned char c = (unsigned char)*name;
        bool plain = isalnum(c) || strchr("-_.~:", c);
        if (at + (plain ? 1 : 3) >= size)
            return false;
        if (plain) {
            out[at++] = (char)c;
            continue;
        }
        out[at++] = '%';
        out[at++] = digits[c >> 4];
        out[at++] = digits[c & 15];
    }
    out[at] = '\0';
    return true;
}
