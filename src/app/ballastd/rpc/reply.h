/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Answers as lines. */
#ifndef APP_BALLASTD_RPC_REPLY_H
#define APP_BALLASTD_RPC_REPLY_H

#include <stdbool.h>
#include <stdint.h>

struct call;
struct json_object;
struct rpc;
struct rpc_session;

/* Sends the answer of the call; a notification has none and is only done with. */
void reply_send(struct call *call, bool is_notification);
/* The answer of a call that waited for that reservation. */
void reply_decided(struct rpc *rpc, struct rpc_session *session, struct json_object *id,
                   uint64_t reservation, bool is_free);

#endif
