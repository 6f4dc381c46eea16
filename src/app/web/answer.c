/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/web/answer.h"

#include <json-c/json.h>
#include <string.h>

#include "app/web/request.h"

/*
 * Only our own files, and nothing inline. Scripts set styles through the object model, which this
 * allows.
 */
#define POLICY                                                                                      \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " \
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

static const char *const always[][2] = {
    {"Content-Security-Policy", POLICY},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
};

/* Owns the response, also on failure. */
static enum MHD_Result queue_answer(struct MHD_Connection *connection, unsigned status,
                                    struct MHD_Response *response, const char *type,
                                    const char *cache)
{
    bool good = response != NULL;
    for (size_t i = 0; good && i < sizeof(always) / sizeof(always[0]); i++)
        good = MHD_add_response_header(response, always[i][0], always[i][1]) == MHD_YES;
    if (good && type)
        good = MHD_add_response_header(response, "Content-Type", type) == MHD_YES;
    good = good && MHD_add_response_header(response, "Cache-Control", cache) == MHD_YES;
    if (good && status == MHD_HTTP_METHOD_NOT_ALLOWED)
        good = MHD_add_response_header(response, "Allow", "GET, HEAD") == MHD_YES;
    enum MHD_Result rc = good ? MHD_queue_response(connection, status, response) : MHD_NO;
    if (response)
        MHD_destroy_response(response);
    return rc;
}

enum MHD_Result answer_data(struct MHD_Connection *connection, unsigned status, const char *type,
                            const char *bytes, size_t length)
{
    /* MHD_RESPMEM_MUST_COPY copies the bytes and does not write to them. */
    struct MHD_Response *response =
        MHD_create_response_from_buffer(length, (void *)(uintptr_t)bytes, MHD_RESPMEM_MUST_COPY);
    return queue_answer(connection, status, response, type, "no-store");
}

enum MHD_Result answer_error(struct MHD_Connection *connection, unsigned status,
                             const char *message)
{
    struct json_object *object = json_object_new_object();
    json_object_object_add(object, "error", json_object_new_string(message));
    const char *text = json_object_to_json_string(object);
    enum MHD_Result rc = answer_data(connection, status, "application/json", text, strlen(text));
    json_object_put(object);
    return rc;
}

static const char *answer_header(struct MHD_Connection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

enum MHD_Result answer_asset(struct MHD_Connection *connection, const struct web_asset *asset)
{
    const char *cache =
        asset->is_named_by_content ? "public, max-age=31536000, immutable" : "no-cache";
    bool known = request_has_tag(answer_header(connection, "If-None-Match"), asset->tag);
    bool packed =
        asset->packed && request_accepts_gzip(answer_header(connection, "Accept-Encoding"));
    const unsigned char *bytes = packed ? asset->packed : asset->plain;
    size_t length = packed ? asset->packed_length : asset->plain_length;
    struct MHD_Response *response = MHD_create_response_from_buffer(
        known ? 0 : length, (void *)(uintptr_t)bytes, MHD_RESPMEM_PERSISTENT);
    bool good = response && MHD_add_response_header(response, "ETag", asset->tag) == MHD_YES &&
                MHD_add_response_header(response, "Vary", "Accept-Encoding") == MHD_YES;
    if (good && packed && !known)
        good = MHD_add_response_header(response, "Content-Encoding", "gzip") == MHD_YES;
    if (response && !good) {
        MHD_destroy_response(response);
        return MHD_NO;
    }
    return queue_answer(connection, known ? MHD_HTTP_NOT_MODIFIED : MHD_HTTP_OK, response,
                        asset->type, cache);
}

enum MHD_Result answer_stream(struct MHD_Connection *connection, size_t block,
                              MHD_ContentReaderCallback reader, void *context,
                              MHD_ContentReaderFreeCallback done)
{
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, block, reader, context, done);
    if (!response)
        done(context);
    return queue_answer(connection, MHD_HTTP_OK, response, "text/event-stream", "no-store");
}
