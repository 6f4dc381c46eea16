/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/hv/hv.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/error.h"
#include "core/base/units.h"

void hv_close(struct hv *hv)
{
    if (hv)
        hv->ops->close(hv);
}

static enum ballast_guest_type guest_type_of(enum ballast_domain_kind kind)
{
    if (kind == BALLAST_KIND_HVM)
        return BALLAST_HVM;
    return kind == BALLAST_KIND_PVH ? BALLAST_PVH : BALLAST_PV;
}

void hv_domains(const struct hv *hv, const struct hv_domain **out, size_t *count)
{
    *out = NULL;
    *count = 0;
    if (hv->ops->domains)
        hv->ops->domains(hv, out, count);
}

void hv_domain_of_snapshot(const struct ballast_domain *shown, struct hv_domain *out)
{
    *out = (struct hv_domain){
        .id = shown->id,
        .knows_type = shown->kind != BALLAST_KIND_UNKNOWN,
        .type = guest_type_of(shown->kind),
        .paused = shown->state == BALLAST_DOMAIN_PAUSED,
        .building = shown->state == BALLAST_DOMAIN_BUILD,
        .has_balloon = shown->has_balloon,
        .kernel_is_up = shown->has_balloon,
        .tot_kib = shown->tot_kib,
        .max_kib = shown->maxmem_kib,
        .pool_kib = BALLAST_NONE,
        .overhead_kib = shown->overhead_kib,
        .pod_entries_kib = shown->pod_entries_kib,
        .pod_cache_kib = shown->pod_cache_kib,
        .target_kib = shown->target_kib,
        .static_max_kib = shown->static_max_kib,
        .videoram_kib = BALLAST_NONE,
        .dynamic_min_kib = shown->dynamic_min_kib,
        .dynamic_max_kib = shown->dynamic_max_kib,
        .report_source = shown->report_source,
        .used_kib = shown->used_kib,
        .reported_free_kib = shown->reported_free_kib,
        .reported_swap_kib = shown->reported_swap_kib,
        .used_since_usec = BALLAST_NONE,
        .pressure = shown->pressure,
        .pressure_since_usec = BALLAST_NONE,
    };
    (void)stpncpy(out->name, shown->name, HV_NAME - 1);
}

struct ballast_running hv_running(const struct hv_domain *domain)
{
    return (struct ballast_running){
        .type = domain->type,
        .vcpus = domain->vcpus,
        .tot_kib = domain->tot_kib,
        .target_kib = domain->target_kib,
        .static_max_kib = domain->static_max_kib,
        .videoram_kib = domain->videoram_kib,
        .pool_kib = domain->pool_kib,
        .extra_internal_kib = domain->extra_internal_kib,
        .overhead_kib = domain->overhead_kib,
    };
}

static int compare_domid(const void *key, const void *member)
{
    uint32_t a = *(const uint32_t *)key;
    uint32_t b = ((const struct hv_domain *)member)->id;
    return (a > b) - (a < b);
}

const struct hv_domain *hv_find_domain(const struct hv *hv, uint32_t domid)
{
    const struct hv_domain *domains;
    size_t count;
    hv_domains(hv, &domains, &count);
    return count ? bsearch(&domid, domains, count, sizeof(*domains), compare_domid) : NULL;
}

void hv_uuid(const struct hv *hv, const struct ballast_domain *domain, uint8_t out[HV_UUID])
{
    const struct hv_domain *found = hv_find_domain(hv, domain->id);
    memset(out, 0, HV_UUID);
    if (hv->ops->uuid)
        hv->ops->uuid(hv, domain, out);
    else if (found)
        memcpy(out, found->uuid, HV_UUID);
}

uint64_t hv_extra_internal_kib(const struct hv *hv, uint32_t domid, uint64_t maxmem_kib)
{
    const struct hv_domain *domain = hv_find_domain(hv, domid);
    return domain ? ballast_sub_floor(domain->max_kib, maxmem_kib) : 0;
}

uint64_t hv_extra_internal_to_set_kib(const struct hv *hv, uint32_t domid)
{
    const struct hv_domain *domain = hv_find_domain(hv, domid);
    return domain ? domain->extra_internal_kib : 0;
}

int hv_breakdown(const struct hv *hv, const struct ballast_domain *domain,
                 const struct ballast_host_caps *caps, struct ballast_breakdown *out,
                 struct ballast_error *err)
{
    return hv->ops->breakdown
               ? hv->ops->breakdown(hv, domain, caps, out, err)
               : ballast_fail(err, -ENOENT, "domain %" PRIu32 ": the host does not know its type",
                              domain->id);
}

int hv_config(struct hv *hv, uint32_t domid, struct ballast_guest *out, struct ballast_error *err)
{
    return hv->ops->config
               ? hv->ops->config(hv, domid, out, err)
               : ballast_fail(err, -ENOTSUP, "domain %" PRIu32 ": the host keeps no configuration",
                              domid);
}

int hv_set_maximum(struct hv *hv, uint32_t domid, uint64_t kib, struct ballast_error *err)
{
    return hv->ops->set_maximum ? hv->ops->set_maximum(hv, domid, kib, err)
                                : hv->ops->set(hv, domid, BALLAST_NONE, kib, err);
}

bool hv_moves_static_max(const struct hv *hv)
{
    return hv->ops->moves_static_max && hv->ops->moves_static_max(hv);
}

int hv_set_range(struct hv *hv, uint32_t domid, uint64_t min_kib, uint64_t max_kib,
                 struct ballast_error *err)
{
    return hv->ops->set_range ? hv->ops->set_range(hv, domid, min_kib, max_kib, err) : 0;
}

int hv_claim(struct hv *hv, const struct hv_claim *claims, size_t count, struct ballast_error *err)
{
    return hv->ops->claim
               ? hv->ops->claim(hv, claims, count, err)
               : ballast_fail(err, -ENOTSUP, "claims: the %s host makes none", hv->ops->name);
}

int hv_lower_claim(struct hv *hv, uint64_t id, uint64_t kib, struct ballast_error *err)
{
    return hv->ops->lower_claim ? hv->ops->lower_claim(hv, id, kib, err) : 0;
}

uint64_t hv_nodes(const struct hv *hv)
{
    return hv->ops->nodes ? hv->ops->nodes(hv) : 0;
}

size_t hv_claims(const struct hv *hv, struct hv_claim *out, size_t most)
{
    return hv->ops->claims ? hv->ops->claims(hv, out, most) : 0;
}

int hv_event_fd(struct hv *hv)
{
    return hv->ops->event_fd ? hv->ops->event_fd(hv) : -1;
}

bool hv_take_events(struct hv *hv)
{
    return hv->ops->take_events && hv->ops->take_events(hv);
}

void hv_on_newcomer(struct hv *hv, hv_newcomer_fn *call, void *context)
{
    if (hv->ops->on_newcomer)
        hv->ops->on_newcomer(hv, call, context);
}

bool hv_take_newcomer(struct hv *hv)
{
    return hv->ops->take_newcomer && hv->ops->take_newcomer(hv);
}

size_t hv_noisy(const struct hv *hv, uint32_t *domids, size_t most)
{
    return hv->ops->noisy ? hv->ops->noisy(hv, domids, most) : 0;
}

int hv_low_memory_fd(struct hv *hv, struct ballast_error *err)
{
    return hv->ops->low_memory_fd
               ? hv->ops->low_memory_fd(hv, err)
               : ballast_fail(err, -ENOTSUP, "low memory: the host does not report it");
}

bool hv_take_low_memory(struct hv *hv)
{
    return hv->ops->take_low_memory && hv->ops->take_low_memory(hv);
}

const struct ballast_profile *hv_profile(const struct hv *hv)
{
    return hv->ops->profile ? hv->ops->profile(hv) : ballast_profile_find(NULL);
}

const char *hv_commandline(const struct hv *hv)
{
    return hv->ops->commandline ? hv->ops->commandline(hv) : NULL;
}

int hv_low_free(struct hv *hv, uint64_t *out_kib, struct ballast_error *err)
{
    return hv->ops->low_free
               ? hv->ops->low_free(hv, out_kib, err)
               : ballast_fail(err, -ENOTSUP, "memory below 4 GiB: the host does not report it");
}

uint64_t hv_lasts_usec(const struct hv *hv)
{
    return hv->ops->lasts_usec ? hv->ops->lasts_usec(hv) : BALLAST_NONE;
}

uint64_t hv_now_usec(const struct hv *hv)
{
    return hv->ops->now_usec ? hv->ops->now_usec(hv) : hv_clock_usec();
}

uint64_t hv_real_usec(const struct hv *hv, uint64_t usec)
{
    return hv->ops->real_usec ? hv->ops->real_usec(hv, usec) : usec;
}

int hv_step(struct hv *hv, uint64_t most_usec, bool *behind, struct ballast_error *err)
{
    *behind = false;
    return hv->ops->step ? hv->ops->step(hv, most_usec, behind, err) : 0;
}

void hv_save(struct hv *hv)
{
    if (hv->ops->save)
        hv->ops->save(hv);
}

uint64_t hv_clock_usec(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * BALLAST_SEC_USEC + (uint64_t)now.tv_nsec / 1000;
}
