/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest that reboots: it shuts down and reports why, its toolstack destroys the domain and at
 * once builds another of the same size, without a reservation, as xl does.
 */
#include <string.h>

#include "core/base/units.h"
#include "core/sim/sim_inside.h"

/* How long xl needs from the shutdown until its domain is destroyed: device model, backends. */
#define LEAVES_USEC UINT64_C(300000)

static void shut_down(struct sim *sim, struct sim_domain *domain)
{
    domain->shut = true;
    domain->leaves_usec = sim->now_usec + LEAVES_USEC;
}

static void leave_host(struct sim *sim, struct sim_domain *domain)
{
    domain->shut = false;
    domain->returns_pages = domain->tot_pages;
    domain->returns_usec = ballast_add_ceil(sim->now_usec, domain->is->return_usec);
    sim_domain_die(sim, domain);
}

/* A new domain, the last in the order of numbers; the old one leaves no trace. */
static void come_back(struct sim *sim, size_t i)
{
    struct sim_domain old = sim->domains[i];
    size_t after = sim->domain_count - i - 1;
    memmove(&sim->domains[i], &sim->domains[i + 1], after * sizeof(old));
    sim->domain_count--;
    struct sim_domain *domain = sim_domain_add(sim, old.is);
    domain->guest = old.guest;
    domain->rebooted = true;
    domain->building = true;
    domain->build_rate_kib = SIM_BUILD_RATE_KIB;
    domain->target_pages = old.target_pages;
    domain->left_pages = old.returns_pages;
    domain->overhead_pages = ballast_min_u64(domain->overhead_pages, sim->free_pages);
    domain->shortfall_kibms = old.shortfall_kibms;
    domain->target_writes = old.target_writes;
    sim->free_pages -= domain->overhead_pages;
    sim->dirty_pages = ballast_min_u64(sim->dirty_pages, sim->free_pages);
}

void sim_reboots_step(struct sim *sim)
{
    for (size_t i = 0; i < sim->domain_count; i++) {
        struct sim_domain *domain = &sim->domains[i];
        uint64_t from_usec = domain->is->reboot_usec;
        if (from_usec == 0 || sim->now_usec < from_usec || domain->rebooted || domain->built)
            continue;
        if (domain->alive && !domain->shut)
            shut_down(sim, domain);
        else if (domain->alive && sim->now_usec >= domain->leaves_usec)
            leave_host(sim, domain);
        else if (!domain->alive && domain->returns_usec > 0 &&
                 sim->now_usec >= domain->returns_usec)
            come_back(sim, i--);
    }
}
