/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The methods of ballast-protocol(7): messages in, lines out, by way of the engine. It knows
 * neither sockets nor connections, but sessions.
 */
#ifndef APP_BALLASTD_RPC_RPC_H
#define APP_BALLASTD_RPC_RPC_H

struct engine;
struct rpc;
struct rpc_session;
struct wire_message;

/* The engine must outlive it. NULL: out of memory. rpc_free() takes NULL. */
struct rpc *rpc_new(struct engine *engine);
void rpc_free(struct rpc *rpc);

/* A message came; the caller releases it. It is answered now, or when what it waits for is there.
 */
void rpc_take(struct rpc *rpc, struct rpc_session *session, struct wire_message *message);
/* Reservations were decided: calls that waited for them are answered. */
void rpc_answer_waiting(struct rpc *rpc);
/* The session ends: what it still waits for is released. */
void rpc_forget(struct rpc *rpc, const struct rpc_session *session);

#endif
