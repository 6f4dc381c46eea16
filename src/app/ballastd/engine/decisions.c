/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/engine/decisions.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/units.h"

struct decisions {
    uint64_t last;
    struct decision at[DECISIONS_KEPT]; /* number n is at n % DECISIONS_KEPT */
};

struct decisions *decisions_new(void)
{
    return calloc(1, sizeof(struct decisions));
}

void decisions_free(struct decisions *decisions)
{
    free(decisions);
}

const struct decision *decisions_add(struct decisions *decisions, const struct decision *decision)
{
    uint64_t number = ++decisions->last;
    struct decision *kept = &decisions->at[number % DECISIONS_KEPT];
    *kept = *decision;
    kept->number = number;
    return kept;
}

uint64_t decisions_last(const struct decisions *decisions)
{
    return decisions->last;
}

const struct decision *decisions_at(const struct decisions *decisions, uint64_t number)
{
    const struct decision *at = &decisions->at[number % DECISIONS_KEPT];
    return number != 0 && at->number == number ? at : NULL;
}

const struct decision *decisions_of(const struct decisions *decisions, uint32_t domid)
{
    const struct decision *at;
    for (uint64_t number = decisions->last; (at = decisions_at(decisions, number)); number--) {
        if (at->what == DECISION_SET && at->domid == domid)
            return at;
    }
    return NULL;
}

void decision_name(const struct decision *decision, char out[DECISION_NAME])
{
    if (decision->what == DECISION_SET)
        (void)snprintf(out, DECISION_NAME, "%s", decision->name);
    else
        (void)snprintf(out, DECISION_NAME, "reservation %" PRIu64, decision->reservation);
}

static struct balancer_set set_of(const struct decision *decision)
{
    return (struct balancer_set){.id = decision->domid,
                                 .target_kib = decision->target_kib,
                                 .maxmem_kib = decision->maxmem_kib,
                                 .reason = decision->reason,
                                 .a_kib = decision->a_kib,
                                 .b_kib = decision->b_kib,
                                 .floor = decision->floor};
}

size_t decision_pattern(const struct decision *decision, char *buf, size_t size)
{
    struct balancer_set set = set_of(decision);
    return decision->what == DECISION_SET ? balancer_set_pattern(&set, buf, size)
                                          : balancer_verdict_pattern(decision->reason, buf, size);
}

size_t decision_text(const struct decision *decision, char *buf, size_t size)
{
    char name[DECISION_NAME];
    struct balancer_set set = set_of(decision);
    struct balancer_verdict verdict = {.request = decision->reservation,
                                       .granted = decision->what == DECISION_GRANT,
                                       .reason = decision->reason,
                                       .a_kib = decision->a_kib,
                                       .b_kib = decision->b_kib};
    decision_name(decision, name);
    return decision->what == DECISION_SET ? balancer_set_text(&set, name, buf, size)
                                          : balancer_verdict_text(&verdict, name, buf, size);
}
