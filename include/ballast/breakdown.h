/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The domain memory breakdown: a stack of segments, spans that each cover a run of them, and what
 * must be free before the guest can be built.
 */
#ifndef BALLAST_BREAKDOWN_H
#define BALLAST_BREAKDOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ballast/error.h>
#include <ballast/guest.h>
#include <ballast/host.h>
#include <ballast/profile.h>

/* From the top of the stack to its bottom. */
enum ballast_segment {
    BALLAST_SHADOW,         /* the paging pool: shadow or HAP page tables and the p2m */
    BALLAST_IOMMU,          /* the IOMMU's own page tables, part of the same overhead */
    BALLAST_EXTRA_EXTERNAL, /* what Xen keeps about the domain, outside the domain's limit */
    BALLAST_EXTRA_INTERNAL, /* pages of the domain that its operating system does not see as RAM */
    BALLAST_VIDEO,
    BALLAST_GUEST,
    BALLAST_BALLOON, /* not there yet: what the guest may grow into */
    BALLAST_SEGMENTS
};

enum ballast_span {
    BALLAST_OVERHEAD,       /* shadow .. extra internal */
    BALLAST_STATIC_MAXIMUM, /* video .. balloon */
    BALLAST_BUILD_START,    /* guest */
    BALLAST_BUILD_MAXIMUM,  /* guest .. balloon */
    BALLAST_ACTUAL_TARGET,  /* video .. guest */
    BALLAST_XEN_MAXIMUM,    /* extra internal .. guest */
    BALLAST_FOOTPRINT,      /* shadow .. guest: everything but the balloon */
    BALLAST_SPANS
};

/* What stands between footprint and need, in the order in which it is applied. */
enum ballast_need_term {
    BALLAST_NEED_EXTRA_INTERNAL, /* left out by libxl's need */
    BALLAST_NEED_POOL,           /* a paging pool charged that Xen does not allocate, or in another
                                    size than Xen rounds it to */
    BALLAST_NEED_STUBDOMAIN,     /* the device model's domain, charged to the guest it serves */
    BALLAST_NEED_CHARGED,        /* this is that domain: all of it is charged elsewhere */
    BALLAST_NEED_ROUNDING,       /* up to the toolstack's unit */
    BALLAST_NEED_ARENA,          /* what Xen's own heap may grow by, of the exact profiles */
    BALLAST_NEED_IOMMU_PIECES,   /* what the IOMMU's tables may take more, where memory comes in
                                    pieces below 2 MiB or a smaller guest is worse aligned: need
                                    holds for every size up to the one asked for */
    BALLAST_NEED_OTHER,          /* of a breakdown that was not evaluated here */
    BALLAST_NEED_TERMS
};

/* What is unusual about a guest. */
enum ballast_note {
    BALLAST_NOTE_POD,              /* kib: memory, maxmem */
    BALLAST_NOTE_POOL_NOT_GIVEN,   /* kib: the pool that a PV guest is charged for */
    BALLAST_NOTE_VIDEO_UNBACKED,   /* kib: videoram that nobody allocates */
    BALLAST_NOTE_VIDEO_LARGE,      /* kib: video, memory */
    BALLAST_NOTE_VIDEO_IGNORED,    /* kib: asked for, used */
    BALLAST_NOTE_SHIM_TAKES_GUEST, /* the shim lives in the guest's own memory */
    BALLAST_NOTE_SHIM_ADDED,       /* kib: what the profile adds for it */
    BALLAST_NOTE_STUBDOMAIN,       /* kib: charged for the device model's domain */
    BALLAST_NOTE_NO_HAP,           /* shadow paging: not every Xen has it */
    BALLAST_NOTE_IOMMU_TABLES,     /* kib: the IOMMU's own page tables */
    BALLAST_NOTE_NO_MEMORY,        /* kib: the default that was taken */
    BALLAST_NOTE_NEED_TOO_SMALL,   /* count: vCPUs; kib: what Xen may take beyond libxl's need */
    BALLAST_NOTE_NO_CLAIM,         /* claim_mode=0: a build can fail half-way */
    BALLAST_NOTE_SHADOW_IGNORED,   /* kib: shadow_memory, which the profile cannot express */
    BALLAST_NOTE_NO_VCPUS,         /* kib: what the default pool is short of one vCPU's share */
    BALLAST_NOTE_NOT_MEASURED,     /* bits: what of an exact profile's figures was only read */
    BALLAST_NOTE_POD_COST,         /* kib: what may still come on top of its footprint */
    BALLAST_NOTE_VMTRACE,          /* kib: all trace buffers, one a vCPU */
    BALLAST_NOTE_ALTP2M,           /* pages: of a view at most, and of the pool */
    BALLAST_NOTE_OPTIONS,          /* 0 or 1: vpmu, argo, which are not counted */
    BALLAST_NOTE_LIMITS_ASSUMED,   /* count: grant frames, maptrack frames: Xen's defaults */
    BALLAST_NOTE_VMTRACE_IGNORED,  /* kib: one, which the profile's toolstack or Xen cannot set */
    BALLAST_NOTE_NOT_WHOLE_MIB,    /* kib: maxmem less videoram, the next size that libxl builds */
    BALLAST_NOTES
};

/* Of the three xenstore nodes below /local/domain/N/memory that libxl writes at build. */
struct ballast_xenstore_kib {
    uint64_t static_max_kib;
    uint64_t target_kib;
    uint64_t videoram_kib;
};

struct ballast_breakdown;

/* An empty breakdown to evaluate into, again and again. NULL when out of memory. */
BALLAST_API struct ballast_breakdown *ballast_breakdown_new(void);
BALLAST_API void ballast_breakdown_free(struct ballast_breakdown *breakdown);

/*
 * Computes `guest`'s breakdown under `profile` on a host that can do `caps` (NULL: everything).
 * Allocates nothing. -EINVAL when the toolstack would refuse the guest: err->subject is the
 * attribute at fault. -EOVERFLOW when a sum does not fit 64 bits; err->text has the operands.
 * On failure `out` is as it was.
 */
BALLAST_API int ballast_breakdown_evaluate(struct ballast_breakdown *out,
                                           const struct ballast_profile *profile,
                                           const struct ballast_guest *guest,
                                           const struct ballast_host_caps *caps,
                                           struct ballast_error *err);

/*
 * The domain that runs `guest`'s device model, as a guest of its own: *out is new and owned by the
 * caller, or NULL where the guest has none. Errors as ballast_breakdown_evaluate(), and -ENOMEM.
 */
BALLAST_API int ballast_guest_stubdomain(const struct ballast_guest *guest,
                                         const struct ballast_host_caps *caps,
                                         struct ballast_guest **out, struct ballast_error *err);

BALLAST_API uint64_t ballast_breakdown_segment_kib(const struct ballast_breakdown *breakdown,
                                                   enum ballast_segment segment);
BALLAST_API uint64_t ballast_breakdown_span_kib(const struct ballast_breakdown *breakdown,
                                                enum ballast_span span);
/* Free host memory that must exist before the guest can be built, as the profile counts it. */
BALLAST_API uint64_t ballast_breakdown_need_kib(const struct ballast_breakdown *breakdown);
/* One term of need - footprint: its size, and whether it is taken off (*minus) or added. */
BALLAST_API uint64_t ballast_breakdown_need_term_kib(const struct ballast_breakdown *breakdown,
                                                     enum ballast_need_term term, bool *minus);
BALLAST_API enum ballast_guest_type
ballast_breakdown_guest_type(const struct ballast_breakdown *breakdown);
BALLAST_API const struct ballast_profile *
ballast_breakdown_profile(const struct ballast_breakdown *breakdown);
BALLAST_API struct ballast_xenstore_kib
ballast_breakdown_xenstore(const struct ballast_breakdown *breakdown);

/*
 * Whether the note applies; its two numbers (KiB, unless enum ballast_note says otherwise) go to
 * *a and *b, each of which may be NULL.
 */
BALLAST_API bool ballast_breakdown_note(const struct ballast_breakdown *breakdown,
                                        enum ballast_note note, uint64_t *a, uint64_t *b);
/* "pod", "pool-not-given" ... */
BALLAST_API const char *ballast_note_name(enum ballast_note note);
/*
 * The note as one sentence into buf, always terminated; returns the length it has in full, as
 * snprintf does. 0 when the note does not apply.
 */
BALLAST_API size_t ballast_breakdown_note_text(const struct ballast_breakdown *breakdown,
                                               enum ballast_note note, char *buf, size_t size);

/* Whether a segment has a meaning for a guest of that type (a PV guest has no shadow, no video). */
BALLAST_API bool ballast_segment_applies(enum ballast_segment segment,
                                         enum ballast_guest_type type);
/* "shadow", "extra_external" ...: the names of JSON. Spaces for underscores in people's output. */
BALLAST_API const char *ballast_segment_name(enum ballast_segment segment);
BALLAST_API const char *ballast_span_name(enum ballast_span span);
BALLAST_API const char *ballast_need_term_name(enum ballast_need_term term);
/* The first and the last segment that a span covers. */
BALLAST_API void ballast_span_covers(enum ballast_span span, enum ballast_segment *first,
                                     enum ballast_segment *last);

/*
 * Holds every law between the parts: each span is the sum of its segments, the segments that a
 * type does not have are zero, need is footprint and its terms, nothing overflows. 0, or -EPROTO
 * with the law that is broken. Every breakdown that evaluation returns has passed it.
 */
BALLAST_API int ballast_breakdown_check(const struct ballast_breakdown *breakdown,
                                        struct ballast_error *err);

/*
 * Builds a breakdown from segments that were measured or computed elsewhere (`segment_kib` in the
 * order of enum ballast_segment). `profile` may be NULL: not one of ours. -EINVAL when a segment
 * that the type does not have is not zero, -EOVERFLOW as above.
 */
BALLAST_API int ballast_breakdown_from_segments(
    struct ballast_breakdown *out, enum ballast_guest_type type,
    const struct ballast_profile *profile, const uint64_t segment_kib[BALLAST_SEGMENTS],
    uint64_t need_kib, const struct ballast_xenstore_kib *xenstore, struct ballast_error *err);

#endif
