/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bytes as HTTP, XML and JSON of squeezed's clients, by the first byte. What is read is whole; what
 * is refused changes nothing and says why; whatever text it came with is answered by a body that
 * the other end can read.
 */
#include "check.h"

#include <errno.h>
#include <stdbool.h>

#include "edge/json/json.h"
#include "edge/squeezed/sieve.h"
#include "edge/squeezed/squeezed.h"
#include "edge/squeezed/switch.h"
#include <json-c/json.h>

static void check_answer(const char *text)
{
    struct squeezed_answer answer = {.kind = SQUEEZED_UNKNOWN_RESERVATION, .text = text};
    struct json_object *object = NULL;
    struct json_at at;
    struct ballast_error err;
    char *body;
    size_t length;
    MUST(squeezed_write_json(&answer, &body, &length) == 0 && strlen(body) == length, "memory");
    struct json_reader reader = json_reader_over("f", body, length);
    MUST(json_next(&reader, &object, &at, &err) == 0, "%s: %s", body, err.text);
    json_object_put(object);
    free(body);
    MUST(squeezed_write_xml(&answer, &body, &length) == 0 && strlen(body) == length, "memory");
    for (const char *c = body; *c; c++)
        MUST((unsigned char)*c >= ' ' || strchr("\t\n\r", *c), "%s", body);
    free(body);
}

static void check_call(const char *data, size_t size, bool is_xml)
{
    static const struct squeezed_request none;
    struct squeezed_request request = none;
    struct ballast_error err = {0};
    int rc = is_xml ? squeezed_read_xml(data, size, &request, &err)
                    : squeezed_read_json(data, size, &request, &err);
    if (rc < 0) {
        MUST(rc == -EBADMSG || rc == -ENOSYS || rc == -EINVAL, "%d: %s", rc, err.text);
        MUST(err.code == rc && err.text[0], "%d", rc);
        MUST(memcmp(&request, &none, sizeof(none)) == 0, "changed");
        check_answer(err.text);
        return;
    }
    MUST(squeezed_method_name(request.method), "%d", (int)request.method);
    MUST(!request.id || request.session, "an id without a session");
    if (request.session)
        check_answer(request.session);
    if (request.id)
        check_answer(request.id);
    squeezed_request_release(&request);
}

/* However much has come, a request that is whole stays what it is. */
static void check_http(const char *data, size_t size)
{
    struct squeezed_http http = {0};
    struct squeezed_http again;
    if (squeezed_http_read(data, size, &http) < 0)
        return;
    size_t end = http.body_at + http.body_length;
    MUST(end >= http.body_at && end <= size, "%zu of %zu", end, size);
    MUST(squeezed_http_read(data, end, &again) == 0 && again.body_at == http.body_at, "%zu", end);
    for (size_t i = 0; i < end; i++)
        MUST(squeezed_http_read(data, i, &again) == -EAGAIN, "%zu of %zu", i, end);
}

static struct switch_reading *read_pieces(enum switch_question question, struct switch_room room,
                                          const char *data, size_t size, size_t piece)
{
    struct switch_reading *reading = switch_reading_new(question, "q", room);
    MUST(reading, "memory");
    for (size_t at = 0; at < size; at += piece)
        switch_reading_add(reading, data + at, size - at < piece ? size - at : piece);
    return reading;
}

static void check_batch(const char *data, size_t size, size_t piece, struct switch_room room,
                        struct switch_batch *out)
{
    struct ballast_error err = {0};
    struct switch_batch batch = {0};
    struct switch_reading *reading = read_pieces(SWITCH_TRANSFER, room, data, size, piece);
    int rc = switch_reading_batch(reading, &batch, &err);
    MUST(rc == 0 || (rc == -EBADMSG && err.text[0] && batch.count == 0), "%d", rc);
    switch_reading_free(reading);
    MUST(batch.count <= room.count, "%zu", batch.count);
    for (size_t i = 0; i < batch.count; i++) {
        char name[3 * SWITCH_NAME_MOST];
        MUST(i == 0 || batch.messages[i - 1].number <= batch.messages[i].number, "not in order");
        MUST(switch_name_encode(batch.messages[i].reply_queue, name, sizeof(name)), "too long");
    }
    *out = batch;
}

/* JSON that is whole is so for the sieve too, and not before its end. */
static void check_sieve(const char *data, size_t size)
{
    struct json_reader reader = json_reader_over("f", data, size);
    struct json_object *object = NULL;
    struct json_at at;
    reader.any_bytes = true;
    if (size == 0 || !strchr("{[", data[0]) || json_next(&reader, &object, &at, NULL) < 0)
        return;
    json_object_put(object);
    size_t end = reader.offset;
    while (!strchr("}]", data[end - 1]))
        end--;
    struct sieve sieve = {.opens = data[0]};
    MUST(sieve_add(&sieve, data, end - 1) == 0 && sieve_end(&sieve) == -EBADMSG, "%zu", end);
    MUST(sieve_add(&sieve, data + end - 1, 1) == 0 && sieve_end(&sieve) == 0, "%zu", end);
    sieve_release(&sieve);
}

/* What the switch answers: read as a whole or refused, in whatever pieces; a smaller room has its
 * oldest messages. */
static void check_switch(const char *data, size_t size)
{
    struct switch_answer answer;
    struct switch_batch whole;
    struct switch_batch few;
    if (switch_answer_read(data, size, &answer) == 0)
        MUST(answer.body_at <= size, "%zu", size);
    for (int question = SWITCH_HAS_RECEIVER; question <= SWITCH_HAS_READER; question++) {
        bool there[2] = {false, false};
        int rc[2];
        for (size_t i = 0; i < 2; i++) {
            struct switch_reading *reading =
                read_pieces((enum switch_question)question, (struct switch_room){0}, data, size,
                            i == 0 ? 1 : size);
            rc[i] = switch_reading_there(reading, &there[i]);
            switch_reading_free(reading);
        }
        MUST(rc[0] == rc[1] && there[0] == there[1], "%d", question);
    }
    check_sieve(data, size);
    check_batch(data, size, size, (struct switch_room){1000, 1 << 20}, &whole);
    check_batch(data, size, 3, (struct switch_room){2, 1 << 20}, &few);
    MUST(few.count == (whole.count < 2 ? whole.count : 2), "%zu of %zu", few.count, whole.count);
    for (size_t i = 0; i < few.count; i++)
        MUST(few.messages[i].number == whole.messages[i].number, "not the oldest");
    switch_batch_release(&few);
    switch_batch_release(&whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const char *text = (const char *)data + 1;
    if (data[0] == 'h')
        check_http(text, size - 1);
    else if (data[0] == 's')
        check_switch(text, size - 1);
    else
        check_call(text, size - 1, data[0] == 'x');
    return 0;
}
