/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The HTTP side: connections, requests and their deadlines. A client can only harm itself:
 * connections, headers, the times for a request and for its answer, and followers are bounded, and
 * unread data does not accumulate.
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
    HTTP_HEADERS = 16384,   /* bytes of a request's headers */
    HTTP_WAITING = 64,      /* requests that wait for the daemon */
    /* Bytes of answers that clients have not read; beyond this new requests are refused. */
    HTTP_ANSWERS_MOST = 16 << 20,
};

/* For a whole request to arrive, for its answer to be read, and for the daemon to answer. */
#define HTTP_REQUEST_USEC UINT64_C(10000000)
#define HTTP_ANSWER_USEC  UINT64_C(30000000)
#define HTTP_DAEMON_USEC  UINT64_C(4000000)
/* A single answer is no older than this. */
#define HTTP_FRESH_USEC UINT64_C(1000000)

struct http_server;

/* Owns `listener`, also on failure. -ENOMEM, -EIO. */
int http_server_open(int listener, const struct request_address *ours, struct link *link,
                     struct collector *collector, struct http_server **out,
                     struct ballast_error *err);
void http_server_close(struct http_server *server); /* NULL is allowed */

/* To poll for reading. */
int http_server_fd(const struct http_server *server);
uint64_t http_server_due_usec(const struct http_server *server, uint64_t now_usec);
/* Serves what can be served at once. */
void http_server_turn(struct http_server *server, uint64_t now_usec);
/* There is a new state, or none can be obtained: waiting requests are answered in the next turn. */
void http_server_state_changed(struct http_server *server);
/* An answer from the link; false: it was not for a request of this server. */
bool http_server_answered(struct http_server *server, uint64_t id,
                          const struct wire_message *answer);
/* Whether any reader follows the event stream. */
bool http_server_has_followers(const struct http_server *server);

#endif
