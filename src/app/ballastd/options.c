/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/units.h"
#include "core/sim/scenario_value.h"

enum { DONE = 1, BAD = 3 };

static const struct option options[] = {
    {"host", required_argument, NULL, 'H'},
    {"run-dir", required_argument, NULL, 'r'},
    {"state-dir", required_argument, NULL, 's'},
    {"config", required_argument, NULL, 'c'},
    {"squeezed-socket", required_argument, NULL, 'q'},
    {"message-switch", required_argument, NULL, 'm'},
    {"squeezed-config", required_argument, NULL, 'X'},
    {"qmemman-socket", required_argument, NULL, 'Q'},
    {"qmemman-dir", required_argument, NULL, 'D'},
    {"qmemman-config", required_argument, NULL, 'C'},
    {"headroom", required_argument, NULL, 'R'},
    {"foreground", no_argument, NULL, 'f'},
    {"speed", required_argument, NULL, 'S'},
    {"check-laws", no_argument, NULL, 'l'},
    {"fresh", no_argument, NULL, 'F'},
    {"set-clock-back", no_argument, NULL, 'B'},
    {"verbose", no_argument, NULL, 'v'},
    {"version", no_argument, NULL, 'V'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static const char help[] =
    "Usage: ballastd [OPTION...]\n"
    "Reserves memory of a Xen host for starts and balances its guests. Stays in the foreground.\n"
    "\n"
    "  --host xen             the Xen host that this is the control domain of\n"
    "  --host sim[:SCENARIO]  a simulated host, built in or read from a file\n"
    "                         (without --host: xen)\n"
    "  --run-dir DIR          sockets and lock (/run/ballast, or $BALLAST_RUN_DIR)\n"
    "  --state-dir DIR        the ledger (/var/lib/ballast, or $BALLAST_STATE_DIR)\n"
    "  --config FILE          instead of /etc/ballast/ballastd.conf\n"
    "  --squeezed-socket PATH  speak squeezed's interface to XAPI there\n"
    "  --message-switch PATH   the same through XAPI's message switch\n"
    "  --squeezed-config FILE  instead of /etc/squeezed.conf\n"
    "  --qmemman-socket PATH   speak qmemman's interface to Qubes' qubesd there\n"
    "  --qmemman-dir DIR       the directory of qmemman's two files\n"
    "  --qmemman-config FILE   instead of /etc/qubes/qmemman.conf\n"
    "  --headroom SIZE        memory left free for starts that do not ask; largest:DIR: the need\n"
    "                         of the largest guest that a file in DIR configures\n"
    "  --speed N              the simulated clock runs N times as fast as the real one\n"
    "  --foreground           stay in the foreground, as always\n"
    "  --fresh                start a simulated host again instead of continuing it\n"
    "  --set-clock-back       set the clock of a ledger that is ahead of the calendar back, and end\n"
    "  --check-laws           check every law after each tick; costs time\n"
    "  --verbose              log each step of a move, and what was skipped\n"
    "  --version, --help\n"
    "\n"
    "See ballastd(8), ballastd.conf(5).\n";

static int report_invalid(const char *what, const char *value, const char *right)
{
    (void)fprintf(stderr, "ballastd: %s %s: %s\n", what, value, right);
    return BAD;
}

static int set_host(const char *word, struct daemon_options *out)
{
    if (host_kind_of(word) == HOST_FILE || strcmp(word, "sim:") == 0)
        return report_invalid("--host", word, "use xen, sim or sim:FILE");
    out->host.which = word;
    return 0;
}

enum { FASTEST = 100000 };

static int set_speed(const char *word, struct daemon_options *out)
{
    char with_x[32];
    (void)snprintf(with_x, sizeof(with_x), "%.30sx", word);
    if (!scenario_value_ratio_to(with_x, FASTEST, &out->host.sim.speed_permyriad))
        return report_invalid("--speed", word, "use a number up to 100000, such as 10 or 0.5");
    return 0;
}

static int set_option(int option, const char *value, struct daemon_options *out)
{
    switch (option) {
    case 'H':
        return set_host(value, out);
    case 'S':
        return set_speed(value, out);
    case 'r':
        out->run_dir = out->host.sim.run_dir = value;
        return 0;
    case 's':
        out->engine.state_dir = value;
        return 0;
    case 'c':
        out->config_path = value;
        return 0;
    case 'q':
        out->squeezed_socket = value;
        return 0;
    case 'm':
        out->message_switch = value;
        return 0;
    case 'X':
        out->squeezed_config = value;
        return 0;
    case 'Q':
        out->qmemman_socket = value;
        return 0;
    case 'D':
        out->qmemman_dir = value;
        return 0;
    case 'C':
        out->qmemman_config = value;
        return 0;
    case 'R':
        out->headroom = value;
        return 0;
    case 'l':
        out->engine.check_laws = true;
        return 0;
    case 'B':
        out->set_clock_back = true;
        return 0;
    case 'F':
        out->host.sim.fresh = true;
        return 0;
    case 'v':
        out->engine.verbose = true;
        return 0;
    case 'f': /* what it always does */
        return 0;
    case 'V':
        (void)puts("ballastd " BALLAST_VERSION);
        return DONE;
    case 'h':
        (void)fputs(help, stdout);
        return DONE;
    default:
        (void)fputs("ballastd: 'ballastd --help' lists the options\n", stderr);
        return BAD;
    }
}

static const char *environment_or(const char *name, const char *otherwise)
{
    const char *value = getenv(name);
    return value && *value ? value : otherwise;
}

int daemon_options_parse(int argc, char **argv, struct daemon_options *out)
{
    const char *run_dir = environment_or("BALLAST_RUN_DIR", "/run/ballast");
    *out = (struct daemon_options){
        .run_dir = run_dir,
        .host.sim = {.run_dir = run_dir, .speed_permyriad = BALLAST_PERMYRIAD},
        .engine = {.state_dir = environment_or(ENGINE_STATE_DIR_ENV, ENGINE_STATE_DIR)},
    };
    int option;
    while ((option = getopt_long(argc, argv, "hV", options, NULL)) != -1) {
        int rc = set_option(option, optarg, out);
        if (rc)
            return rc;
    }
    if (optind < argc)
        return report_invalid("argument", argv[optind], "ballastd takes options only");
    return 0;
}
