/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who is at the other end of a connection, as the kernel says. */
#ifndef APP_BALLASTD_SERVER_PEER_H
#define APP_BALLASTD_SERVER_PEER_H

#include <sys/types.h>

struct connection;

/* -ENOENT: there is no such group. */
int peer_find_group(const char *name, gid_t *out);
/* Fills in the session's user and what it may do. -EACCES: the kernel does not say. */
int peer_identify(struct connection *connection);

#endif
