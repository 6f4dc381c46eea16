/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The HTTP side: connections, requests and their deadlines. A client costs only itself:
 * connections, headers, time for a request and for its answer, and followers are bounded, and what
 * is not read is not collected.
 */
#ifndef APP_WEB_HTTP_SERVER_H
#define APP_WEB_HTTP_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include <ballast/error.h>

#include "app/web/events.h"
#include "app/web/link.h"
#include "app/web/collector.h"
#include "app/web/request.h"

enum {
    HTTP_CONNECTIONS = 128, /* at once */
    HTTP_HEADERS = 16384,   /* bytes that a connection may take for its request */
    HTTP_WAITING = 64,      /* requests that wait for the daemon */
    /* Bytes of answers that clients have not read; new requests are refused beyond. */
    HTTP_ANSWERS_MOST = 16 << 20,
};

/* For a whole request to arrive, for its answer to be read, and for the daemon to answer. */
#define HTTP_REQUEST_USEC UINT64_C(10000000)
#define HTTP_ANSWER_USEC  UINT64_C(30000000)
#define HTTP_DAEMON_USEC  UINT64_C(4000000)
/* A single answer is no older than this. */
#define HTTP_FRESH_USEC UINT64_C(1000000)

struct http_server;

/* Takes over `listener`, also on failure. -ENOMEM, -EIO. */
int http_server_open(int listener, const struct request_address *ours, struct link *link,
                     struct collector *collector, struct http_server **out,
                     struct ballast_error *err);
void http_server_close(struct http_server *server); /* NULL is allowed */

/* To poll for reading. */
int http_server_fd(const struct http_server *server);
uint64_t http_server_due_usec(const struct http_server *server, uint64_t now_usec);
/* Serves what can be served at once. */
void http_server_turn(struct http_server *server, uint64_t now_usec);
/* There is a new state, or none to be had: requests that wait for one are answered in the next
 * turn. */
void http_server_state_changed(struct http_server *server);
/* An answer that http_server_turn() asked the link for; false: it was not. */
bool http_server_answered(struct http_server *server, uint64_t id,
                          const struct wire_message *answer);
/* Whether anybody follows. */
bool http_server_has_followers(const struct http_server *server);

#endif
