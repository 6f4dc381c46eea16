/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Answers to HTTP requests, with the headers common to all: they forbid framing, type sniffing and
 * external content, and caching of data. Each returns what an access handler of libmicrohttpd
 * returns: MHD_NO closes the connection.
 */
#ifndef APP_WEB_ANSWER_H
#define APP_WEB_ANSWER_H

#include <microhttpd.h>
#include <stddef.h>

#include "app/web/assets.h"

/* An error: an object with a sentence in `error`. */
enum MHD_Result answer_error(struct MHD_Connection *connection, unsigned status,
                             const char *message);
/* Sends a copy of these bytes; `extra` (NULL: none) is one more header, with its value. */
enum MHD_Result answer_data(struct MHD_Connection *connection, unsigned status, const char *type,
                            const char *bytes, size_t length);
enum MHD_Result answer_asset(struct MHD_Connection *connection, const struct web_asset *asset);
/* `reader` and its `context` as MHD_create_response_from_callback(); `done` frees the context. */
enum MHD_Result answer_stream(struct MHD_Connection *connection, size_t block,
                              MHD_ContentReaderCallback reader, void *context,
                              MHD_ContentReaderFreeCallback done);

#endif
