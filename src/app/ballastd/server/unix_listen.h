/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef APP_BALLASTD_SERVER_UNIX_LISTEN_H
#define APP_BALLASTD_SERVER_UNIX_LISTEN_H

#include <sys/types.h>

/*
 * A socket that is bound to that path, which must fit into sun_path of unix(7), and has that mode
 * from its creation on. The descriptor, which does not block, or -errno.
 */
int unix_listen_at(const char *path, mode_t mode);

#endif
