/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/hv/sim_host.h"

static struct sim *sim_of(struct hv *hv)
{
    return ((struct sim_host *)hv)->sim;
}

static int refresh_sim_host(struct hv *hv, const struct ballast_host **out,
                            struct ballast_error *err)
{
    return sim_refresh(sim_of(hv), out, err);
}

static int set_on_sim_host(struct hv *hv, uint32_t domid, uint64_t target_kib, uint64_t maxmem_kib,
                           struct ballast_error *err)
{
    return sim_set(sim_of(hv), domid, target_kib, maxmem_kib, err);
}

static int claim_on_sim_host(struct hv *hv, uint32_t domid, uint64_t kib, struct ballast_error *err)
{
    return sim_claim(sim_of(hv), domid, kib, err);
}

static void close_sim_host(struct hv *hv)
{
    (void)hv;
}

struct hv *sim_host_init(struct sim_host *out, struct sim *sim)
{
    static const struct hv_ops ops = {.name = "sim",
                                      .refresh = refresh_sim_host,
                                      .set = set_on_sim_host,
                                      .claim = claim_on_sim_host,
                                      .close = close_sim_host};
    *out = (struct sim_host){.hv = {&ops}, .sim = sim};
    return &out->hv;
}
