/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The inside of a breakdown and what profiles fill in: see include/ballast/breakdown.h. */
#ifndef CORE_MODEL_BREAKDOWN_H
#define CORE_MODEL_BREAKDOWN_H

#include <ballast/breakdown.h>
#include <ballast/cost.h>

#include "core/model/settle.h"

struct ballast_breakdown {
    const struct ballast_profile *profile; /* NULL: from outside */
    enum ballast_guest_type type;
    uint64_t segment_kib[BALLAST_SEGMENTS];
    uint64_t span_kib[BALLAST_SPANS];
    uint64_t need_kib;
    uint64_t term_kib[BALLAST_NEED_TERMS];
    bool term_minus[BALLAST_NEED_TERMS];
    struct ballast_xenstore_kib xenstore;
    bool has_cost; /* its profile is exact, or it came with its cost */
    struct ballast_cost_kib cost;
    int64_t cost_pages[BALLAST_COST_TERMS]; /* all 0 if the terms are unknown */
    uint32_t notes;                         /* bit by enum ballast_note */
    uint64_t note_value[BALLAST_NOTES][2];
};

/* Why BALLAST_NOTE_NOT_MEASURED applies. */
enum ballast_unmeasured {
    BALLAST_UNMEASURED_RELEASE = 1,
    BALLAST_UNMEASURED_VMX = 2,
    BALLAST_UNMEASURED_NESTED = 4,
    BALLAST_UNMEASURED_PASSTHROUGH = 8,
    BALLAST_UNMEASURED_SHADOW = 16,
    BALLAST_UNMEASURED_VCPUS = 32,
    BALLAST_UNMEASURED_VNUMA = 64,
    BALLAST_UNMEASURED_DEVICE_MODEL = 128,
    BALLAST_UNMEASURED_BUILD = 256,     /* another build of a release that was measured */
    BALLAST_UNMEASURED_PROCESSOR = 512, /* neither AMD's nor Intel's, or unknown */
    BALLAST_UNMEASURED_VMTRACE = 1024,
};

void ballast_breakdown_set_term(struct ballast_breakdown *breakdown, enum ballast_need_term term,
                                bool minus, uint64_t kib);
/* The term that leads from `has_kib` to `wants_kib`, whichever is more. */
void ballast_breakdown_set_term_between(struct ballast_breakdown *breakdown,
                                        enum ballast_need_term term, uint64_t has_kib,
                                        uint64_t wants_kib);
void ballast_breakdown_set_note(struct ballast_breakdown *breakdown, enum ballast_note note,
                                uint64_t a, uint64_t b);
/*
 * Sets the cost of a breakdown that was measured or computed elsewhere. -EINVAL unless settled is
 * its footprint and settled <= fresh_max <= later_max.
 */
int ballast_breakdown_set_cost(struct ballast_breakdown *breakdown,
                               const struct ballast_cost_kib *cost, struct ballast_error *err);
/* Spans from segments; -EOVERFLOW. */
int ballast_breakdown_sum_spans(struct ballast_breakdown *breakdown, struct ballast_error *err);

#endif
