/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/web/request.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/base/error.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_host_character(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == '-' || c == '_';
}

bool request_number(const char *text, uint64_t *out)
{
    uint64_t value = 0;
    if (!text || !*text)
        return false;
    for (; *text; text++) {
        if (!is_digit(*text) || value > (UINT64_C(1) << 63) / 10 - 1)
            return false;
        value = value * 10 + (uint64_t)(*text - '0');
    }
    *out = value;
    return true;
}

/* Splits "host", "host:port" or "[address]:port"; *port is NULL if there is none. */
static bool split_host_port(const char *text, char host[REQUEST_HOST], const char **port)
{
    bool bracket = *text == '[';
    const char *begin = text + bracket;
    const char *end = begin;
    while (bracket ? (is_host_character(*end) || *end == ':') : is_host_character(*end))
        end++;
    size_t length = (size_t)(end - begin);
    if (length == 0 || length >= REQUEST_HOST || (bracket && *end != ']'))
        return false;
    const char *behind = end + bracket;
    if (*behind != ':' && *behind != '\0')
        return false;
    memcpy(host, begin, length);
    host[length] = '\0';
    *port = *behind == ':' ? behind + 1 : NULL;
    return true;
}

int request_address_parse(const char *text, struct request_address *out, struct ballast_error *err)
{
    struct request_address address;
    const char *port = NULL;
    uint64_t number = 0;
    if (!split_host_port(text, address.host, &port) || !request_number(port, &number) ||
        number > UINT16_MAX)
        return ballast_fail(
            err, -EINVAL,
            "--listen %.80s: use an address and a port, such as 127.0.0.1:8433 or [::1]:8433",
            text);
    address.port = (uint16_t)number;
    *out = address;
    return 0;
}

bool request_host_is_ours(const char *host, const struct request_address *ours)
{
    static const char *const loopback[] = {"localhost", "127.0.0.1", "::1"};
    char name[REQUEST_HOST];
    const char *port = NULL;
    uint64_t number = 0;
    if (!host || !split_host_port(host, name, &port) ||
        (port && (!request_number(port, &number) || number > UINT16_MAX)))
        return false;
    for (size_t i = 0; i < sizeof(loopback) / sizeof(loopback[0]); i++) {
        if (strcasecmp(name, loopback[i]) == 0)
            return true;
    }
    return strcasecmp(name, ours->host) == 0;
}

/* "q=0", "q=0.0" and so on: not acceptable. */
static bool is_refused(const char *parameters, size_t length)
{
    for (size_t i = 0; i + 2 < length; i++) {
        if ((parameters[i] != 'q' && parameters[i] != 'Q') || parameters[i + 1] != '=')
            continue;
        size_t digits = 0;
        for (i += 2; i < length && (parameters[i] == '0' || parameters[i] == '.'); i++)
            digits++;
        return digits > 0 && (i == length || !is_digit(parameters[i]));
    }
    return false;
}

bool request_accepts_gzip(const char *accept_encoding)
{
    const char *at = accept_encoding;
    while (at && *at) {
        at += strspn(at, " \t,");
        size_t length = strcspn(at, ",");
        size_t name = strcspn(at, ",; \t");
        if (name == 4 && strncasecmp(at, "gzip", 4) == 0)
            return !is_refused(at + name, length - name);
        at += length;
    }
    return false;
}

bool request_has_tag(const char *if_none_match, const char *tag)
{
    const char *at = if_none_match;
    size_t wanted = strlen(tag);
    while (at && *at) {
        at += strspn(at, " \t,");
        size_t length = strcspn(at, ", \t");
        const char *begin = at;
        at += length;
        if (length > 2 && strncmp(begin, "W/", 2) == 0) {
            begin += 2;
            length -= 2;
        }
        if ((length == 1 && *begin == '*') || (length == wanted && memcmp(begin, tag, wanted) == 0))
            return true;
    }
    return false;
}
