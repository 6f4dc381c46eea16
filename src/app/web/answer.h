/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Answers to HTTP requests, with the headers that every one of ours has: nothing may be framed,
 * guessed at or loaded from elsewhere, and data is not cached. Each returns what an access
 * handler of libmicrohttpd returns: MHD_NO closes the connection.
 */
#ifndef APP_WEB_ANSWER_H
#define APP_WEB_ANSWER_H

#include <microhttpd.h>
#include <stddef.h>

#include "app/web/assets.h"

/* A page's own answer: `error` in an object, with a sentence for people. */
enum MHD_Result answer_error(struct MHD_Connection *connection, unsigned status,
                             const char *message);
/* A copy of these bytes is sent; `extra` (NULL: none) is one more header, with its value. */
enum MHD_Result answer_data(struct MHD_Connection *connection, unsigned status, const char *type,
                            const char *bytes, size_t length);
enum MHD_Result answer_asset(struct MHD_Connection *connection, const struct web_asset *asset);
/* `reader` and its `context` as MHD_create_response_from_callback(); `done` frees the context. */
enum MHD_Result answer_stream(struct MHD_Connection *connection, size_t block,
                              MHD_ContentReaderCallback reader, void *context,
                              MHD_ContentReaderFreeCallback done);

#endif
