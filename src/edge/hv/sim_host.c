/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/hv/sim_host.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/units.h"
#include "core/model/running.h"

static struct sim_host *sim_host_of(struct hv *hv)
{
    return (struct sim_host *)hv;
}

static const struct sim *sim_of(const struct hv *hv)
{
    return ((const struct sim_host *)hv)->sim;
}

static int refresh_sim_host(struct hv *hv, const struct ballast_host **out,
                            struct ballast_error *err)
{
    return sim_refresh(sim_host_of(hv)->sim, out, err);
}

static int set_on_sim_host(struct hv *hv, uint32_t domid, uint64_t target_kib, uint64_t maxmem_kib,
                           struct ballast_error *err)
{
    sim_host_of(hv)->changed = true;
    return sim_set(sim_host_of(hv)->sim, domid, target_kib, maxmem_kib, err);
}

static uint64_t wanted_claim_kib(const struct hv_claim *claims, size_t count,
                                 const struct sim_claim *has)
{
    for (size_t i = 0; i < count; i++) {
        if (claims[i].id == has->id && claims[i].node == has->node)
            return claims[i].kib;
    }
    return 0;
}

/* As on Xen: first what some lose, then what others get. */
static int claim_on_sim_host(struct hv *hv, const struct hv_claim *claims, size_t count,
                             struct ballast_error *err)
{
    struct sim *sim = sim_host_of(hv)->sim;
    const struct sim_claim *has;
    int rc = 0;
    sim_host_of(hv)->changed = true;
    for (size_t i = sim_claims(sim, &has); i-- > 0;) {
        struct sim_claim claim = has[i];
        uint64_t kib = wanted_claim_kib(claims, count, &claim);
        if (kib / sim_page_kib(sim) < claim.pages)
            (void)sim_claim(sim, claim.id, claim.node, kib, NULL);
    }
    /* What one node lacks is no reason to claim nothing of another. */
    for (size_t i = 0; i < count; i++) {
        int claimed =
            sim_claim(sim, claims[i].id, claims[i].node, claims[i].kib, rc < 0 ? NULL : err);
        rc = rc < 0 ? rc : claimed;
    }
    return rc;
}

static size_t claims_of_sim_host(const struct hv *hv, struct hv_claim *out, size_t most)
{
    const struct sim *sim = sim_of(hv);
    const struct sim_claim *has;
    size_t count = sim_claims(sim, &has);
    count = count < most ? count : most;
    for (size_t i = 0; i < count; i++)
        out[i] = (struct hv_claim){has[i].id, has[i].pages * sim_page_kib(sim), has[i].node};
    return count;
}

static uint64_t nodes_of_sim_host(const struct hv *hv)
{
    return sim_node_count(sim_of(hv));
}

static void close_sim_host(struct hv *hv)
{
    (void)hv;
}

/* FNV-1a, twice from other beginnings: a guest that is built again is the same one. */
static void find_sim_uuid(const struct hv *hv, const struct ballast_domain *domain,
                          uint8_t out[HV_UUID])
{
    static const uint8_t nil[SIM_UUID];
    const struct sim_guest_config *config = sim_domain_config(sim_of(hv), domain->id);
    if (config && memcmp(config->uuid, nil, sizeof(nil)) != 0) {
        memcpy(out, config->uuid, HV_UUID);
        return;
    }
    for (unsigned half = 0; half < 2; half++) {
        uint64_t sum = UINT64_C(0xcbf29ce484222325) + half;
        for (const char *at = domain->name; *at; at++)
            sum = (sum ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
        memcpy(out + 8 * half, &sum, sizeof(sum));
    }
}

/* Of a domain whose type the scenario has, or NULL. */
static const struct sim_guest_config *find_typed_config(const struct hv *hv, uint32_t domid)
{
    const struct sim_guest_config *config = sim_domain_config(sim_of(hv), domid);
    return config && config->type != SIM_TYPE_UNKNOWN ? config : NULL;
}

static enum ballast_guest_type type_of(const struct sim_guest_config *config)
{
    if (config->type == SIM_TYPE_HVM)
        return BALLAST_HVM;
    return config->type == SIM_TYPE_PV ? BALLAST_PV : BALLAST_PVH;
}

static int break_down_sim_domain(const struct hv *hv, const struct ballast_domain *domain,
                                 const struct ballast_host_caps *caps,
                                 struct ballast_breakdown *out, struct ballast_error *err)
{
    const struct sim_guest_config *config = find_typed_config(hv, domain->id);
    if (!config)
        return ballast_fail(err, -ENOENT, "domain %" PRIu32 ": the scenario has no type for it",
                            domain->id);
    uint64_t pool_kib = ballast_min_u64(config->pool_kib, domain->overhead_kib);
    struct ballast_running running = {
        .type = type_of(config),
        .tot_kib = domain->tot_kib,
        .target_kib = ballast_sub_floor(domain->target_kib, config->video_kib),
        .static_max_kib = domain->static_max_kib,
        .videoram_kib = config->video_kib,
        .pool_kib = pool_kib,
        .overhead_kib = domain->overhead_kib - pool_kib,
    };
    return ballast_running_breakdown(&running, NULL, caps, out, err);
}

/* A simulated guest has no devices. */
static int configure_sim_guest(struct hv *hv, uint32_t domid, struct ballast_guest *out,
                               struct ballast_error *err)
{
    const struct sim_guest_config *config = find_typed_config(hv, domid);
    if (!config || config->vcpus == 0)
        return ballast_fail(err, -ENOTSUP,
                            "domain %" PRIu32 ": the scenario has no configuration for it", domid);
    *out = (struct ballast_guest){.type = type_of(config)};
    (void)snprintf(out->name, sizeof(out->name), "%s", config->name);
    for (int i = 0; i < BALLAST_GUEST_ATTRS; i++)
        out->attr[i] = BALLAST_UNSET;
    out->attr[BALLAST_MEMORY] = config->tot_kib;
    out->attr[BALLAST_MAXMEM] = ballast_max_u64(config->static_max_kib, config->tot_kib);
    out->attr[BALLAST_VCPUS] = config->vcpus;
    if (config->type == SIM_TYPE_HVM && config->video_kib == 0)
        out->attr[BALLAST_VGA] = BALLAST_VGA_NONE;
    return 0;
}

static uint64_t sim_host_now_usec(const struct hv *hv)
{
    return sim_now_usec(sim_of(hv));
}

struct hv *sim_host_init(struct sim_host *out, struct sim *sim)
{
    static const struct hv_ops ops = {.name = "simulated",
                                      .refresh = refresh_sim_host,
                                      .set = set_on_sim_host,
                                      .claim = claim_on_sim_host,
                                      .claims = claims_of_sim_host,
                                      .nodes = nodes_of_sim_host,
                                      .close = close_sim_host,
                                      .uuid = find_sim_uuid,
                                      .breakdown = break_down_sim_domain,
                                      .config = configure_sim_guest,
                                      .is_exact = true,
                                      .now_usec = sim_host_now_usec};
    *out = (struct sim_host){.hv.ops = &ops, .sim = sim};
    return &out->hv;
}
