/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How scarce memory is on the host: four states, by memory that is unneeded: what is available,
 * and what guests have beyond their need. Free memory alone would say little here: the balancer
 * hands it out, so a host on which no guest lacks any has hardly any.
 *
 * A worse state begins at once. A better one begins when more than a quarter beyond its bound has
 * been unneeded for half a minute, so a figure that swings about a bound changes nothing.
 */
#ifndef CORE_POLICY_HOST_STATE_H
#define CORE_POLICY_HOST_STATE_H

#include <stdbool.h>
#include <stdint.h>

enum host_state { HOST_PLENTY, HOST_SOFT, HOST_HARD, HOST_LOW, HOST_STATES };

/* What an administrator sets; the same for all policies. */
struct balancer_settings {
    /* A state begins when less than this part of the host's memory is unneeded; 0: never. */
    uint32_t soft_permyriad;
    uint32_t hard_permyriad;
    uint32_t low_permyriad;
    /* Of its memory: what a guest is asked for in ten seconds but for a start; 0: no limit. */
    uint32_t squeeze_permyriad;
    uint64_t start_up_usec; /* how long nothing is learned from a guest's reports (start_up.h) */
};

#define BALANCER_SETTINGS_DEFAULT                                                                  \
    ((struct balancer_settings){.soft_permyriad = 800,                                             \
                                .hard_permyriad = 400,                                             \
                                .low_permyriad = 200,                                              \
                                .squeeze_permyriad = 4000,                                         \
                                .start_up_usec = UINT64_C(60) * 1000000})

/* A better state begins after so long, with a quarter more than its bound. */
#define HOST_STATE_BETTER_USEC (UINT64_C(30) * 1000000)
#define HOST_STATE_BETTER_PART 4

struct host_outlook {
    enum host_state state;
    uint64_t unneeded_kib;  /* at the last decision */
    uint64_t better_usec;   /* since when a better state could begin; BALLAST_NONE: it could not */
    enum host_state better; /* the worst of those that could have begun since then */
    bool is_known;          /* false: nothing was decided yet, the rest means nothing */
};

/* Takes what is unneeded now, of so much memory. */
void host_outlook_update(struct host_outlook *outlook, const struct balancer_settings *settings,
                         uint64_t unneeded_kib, uint64_t total_kib, uint64_t now_usec);
/* "plenty", "soft", "hard", "low"; NULL past the end. */
const char *host_state_name(enum host_state state);
/* The state with that name, or -ENOENT. */
int host_state_find(const char *word);

#endif
