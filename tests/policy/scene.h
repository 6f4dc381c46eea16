/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A host of a few guests that the test moves by hand, and one waiting start; include it after
 * cmocka.h.
 */
#ifndef TESTS_POLICY_SCENE_H
#define TESTS_POLICY_SCENE_H

#include "core/base/units.h"
#include "core/policy/balancer.h"
#include "core/policy/policy.h"

#define MIB  BALLAST_MIB_KIB
#define TICK (BALLAST_SEC_USEC / 10)

enum { MOST = 4 };

struct scene {
    struct balancer *balancer;
    struct ballast_domain domains[MOST];
    struct ballast_host host;
    struct balancer_request request;
    bool waiting;
    bool granted;
    enum balancer_reason reason;
    unsigned target_writes;
    struct balancer_set sets[MOST]; /* of each guest, the last one */
};

static inline struct ballast_domain a_guest(uint32_t id, uint64_t min_mib, uint64_t has_mib,
                                            uint64_t max_mib)
{
    return (struct ballast_domain){
        .id = id,
        .name = "guest",
        .has_balloon = true,
        .tot_kib = has_mib * MIB,
        .target_kib = has_mib * MIB,
        .maxmem_kib = max_mib * MIB,
        .dynamic_min_kib = min_mib * MIB,
        .dynamic_max_kib = max_mib * MIB,
        .static_max_kib = max_mib * MIB,
        .used_kib = BALLAST_NONE,
        .reported_free_kib = BALLAST_NONE,
        .report_age_usec = BALLAST_NONE,
        .shares = BALLAST_DEFAULT_SHARES,
    };
}

static inline void open_scene(struct scene *scene, size_t count, uint64_t free_mib)
{
    scene->balancer = balancer_new(policy_find("ballast"), NULL);
    assert_non_null(scene->balancer);
    uint64_t total_kib = free_mib * MIB;
    for (size_t i = 0; i < count; i++)
        total_kib += scene->domains[i].tot_kib;
    scene->host = (struct ballast_host){
        .total_kib = total_kib,
        .free_kib = free_mib * MIB,
        .caps = BALLAST_HOST_CAPS_ALL,
        .domains = scene->domains,
        .domain_count = count,
    };
}

static inline void close_scene(struct scene *scene)
{
    balancer_free(scene->balancer);
}

static inline void wait_for(struct scene *scene, uint64_t need_mib)
{
    scene->request = (struct balancer_request){.id = 9,
                                               .need_kib = need_mib * MIB,
                                               .arrived_usec = scene->host.now_usec,
                                               .deadline_usec = BALLAST_NONE};
    scene->waiting = true;
}

static inline void decide(struct scene *scene)
{
    struct balancer_input input = {&scene->host, &scene->request, scene->waiting ? 1 : 0, 0};
    struct balancer_output out;
    struct ballast_error err;
    if (balancer_decide(scene->balancer, &input, &out, &err) < 0)
        fail_msg("%s", err.text);
    for (size_t i = 0; i < out.set_count; i++) {
        for (size_t d = 0; d < scene->host.domain_count; d++) {
            struct ballast_domain *domain = &scene->domains[d];
            if (domain->id != out.sets[i].id)
                continue;
            scene->sets[d] = out.sets[i];
            if (out.sets[i].target_kib != BALLAST_NONE) {
                domain->target_kib = out.sets[i].target_kib;
                scene->target_writes++;
            }
            if (out.sets[i].maxmem_kib != BALLAST_NONE)
                domain->maxmem_kib = out.sets[i].maxmem_kib;
        }
    }
    for (size_t i = 0; i < out.verdict_count; i++) {
        scene->waiting = false;
        scene->granted = out.verdicts[i].granted;
        scene->reason = out.verdicts[i].reason;
    }
    scene->host.now_usec += TICK;
}

/* Moves one guest towards its target by at most so much. */
static inline void follow(struct scene *scene, size_t i, uint64_t kib)
{
    struct ballast_domain *domain = &scene->domains[i];
    if (domain->target_kib < domain->tot_kib) {
        kib = ballast_min_u64(kib, domain->tot_kib - domain->target_kib);
        domain->tot_kib -= kib;
        scene->host.free_kib += kib;
    } else {
        kib = ballast_min_u64(kib, domain->target_kib - domain->tot_kib);
        kib = ballast_min_u64(kib, scene->host.free_kib);
        domain->tot_kib += kib;
        scene->host.free_kib -= kib;
    }
}

static inline struct domain_estimate estimate(const struct scene *scene, uint32_t id)
{
    struct domain_estimate estimate;
    assert_int_equal(balancer_estimate(scene->balancer, id, &estimate), 0);
    return estimate;
}

#endif
