/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * control.sock and status.sock: their connections and notifications. The server passes messages to
 * rpc and is the engine's observer.
 */
#ifndef APP_BALLASTD_SERVER_SERVER_H
#define APP_BALLASTD_SERVER_SERVER_H

#include <uv.h>

#include "app/ballastd/engine/observer.h"

struct ballast_error;
struct engine;
struct rpc;
struct server;

/* Both must outlive it. NULL: out of memory. */
struct server *server_new(uv_loop_t *loop, const char *run_dir);
/* The observer to create the engine with. */
struct engine_observer server_observer(struct server *server);
/* Sets the engine, which must outlive the connections. -ENOMEM. */
int server_attach(struct server *server, struct engine *engine, struct ballast_error *err);
/* Opens both sockets; the run directory is the daemon's alone. Errors name the socket. */
int server_open(struct server *server, struct ballast_error *err);
/* The methods of the protocol, for another listener with calls to answer; NULL before attach. */
struct rpc *server_rpc(const struct server *server);
/* The path of the socket for changes. */
const char *server_control_path(const struct server *server);
/* The configuration has been read again. */
void server_reconfigure(struct server *server);
/* Closes everything: the loop has to continue until that is done. */
void server_close(struct server *server);
/* Call it after the loop. NULL is allowed. */
void server_free(struct server *server);

#endif
