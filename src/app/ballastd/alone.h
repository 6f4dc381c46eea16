/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* That nobody else changes the host as long as the daemon runs. */
#ifndef APP_BALLASTD_ALONE_H
#define APP_BALLASTD_ALONE_H

#include "app/ballastd/daemon.h"

/*
 * Takes the lock of the run directory, which is made where it is missing, and writes ballastd.pid.
 * A command that has it is waited for. -EBUSY: another daemon has it, or a command did for too
 * long; the text says who. Others as lock_take().
 */
int alone_in_run_dir(struct daemon *daemon, struct ballast_error *err);
/* The same with the lock of the Xen host, where that is another one and Xen is what we run on. */
int alone_on_host(struct daemon *daemon, struct ballast_error *err);
/* Gives back what was taken. */
void alone_end(struct daemon *daemon);

#endif
