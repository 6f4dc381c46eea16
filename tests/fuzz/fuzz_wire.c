/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bytes into the decoder, in pieces whose sizes the first bytes define. However they are split, the
 * messages are the same; a message is decoded again from its own encoding; every method's check of
 * parameters handles any input.
 */
#include "check.h"

#include <errno.h>
#include <json-c/json.h>

#include "edge/wire/methods.h"
#include "edge/wire/wire.h"

static void check_text(const char *text)
{
    for (const char *c = text; *c; c++)
        MUST((unsigned char)*c >= ' ' && *c != 0x7f, "\"%s\"", text);
}

static char *write_again(const struct wire_message *message)
{
    char *line = NULL;
    size_t length = 0;
    struct ballast_error err;
    int rc = wire_encode(message, &line, &length, &err);
    /* An empty method is a request all the same, but none that we would send. */
    if (rc == -EINVAL && message->kind != WIRE_RESPONSE && !message->method[0])
        return NULL;
    MUST(rc == 0, "%s", err.text);
    MUST(strlen(line) == length && strchr(line, '\n') == line + length - 1, "\"%s\"", line);
    return line;
}

/* What is written, read and written again is the same to the byte. */
static void check_round_trip(const struct wire_message *message, struct json_object *shapes)
{
    struct wire_message again;
    struct ballast_error err;
    char *first = write_again(message);
    if (!first)
        return;
    struct wire_decoder *decoder = wire_decoder_new(WIRE_FROM_DAEMON);
    MUST(decoder && wire_decoder_feed(decoder, first, strlen(first), &err) == 0, "memory");
    MUST(wire_decoder_next(decoder, &again, &err) == 1, "%s", first);
    MUST(again.kind == message->kind, "%s: %s", first, again.error_text);
    char *second = write_again(&again);
    MUST(second && strcmp(first, second) == 0, "%s%s", first, second);
    json_object_array_add(shapes, json_object_new_string(first));
    wire_message_release(&again);
    wire_decoder_free(decoder);
    free(first);
    free(second);
}

static void check_params(const struct wire_message *message)
{
    for (size_t i = 0; wire_method_at(i); i++) {
        struct ballast_error err;
        const struct wire_method *method = wire_method_at(i);
        int rc = wire_params_check(method, message->params, &err);
        MUST(rc == 0 || (rc == -EINVAL && err.code == rc && err.text[0]), "%d", rc);
        if (rc < 0) {
            check_text(err.text);
            continue;
        }
        for (const struct wire_param *param = method->params; param->name; param++) {
            struct wire_domain_name domain;
            uint64_t number = wire_param_u64(message->params, param->name, param->least);
            if (param->type == WIRE_KIB)
                MUST(number >= param->least && number <= WIRE_KIB_MOST, "%s", param->name);
            if (param->type == WIRE_STRING)
                MUST(strlen(wire_param_string(message->params, param->name, "")) <= 63, "long");
            if (param->type == WIRE_DOMAIN)
                (void)wire_param_domain(message->params, param->name, &domain);
        }
    }
}

static void check_message(const struct wire_message *message, struct json_object *shapes)
{
    check_text(message->error_text);
    if (message->kind == WIRE_BROKEN) {
        struct json_object *id = json_object_get(message->id);
        char *line = NULL;
        size_t length = 0;
        MUST(message->error_text[0] && message->error_code, "says nothing");
        MUST(wire_error(id, message->error_code, message->error_text, NULL, &line, &length, NULL) ==
                 0,
             "%s", message->error_text);
        json_object_array_add(shapes, json_object_new_string(line));
        json_object_put(id);
        free(line);
        return;
    }
    if (message->kind != WIRE_RESPONSE)
        check_params(message);
    check_round_trip(message, shapes);
}

/* The messages as they are written, in an array. `cuts` may be NULL: all at once. */
static struct json_object *decode(const uint8_t *data, size_t size, const uint8_t *cuts)
{
    struct json_object *shapes = json_object_new_array();
    struct wire_decoder *decoder = wire_decoder_new(WIRE_FROM_CLIENT);
    struct ballast_error err;
    struct wire_message message;
    MUST(shapes && decoder, "memory");
    for (size_t at = 0, cut = 0; at < size; cut++) {
        size_t piece = cuts ? 1 + (size_t)cuts[cut % 4] : size;
        piece = piece < size - at ? piece : size - at;
        MUST(wire_decoder_feed(decoder, data + at, piece, &err) == 0, "%s", err.text);
        at += piece;
        while (wire_decoder_next(decoder, &message, &err) > 0) {
            check_message(&message, shapes);
            wire_message_release(&message);
        }
    }
    const uint8_t *last = size ? memrchr(data, '\n', size) : NULL;
    size_t left = last ? (size_t)(data + size - last - 1) : size;
    MUST(wire_decoder_pending(decoder) == left, "%zu", wire_decoder_pending(decoder));
    wire_decoder_free(decoder);
    return shapes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 4)
        return 0;
    struct json_object *pieces = decode(data + 4, size - 4, data);
    struct json_object *whole = decode(data + 4, size - 4, NULL);
    MUST(json_object_equal(pieces, whole), "%s%s", json_object_to_json_string(pieces),
         json_object_to_json_string(whole));
    json_object_put(pieces);
    json_object_put(whole);
    return 0;
}
