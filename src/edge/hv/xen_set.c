/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Changing a domain: our own way, in one transaction of xenstore, and libxl's. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/units.h"
#include "edge/hv/xen_inside.h"

/*
 * Another writer of the same nodes makes a transaction fail (EAGAIN); libxl then tries for ever.
 * Two writers that take turns are done in two or three tries.
 */
#define TRIES 16

enum want { WANT_TARGET, WANT_MAXIMUM, WANT_BOTH };

struct job {
    uint32_t domid;
    enum want want;
    bool enforce;
    uint64_t kib;        /* target or maximum; of WANT_BOTH the target, or BALLAST_NONE */
    uint64_t maxmem_kib; /* of WANT_BOTH, extra internal not included, or BALLAST_NONE */
};

static bool is_at_least(const struct xen_version *version, unsigned major, unsigned minor)
{
    return version->major > major || (version->major == major && version->minor >= minor);
}

/*
 * qubes/qmemman/systemstate.py, mem_set(): static-max of a guest whose kernel hotplugs is its size,
 * and hotplug-max the most that this can be.
 */
static void plan_hotplug(const struct hv_domain *domain, struct ballast_target_plan *plan)
{
    uint64_t video_kib = domain->videoram_kib == BALLAST_NONE ? 0 : domain->videoram_kib;
    if (domain->hotplugs && plan->target_kib != BALLAST_TARGET_KEEP)
        plan->static_max_kib = ballast_add_ceil(plan->target_kib, video_kib);
}

static int plan_both(const struct job *job, const struct hv_domain *domain,
                     struct ballast_target_plan *out, struct ballast_error *err)
{
    struct ballast_target_domain rules;
    struct ballast_target_plan plan = {
        .target_kib = BALLAST_TARGET_KEEP,
        .static_max_kib = BALLAST_TARGET_KEEP,
        .maxmem_kib = BALLAST_TARGET_KEEP,
        .pod_pages = BALLAST_TARGET_KEEP,
        .vm_memory_mib = BALLAST_TARGET_KEEP,
    };
    int rc = 0;
    if (job->kib != BALLAST_NONE && (rc = xen_target_domain(domain, &rules, err)) == 0)
        rc = ballast_plan_target(&rules, job->kib, false, &plan, err);
    if (rc == 0 && job->maxmem_kib != BALLAST_NONE)
        rc = ballast_kib_add(job->maxmem_kib, XEN_EXTRA_INTERNAL_KIB, &plan.maxmem_kib, err);
    if (rc < 0)
        return rc;
    plan_hotplug(domain, &plan);
    *out = plan;
    return 0;
}

static int plan_job(const struct xen_host *host, const struct job *job,
                    const struct hv_domain *domain, struct ballast_target_plan *out,
                    struct ballast_error *err)
{
    struct ballast_target_domain rules;
    if (job->want == WANT_BOTH)
        return plan_both(job, domain, out, err);
    int rc = xen_target_domain(domain, &rules, err);
    if (rc < 0)
        return rc;
    if (job->want == WANT_TARGET) {
        rc = ballast_plan_target(&rules, job->kib, job->enforce, out, err);
        if (rc == 0)
            plan_hotplug(domain, out);
        return rc;
    }
    return ballast_plan_maximum(&rules, job->kib, is_at_least(&host->version, 4, 17), out, err);
}

/* -ENOENT also when the number has gone to another domain since the last refresh. */
static int still_there(struct xen_host *host, uint32_t domid, struct xen_counted *out,
                       struct ballast_error *err)
{
    struct xen_counted counted;
    const struct xen_record *record = xen_record_find(host, domid);
    int rc = xen_ctrl_domain(host->ctrl, domid, &counted, err);
    if (rc < 0)
        return rc;
    if (record && memcmp(record->uuid, counted.uuid, sizeof(counted.uuid)) != 0)
        return ballast_fail(err, -ENOENT,
                            "domain %" PRIu32 " is gone, and another one has its number", domid);
    *out = counted;
    return 0;
}

/* libxl_mem.c, libxl__fill_dom0_memory_info(): dom0's nodes may be missing until libxl is asked. */
static int put_missing(struct xen_change *change, const struct hv_domain *domain,
                       const struct ballast_target_plan *plan, struct ballast_error *err)
{
    int rc = 0;
    if (domain->id != 0)
        return 0;
    if (domain->static_max_kib == BALLAST_NONE && plan->static_max_kib == BALLAST_TARGET_KEEP)
        rc = xen_store_put(change, XEN_NODE_STATIC_MAX, domain->max_kib, err);
    if (rc == 0 && domain->target_kib == BALLAST_NONE && plan->target_kib == BALLAST_TARGET_KEEP)
        rc = xen_store_put(change, XEN_NODE_TARGET, domain->tot_kib, err);
    return rc;
}

static int put_plan(struct xen_change *change, const struct hv_domain *domain,
                    const struct ballast_target_plan *plan, struct ballast_error *err)
{
    int rc = put_missing(change, domain, plan, err);
    if (rc == 0 && plan->target_kib != BALLAST_TARGET_KEEP)
        rc = xen_store_put(change, XEN_NODE_TARGET, plan->target_kib, err);
    if (rc == 0 && plan->static_max_kib != BALLAST_TARGET_KEEP)
        rc = xen_store_put(change, XEN_NODE_STATIC_MAX, plan->static_max_kib, err);
    if (rc == 0 && plan->vm_memory_mib != BALLAST_TARGET_KEEP)
        rc = xen_store_put_vm_memory(change, domain->uuid, plan->vm_memory_mib, err);
    return rc;
}

/* Xen has no transactions: what cannot be finished is put back by hand. */
static int write_change(struct xen_host *host, struct xen_change *change,
                        const struct hv_domain *domain, const struct ballast_target_plan *plan,
                        struct ballast_error *err)
{
    uint32_t domid = domain->id;
    bool moves = plan->maxmem_kib != BALLAST_TARGET_KEEP && plan->maxmem_kib != domain->max_kib;
    int rc = 0;
    if (moves && (rc = xen_ctrl_set_maximum(host->ctrl, domid, plan->maxmem_kib, err)) < 0) {
        xen_store_abort(change);
        return rc;
    }
    if (plan->pod_pages != BALLAST_TARGET_KEEP)
        rc = xen_ctrl_set_pod_target(host->ctrl, domid, plan->pod_pages, err);
    if (rc == 0)
        rc = put_plan(change, domain, plan, err);
    if (rc < 0)
        xen_store_abort(change);
    else
        rc = xen_store_commit(change, err);
    if (rc < 0 && moves)
        xen_ctrl_set_maximum(host->ctrl, domid, domain->max_kib, NULL);
    return rc;
}

/* A sample of the domain that changes nothing. */
static int sample_domain(struct xen_host *host, uint32_t domid, struct hv_domain *out,
                         struct ballast_error *err)
{
    struct xen_counted counted;
    struct xen_change change;
    struct xen_said said;
    int rc;
    if ((rc = still_there(host, domid, &counted, err)) < 0 ||
        (rc = xen_store_begin(host->store, domid, &change, &said, err)) < 0)
        return rc;
    xen_store_abort(&change);
    xen_know(&counted, &said, out);
    return 0;
}

/*
 * xenstored's transactions see what others do meanwhile, so that one which reads while a directory
 * is being removed finds half of it; what seems to be wrong with such a domain is that it is gone.
 */
static int unless_gone(struct xen_host *host, uint32_t domid, int rc, struct ballast_error *err)
{
    struct hv_domain domain;
    if (sample_domain(host, domid, &domain, NULL) == -ENOENT)
        return ballast_fail(err, -ENOENT, "domain %" PRIu32 " is gone", domid);
    return rc;
}

static int try_job(struct xen_host *host, const struct job *job, struct ballast_target_plan *done,
                   struct ballast_error *err)
{
    struct xen_counted counted;
    struct xen_change change;
    struct xen_said said;
    struct hv_domain domain;
    struct ballast_target_plan plan;
    int rc;
    if ((rc = still_there(host, job->domid, &counted, err)) < 0 ||
        (rc = xen_store_begin(host->store, job->domid, &change, &said, err)) < 0)
        return rc;
    xen_know(&counted, &said, &domain);
    if ((rc = plan_job(host, job, &domain, &plan, err)) < 0) {
        xen_store_abort(&change);
        return unless_gone(host, job->domid, rc, err);
    }
    /* xen/common/domctl.c, XEN_DOMCTL_max_mem: what is no whole page is cut off. */
    if (plan.maxmem_kib != BALLAST_TARGET_KEEP)
        plan.maxmem_kib -= plan.maxmem_kib % BALLAST_PAGE_KIB;
    /* hv.h: a maximum that falls does so last, so that the guest knows its target before it is
     * limited. */
    struct ballast_target_plan first = plan;
    bool falls = job->want == WANT_BOTH && plan.maxmem_kib != BALLAST_TARGET_KEEP &&
                 plan.maxmem_kib < domain.max_kib;
    if (falls)
        first.maxmem_kib = BALLAST_TARGET_KEEP;
    rc = write_change(host, &change, &domain, &first, err);
    if (rc == 0 && falls)
        rc = xen_ctrl_set_maximum(host->ctrl, job->domid, plan.maxmem_kib, err);
    if (rc == 0)
        *done = plan;
    return rc;
}

/* An event about it may still be under way when the next refresh comes. */
static void read_again(struct xen_host *host, uint32_t domid)
{
    struct xen_record *record = xen_record_find(host, domid);
    if (record)
        record->followed.stale |= XEN_NODES_SET;
}

static int own_way(struct xen_host *host, const struct job *job, struct ballast_target_plan *done,
                   struct ballast_error *err)
{
    int rc = -EAGAIN;
    for (int tries = 0; rc == -EAGAIN && tries < TRIES; tries++)
        rc = try_job(host, job, done, err);
    read_again(host, job->domid);
    return rc;
}

static int call_libxl(struct xen_light *light, const struct job *job, struct ballast_error *err)
{
    if (job->want == WANT_MAXIMUM)
        return xen_light_set_maximum(light, job->domid, job->kib, err);
    return xen_light_set_target(light, job->domid, job->kib, job->enforce, err);
}

/* What libxl did is read afterwards, not believed; only PoD cannot be read back. */
static void report_done(const struct job *job, const struct hv_domain *after, int planned,
                        const struct ballast_target_plan *plan, struct ballast_target_plan *done)
{
    bool target = job->want == WANT_TARGET;
    *done = (struct ballast_target_plan){
        .target_kib = target ? after->target_kib : BALLAST_TARGET_KEEP,
        .static_max_kib = target ? BALLAST_TARGET_KEEP : after->static_max_kib,
        .maxmem_kib = target && !job->enforce ? BALLAST_TARGET_KEEP : after->max_kib,
        .pod_pages = planned == 0 ? plan->pod_pages : BALLAST_TARGET_KEEP,
        .vm_memory_mib = target && after->target_kib != BALLAST_NONE
                             ? after->target_kib / BALLAST_MIB_KIB
                             : BALLAST_TARGET_KEEP,
    };
    /* libxl before 4.17 leaves static-max as it is. */
    if (planned == 0 && plan->static_max_kib == BALLAST_TARGET_KEEP)
        done->static_max_kib = BALLAST_TARGET_KEEP;
}

static int libxl_way(struct xen_host *host, const struct job *job, struct ballast_target_plan *done,
                     struct ballast_error *err)
{
    struct ballast_target_plan plan;
    struct hv_domain domain;
    int rc;
    if (job->kib > XEN_MOST_KIB)
        return ballast_fail(err, -EOVERFLOW, "%" PRIu64 " KiB are more than any host has",
                            job->kib);
    if ((rc = xen_host_light(host, err)) < 0 ||
        (rc = sample_domain(host, job->domid, &domain, err)) < 0)
        return rc;
    int planned = plan_job(host, job, &domain, &plan, NULL);
    rc = call_libxl(host->light, job, err);
    read_again(host, job->domid);
    if (rc < 0)
        return unless_gone(host, job->domid, rc, err);
    if ((rc = sample_domain(host, job->domid, &domain, err)) < 0)
        return rc;
    report_done(job, &domain, planned, &plan, done);
    return 0;
}

static int run_job(struct hv *hv, enum xen_way way, const struct job *job,
                   struct ballast_target_plan *done, struct ballast_error *err)
{
    struct xen_host *host = xen_host_of(hv);
    struct ballast_target_plan unwanted;
    int rc = xen_host_may_write(host, err);
    if (rc < 0)
        return rc;
    done = done ? done : &unwanted;
    return way == XEN_WAY_LIBXL ? libxl_way(host, job, done, err) : own_way(host, job, done, err);
}

/* libxl sets a target and the maximum that belongs to it, and no maximum without a static one. */
int xen_ops_set(struct hv *hv, uint32_t domid, uint64_t target_kib, uint64_t maxmem_kib,
                struct ballast_error *err)
{
    struct xen_host *host = xen_host_of(hv);
    struct ballast_target_plan done;
    struct job job = {
        .domid = domid, .want = WANT_BOTH, .kib = target_kib, .maxmem_kib = maxmem_kib};
    bool as_libxl =
        target_kib != BALLAST_NONE && (maxmem_kib == BALLAST_NONE || maxmem_kib == target_kib);
    int rc = xen_host_may_write(host, err);
    if (rc < 0 || host->way != XEN_WAY_LIBXL || !as_libxl)
        return rc < 0 ? rc : own_way(host, &job, &done, err);
    return xen_set_target(hv, domid, XEN_WAY_LIBXL, target_kib, maxmem_kib != BALLAST_NONE, NULL,
                          err);
}

int xen_ops_set_maximum(struct hv *hv, uint32_t domid, uint64_t kib, struct ballast_error *err)
{
    return xen_set_maximum(hv, domid, xen_host_of(hv)->way, kib, NULL, err);
}

/* 77bbea1baf, with 4.17: before it libxl left memory/static-max as it was. */
bool xen_ops_moves_static_max(const struct hv *hv)
{
    return is_at_least(&xen_host_of_const(hv)->version, 4, 17);
}

int xen_set_target(struct hv *hv, uint32_t domid, enum xen_way way, uint64_t kib, bool enforce,
                   struct ballast_target_plan *done, struct ballast_error *err)
{
    struct job job = {.domid = domid, .want = WANT_TARGET, .enforce = enforce, .kib = kib};
    return run_job(hv, way, &job, done, err);
}

int xen_set_maximum(struct hv *hv, uint32_t domid, enum xen_way way, uint64_t kib,
                    struct ballast_target_plan *done, struct ballast_error *err)
{
    struct job job = {.domid = domid, .want = WANT_MAXIMUM, .kib = kib};
    return run_job(hv, way, &job, done, err);
}

static int try_range(struct xen_host *host, uint32_t domid, uint64_t min_kib, uint64_t max_kib,
                     struct ballast_error *err)
{
    struct xen_counted counted;
    struct xen_change change;
    struct xen_said said;
    struct hv_domain domain;
    struct ballast_target_domain rules;
    int rc;
    if ((rc = still_there(host, domid, &counted, err)) < 0 ||
        (rc = xen_store_begin(host->store, domid, &change, &said, err)) < 0)
        return rc;
    xen_know(&counted, &said, &domain);
    rc = xen_target_domain(&domain, &rules, err);
    if (rc == 0 && max_kib > rules.static_max_kib)
        rc = ballast_fail(err, -EINVAL,
                          "a dynamic maximum of %" PRIu64
                          " KiB is above the static maximum: use at most %" PRIu64 " KiB",
                          max_kib, rules.static_max_kib);
    if (rc < 0 || (rc = xen_store_put(&change, XEN_NODE_DYNAMIC_MIN, min_kib, err)) < 0 ||
        (rc = xen_store_put(&change, XEN_NODE_DYNAMIC_MAX, max_kib, err)) < 0) {
        xen_store_abort(&change);
        return unless_gone(host, domid, rc, err);
    }
    return xen_store_commit(&change, err);
}

int xen_set_range(struct hv *hv, uint32_t domid, uint64_t min_kib, uint64_t max_kib,
                  struct ballast_error *err)
{
    struct xen_host *host = xen_host_of(hv);
    int rc = xen_host_may_write(host, err);
    if (rc < 0)
        return rc;
    if (min_kib > max_kib)
        return ballast_fail(err, -EINVAL,
                            "a dynamic minimum of %" PRIu64
                            " KiB is above the dynamic maximum of %" PRIu64
                            " KiB: lower the one or raise the other",
                            min_kib, max_kib);
    rc = -EAGAIN;
    for (int tries = 0; rc == -EAGAIN && tries < TRIES; tries++)
        rc = try_range(host, domid, min_kib, max_kib, err);
    read_again(host, domid);
    return rc;
}
