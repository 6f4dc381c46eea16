/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls that are answered when a reservation is decided. */
#ifndef APP_BALLASTD_RPC_WAITERS_H
#define APP_BALLASTD_RPC_WAITERS_H

#include <stdbool.h>
#include <stdint.h>

struct call;

/* The most waiting calls of one session. */
enum { WAITERS_MOST = 64 };

/* Answers the call when that reservation is decided. -EBUSY: too many, or out of memory. */
int waiters_add(struct call *call, uint64_t reservation, bool is_free);

#endif
