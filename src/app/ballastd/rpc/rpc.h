/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The methods of ballast-protocol(7): messages in, lines out, through the engine. It knows
 * sessions, but neither sockets nor connections.
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

/*
 * Handles a message, which the caller releases. It is answered now, or when what it waits for is
 * decided.
 */
void rpc_take(struct rpc *rpc, struct rpc_session *session, struct wire_message *message);
/* Reservations were decided: answers the calls that waited for them. */
void rpc_answer_waiting(struct rpc *rpc);
/* The session ends: releases what it still waits for. */
void rpc_forget(struct rpc *rpc, const struct rpc_session *session);

#endif
