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
    BALLAST_EXTRA_EXTERNAL, /* Xen's own data about the domain, outside its Xen maximum */
    BALLAST_EXTRA_INTERNAL, /* pages of the domain that its operating system does not see as RAM */
    BALLAST_VIDEO,
    BALLAST_GUEST,
    BALLAST_BALLOON, /* not allocated: what the guest may grow into */
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

/* The terms of need - footprint, in the order in which they apply. */
enum ballast_need_term {
    BALLAST_NEED_EXTRA_INTERNAL, /* libxl's need leaves it out */
    BALLAST_NEED_POOL,           /* the toolstack charges a paging pool that Xen does not allocate,
                                    or that Xen rounds to another size */
    BALLAST_NEED_STUBDOMAIN,     /* the device model's domain, charged to the guest it serves */
    BALLAST_NEED_CHARGED,        /* this guest is such a domain: its guest is charged for it */
    BALLAST_NEED_ROUNDING,       /* up to the toolstack's unit */
    BALLAST_NEED_ARENA,          /* exact profiles: growth of Xen's own heap, at most */
    BALLAST_NEED_IOMMU_PIECES,   /* further IOMMU page tables, at most: memory may come in pieces
                                    below 2 MiB, and need holds for every size up to this one */
    BALLAST_NEED_OTHER,          /* of a breakdown built from segments */
    BALLAST_NEED_TERMS
};

/* What is unusual about a guest. Each comment names the note's two figures. */
enum ballast_note {
    BALLAST_NOTE_POD,              /* kib: memory, maxmem */
    BALLAST_NOTE_POOL_NOT_GIVEN,   /* kib: the pool that a PV guest is charged for */
    BALLAST_NOTE_VIDEO_UNBACKED,   /* kib: videoram that Xen does not allocate */
    BALLAST_NOTE_VIDEO_LARGE,      /* kib: video, memory */
    BALLAST_NOTE_VIDEO_IGNORED,    /* kib: configured, used */
    BALLAST_NOTE_SHIM_TAKES_GUEST, /* the shim runs in the guest's own memory */
    BALLAST_NOTE_SHIM_ADDED,       /* kib: what the profile adds for the shim */
    BALLAST_NOTE_STUBDOMAIN,       /* kib: charged for the device model's domain */
    BALLAST_NOTE_NO_HAP,           /* shadow paging, which some builds of Xen lack */
    BALLAST_NOTE_IOMMU_TABLES,     /* kib: the IOMMU's own page tables */
    BALLAST_NOTE_NO_MEMORY,        /* kib: the default used */
    BALLAST_NOTE_NEED_TOO_SMALL,   /* count: vCPUs; kib: what Xen may take beyond libxl's need */
    BALLAST_NOTE_NO_CLAIM,         /* claim_mode=0: a build can fail half-way */
    BALLAST_NOTE_SHADOW_IGNORED,   /* kib: shadow_memory, which the profile cannot express */
    BALLAST_NOTE_NO_VCPUS,         /* kib: what the default pool lacks of one vCPU's share */
    BALLAST_NOTE_NOT_MEASURED,     /* bits: an exact profile's figures that were not measured */
    BALLAST_NOTE_POD_COST,         /* kib: what the guest may yet cost beyond its footprint */
    BALLAST_NOTE_VMTRACE,          /* kib: all trace buffers, one per vCPU */
    BALLAST_NOTE_ALTP2M,           /* pages: of a view at most, of the pool */
    BALLAST_NOTE_OPTIONS,          /* 0 or 1: vpmu, argo; their memory is not counted */
    BALLAST_NOTE_LIMITS_ASSUMED,   /* count: grant frames, maptrack frames: Xen's defaults */
    BALLAST_NOTE_VMTRACE_IGNORED,  /* kib: a buffer that this toolstack or Xen cannot set up */
    BALLAST_NOTE_NOT_WHOLE_MIB,    /* kib: maxmem less videoram, the next size that libxl builds */
    BALLAST_NOTES
};

/* The three nodes that libxl writes below /local/domain/N/memory at build. */
struct ballast_xenstore_kib {
    uint64_t static_max_kib;
    uint64_t target_kib;
    uint64_t videoram_kib;
};

struct ballast_breakdown;

/*
 * An empty breakdown, which can be evaluated into repeatedly. NULL when out of memory. Release it
 * with ballast_breakdown_free(), which accepts NULL.
 */
BALLAST_API struct ballast_breakdown *ballast_breakdown_new(void);
BALLAST_API void ballast_breakdown_free(struct ballast_breakdown *breakdown);

/*
 * Computes `guest`'s breakdown under `profile` on a host with the capabilities `caps` (NULL: all).
 * Allocates nothing. -EINVAL: the toolstack would refuse the guest; err->subject is the attribute
 * at fault. -EOVERFLOW: a sum does not fit in 64 bits; err->text has the operands. On failure `out`
 * is unchanged.
 */
BALLAST_API int ballast_breakdown_evaluate(struct ballast_breakdown *out,
                                           const struct ballast_profile *profile,
                                           const struct ballast_guest *guest,
                                           const struct ballast_host_caps *caps,
                                           struct ballast_error *err);

/*
 * The domain that runs `guest`'s device model, as a guest: *out is new and owned by the caller, or
 * NULL where the guest has no such domain. Errors as ballast_breakdown_evaluate(), and -ENOMEM.
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
/* One term of need - footprint: its size, and whether it is subtracted (*minus) or added. */
BALLAST_API uint64_t ballast_breakdown_need_term_kib(const struct ballast_breakdown *breakdown,
                                                     enum ballast_need_term term, bool *minus);
BALLAST_API enum ballast_guest_type
ballast_breakdown_guest_type(const struct ballast_breakdown *breakdown);
BALLAST_API const struct ballast_profile *
ballast_breakdown_profile(const struct ballast_breakdown *breakdown);
BALLAST_API struct ballast_xenstore_kib
ballast_breakdown_xenstore(const struct ballast_breakdown *breakdown);

/*
 * Whether the note applies. Stores its two figures, in the units of enum ballast_note, in *a and
 * *b; either may be NULL.
 */
BALLAST_API bool ballast_breakdown_note(const struct ballast_breakdown *breakdown,
                                        enum ballast_note note, uint64_t *a, uint64_t *b);
/* "pod", "pool-not-given" ... */
BALLAST_API const char *ballast_note_name(enum ballast_note note);
/*
 * Writes the note as one sentence into buf, always terminated, and returns its full length as
 * snprintf does. 0 when the note does not apply.
 */
BALLAST_API size_t ballast_breakdown_note_text(const struct ballast_breakdown *breakdown,
                                               enum ballast_note note, char *buf, size_t size);

/* Whether guests of that type have the segment (a PV guest has no shadow and no video). */
BALLAST_API bool ballast_segment_applies(enum ballast_segment segment,
                                         enum ballast_guest_type type);
/* The names in JSON: "shadow", "extra_external" ... Text output has spaces for underscores. */
BALLAST_API const char *ballast_segment_name(enum ballast_segment segment);
BALLAST_API const char *ballast_span_name(enum ballast_span span);
BALLAST_API const char *ballast_need_term_name(enum ballast_need_term term);
/* The first and the last segment that a span covers. */
BALLAST_API void ballast_span_covers(enum ballast_span span, enum ballast_segment *first,
                                     enum ballast_segment *last);

/*
 * Checks that the parts agree: each span is the sum of its segments, segments that the type lacks
 * are zero, need is footprint plus its terms, nothing overflows. -EPROTO names the broken law.
 * ballast_breakdown_evaluate() returns only breakdowns that pass.
 */
BALLAST_API int ballast_breakdown_check(const struct ballast_breakdown *breakdown,
                                        struct ballast_error *err);

/*
 * Builds a breakdown from segments measured or computed elsewhere (`segment_kib` in the order of
 * enum ballast_segment). `profile` may be NULL: none of Ballast's. -EINVAL: a segment that the type
 * lacks is not zero. -EOVERFLOW as above.
 */
BALLAST_API int ballast_breakdown_from_segments(
    struct ballast_breakdown *out, enum ballast_guest_type type,
    const struct ballast_profile *profile, const uint64_t segment_kib[BALLAST_SEGMENTS],
    uint64_t need_kib, const struct ballast_xenstore_kib *xenstore, struct ballast_error *err);

#endif
