/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bytes of xenstored. Whatever comes, a message is within what came, errors are errnos, and a
 * stream is cut into the same messages however much of it is there.
 */
#include "check.h"

#include "edge/xenbus/message.h"

static void check_message(const struct xenbus_message *message, const uint8_t *data, size_t size)
{
    const uint8_t *body = (const uint8_t *)message->body;
    MUST(message->length <= XENBUS_BODY_MOST, "%zu", message->length);
    MUST(body >= data && body + message->length <= data + size, "%zu", message->length);
    int code = xenbus_error_code(message);
    MUST(code < 0 && code > -134, "%d", code);
    (void)xenbus_event_token(message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct xenbus_message message = {0};
    struct xenbus_message again = {0};
    size_t at = 0;
    long length;
    while ((length = xenbus_decode(data + at, size - at, &message)) > 0) {
        check_message(&message, data, size);
        MUST(length == (long)(XENBUS_HEADER + message.length), "%ld", length);
        MUST(xenbus_decode(data + at, (size_t)length, &again) == length, "%ld", length);
        MUST(xenbus_decode(data + at, (size_t)length - 1, &again) == 0, "%ld", length);
        at += (size_t)length;
    }
    return 0;
}
