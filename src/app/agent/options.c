/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/agent/options.h"

#include <getopt.h>
#include <stdio.h>

enum { DONE = 1, BAD = 3 };

static const struct option agent_options[] = {
    {"xenbus", required_argument, NULL, 'x'}, {"proc", required_argument, NULL, 'p'},
    {"sys", required_argument, NULL, 's'},    {"version", no_argument, NULL, 'V'},
    {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0},
};

static const char agent_help[] =
    "Usage: ballast-agent [OPTION...]\n"
    "Reports the memory that this guest of Xen could free, and the memory that it lacks, in its\n"
    "own directory of xenstore. Stays in the foreground. Needs no configuration.\n"
    "\n"
    "  --xenbus PATH      the device or socket of xenstore (/dev/xen/xenbus or /proc/xen/xenbus)\n"
    "  --proc DIR         instead of /proc\n"
    "  --sys DIR          instead of /sys\n"
    "  --version, --help\n"
    "\n"
    "See ballast-agent(8).\n";

int agent_options_parse(int argc, char **argv, struct agent_options *out)
{
    int option;
    *out = (struct agent_options){.proc = "/proc", .sys = "/sys"};
    while ((option = getopt_long(argc, argv, "hV", agent_options, NULL)) != -1) {
        switch (option) {
        case 'x':
            out->xenbus = optarg;
            break;
        case 'p':
            out->proc = optarg;
            break;
        case 's':
            out->sys = optarg;
            break;
        case 'V':
            (void)puts("ballast-agent " BALLAST_VERSION);
            return DONE;
        case 'h':
            (void)fputs(agent_help, stdout);
            return DONE;
        default:
            (void)fputs("ballast-agent: 'ballast-agent --help' lists the options\n", stderr);
            return BAD;
        }
    }
    if (optind == argc)
        return 0;
    (void)fprintf(stderr, "ballast-agent: argument %s: ballast-agent takes options only\n",
                  argv[optind]);
    return BAD;
}
