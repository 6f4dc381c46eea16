/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parsing of a request's headers and query: untrusted text, without I/O. */
#ifndef APP_WEB_REQUEST_H
#define APP_WEB_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ballast/error.h>

enum { REQUEST_HOST = 64 };

/* The address of --listen. */
struct request_address {
    char host[REQUEST_HOST]; /* "127.0.0.1", "::1", "localhost": without brackets */
    uint16_t port;           /* 0: any free one */
};

/*
 * Parses "127.0.0.1:8433", "[::1]:8433" or "localhost:0". -EINVAL: no port, one above 65535, a name
 * longer than REQUEST_HOST - 1 or with characters that no host name has; then *out is unchanged.
 */
int request_address_parse(const char *text, struct request_address *out, struct ballast_error *err);

/*
 * Whether a Host header names this server: a loopback name (localhost, 127.0.0.1, [::1]) or the
 * address that it listens on. A page of another name that resolves to this address (DNS rebinding)
 * sends its own name, and is refused. The port does not matter: it differs if it was forwarded (ssh
 * -L), and no browser can be made to send a loopback name. NULL: absent; refused.
 */
bool request_host_is_ours(const char *host, const struct request_address *ours);

/* Whether Accept-Encoding (NULL: none) accepts gzip. */
bool request_accepts_gzip(const char *accept_encoding);

/* Whether If-None-Match (NULL: none) has this entity tag, quotes included, or is "*". */
bool request_has_tag(const char *if_none_match, const char *tag);

/* All digits, no sign, below 2^63; false: anything else, or NULL. */
bool request_number(const char *text, uint64_t *out);

#endif
