/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* That no other program changes the host as long as the daemon runs. */
#ifndef APP_BALLASTD_ALONE_H
#define APP_BALLASTD_ALONE_H

#include <ballast/error.h>

/* The locks that are held. */
struct alone {
    int run_fd; /* of the run directory; -1: not taken */
    int xen_fd; /* of the Xen host, where that is another one; -1 */
};

#define ALONE_NONE ((struct alone){.run_fd = -1, .xen_fd = -1})

/*
 * Takes the lock of the run directory, which is made where it is missing, and writes ballastd.pid.
 * A command that has it is waited for. -EBUSY: another daemon has it, or a command did for too
 * long; the text names it. Others as lock_take().
 */
int alone_in_run_dir(struct alone *alone, const char *run_dir, struct ballast_error *err);
/* The same with the lock of the Xen host, where that is another one. */
int alone_on_xen(struct alone *alone, struct ballast_error *err);
/* Gives back what was taken. */
void alone_end(struct alone *alone);

#endif
