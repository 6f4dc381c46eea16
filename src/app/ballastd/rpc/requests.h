/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How many requests may wait for memory at once. Each tick and each answer about one of them goes
 * through all, so there is a bound, and each user has a part of it: nobody keeps the others from
 * asking, and some places are root's and the daemon's own.
 */
#ifndef APP_BALLASTD_RPC_REQUESTS_H
#define APP_BALLASTD_RPC_REQUESTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* In all; of all users but root and the daemon's own; of one of those. */
enum { REQUESTS_MOST = 1024, REQUESTS_OTHERS = 896, REQUESTS_USER = 256 };

struct ledger;

/* Begun as zeros. Those of before a restart count in all, for no user. */
struct requests {
    struct {
        uint64_t id;
        uid_t uid;
    } list[REQUESTS_MOST];
    size_t count;
};

/*
 * Whether that user may ask for one more: 0, or how many may wait. *own: of that user; else of all
 * together.
 */
size_t requests_full(struct requests *requests, const struct ledger *ledger, uid_t uid, bool *own);
/* It has asked for that one. */
void requests_add(struct requests *requests, uint64_t id, uid_t uid);

#endif
