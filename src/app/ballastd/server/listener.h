/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* control.sock and status.sock: who may connect, and how many. */
#ifndef APP_BALLASTD_SERVER_LISTENER_H
#define APP_BALLASTD_SERVER_LISTENER_H

struct ballast_error;
struct listener;
struct server;

/* Opens both sockets. */
int listener_open(struct server *server, struct ballast_error *err);
/* Closes them and removes them. */
void listener_close(struct server *server);
/* Looks up the configured group and makes it the group of the control socket. */
void listener_set_group(struct server *server);
/* The loop's next turn: accepts waiting connections. */
void listener_resume(struct listener *listener);

#endif
