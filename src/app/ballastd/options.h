/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line of ballastd. */
#ifndef APP_BALLASTD_OPTIONS_H
#define APP_BALLASTD_OPTIONS_H

#include <stdbool.h>

#include "app/ballastd/engine/engine.h"
#include "app/host/host.h"

struct daemon_options {
    struct host_options host;
    struct engine_options engine;
    const char *run_dir;
    const char *config_path;     /* NULL: /etc/ballast/ballastd.conf where there is one */
    const char *squeezed_socket; /* NULL, as the next six: as configured */
    const char *message_switch;
    const char *squeezed_config;
    const char *qmemman_socket;
    const char *qmemman_dir;
    const char *qmemman_config;
    const char *headroom;
    bool set_clock_back; /* of the ledger, and end */
};

/* 0: go on; else the exit status plus one, and everything has been said. */
int daemon_options_parse(int argc, char **argv, struct daemon_options *out);

#endif
