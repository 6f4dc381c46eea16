/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a guest costs the host, to the page and with a bound, by the exact profiles ("xen-4.17"
 * ...), and the terms of that sum.
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
 * settled <= fresh_max <= later_max, whole pages. Building the guest lowers the host's free memory
 * by `settled` on a heap that has held guests like it before, and by at most `fresh_max` where
 * Xen's own heap must grow and the IOMMU cannot map the guest's memory in large pieces. Once the
 * guest has made Xen allocate all it may, the host has lost at most `later_max` in total: grant
 * frames up to max_grant_frames with the status frames of version 2, maptrack frames up to
 * max_maptrack_frames, event channels up to max_event_channels, and what hvmloader adds.
 */
struct ballast_cost_kib {
    uint64_t settled_kib;
    uint64_t fresh_max_kib;
    uint64_t later_max_kib;
};

/* How a figure is known. */
enum ballast_sureness {
    BALLAST_SURE_MEASURED, /* to the page, on that Xen, AMD with hardware-assisted paging */
    BALLAST_SURE_SOURCE,   /* read in the source of that release, not measured */
    BALLAST_SURE_ASSUMED,  /* a later release, assumed equal to the last known of its series */
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
    BALLAST_COST_CALIBRATED, /* what a calibration of the host found beyond these; may be negative
                              */
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

/* The first of the three sums that includes a term; the later sums include it too. */
enum ballast_cost_sum {
    BALLAST_COST_SETTLED,
    BALLAST_COST_FRESH_MAX,
    BALLAST_COST_LATER_MAX,
    BALLAST_COST_SUMS
};

/* Facts about a term; static strings. */
struct ballast_cost_about {
    const char *word;   /* "grant_table": the name in JSON */
    const char *what;   /* "one shared frame and the active entries for it" */
    const char *source; /* file and function of Xen that allocates it */
    const char *shown;  /* the measurement that shows it, or that it was not measured */
    enum ballast_cost_sum sum;
    enum ballast_sureness sure; /* of this term; a profile is no surer than its terms */
};

/* Whether the breakdown's profile knows costs; if not, *out (may be NULL) is unchanged. */
BALLAST_API bool ballast_breakdown_cost(const struct ballast_breakdown *breakdown,
                                        struct ballast_cost_kib *out);
/*
 * By how many KiB the need of `asks` exceeds what the same guest costs by `exact` (`sum`: its
 * settled cost, or fresh_max), or falls short of it (*lacks). The paging pool counts as the
 * toolstack of `asks` sets it, since that toolstack decides its size. 0 where `exact` has no cost.
 */
BALLAST_API uint64_t ballast_cost_beside(const struct ballast_breakdown *asks,
                                         const struct ballast_breakdown *exact,
                                         enum ballast_cost_sum sum, bool *lacks);
/* A term in pages; 0 where the guest lacks it or the profile has no cost. */
BALLAST_API int64_t ballast_breakdown_cost_pages(const struct ballast_breakdown *breakdown,
                                                 enum ballast_cost_term term);
/* NULL past the last term. */
BALLAST_API const struct ballast_cost_about *ballast_cost_about(enum ballast_cost_term term);

/* "measured", "source", "assumed". */
BALLAST_API const char *ballast_sureness_name(enum ballast_sureness sure);
/* Whether a profile is exact; if so, *out (may be NULL) says how its figures are known. */
BALLAST_API bool ballast_profile_exact(const struct ballast_profile *profile,
                                       enum ballast_sureness *out);

/*
 * The exact profile for a version as Xen reports it: "4.17.7", "4.17.7+13-g2445b30a44",
 * "4.18.3-pre". A pre-release counts as the release before it. A release later than any known one
 * counts as the last known of its series, and *sure (may be NULL) is BALLAST_SURE_ASSUMED. NULL
 * otherwise, and *err has -ENOENT (an unknown version) or -EINVAL (not a version).
 */
BALLAST_API const struct ballast_profile *ballast_profile_for_xen(const char *version,
                                                                  enum ballast_sureness *sure,
                                                                  struct ballast_error *err);

#endif
