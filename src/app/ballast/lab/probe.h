/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Guests that are built, never run, measured to the page and destroyed, one after the other, on the
 * running Xen. Everything here complains on stderr itself and returns an exit status.
 *
 * It ends at the first surprise: another domain comes, goes or moves, free memory does not come to
 * rest, or does not come back. What it leaves behind is destroyed even when this program is killed,
 * by a child that outlives it; what that one missed, by the next session.
 */
#ifndef APP_BALLAST_LAB_PROBE_H
#define APP_BALLAST_LAB_PROBE_H

#include <stdint.h>
#include <sys/types.h>

#include "app/ballast/access/host_access.h"
#include "core/fit/fit.h"

/* What guests of this kind are named; the number of the session's process follows. */
#define CLI_PROBE_PREFIX "ballast-probe-"

/* What cli_probes_measure() returns for a guest that xl does not build; it takes nothing then. */
enum { CLI_PROBE_REFUSED = 64 };

struct cli_probe_other {
    uint32_t id;
    uint64_t tot_kib;
};

struct cli_probes {
    struct host_access *access; /* the running Xen, locked */
    const char *kernel;         /* that PV and PVH guests are built from */
    uint64_t keep_kib;          /* free memory that is always left, beyond what is kept for Xen */
    char name[48];
    char folder[64];
    struct cli_probe_other *others; /* the domains that were there when it began */
    size_t other_count;
    bool is_building; /* a guest may be there that is still to be destroyed */
    int guardian;     /* a pipe's end: closed without a word, what is there is destroyed */
    pid_t guardian_pid;
};

/* What one guest has shown. */
struct cli_probe_seen {
    struct fit_cell cell;
    int64_t left_pages; /* that did not come back when it was destroyed */
};

/*
 * `access` is open for changes and has been read. CLI_BAD: the kernel cannot be read;
 * CLI_UNREACHABLE: free memory keeps changing, or no temporary folder can be made.
 */
int cli_probes_begin(struct cli_probes *probes, struct host_access *access, const char *kernel,
                     uint64_t keep_kib);
/*
 * Builds `guest`, which may take `most_kib`, measures and destroys it. CLI_NO, without a message:
 * too little is available. With a message: CLI_PROBE_REFUSED: xl does not build it.
 * CLI_UNREACHABLE: something else changed. 128 and a signal: interrupted.
 */
int cli_probes_measure(struct cli_probes *probes, const struct ballast_guest *guest,
                       uint64_t most_kib, struct cli_probe_seen *out);
void cli_probes_end(struct cli_probes *probes);

#endif
