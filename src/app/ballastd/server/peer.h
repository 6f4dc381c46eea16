/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The user at the other end of a connection, as the kernel reports it. */
#ifndef APP_BALLASTD_SERVER_PEER_H
#define APP_BALLASTD_SERVER_PEER_H

#include <sys/types.h>

struct connection;

/* -ENOENT: there is no such group. */
int peer_find_group(const char *name, gid_t *out);
/* Fills in the session's user and rights. -EACCES: the kernel does not report it. */
int peer_identify(struct connection *connection);

#endif
