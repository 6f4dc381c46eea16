/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/peers/peers.h"

#include <string.h>

#include "core/base/units.h"

static const struct policy peers[] = {
    {
        .name = "proportional",
        .summary = "squeezed's rule: every guest at the same point of its dynamic range",
        .squeezes = true,
        .aim = peers_proportional_aim,
    },
    {
        .name = "preferred",
        .summary = "qmemman's rule: 1.3 times a guest's reported use",
        .squeezes = true,
        .aim = peers_preferred_aim,
    },
    {
        .name = "rules",
        .summary = "MOM's rule: a fifth of the host free, five percent a step",
        .interval_usec = 10 * BALLAST_SEC_USEC,
        .aim = peers_rules_aim,
    },
    {
        .name = "shares",
        .summary = "Proxmox's rule: a fifth of the host free, by shares, those under pressure last",
        .interval_usec = 10 * BALLAST_SEC_USEC,
        .aim = peers_shares_aim,
    },
};

const struct policy *peers_policy_at(size_t i)
{
    size_t own = 0;
    while (policy_at(own)) {
        if (own == i)
            return policy_at(own);
        own++;
    }
    i -= own;
    return i < sizeof(peers) / sizeof(peers[0]) ? &peers[i] : NULL;
}

const struct policy *peers_policy_find(const char *name)
{
    const struct policy *policy = policy_find(name);
    for (size_t i = 0; !policy && i < sizeof(peers) / sizeof(peers[0]); i++) {
        if (strcmp(peers[i].name, name) == 0)
            policy = &peers[i];
    }
    return policy;
}
