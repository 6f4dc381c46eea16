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

/* Sends the answer of the call; for a notification it only cleans up. */
void reply_send(struct call *call, bool is_notification);
/* Sends the answer of a call that waited for that reservation. */
void reply_decided(struct rpc *rpc, struct rpc_session *session, struct json_object *id,
                   uint64_t reservation, bool is_free);

#endif
