/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a real host shows and does: the operations of hv.h. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/units.h"
#include "core/sim/sim_inside.h"

bool sim_fault_strikes(struct sim *sim, enum sim_fault_kind kind)
{
    for (size_t i = 0; i < sim->config->fault_count; i++) {
        const struct sim_fault *fault = &sim->config->faults[i];
        if (fault->kind != kind || sim->now_usec < fault->span.from_usec ||
            sim->now_usec >= fault->span.until_usec)
            continue;
        if (sim_rand_below(&sim->rand, BALLAST_PERMYRIAD) < fault->chance_permyriad)
            return true;
    }
    return false;
}

static enum ballast_domain_kind kind_of(enum sim_type type)
{
    switch (type) {
    case SIM_TYPE_PV:
        return BALLAST_KIND_PV;
    case SIM_TYPE_PVH:
        return BALLAST_KIND_PVH;
    case SIM_TYPE_HVM:
        return BALLAST_KIND_HVM;
    default:
        return BALLAST_KIND_UNKNOWN;
    }
}

static void show_domain(const struct sim *sim, const struct sim_domain *domain,
                        struct ballast_domain *out)
{
    const struct sim_guest_config *is = domain->is;
    enum ballast_domain_state state = sim_guest_state(sim, domain);
    bool says = sim_spans_hold(&is->says_suspend, sim->now_usec);
    *out = (struct ballast_domain){
        .id = domain->id,
        .name = is->name,
        .state = state == BALLAST_DOMAIN_RUN && domain->suspend_believed ? BALLAST_DOMAIN_MIGRATING
                                                                         : state,
        .says_suspend = says && !domain->suspend_believed,
        .reboots = domain->shut,
        .kind = kind_of(is->type),
        .is_dom0 = is->dom0,
        .has_balloon = sim_guest_has_balloon(sim, domain),
        .tot_kib = domain->tot_pages * sim->page_kib,
        .video_kib = domain->is->video_kib,
        .overhead_kib = domain->overhead_pages * sim->page_kib,
        .target_kib = domain->target_pages * sim->page_kib,
        .maxmem_kib = domain->maxmem_pages * sim->page_kib,
        .pinned_kib = is->pinned_kib,
        .dynamic_min_kib = is->dynamic_min_kib,
        .dynamic_max_kib = is->dynamic_max_kib,
        .static_max_kib = is->static_max_kib,
        .build_left_kib = domain->left_pages * sim->page_kib,
        .pod_entries_kib = domain->pod_entry_pages * sim->page_kib,
        .pod_cache_kib = domain->pod_cache_pages * sim->page_kib,
        .shares = is->shares,
    };
    sim_report_seen(sim, domain, out);
}

static void take_snapshot(const struct sim *sim, struct sim_snapshot *snapshot)
{
    size_t count = 0;
    for (size_t i = 0; i < sim->domain_count; i++) {
        if (sim->domains[i].alive)
            show_domain(sim, &sim->domains[i], &snapshot->domains[count++]);
    }
    snapshot->host = (struct ballast_host){
        .now_usec = sim->now_usec,
        .total_kib = sim->total_pages * sim->page_kib,
        .free_kib = sim->free_pages * sim->page_kib,
        .scrub_kib = sim->dirty_pages * sim->page_kib,
        .claimed_kib = (sim_claimed_pages(sim) - sim_reserved_claim_pages(sim)) * sim->page_kib,
        .reserved_claim_kib = sim_reserved_claim_pages(sim) * sim->page_kib,
        .xen_kib = sim->xen_pages * sim->page_kib,
        .slack_kib = sim->slack_pages * sim->page_kib,
        .caps = BALLAST_HOST_CAPS_ALL,
        .domains = snapshot->domains,
        .domain_count = count,
    };
    memcpy(snapshot->host.xen_version, sim->config->xen_version, SIM_NAME);
    memcpy(snapshot->host.processor, sim->config->processor, SIM_NAME);
    snapshot->taken = true;
}

int sim_refresh(struct sim *sim, const struct ballast_host **out, struct ballast_error *err)
{
    if (sim_fault_strikes(sim, SIM_FAULT_REFRESH_FAILS))
        return ballast_fail(err, -EIO, "simulated host: it did not answer");
    struct sim_snapshot *current = &sim->snapshots[sim->current];
    if (current->taken && current->host.now_usec != sim->now_usec)
        sim->current ^= 1;
    take_snapshot(sim, &sim->snapshots[sim->current]);
    const struct sim_snapshot *before = &sim->snapshots[sim->current ^ 1];
    bool late = before->taken && sim_fault_strikes(sim, SIM_FAULT_SNAPSHOT_LATE);
    *out = late ? &before->host : &sim->snapshots[sim->current].host;
    return 0;
}

static struct sim_domain *find_ops_domain(struct sim *sim, uint32_t domid)
{
    for (size_t i = 0; i < sim->domain_count; i++) {
        if (sim->domains[i].id == domid && sim->domains[i].alive)
            return &sim->domains[i];
    }
    return NULL;
}

static void set_target(struct sim *sim, struct sim_domain *domain, uint64_t target_kib)
{
    uint64_t was_kib = domain->target_pages * sim->page_kib;
    uint64_t moved_kib = target_kib > was_kib ? target_kib - was_kib : was_kib - target_kib;
    if (moved_kib >= sim->page_kib && sim_guest_state(sim, domain) != BALLAST_DOMAIN_RUN)
        sim->score.wrong_asks++;
    sim->score.churn_kib += moved_kib;
    sim->score.target_writes++;
    domain->target_writes++;
    domain->target_pages = target_kib / sim->page_kib;
    sim_pod_follow(sim, domain);
}

int sim_set(struct sim *sim, uint32_t domid, uint64_t target_kib, uint64_t maxmem_kib,
            struct ballast_error *err)
{
    struct sim_domain *domain = find_ops_domain(sim, domid);
    if (!domain)
        return ballast_fail(err, -ENOENT, "domain %" PRIu32 " is gone", domid);
    if (sim_fault_strikes(sim, SIM_FAULT_SET_FAILS))
        return ballast_fail(err, -EIO, "the hypercall for domain %" PRIu32 " failed", domid);
    if (sim_fault_strikes(sim, SIM_FAULT_SET_LOST))
        return 0;
    /* The order of the two does not matter: no time passes between them here. */
    if (maxmem_kib != BALLAST_NONE) {
        domain->maxmem_pages = maxmem_kib / sim->page_kib;
        sim->score.maxmem_writes++;
    }
    if (target_kib != BALLAST_NONE)
        set_target(sim, domain, target_kib);
    return 0;
}

size_t sim_claims(const struct sim *sim, const struct sim_claim **out)
{
    *out = sim->claims;
    return sim->claim_count;
}

/* Where it is, or is to be; it may be past the last one. */
static size_t place_of_claim(const struct sim *sim, uint64_t id, uint64_t node)
{
    size_t at = 0;
    while (at < sim->claim_count &&
           (sim->claims[at].id < id || (sim->claims[at].id == id && sim->claims[at].node < node)))
        at++;
    return at;
}

static bool is_claim_at(const struct sim *sim, size_t at, uint64_t id, uint64_t node)
{
    return at < sim->claim_count && sim->claims[at].id == id && sim->claims[at].node == node;
}

static void put_claim(struct sim *sim, size_t at, const struct sim_claim *claim)
{
    uint64_t pages = claim->pages;
    bool there = is_claim_at(sim, at, claim->id, claim->node);
    if (!there && pages > 0) {
        for (size_t i = sim->claim_count++; i > at; i--)
            sim->claims[i] = sim->claims[i - 1];
        there = true;
    }
    if (there && pages > 0) {
        sim->claims[at] = *claim;
    } else if (there) {
        sim->claim_count--;
        for (size_t i = at; i < sim->claim_count; i++)
            sim->claims[i] = sim->claims[i + 1];
    }
}

int sim_claim(struct sim *sim, uint64_t id, uint64_t node, uint64_t kib, struct ballast_error *err)
{
    size_t at = place_of_claim(sim, id, node);
    bool there = is_claim_at(sim, at, id, node);
    uint64_t old = there ? sim->claims[at].pages : 0;
    uint64_t most =
        ballast_add_ceil(old, sim_unclaimed_pages(sim, node == 0 ? BALLAST_NONE : node - 1));
    uint64_t pages = kib / sim->page_kib;
    if (pages > old && sim_fault_strikes(sim, SIM_FAULT_CLAIM_FAILS))
        return ballast_fail(err, -ENOMEM, "%" PRIu64 " KiB cannot be claimed: %s", kib,
                            "the hypercall failed");
    if (!there && pages > 0 && sim->claim_count == SIM_CLAIMS)
        return ballast_fail(err, -ENOMEM, "%" PRIu64 " KiB cannot be claimed: %s", kib,
                            "there are as many claims as there can be");
    put_claim(sim, at,
              &(struct sim_claim){.id = id, .node = node, .pages = ballast_min_u64(pages, most)});
    if (pages <= most)
        return 0;
    return ballast_fail(err, -ENOMEM, "%" PRIu64 " KiB cannot be claimed: %" PRIu64 " KiB are free",
                        kib, most * sim->page_kib);
}
