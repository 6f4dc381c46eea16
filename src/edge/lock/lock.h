/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One lock for every program that changes a host: the daemon takes it for its whole life, a command
 * that writes to the host in its own process while it runs. It is flock(2) on a file that is never
 * removed, so a program that dies releases it. The file has mode 0600, since every user who can
 * open it can lock it.
 */
#ifndef EDGE_LOCK_LOCK_H
#define EDGE_LOCK_LOCK_H

#include <sys/types.h>

#include <ballast/error.h>

/* The directory for the Xen host, wherever a daemon's sockets are. */
#define LOCK_XEN_DIR "/run/ballast"
/* The daemon's name in the lock. */
#define LOCK_DAEMON "ballastd"

enum { LOCK_WHAT = 32, LOCK_PATH = 512 };

/* The program that has the lock. */
struct lock_holder {
    pid_t pid;            /* 0: not written yet */
    char what[LOCK_WHAT]; /* "ballastd", "ballast free"; "": not written yet */
    char path[LOCK_PATH]; /* of the file */
};

/*
 * Takes `dir`/lock for `what` and returns the descriptor; close() releases the lock. Creates the
 * directory if it is missing. -EWOULDBLOCK: another program has it, see *holder. Else the errnos of
 * file_own_dir().
 */
int lock_take(const char *dir, const char *what, struct lock_holder *holder,
              struct ballast_error *err);
/* Reads which program took it last, without taking it: that program may have ended since. -errno:
 * unknown. */
int lock_look(const char *dir, struct lock_holder *holder);

#endif
