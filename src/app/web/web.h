/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ballast-web: one loop, one thread. The link to the daemon and the HTTP server do not know each
 * other; the collector builds a state from the daemon's answers, and the HTTP server serves the
 * last one.
 */
#ifndef APP_WEB_WEB_H
#define APP_WEB_WEB_H

#include "app/web/options.h"

/* Serves until SIGTERM or SIGINT; returns the exit status, after all output. */
int web_run(const struct web_options *options);

#endif
