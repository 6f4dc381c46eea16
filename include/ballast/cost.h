/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a guest costs the host to the page, with a bound, as the exact profiles ("xen-4.17" ...)
 * know it, and the terms that it is the sum of.
 */
#ifndef BALLAST_COST_H
#define BALLAST_COST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ballast/breakdown.h>
#include <ballast/error.h>
#include <ballast/profile.h>

/*
 * settled <= fresh_max <= later_max, whole pages. Free memory of the host falls by `settled` when
 * the guest is built on a heap that guests like it have come and gone on; by at most `fresh_max`
 * when Xen's own heap has to grow for it and its memory does not come in pieces that the IOMMU's
 * tables map as one; and, once it runs, by at most `later_max` in all, when the guest has made Xen
 * allocate all that it may: grant frames up to max_grant_frames with the status frames of version
 * 2, maptrack frames up to max_maptrack_frames, event channels up to max_event_channels, what
 * hvmloader adds.
 */
struct ballast_cost_kib {
    uint64_t settled_kib;
    uint64_t fresh_max_kib;
    uint64_t later_max_kib;
};

/* How a figure is known. */
enum ballast_sureness {
    BALLAST_SURE_MEASURED, /* on that Xen, AMD with hardware-assisted paging, to the page */
    BALLAST_SURE_SOURCE,   /* read in the source of that release, not measured */
    BALLAST_SURE_ASSUMED,  /* a release later than any that was read: as the last one of its series
                            */
    BALLAST_SURENESSES
};

/* The terms, in the order in which they are listed. */
enum ballast_cost_term {
    /* settled: of the domain itself (tot_pages) */
    BALLAST_COST_MEMORY,
    BALLAST_COST_SPECIAL,
    BALLAST_COST_ACPI,
    /* settled: beside it */
    BALLAST_COST_POOL,
    BALLAST_COST_IOMMU,
    BALLAST_COST_DOMAIN,
    BALLAST_COST_SHARED_INFO,
    BALLAST_COST_PERDOMAIN,
    BALLAST_COST_GRANT_TABLE,
    BALLAST_COST_GRANT_ARRAYS,
    BALLAST_COST_MAPTRACK,
    BALLAST_COST_EVENT_CHANNELS,
    BALLAST_COST_PV_TABLES,
    BALLAST_COST_VCPUS,
    BALLAST_COST_VCPU_TABLES,
    BALLAST_COST_NESTED,
    BALLAST_COST_IOREQ,
    BALLAST_COST_STDVGA,
    BALLAST_COST_VMTRACE,
    BALLAST_COST_VMX,
    BALLAST_COST_CALIBRATED, /* what a calibration of the host found beyond all these; may be less
                                than nothing */
    /* fresh_max */
    BALLAST_COST_ARENA,
    BALLAST_COST_IOMMU_PIECES,
    /* later_max */
    BALLAST_COST_GRANT_GROWTH,
    BALLAST_COST_GRANT_STATUS,
    BALLAST_COST_MAPTRACK_GROWTH,
    BALLAST_COST_EVENT_GROWTH,
    BALLAST_COST_LOADER,
    BALLAST_COST_VMX_LATER,
    BALLAST_COST_TERMS
};

/* The first of `cost`'s three sums that a term is part of; it is part of those behind, too. */
enum ballast_cost_sum {
    BALLAST_COST_SETTLED,
    BALLAST_COST_FRESH_MAX,
    BALLAST_COST_LATER_MAX,
    BALLAST_COST_SUMS
};

/* What is known of a term, static strings. */
struct ballast_cost_about {
    const char *word;   /* "grant_table": the name of JSON */
    const char *what;   /* "one shared frame and the active entries for it" */
    const char *source; /* file and function of Xen that allocates it */
    const char *shown;  /* by which measurement it is known, or that it was not measured */
    enum ballast_cost_sum sum;
    enum ballast_sureness sure; /* of the term by itself: a profile is no surer than its terms */
};

/* Whether its profile knows what it costs; *out (may be NULL) is untouched where it does not. */
BALLAST_API bool ballast_breakdown_cost(const struct ballast_breakdown *breakdown,
                                        struct ballast_cost_kib *out);
/*
 * What the need of `asks` wastes, or lacks (*lacks), beside what the same guest costs by `exact`:
 * its settled cost, or fresh_max. The paging pool counts as the toolstack of `asks` sets it, since
 * it is no guess of that one but a deed. KiB; 0 where `exact` knows no cost.
 */
BALLAST_API uint64_t ballast_cost_beside(const struct ballast_breakdown *asks,
                                         const struct ballast_breakdown *exact,
                                         enum ballast_cost_sum sum, bool *lacks);
/* A term in pages; 0 where the guest has none or the profile knows no cost. */
BALLAST_API int64_t ballast_breakdown_cost_pages(const struct ballast_breakdown *breakdown,
                                                 enum ballast_cost_term term);
/* NULL past the last one. */
BALLAST_API const struct ballast_cost_about *ballast_cost_about(enum ballast_cost_term term);

/* "measured", "source", "assumed". */
BALLAST_API const char *ballast_sureness_name(enum ballast_sureness sure);
/* Whether a profile is exact, and then how sure it is of its host; *out may be NULL. */
BALLAST_API bool ballast_profile_exact(const struct ballast_profile *profile,
                                       enum ballast_sureness *out);

/*
 * The exact profile for a host of that version, as Xen says it: "4.17.7", "4.17.7+13-g2445b30a44",
 * "4.18.3-pre". What is on the way to a release counts as the one before it, of which it surely has
 * all; a release later than any known as the last known one of its series, *sure (may be NULL)
 * saying so. NULL for every other version, with -ENOENT (a version that is not known) or -EINVAL
 * (no version) and the reason in *err.
 */
BALLAST_API const struct ballast_profile *ballast_profile_for_xen(const char *version,
                                                                  enum ballast_sureness *sure,
                                                                  struct ballast_error *err);

#endif
