/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What was granted to clients whose connections have ended. Where nothing is being built it is
 * released with the next sample; else it goes on, for the domain that is built, for a minute at
 * most. It also stands in for what open connections of the same user were granted and another start
 * has used. After a restart of the daemon, which ends all connections, it goes on for a minute in
 * any case: qubesd does not notice, and goes on with its start.
 */
#ifndef APP_BALLASTD_QMEMMAN_LEFTOVERS_H
#define APP_BALLASTD_QMEMMAN_LEFTOVERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { LEFTOVERS_MOST = 512 };

struct engine;

struct leftover {
    uint64_t id;
    uint64_t left_usec; /* when its connection ended, on the ledger's clock */
    uid_t uid;          /* whose connection it was */
    bool is_of_restart;
};

/*
 * What open connections of that user lack of what they were granted: the oldest reservations pay
 * first, so another start of the user may have been paid from theirs.
 */
typedef uint64_t leftovers_owed_fn(void *context, uid_t uid);

/* Begun as zeros, but for the function. */
struct leftovers {
    leftovers_owed_fn *owed;
    void *owed_context;
    struct leftover list[LEFTOVERS_MOST];
    size_t count;
    bool read; /* those of an earlier daemon are in it */
};

/* A connection of that user has ended; 0: nothing was granted to it. */
void leftovers_add(struct leftovers *leftovers, struct engine *engine, uint64_t id, uid_t uid);
/* Releases what is due; true: it did, or it took in those of an earlier daemon. */
bool leftovers_go_on(struct leftovers *leftovers, struct engine *engine);

#endif
