/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/web/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/web/log.h"

enum { DONE = 1, BAD = 3 };

static const struct option options[] = {
    {"run-dir", required_argument, NULL, 'r'},
    {"listen", required_argument, NULL, 'l'},
    {"version", no_argument, NULL, 'V'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static const char help[] =
    "Usage: ballast-web [OPTION...]\n"
    "Serves a page with the memory of the host, and metrics, from ballastd. It changes nothing,\n"
    "needs no privilege, and stays in the foreground.\n"
    "\n"
    "  --run-dir DIR          the daemon's sockets (default $BALLAST_RUN_DIR, else /run/ballast)\n"
    "  --listen ADDRESS:PORT  serve HTTP here (default " WEB_LISTEN "); port 0 is any free one\n"
    "  -V, --version          print the version\n"
    "  -h, --help             print this text\n"
    "\n"
    "See ballast-web(8).\n";

static int set_web_option(int option, const char *value, struct web_options *out)
{
    struct ballast_error err;
    switch (option) {
    case 'r':
        out->run_dir = value;
        return 0;
    case 'l':
        if (request_address_parse(value, &out->listen, &err) == 0)
            return 0;
        web_log("%s", err.text);
        return BAD;
    case 'V':
        (void)puts("ballast-web " BALLAST_VERSION);
        return DONE;
    case 'h':
        (void)fputs(help, stdout);
        return DONE;
    default:
        web_log("'ballast-web --help' lists the options");
        return BAD;
    }
}

int web_options_parse(int argc, char **argv, struct web_options *out)
{
    const char *run_dir = getenv("BALLAST_RUN_DIR");
    *out = (struct web_options){.run_dir = run_dir && *run_dir ? run_dir : "/run/ballast"};
    int rc = request_address_parse(WEB_LISTEN, &out->listen, NULL);
    int option;
    while (rc == 0 && (option = getopt_long(argc, argv, "hV", options, NULL)) != -1)
        rc = set_web_option(option, optarg, out);
    if (rc == 0 && optind < argc) {
        web_log("argument %s: ballast-web takes options only", argv[optind]);
        rc = BAD;
    }
    return rc;
}
