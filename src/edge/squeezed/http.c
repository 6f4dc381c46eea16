/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* As much of HTTP/1.1 as squeezed's clients speak: one POST with Content-Length a connection. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "edge/squeezed/squeezed.h"

const char squeezed_http_not_found[] = "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n";

struct http_line {
    const char *text;
    size_t length; /* without its end */
};

/* The line at *at, and past it; a lone LF ends one too. false: its end has not come. */
static bool take_http_line(const char *data, size_t length, size_t *at, struct http_line *out)
{
    const char *end = memchr(data + *at, '\n', length - *at);
    if (!end)
        return false;
    *out = (struct http_line){.text = data + *at, .length = (size_t)(end - data) - *at};
    *at += out->length + 1;
    if (out->length > 0 && out->text[out->length - 1] == '\r')
        out->length--;
    return true;
}

/* METHOD TARGET VERSION, whatever they are. */
static bool is_request_line(const struct http_line *line)
{
    const char *first = memchr(line->text, ' ', line->length);
    const char *last = memrchr(line->text, ' ', line->length);
    return first && first > line->text && last > first + 1 && last + 1 < line->text + line->length;
}

/* -EBADMSG: not a number, or too large; 0: another header; 1: *out is set. */
static int read_content_length(const struct http_line *line, size_t *out)
{
    static const char name[] = "content-length:";
    size_t at = sizeof(name) - 1;
    size_t sum = 0;
    if (line->length < at || strncasecmp(line->text, name, at) != 0)
        return 0;
    size_t end = line->length;
    for (; at < end && (line->text[at] == ' ' || line->text[at] == '\t'); at++)
        ;
    for (; end > at && (line->text[end - 1] == ' ' || line->text[end - 1] == '\t'); end--)
        ;
    if (at == end)
        return -EBADMSG;
    for (; at < end; at++) {
        char c = line->text[at];
        if (c < '0' || c > '9' || sum > SQUEEZED_BODY_MOST)
            return -EBADMSG;
        sum = sum * 10 + (size_t)(c - '0');
    }
    *out = sum;
    return sum <= SQUEEZED_BODY_MOST ? 1 : -EBADMSG;
}

static int read_headers(const char *data, size_t length, struct squeezed_http *out)
{
    struct http_line line;
    bool known = false;
    do {
        if (!take_http_line(data, length, &out->body_at, &line))
            return -EAGAIN;
        int rc = read_content_length(&line, &out->body_length);
        if (rc < 0)
            return rc;
        known |= rc > 0;
    } while (line.length > 0);
    return known ? 0 : -EBADMSG;
}

int squeezed_http_read(const char *data, size_t length, struct squeezed_http *out)
{
    struct squeezed_http http = {0};
    struct http_line line;
    size_t head = length < SQUEEZED_HEAD_MOST ? length : SQUEEZED_HEAD_MOST;
    int rc = -EAGAIN;
    if (take_http_line(data, head, &http.body_at, &line)) {
        if (!is_request_line(&line))
            return -EBADMSG;
        rc = read_headers(data, head, &http);
        if (rc != -EAGAIN && (line.length < 5 || memcmp(line.text, "POST ", 5) != 0))
            return -EOPNOTSUPP;
    }
    if (rc == -EAGAIN)
        return length >= SQUEEZED_HEAD_MOST ? -EBADMSG : rc;
    if (rc < 0)
        return rc;
    if (length - http.body_at < http.body_length)
        return -EAGAIN;
    *out = http;
    return 0;
}

int squeezed_http_ok(const char *body, size_t body_length, char **out, size_t *length)
{
    char head[128];
    int head_length = snprintf(head, sizeof(head),
                               "HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\n"
                               "content-length: %zu\r\nconnection: close\r\n\r\n",
                               body_length);
    char *text = malloc((size_t)head_length + body_length + 1);
    if (!text)
        return -ENOMEM;
    memcpy(text, head, (size_t)head_length);
    memcpy(text + head_length, body, body_length);
    *length = (size_t)head_length + body_length;
    text[*length] = '\0';
    *out = text;
    return 0;
}
