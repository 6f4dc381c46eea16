/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Watching a balloon follow its target: when it has arrived, when it has stopped, and what is the
 * likely reason. Sizes are of pages that the domain holds (tot_pages), video included.
 */
#ifndef CORE_MODEL_FOLLOW_H
#define CORE_MODEL_FOLLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ballast/guest.h>

/*
 * Where an idle Linux guest stops by itself, the larger of what was measured (80-89 MiB, PV and
 * PVH, with a static maximum of 512 MiB); what it holds besides comes on top of that. Left less
 * than it comes to use later, and without swap, it panics (tests/lab/t/42-hard-facts).
 */
#define BALLAST_IDLE_LINUX_KIB (UINT64_C(90) * 1024)

/*
 * So far short of its target a HVM guest stops for good: it is never given the 16 pages that a
 * video adapter's firmware would take, and gets back some of them once it runs (tests/lab: 20 KiB
 * are missing to each target of a guest with vga = "none").
 */
#define BALLAST_HVM_SHORT_KIB UINT64_C(64)

/* What counts as useful progress between two moments of patience: a driver that gives a page now
 * and then is not on its way. */
#define BALLAST_FOLLOW_STEP_KIB UINT64_C(256)

struct ballast_follow {
    uint64_t goal_kib;
    uint64_t tolerance_kib; /* so much beyond the goal is still there: extra internal pages */
    uint64_t short_kib;     /* and so much short of it, a page at least */
    uint64_t patience_usec; /* without progress for so long: stopped */
    uint64_t until_usec;    /* BALLAST_NONE: no end */
    uint64_t first_kib;
    uint64_t last_kib;
    uint64_t mark_kib;  /* where progress was last seen, */
    uint64_t mark_usec; /* and when */
};

enum ballast_follow_state {
    BALLAST_FOLLOW_MOVING,
    BALLAST_FOLLOW_REACHED,
    BALLAST_FOLLOW_STOPPED,
    BALLAST_FOLLOW_LATE,
};

/* The fields up to until_usec are the caller's to fill; this is the first sample. */
void ballast_follow_begin(struct ballast_follow *follow, uint64_t now_usec, uint64_t tot_kib);
/* Each further one. It has arrived when two samples in a row see it at its goal and not moving. */
enum ballast_follow_state ballast_follow_sample(struct ballast_follow *follow, uint64_t now_usec,
                                                uint64_t tot_kib);
/* How much of its way it has made. */
uint32_t ballast_follow_permyriad(const struct ballast_follow *follow);

/* Why a balloon may have stopped, the surest reason first. */
enum ballast_stop {
    BALLAST_STOP_DYING,
    BALLAST_STOP_PAUSED,
    BALLAST_STOP_TARGET,     /* a: its target, which is another one by now */
    BALLAST_STOP_MAXIMUM,    /* a: Xen's maximum, below the goal */
    BALLAST_STOP_HOST_FULL,  /* a: free on the host, b: still wanted */
    BALLAST_STOP_POD,        /* a: its cache, which is never shrunk before its balloon runs */
    BALLAST_STOP_NO_BALLOON, /* no driver was seen */
    BALLAST_STOP_USED,       /* a: what it says it uses */
    BALLAST_STOP_IDLE_FLOOR, /* a: where idle Linux stops */
    BALLAST_STOP_BOOT,       /* a: what it was started with; old Linux PV guests do not grow */
    BALLAST_STOP_UNKNOWN,
    BALLAST_STOPS
};

struct ballast_stop_facts {
    enum ballast_guest_type type;
    bool dying;
    bool paused;
    bool has_balloon;
    uint64_t tot_kib;
    uint64_t goal_kib;
    uint64_t target_kib;  /* as it is now, counted like goal_kib; 0: not known */
    uint64_t maximum_kib; /* that tot_kib can reach */
    uint64_t free_kib;
    uint64_t pod_cache_kib; /* this and the rest: BALLAST_NONE where not known */
    uint64_t pod_entries_kib;
    uint64_t used_kib;
    uint64_t video_kib; /* of tot_kib: no part of its word, and never given; 0 where unknown */
    uint64_t boot_kib;
};

enum ballast_stop ballast_stop_reason(const struct ballast_stop_facts *facts, uint64_t *a_kib,
                                      uint64_t *b_kib);
/* "paused", "host-full" ... */
const char *ballast_stop_name(enum ballast_stop reason);
/* One sentence without its end, as snprintf. */
size_t ballast_stop_text(enum ballast_stop reason, uint64_t a_kib, uint64_t b_kib, char *buf,
                         size_t size);

#endif
