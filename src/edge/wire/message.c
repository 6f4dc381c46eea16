/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <json-c/json.h>

#include "edge/wire/wire.h"

void wire_message_release(struct wire_message *message)
{
    json_object_put(message->id);
    json_object_put(message->params);
    json_object_put(message->result);
    json_object_put(message->error_data);
    *message = (struct wire_message){.kind = WIRE_REQUEST};
}

const char *wire_code_name(int code)
{
    switch (code) {
    case WIRE_PARSE_ERROR:
        return "parse-error";
    case WIRE_INVALID_REQUEST:
        return "invalid-request";
    case WIRE_METHOD_NOT_FOUND:
        return "method-not-found";
    case WIRE_INVALID_PARAMS:
        return "invalid-params";
    case WIRE_INTERNAL_ERROR:
        return "internal-error";
    case WIRE_REFUSED:
        return "refused";
    case WIRE_FORBIDDEN:
        return "forbidden";
    case WIRE_NOT_FOUND:
        return "not-found";
    case WIRE_UNAVAILABLE:
        return "unavailable";
    case WIRE_BUSY:
        return "busy";
    default:
        return NULL;
    }
}
