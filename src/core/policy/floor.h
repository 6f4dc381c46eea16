/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The least that a guest can be asked to hold without risking its life, and why. It is learned:
 * from what the guest reports, from where its balloon stopped before, from its having just booted;
 * below all of that there is what no ordinary kernel lives with less of. A floor only keeps what a
 * guest holds; it never gives it anything.
 */
#ifndef CORE_POLICY_FLOOR_H
#define CORE_POLICY_FLOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/model/follow.h"
#include "core/model/host.h"

/*
 * The least is BALLAST_IDLE_LINUX_KIB, measured with this static maximum, and what grows with it:
 * Linux keeps a struct page (64 bytes) for each page that it may ever hold, a 64th, whether it
 * holds the page or not.
 */
#define FLOOR_MEASURED_STATIC_KIB (UINT64_C(512) * 1024)
#define FLOOR_STRUCT_PAGE_PART    64
/* A guest of a smaller static maximum is no ordinary Linux: nothing is known of it beforehand. */
#define FLOOR_ORDINARY_KIB (UINT64_C(128) * 1024)

/*
 * A guest that has just come up is not asked below twice the least, since what boots holds more
 * than what idles: its initial ramdisk packed and unpacked, and all services at once. For a minute:
 * xenbus was up 2.8 to 10.2 s after the guest began to run, and services come after that. Both are
 * judged, not measured.
 */
#define FLOOR_BOOT_FACTOR 2
#define FLOOR_BOOT_USEC   (UINT64_C(60) * 1000000)

/* Its report counts in full for so long, then less and less, until it counts for nothing. */
#define FLOOR_REPORT_FRESH_USEC (UINT64_C(60) * 1000000)
#define FLOOR_REPORT_OLD_USEC   (UINT64_C(600) * 1000000)

enum floor_reason {
    FLOOR_NONE,           /* nothing is known: its dynamic minimum is all there is */
    FLOOR_MINIMAL_KERNEL, /* a: its static maximum */
    FLOOR_BOOT,           /* a: how long it is up, in ms */
    FLOOR_REPORTED_USE,   /* a: what it reports in use, as trusted; b: what that lets it hold */
    FLOOR_LAST_STOP,      /* a: where its balloon stopped, b: how often in a row */
    FLOOR_REASONS
};

/* Where a balloon stopped when it was asked for less; kept over restarts. kib 0: nowhere yet. */
struct balloon_stop {
    uint64_t kib;
    uint64_t usec;  /* when that was seen last */
    uint32_t stops; /* how often at about the same place */
};

/*
 * One more stop. At another place, by more than an eighth, it is the first one there.
 */
void floor_record_stop(struct balloon_stop *stop, uint64_t tot_kib, uint64_t now_usec);
/*
 * What is seen of it now: a guest that holds well below its last stop, or has not stopped for a
 * week, has none any more. true: it was cleared.
 */
bool floor_review_stop(struct balloon_stop *stop, uint64_t tot_kib, uint64_t now_usec);
/*
 * How long after its last stop a guest is in backoff: 10 s after the first, doubled by each further
 * one up to an hour. After that it is asked for a sixteenth less than where it stopped, no more.
 */
uint64_t floor_backoff_usec(const struct balloon_stop *stop);
bool floor_in_backoff(const struct balloon_stop *stop, uint64_t now_usec);

struct floor_facts {
    uint64_t now_usec;
    uint64_t static_max_kib;
    uint64_t videoram_kib;      /* in its sizes, and never given back; 0 where it is not known */
    uint64_t reported_used_kib; /* as far as trusted, video included, or BALLAST_NONE */
    uint64_t report_age_usec;   /* BALLAST_NONE: not known, it is fresh */
    uint64_t report_most_kib;   /* its report holds no more than that; BALLAST_NONE: no bound */
    uint64_t up_usec; /* since its balloon showed itself; BALLAST_NONE: nobody saw it boot */
    struct balloon_stop last_stop;
};

#define FLOOR_NO_FACTS                                                                             \
    ((struct floor_facts){.reported_used_kib = BALLAST_NONE,                                       \
                          .report_age_usec = BALLAST_NONE,                                         \
                          .report_most_kib = BALLAST_NONE,                                         \
                          .up_usec = BALLAST_NONE})

/*
 * What one sample of a domain shows, for whoever has not watched it: its sizes, and its report as
 * it is. All facts begin with these, so that a command and the daemon differ only in what was
 * learned.
 */
struct floor_facts floor_facts_seen(const struct ballast_domain *domain, uint64_t now_usec);

struct floor {
    uint64_t kib; /* 0 where the reason is FLOOR_NONE */
    enum floor_reason reason;
    uint64_t a;
    uint64_t b;
    uint64_t video_kib; /* of kib, where it is in it: video memory, which is never given */
};

/* The least that no ordinary guest of that static maximum lives with less of; 0: not known. */
uint64_t floor_minimal_kernel_kib(uint64_t static_max_kib, uint64_t videoram_kib);
/* The highest of what the facts say. It may be more than the guest holds. */
struct floor floor_of(const struct floor_facts *facts);

/* "none", "minimal-kernel", "boot", "reported-use", "last-stop"; NULL past the end. */
const char *floor_reason_name(enum floor_reason reason);
/* -ENOENT. */
int floor_reason_find(const char *word);
/* What the floor is, without its size and without a full stop, as snprintf. */
size_t floor_text(const struct floor *floor, char *buf, size_t size);

#endif
