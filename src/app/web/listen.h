/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef APP_WEB_LISTEN_H
#define APP_WEB_LISTEN_H

#include <stdbool.h>

#include <ballast/error.h>

#include "app/web/request.h"

/*
 * A socket that listens there, in *fd, the caller's; port 0 becomes the one that was found. The
 * address is numeric, or "localhost". -EADDRINUSE, -EACCES, -EADDRNOTAVAIL ... with what to do.
 */
int listen_at(struct request_address *address, int *fd, bool *is_loopback,
              struct ballast_error *err);
/*
 * What is needed is open: from here on nothing more can be gained. root becomes nobody, and no
 * program that is started could have more rights. -errno where that fails.
 */
int listen_drop_rights(struct ballast_error *err);

#endif
