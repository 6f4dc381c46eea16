/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line of ballast-web. */
#ifndef APP_WEB_OPTIONS_H
#define APP_WEB_OPTIONS_H

#include "app/web/request.h"

/* No other program of ours uses it; 8433 has no registered service. */
#define WEB_LISTEN "127.0.0.1:8433"

struct web_options {
    const char *run_dir; /* of the daemon */
    struct request_address listen;
};

/* 0: continue; else the exit status plus one, after all output. */
int web_options_parse(int argc, char **argv, struct web_options *out);

#endif
