/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ballast-web: one loop, one thread. The link to the daemon and the HTTP server do not know each
 * other; the collector makes a state of the daemon's answers, and the HTTP server shows the last
 * one.
 */
#ifndef APP_WEB_WEB_H
#define APP_WEB_WEB_H

#include "app/web/options.h"

/* Serves until SIGTERM or SIGINT. The exit status; everything has been said. */
int web_run(const struct web_options *options);

#endif
