/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What `ballast plan` has found out, and how it is shown. */
#ifndef APP_BALLAST_HOST_PLAN_H
#define APP_BALLAST_HOST_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "app/ballast/access/own_profile.h"
#include "app/ballast/explain/admission.h"
#include "core/model/host_breakdown.h"
#include "core/policy/balancer.h"
#include "core/policy/forecast.h"
#include "core/policy/policy.h"

struct cli_start {
    char *shown; /* its name for people's eyes; owned */
    uint64_t need_kib;
    char profile[64]; /* by which it was counted; "" for NAME=SIZE */
    char why[400];
    struct cli_certainty certainty;
};

struct cli_plan {
    const struct ballast_host *host; /* the last snapshot */
    size_t snapshot_count;
    uint64_t reserved_kib; /* in the ledger, granted and not taken yet */
    const struct policy *policy;
    const struct balancer *balancer;
    struct balancer_output output;
    struct ballast_host_breakdown breakdown;
    struct cli_start *starts; /* in order of arrival; the id of a request is the index */
    size_t start_count;
    size_t lacking;             /* guests that cannot be read, and were complained of */
    struct cli_own_profile own; /* where starts of files are counted and --profile is not given */
};

/* A domain that frees memory, or is now asked to. */
struct cli_donor {
    const struct ballast_domain *domain;
    uint64_t reclaim_kib;
    struct pace pace;
    bool stuck; /* counts for nothing */
};

/* A start that has to wait. */
struct cli_wait {
    const struct cli_start *start;
    uint64_t missing_kib; /* for it and those before it */
    struct forecast wait; /* until all of it is free; never: the donors do not free enough */
};

struct cli_outlook {
    struct cli_donor *donors;
    size_t donor_count;
    uint64_t coming_kib; /* what all donors that are not stuck free */
    struct cli_wait *waits;
    size_t wait_count;
};

/* To be released. */
void cli_plan_look_ahead(const struct cli_plan *plan, struct cli_outlook *out);
void cli_outlook_release(struct cli_outlook *outlook);

/* The domain a set is about; it is in the snapshot. */
const struct ballast_domain *cli_plan_domain(const struct cli_plan *plan, uint32_t id);

void cli_plan_text(const struct cli_plan *plan);
void cli_plan_json(const struct cli_plan *plan);

#endif
