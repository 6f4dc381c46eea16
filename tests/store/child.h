/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A process that works on a directory until it is done, dies, or is killed. */
#ifndef TESTS_STORE_CHILD_H
#define TESTS_STORE_CHILD_H

#include <sys/types.h>

#include "faults.h"
#include "world.h"

struct child {
    pid_t pid;
    int words; /* the end that is read */
};

/* How a child ends that was not killed. */
enum { CHILD_DONE = 42, CHILD_CRASHED = 43 };

/* Runs `work(context, told)` in a child, which must not return. */
struct child child_start(void (*work)(void *context, int told), void *context);
/* Hears so many words, or fewer where it ends before. */
void child_receive(struct child *child, struct known *known, uint64_t words);
/* Hears all it has to say, waits for it, and returns its status; anything unexpected fails. */
int child_end(struct child *child, struct known *known);

#endif
