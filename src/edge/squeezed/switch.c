/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/squeezed/switch.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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
    for (; isdigit((unsigned char)*value) && sum < SIZE_MAX / 10; value++)
        sum = sum * 10 + (size_t)(*value - '0');
    *out = sum;
    return *value == '\r' || *value == '\n' || *value == ' ';
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
    *out = answer;
    return 0;
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
