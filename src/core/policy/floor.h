/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The size below which a guest is not asked to go, and the reason. It is learned: from what the
 * guest reports, from where its balloon stopped before, from its having just booted; and there is a
 * minimum for any ordinary kernel. A floor only limits what is taken from a guest; it never gives
 * it memory.
 */
#ifndef CORE_POLICY_FLOOR_H
#define CORE_POLICY_FLOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/model/follow.h"
#include "core/model/host.h"

/*
 * The minimum is BALLAST_IDLE_LINUX_KIB, measured with this static maximum, plus what grows with
 * it: Linux has a struct page (64 bytes) for each page that it can ever have, a 64th, whether it
 * has the page or not.
 */
#define FLOOR_MEASURED_STATIC_KIB (UINT64_C(512) * 1024)
#define FLOOR_STRUCT_PAGE_PART    64
/*
 * A guest with a smaller static maximum is not an ordinary Linux: nothing is known of it
 * beforehand.
 */
#define FLOOR_ORDINARY_KIB (UINT64_C(128) * 1024)

/*
 * A guest that has just booted is not asked to go below twice the minimum, since booting takes more
 * memory than idling: its initial ramdisk packed and unpacked, and all services at once. This lasts
 * a minute: xenbus was up 2.8 to 10.2 s after the guest began to run, and services start after
 * that. Both figures are estimates.
 */
#define FLOOR_BOOT_FACTOR 2
#define FLOOR_BOOT_USEC   (UINT64_C(60) * 1000000)

/*
 * An agent of XenServer or XCP-ng writes when something has changed, and shows that it lives each
 * minute or two: its report is late when it is older than this (edge/hv/xen_report.h).
 */
#define FLOOR_AGENT_PERIOD_USEC (UINT64_C(130) * 1000000)

/* Its report counts in full for this long, then less and less, until it counts for nothing. */
#define FLOOR_REPORT_FRESH_USEC (UINT64_C(60) * 1000000)
#define FLOOR_REPORT_OLD_USEC   (UINT64_C(600) * 1000000)

enum floor_reason {
    FLOOR_NONE,           /* nothing is known: only its dynamic minimum applies */
    FLOOR_MINIMAL_KERNEL, /* static_max_kib */
    FLOOR_BOOT,           /* up_usec */
    FLOOR_REPORTED_USE,   /* used_kib, justified_kib */
    FLOOR_LAST_STOP,      /* stopped_kib, stops */
    FLOOR_REASONS
};

/*
 * Where a balloon stopped when it was asked for less; kept over restarts. kib 0: it has not
 * stopped.
 */
struct balloon_stop {
    uint64_t kib;
    uint64_t usec;  /* when it last stopped there */
    uint32_t stops; /* how often at about the same size */
};

/*
 * Records a stop. If it differs from the last one by more than an eighth, it is the first at its
 * size.
 */
void floor_record_stop(struct balloon_stop *stop, uint64_t tot_kib, uint64_t now_usec);
/*
 * Clears the stop if the guest is now well below it, or has not stopped for a week. true: it was
 * cleared.
 */
bool floor_review_stop(struct balloon_stop *stop, uint64_t tot_kib, uint64_t now_usec);
/*
 * How long after its last stop a guest is in backoff: 10 s after the first, doubled by each further
 * one up to an hour. After that it is asked for at most a sixteenth less than where it stopped.
 */
uint64_t floor_backoff_usec(const struct balloon_stop *stop);
bool floor_in_backoff(const struct balloon_stop *stop, uint64_t now_usec);

struct floor_facts {
    uint64_t now_usec;
    uint64_t static_max_kib;
    uint64_t videoram_kib;      /* included in its sizes, and never freed; 0 if unknown */
    uint64_t reported_used_kib; /* as far as trusted, video included, or BALLAST_NONE */
    uint64_t report_age_usec;   /* BALLAST_NONE: unknown, counts as fresh */
    uint64_t report_most_kib;   /* its report justifies at most this; BALLAST_NONE: no bound */
    uint64_t up_usec; /* since its balloon was first seen; BALLAST_NONE: it was there already */
    struct balloon_stop last_stop;
};

#define FLOOR_NO_FACTS                                                                             \
    ((struct floor_facts){.reported_used_kib = BALLAST_NONE,                                       \
                          .report_age_usec = BALLAST_NONE,                                         \
                          .report_most_kib = BALLAST_NONE,                                         \
                          .up_usec = BALLAST_NONE})

/*
 * The facts that one sample of a domain shows: its sizes, and its report as it is. All facts start
 * with these, so that a command and the daemon differ only in what was learned.
 */
struct floor_facts floor_facts_seen(const struct ballast_domain *domain, uint64_t now_usec);

struct floor {
    uint64_t kib; /* 0 if the reason is FLOOR_NONE */
    enum floor_reason reason;
    /* The figures of its reason; the others are 0. */
    uint64_t static_max_kib;
    uint64_t up_usec;       /* how long its balloon has been up */
    uint64_t used_kib;      /* what it reports in use, as far as trusted */
    uint64_t justified_kib; /* the size that its report justifies at most */
    uint64_t stopped_kib;   /* where its balloon stopped */
    uint64_t stops;         /* how often in a row */
    uint64_t video_kib;     /* of kib, if included in it: video memory, which is never freed */
};

/* The minimum of an ordinary guest with that static maximum; 0: unknown. */
uint64_t floor_minimal_kernel_kib(uint64_t static_max_kib, uint64_t videoram_kib);
/* The highest floor that follows from the facts. It may exceed the current memory. */
struct floor floor_of(const struct floor_facts *facts);
/* Its size alone, for loops over all domains. */
uint64_t floor_size_kib(const struct floor_facts *facts);

/* "none", "minimal-kernel", "boot", "reported-use", "last-stop"; NULL past the end. */
const char *floor_reason_name(enum floor_reason reason);
/* -ENOENT. */
int floor_reason_find(const char *word);
/* What the floor is, without its size and without a full stop; returns like snprintf(). */
size_t floor_text(const struct floor *floor, char *buf, size_t size);

#endif
