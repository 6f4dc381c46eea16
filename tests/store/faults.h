/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Faults at the system calls that change files, for the whole program: write, fsync, ftruncate,
 * rename, unlink and their kin are interposed, since the program's symbols come before libc's.
 */
#ifndef TESTS_STORE_FAULTS_H
#define TESTS_STORE_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

enum fault {
    FAULT_NONE,
    FAULT_ERRNO,      /* the call fails and does nothing */
    FAULT_SHORT,      /* a write does half its work, then fails */
    FAULT_SYNC,       /* as ERRNO, counting and failing fsyncs alone */
    FAULT_KILL,       /* SIGKILL before the call */
    FAULT_TORN,       /* SIGKILL in the middle of a write; before any other call */
    FAULT_POWER,      /* what was not synced is undone, then SIGKILL */
    FAULT_POWER_SOME, /* some of what was not synced is undone, then SIGKILL */
};

struct fault_plan {
    enum fault fault;
    unsigned long at;    /* the first call that it happens to, from 1 */
    unsigned long times; /* errors: so many calls one after the other */
    int code;            /* errors: errno */
    uint64_t seed;       /* of FAULT_POWER_SOME */
};

/* Begins to count again. */
void faults_set(const struct fault_plan *plan);
/* Calls since then. */
unsigned long faults_calls(void);
/* Whether it has happened. */
bool faults_struck(void);
/* Whether it has happened to anything but a write. */
bool faults_struck_sync(void);

#endif
