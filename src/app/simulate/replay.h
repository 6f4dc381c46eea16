/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The loop that decides on a real host, over a recording of one: what it would have done at each
 * sample, and whether a law would have been broken. It has no requests and no reservations.
 */
#ifndef APP_SIMULATE_REPLAY_H
#define APP_SIMULATE_REPLAY_H

#include <stddef.h>
#include <stdint.h>

#include <ballast/error.h>

#include "app/tick/tick.h"

struct simulate_replay {
    size_t samples;
    size_t sets; /* done */
    size_t skipped;
    size_t failed;
    size_t breaches;
    uint64_t span_usec; /* from the first sample to the last */
};

/* Called on the way; either may be NULL. */
struct simulate_replay_ear {
    void *arg;
    void (*set)(void *arg, const struct ballast_host *host, const struct balancer_set *set,
                enum tick_outcome outcome);
    void (*breach)(void *arg, uint64_t at_usec, const struct tick_breach *breach);
};

/*
 * A tick for each sample; `options` NULL: the default ones. -EINVAL as replay_new() and the
 * balancer, -ENOMEM; *out counts what was done until then.
 */
int simulate_replay(const struct ballast_host *samples, size_t count, const struct policy *policy,
                    const struct balancer_options *options, const struct simulate_replay_ear *ear,
                    struct simulate_replay *out, struct ballast_error *err);

#endif
