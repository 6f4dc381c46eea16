/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A scenario: a host, its guests, the events, the starts and the expected results, read from a text
 * with one statement per line. docs/scenarios.md defines the format.
 */
#ifndef CORE_SIM_SCENARIO_H
#define CORE_SIM_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ballast/error.h>

#include "core/sim/sim.h"

enum {
    SCENARIO_TEXT = 256, /* of the sentence, terminator included */
    SCENARIO_EXPECTS = 64,
    SCENARIO_RESTARTS = 16,
    SCENARIO_POLICIES = 8, /* names in brackets */
    SCENARIO_POLICY = 24,
    SCENARIO_BYTES = 1 << 20,
};

/* A simulated day; more would be a soak run, not a scenario. */
#define SCENARIO_LONGEST_USEC (UINT64_C(86400) * 1000000)

enum scenario_subject {
    SCENARIO_GRANTED,      /* start NAME granted [within RATIO] [by TIME] */
    SCENARIO_REFUSED,      /* start NAME refused [at-once] [by TIME] */
    SCENARIO_NO_KILL,      /* no guest died for lack of memory, no build failed */
    SCENARIO_NONE_BELOW,   /* none below dynamic-min */
    SCENARIO_NO_WRONG_ASK, /* no target of a paused, migrating or building guest was moved */
    SCENARIO_GUEST_ALIVE,
    SCENARIO_GUEST_GONE,
    SCENARIO_GUEST_UNTOUCHED, /* its target was never written */
    SCENARIO_GUEST_HOLDS,     /* at the end: <= or >= a size */
    SCENARIO_GUEST_SHORT,     /* its shortfall: <= or >= size x seconds */
    SCENARIO_FREE_AT_END,
    SCENARIO_FREE_MINIMUM,
    SCENARIO_FREE_BY, /* the first time at which it was true */
    SCENARIO_WRITES,
    SCENARIO_CHURN,
    SCENARIO_SHORTFALL,
    SCENARIO_IDLE,
    SCENARIO_IDLE_SHORT,
    SCENARIO_LAW_BROKEN, /* law N broken: to show what an option that breaks it does */
    SCENARIO_SUBJECTS
};

struct scenario_expect {
    enum scenario_subject subject;
    char name[SIM_NAME];
    size_t index;             /* of the start or of the guest */
    bool at_least;            /* >=; otherwise <= */
    bool at_once;             /* refused at the sample at which it arrived */
    uint64_t amount;          /* KiB, KiB x ms, a count, or the number of a law */
    uint64_t ratio_permyriad; /* of the shortest possible time; 0: any */
    uint64_t by_usec;         /* of simulated time; BALLAST_NONE: any */
    bool all_policies;
    char policies[SCENARIO_POLICIES][SCENARIO_POLICY];
    size_t policy_count; /* 0 and not all: the default policy */
    unsigned line;
};

struct scenario {
    char sentence[SCENARIO_TEXT];
    struct sim_config config; /* its arrays belong to the scenario */
    uint64_t free_kib;        /* given instead of total_kib; BALLAST_NONE: not given */
    uint64_t duration_usec;
    uint64_t restarts_usec[SCENARIO_RESTARTS]; /* when the balancer loses all that it has learned */
    size_t restart_count;
    uint64_t headroom_kib;      /* as balancer.h has it */
    uint64_t squeeze_permyriad; /* likewise; BALLAST_NONE: the default */
    uint64_t start_up_usec;     /* likewise */
    bool take_before_free;      /* options of the balancer that break a law, see balancer.h */
    bool no_inaccuracy;
    bool no_floors;
    struct scenario_expect expects[SCENARIO_EXPECTS];
    size_t expect_count;
};

/*
 * Reads a scenario of `size` bytes; `file` is only for messages. On -EINVAL the error names file,
 * line, the wrong word and what to use instead. Initializes *out in any case; scenario_release()
 * frees it. Ignores expectations: core/sim/score reads them.
 */
int scenario_parse(const char *file, const char *text, size_t size, struct scenario *out,
                   struct ballast_error *err);
void scenario_release(struct scenario *scenario);

#endif
