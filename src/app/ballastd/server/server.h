/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * control.sock and status.sock: who is connected to them, and what they are told. It hands messages
 * to rpc and hears of the engine as its observer.
 */
#ifndef APP_BALLASTD_SERVER_SERVER_H
#define APP_BALLASTD_SERVER_SERVER_H

#include <uv.h>

#include "app/ballastd/engine/observer.h"

struct ballast_error;
struct engine;
struct server;

/* Both must outlive it. NULL: out of memory. */
struct server *server_new(uv_loop_t *loop, const char *run_dir);
/* What the engine is to be made with. */
struct engine_observer server_observer(struct server *server);
/* The engine that it serves, which must outlive its connections. -ENOMEM. */
int server_attach(struct server *server, struct engine *engine, struct ballast_error *err);
/* Opens both sockets; the run directory is ours alone. Errors say which cannot be. */
int server_open(struct server *server, struct ballast_error *err);
/* The path of the socket for changes. */
const char *server_control_path(const struct server *server);
/* The configuration has been read again. */
void server_reconfigure(struct server *server);
/* Closes all: the loop has to run on until that is done. */
void server_close(struct server *server);
/* Once the loop has. NULL is allowed. */
void server_free(struct server *server);

#endif
