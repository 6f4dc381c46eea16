/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef APP_WEB_LISTEN_H
#define APP_WEB_LISTEN_H

#include <stdbool.h>

#include <ballast/error.h>

#include "app/web/request.h"

/*
 * Opens a listening socket in *fd, which the caller closes; port 0 is replaced by a free one. The
 * address is numeric, or "localhost". -EADDRINUSE, -EACCES, -EADDRNOTAVAIL ... with the remedy.
 */
int listen_at(struct request_address *address, int *fd, bool *is_loopback,
              struct ballast_error *err);
/*
 * Drops privileges once everything is open: root becomes nobody, and no program that is executed
 * can gain rights. -errno on failure.
 */
int listen_drop_rights(struct ballast_error *err);

#endif
