/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ballast-web: one loop, one thread. The link to the daemon and the HTTP server do not know each
 * other; what the daemon says becomes a look, and the door shows the last look to everybody.
 */
#ifndef APP_WEB_WEB_H
#define APP_WEB_WEB_H

#include "app/web/options.h"

/* Serves until SIGTERM or SIGINT. The exit status; everything has been said. */
int web_run(const struct web_options *options);

#endif
