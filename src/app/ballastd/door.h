/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* control.sock and status.sock: who may come in, and how many. */
#ifndef APP_BALLASTD_DOOR_H
#define APP_BALLASTD_DOOR_H

#include <stdbool.h>
#include <sys/types.h>

#include "app/ballastd/daemon.h"

/* Opens both sockets. */
int door_open(struct daemon *daemon, struct ballast_error *err);
/* Closes them and removes them. */
void door_close(struct daemon *daemon);
/* Gives the control socket to the configured group. */
void door_set_group(struct daemon *daemon);
/* Somebody has left: who waits may come in. */
void door_again(struct daemon_door *door);
/* One user must not take all the places. Tells the connection otherwise. */
bool door_has_room_for(const struct daemon_door *door, struct conn *conn);
/* -ENOENT; "" is nobody's group. */
int door_group(const char *name, gid_t *out);

#endif
