/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/xenbus/message.h"

#include <errno.h>
#include <string.h>

struct wire_header {
    uint32_t type;
    uint32_t request;
    uint32_t transaction;
    uint32_t length;
};
_Static_assert(sizeof(struct wire_header) == XENBUS_HEADER, "struct xsd_sockmsg");

long xenbus_decode(const uint8_t *bytes, size_t length, struct xenbus_message *out)
{
    struct wire_header header;
    if (length < sizeof(header))
        return 0;
    memcpy(&header, bytes, sizeof(header));
    if (header.length > XENBUS_BODY_MOST)
        return -EPROTO;
    if (length < sizeof(header) + header.length)
        return 0;
    *out =
        (struct xenbus_message){header.type, (const char *)bytes + sizeof(header), header.length};
    return (long)(sizeof(header) + header.length);
}

/*
 * One request is under way at a time, so all have the number 0: Linux before 5.11 answers a watch
 * with that number whatever was asked (drivers/xen/xenbus/xenbus_dev_frontend.c,
 * xenbus_write_watch()).
 */
size_t xenbus_encode(enum xenbus_type type, const char *path, const char *second,
                     uint8_t out[XENBUS_MESSAGE_MOST])
{
    size_t path_size = strlen(path) + 1;
    size_t second_size = second ? strlen(second) + (type == XENBUS_WATCH) : 0;
    size_t length = path_size + second_size;
    if (path_size > XENBUS_BODY_MOST || second_size > XENBUS_BODY_MOST - path_size ||
        /* The device has room for so much with the header. */
        length > XENBUS_BODY_MOST - XENBUS_HEADER)
        return 0;
    struct wire_header header = {.type = type, .length = (uint32_t)length};
    memcpy(out, &header, sizeof(header));
    memcpy(out + sizeof(header), path, path_size);
    if (second)
        memcpy(out + sizeof(header) + path_size, second, second_size);
    return sizeof(header) + length;
}

/* As xs_wire.h has them, and what oxenstored calls a quota that is used up (process.ml). */
int xenbus_error_code(const struct xenbus_message *message)
{
    static const struct {
        const char *name;
        int code;
    } names[] = {
        {"EINVAL", EINVAL}, {"EACCES", EACCES},       {"EEXIST", EEXIST}, {"EISDIR", EISDIR},
        {"ENOENT", ENOENT}, {"ENOMEM", ENOMEM},       {"ENOSPC", ENOSPC}, {"EIO", EIO},
        {"EROFS", EROFS},   {"ENOTEMPTY", ENOTEMPTY}, {"ENOSYS", ENOSYS}, {"EBUSY", EBUSY},
        {"EAGAIN", EAGAIN}, {"E2BIG", E2BIG},         {"EPERM", EPERM},   {"EQUOTA", EDQUOT},
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        size_t size = strlen(names[i].name) + 1;
        if (message->length == size && memcmp(message->body, names[i].name, size) == 0)
            return -names[i].code;
    }
    return -EIO;
}

char xenbus_event_token(const struct xenbus_message *message)
{
    const char *end = message->length > 0 ? memchr(message->body, '\0', message->length) : NULL;
    if (!end)
        return 0;
    size_t rest = message->length - (size_t)(end + 1 - message->body);
    return rest >= 2 && end[2] == '\0' ? end[1] : 0;
}
