/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One scenario under one policy: the loop, what was seen on the way, and the result. */
#ifndef APP_SIMULATE_RUN_H
#define APP_SIMULATE_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ballast/error.h>

#include "app/tick/tick.h"
#include "core/policy/policy.h"
#include "core/sim/score/score.h"
#include "core/sim/sim.h"

/* What one domain was at one moment; all 0 before it exists and after it is gone. */
struct simulate_point {
    uint64_t tot_kib;
    uint64_t target_kib;
    uint64_t need_kib;
};

/* The run as a chart sees it: so many moments, evenly spaced. */
struct simulate_trace {
    size_t samples;
    size_t domains; /* as many as the run ended with */
    uint64_t *usec;
    uint64_t *free_kib;
    uint64_t *available_kib;
    uint64_t *waiting_kib;         /* what the starts that wait then ask for */
    struct simulate_point *points; /* [domain * samples + sample] */
};

struct simulate_run {
    const struct scenario *scenario; /* the caller's */
    const struct policy *policy;
    bool is_default;
    struct sim *sim; /* as it was at the end */
    struct scenario_watch watch;
    struct simulate_trace trace;            /* samples is 0 when none was asked for */
    struct tick_breach breach;              /* the first one, when breaches is not 0 */
    char ledger_breach[BALLAST_ERROR_TEXT]; /* what the ledger said, where the first one is its */
    uint64_t breach_usec;
    size_t breaches; /* of laws, less those that are expected */
    size_t ticks_failed;
    size_t sets_failed;
};

struct simulate_options {
    uint64_t seed;  /* 0: the scenario's */
    size_t samples; /* at most, for the trace; 0: none */
    void (*progress)(void *arg, uint64_t done_usec, uint64_t all_usec); /* may be NULL */
    void *progress_arg;
};

/*
 * Runs it to its end. 0, -ENOMEM, -EINVAL for a host that cannot be, -EPROTO when the simulated
 * host lost or made a page. simulate_run_release() frees what is in *out.
 */
int simulate_run(const struct scenario *scenario, const struct policy *policy,
                 const struct simulate_options *options, struct simulate_run *out,
                 struct ballast_error *err);
void simulate_run_release(struct simulate_run *run);

/*
 * Whether everything came as expected under this policy: its expectations, and no law broken.
 * `print` (may be NULL) is called with a line for each that speaks of this policy.
 */
bool simulate_run_check(const struct simulate_run *run,
                        void (*print)(void *arg, bool met, const char *text), void *arg);

/* The times of requests against the shortest possible, of those that can be compared. */
struct simulate_times {
    size_t served; /* feasible ones that were granted */
    size_t feasible;
    size_t feasible_refused; /* or left without an answer past their deadline */
    size_t infeasible_refused;
    size_t infeasible_waiting; /* left waiting until they gave up or the end came */
    uint64_t median_permyriad; /* 0: none */
    uint64_t worst_permyriad;
};

/* -ENOMEM. */
int simulate_run_times(const struct simulate_run *run, struct simulate_times *out);

#endif
