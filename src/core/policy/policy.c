/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/policy/policy.h"

#include <string.h>

#include "core/base/units.h"

static const struct policy policies[] = {
    {
        .name = "ballast",
        .summary = "idle memory first, all donors at once; proven need before shares",
        .squeezes = true,
        .aim = policy_ballast_aim,
    },
    {
        .name = "fixed",
        .summary = "moves nothing",
        .aim = policy_fixed_aim,
    },
};

const struct policy *policy_at(size_t i)
{
    return i < sizeof(policies) / sizeof(policies[0]) ? &policies[i] : NULL;
}

const struct policy *policy_find(const char *name)
{
    if (!name)
        return &policies[0];
    for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
        if (strcmp(policies[i].name, name) == 0)
            return &policies[i];
    }
    return NULL;
}

uint64_t policy_entitled_kib(const struct policy_domain *domain)
{
    bool pressed = domain->used_kib != BALLAST_NONE && domain->tot_kib < domain->used_kib;
    uint64_t kib = ballast_max_u64(domain->min_kib, domain->pinned_kib);
    return pressed ? ballast_max_u64(kib, domain->need_kib) : kib;
}

void policy_fixed_aim(const struct policy_view *view, struct policy_aim *aims)
{
    for (size_t i = 0; i < view->count; i++)
        aims[i] = (struct policy_aim){BALLAST_NONE, BALANCER_RULE, 0};
}
