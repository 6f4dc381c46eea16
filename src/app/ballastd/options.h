/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line of ballastd. */
#ifndef APP_BALLASTD_OPTIONS_H
#define APP_BALLASTD_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

enum engine_host_kind {
    ENGINE_HOST_DEFAULT, /* xen; where there is none, the remedy is told too */
    ENGINE_HOST_XEN,
    ENGINE_HOST_SIM,
};

struct daemon_options {
    enum engine_host_kind host;
    const char *scenario; /* of a simulated host; NULL: the built-in one */
    const char *run_dir;
    const char *state_dir;
    const char *config_path;  /* NULL: /etc/ballast/ballastd.conf where there is one */
    uint64_t speed_permyriad; /* of the simulated clock against the real one */
    bool check_laws;
    bool set_clock_back; /* of the ledger, and end */
    bool fresh;          /* a simulated host begins new, whatever was left of the last one */
    bool verbose;        /* every decision is said, not only those with a new reason */
};

/* 0: go on; else the exit status plus one, and everything has been said. */
int daemon_options_parse(int argc, char **argv, struct daemon_options *out);

#endif
