/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The limits of waiting requests. Each tick and each answer about a request goes through all of
 * them, so there is a limit, and each user has a part of it: no user keeps the others from making
 * requests, and some places are for root and the daemon's own user.
 */
#ifndef APP_BALLASTD_RPC_REQUESTS_H
#define APP_BALLASTD_RPC_REQUESTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* In total; for all users but root and the daemon's own; for one of those. */
enum { REQUESTS_MOST = 1024, REQUESTS_OTHERS = 896, REQUESTS_USER = 256 };

struct ledger;

/* Starts as zeros. Requests from before a restart count in the total, for no user. */
struct requests {
    struct {
        uint64_t id;
        uid_t uid;
    } list[REQUESTS_MOST];
    size_t count;
};

/*
 * Whether that user may make another request: 0, or the limit. *own: that of the user; else that of
 * all together.
 */
size_t requests_full(struct requests *requests, const struct ledger *ledger, uid_t uid, bool *own);
/* That user has made this request. */
void requests_add(struct requests *requests, uint64_t id, uid_t uid);

#endif
