/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is read out of a request's headers and query: hostile text to plain answers, and pure. */
#ifndef APP_WEB_REQUEST_H
#define APP_WEB_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ballast/error.h>

enum { REQUEST_HOST = 64 };

/* Where the server listens, as --listen says it. */
struct request_address {
    char host[REQUEST_HOST]; /* "127.0.0.1", "::1", "localhost": without brackets */
    uint16_t port;           /* 0: any that is free */
};

/*
 * "127.0.0.1:8433", "[::1]:8433", "localhost:0". -EINVAL: no port, one above 65535, a name longer
 * than REQUEST_HOST - 1 or with characters that no host name has; *out is untouched then.
 */
int request_address_parse(const char *text, struct request_address *out, struct ballast_error *err);

/*
 * Whether a Host header names this server: a loopback name (localhost, 127.0.0.1, [::1]) or what it
 * listens on. A page of another name that was made to resolve to this address (DNS rebinding) sends
 * its own name, and is refused. The port is not looked at: it is another one where it was forwarded
 * (ssh -L), and nobody can be made to send a loopback name. NULL: there was none; refused.
 */
bool request_host_is_ours(const char *host, const struct request_address *ours);

/* Whether Accept-Encoding (NULL: none) lets an answer be packed by gzip. */
bool request_accepts_gzip(const char *accept_encoding);

/* Whether If-None-Match (NULL: none) has this entity tag, quotes included, or is "*". */
bool request_has_tag(const char *if_none_match, const char *tag);

/* All digits, no sign, below 2^63; false: anything else, or NULL. */
bool request_number(const char *text, uint64_t *out);

#endif
