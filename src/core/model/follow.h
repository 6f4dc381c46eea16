/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Watches a balloon follow its target: whether it has arrived or stopped, and the likely reason.
 * Sizes are those of the domain's pages (tot_pages), video included.
 */
#ifndef CORE_MODEL_FOLLOW_H
#define CORE_MODEL_FOLLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Where an idle Linux guest stops by itself, as measured (80-89 MiB, PV and PVH, with a static
 * maximum of 512 MiB); its other memory comes on top. With less than it needs later and without
 * swap it panics (tests/lab/t/42-hard-facts).
 */
#define BALLAST_IDLE_LINUX_KIB (UINT64_C(90) * 1024)

/*
 * An HVM guest can stop this far short of its target for good: it never receives the 16 pages that
 * a video adapter's firmware would take, and regains some of them once it runs (tests/lab: 20 KiB
 * are missing to each target of a guest with vga = "none").
 */
#define BALLAST_HVM_SHORT_KIB UINT64_C(64)

/*
 * Useful progress within the time of patience: a driver that frees a page now and then makes none.
 */
#define BALLAST_FOLLOW_STEP_KIB UINT64_C(256)

struct ballast_follow {
    uint64_t goal_kib;
    uint64_t tolerance_kib; /* this far beyond the goal counts as there: extra internal pages */
    uint64_t short_kib;     /* and this far short of it, at least a page */
    uint64_t patience_usec; /* without progress for this long it has stopped */
    uint64_t until_usec;    /* BALLAST_NONE: no end */
    uint64_t first_kib;
    uint64_t last_kib;
    uint64_t mark_kib;  /* the size at the last progress, */
    uint64_t mark_usec; /* and its time */
};

enum ballast_follow_state {
    BALLAST_FOLLOW_MOVING,
    BALLAST_FOLLOW_REACHED,
    BALLAST_FOLLOW_STOPPED,
    BALLAST_FOLLOW_LATE,
};

/* The caller fills the fields up to until_usec; this is the first sample. */
void ballast_follow_begin(struct ballast_follow *follow, uint64_t now_usec, uint64_t tot_kib);
/*
 * Each further sample. The domain has arrived when two samples in a row see it at its goal and not
 * moving.
 */
enum ballast_follow_state ballast_follow_sample(struct ballast_follow *follow, uint64_t now_usec,
                                                uint64_t tot_kib);
/* The part of the way that it has made. */
uint32_t ballast_follow_permyriad(const struct ballast_follow *follow);

/* Why a balloon may have stopped, the most certain reason first. */
enum ballast_stop {
    BALLAST_STOP_DYING,
    BALLAST_STOP_PAUSED,
    BALLAST_STOP_TARGET,     /* its target has changed */
    BALLAST_STOP_MAXIMUM,    /* its xen maximum is below the goal */
    BALLAST_STOP_HOST_FULL,  /* less is free on the host than it still wants */
    BALLAST_STOP_POD,        /* its cache is never shrunk before its balloon runs */
    BALLAST_STOP_NO_BALLOON, /* no driver was seen */
    BALLAST_STOP_USED,       /* it stopped at the use that it reports */
    BALLAST_STOP_IDLE_FLOOR, /* it stopped where idle Linux stops */
    BALLAST_STOP_UNKNOWN,
    BALLAST_STOPS
};

struct ballast_stop_facts {
    bool dying;
    bool paused;
    bool has_balloon;
    uint64_t tot_kib;
    uint64_t goal_kib;
    uint64_t target_kib;  /* as it is now, video included like goal_kib; 0: unknown */
    uint64_t maximum_kib; /* the largest possible tot_kib */
    uint64_t free_kib;
    uint64_t pod_cache_kib; /* this and the rest: BALLAST_NONE if unknown */
    uint64_t pod_entries_kib;
    uint64_t used_kib;
    uint64_t video_kib; /* of tot_kib: not in its reports, and never freed; 0 if unknown */
};

enum ballast_stop ballast_stop_reason(const struct ballast_stop_facts *facts);
/* "paused", "host-full" ... */
const char *ballast_stop_name(enum ballast_stop reason);
/* One sentence without a full stop, with the figures of the facts; returns like snprintf(). */
size_t ballast_stop_text(enum ballast_stop reason, const struct ballast_stop_facts *facts,
                         char *buf, size_t size);

#endif
