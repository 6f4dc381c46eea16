/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One lock for whoever changes a host: the daemon for its whole life, a command that writes to the
 * host in its own process as long as it runs. It is flock(2) on a file that is never removed, so a
 * program that dies gives it back. The file is of mode 0600, since whoever may open it may take it.
 */
#ifndef EDGE_LOCK_LOCK_H
#define EDGE_LOCK_LOCK_H

#include <sys/types.h>

#include <ballast/error.h>

/* Of the Xen host, whatever directory a daemon's sockets are in. */
#define LOCK_XEN_DIR "/run/ballast"
/* What the daemon says it is. */
#define LOCK_DAEMON "ballastd"

enum { LOCK_WHAT = 32, LOCK_PATH = 512 };

/* Who has it. */
struct lock_holder {
    pid_t pid;            /* 0: it has not said so yet */
    char what[LOCK_WHAT]; /* "ballastd", "ballast free"; "": the same */
    char path[LOCK_PATH]; /* of the file */
};

/*
 * Takes `dir`/lock for `what`; the directory is made where it is missing. The descriptor, which
 * close() gives back. -EWOULDBLOCK: somebody has it, *holder says who. Else the errnos of
 * file_own_dir().
 */
int lock_take(const char *dir, const char *what, struct lock_holder *holder,
              struct ballast_error *err);
/* Who took it last, without taking it: it may have ended since. -errno: nobody says so. */
int lock_look(const char *dir, struct lock_holder *holder);

#endif
