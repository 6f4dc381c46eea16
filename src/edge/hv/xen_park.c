/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hv_ops.claim. A claim is a domain's (xen/common/page_alloc.c, domain_set_outstanding_pages()), so
 * what is reserved is claimed by domains of our own, which have neither memory nor vCPUs and stay
 * paused as they were created. Xen counts them as xenstore domains: xl leaves those out of
 * 'shutdown -a' (tools/xl/xl_vmcontrol.c, never_stop). They are known by their uuids, whoever made
 * them.
 *
 * Xen can make a claim and withdraw one, and has no call that changes one. So each reservation has
 * parked domains of its own: what it is granted beyond its claims is claimed by one more domain,
 * and what is no longer to be claimed is withdrawn from those that have just that much, if there
 * are such. Each is one hypercall, and no other claim is touched. Of what several reservations
 * share any part may have to be lowered, so it is claimed by halves, quarters and so on: what has
 * to be withdrawn and made again is then little.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "core/base/error.h"
#include "core/base/units.h"
#include "edge/hv/xen_inside.h"

/* What xl and others show of them; it is for people only. */
#define PARKED_NAME "ballast-reserved"
/* How often less is tried, where others take memory at the same time. */
enum { CLAIM_TRIES = 4 };
/* Of one id. Before there are more the smallest are withdrawn and made again as one. */
enum { PARKED_MOST = 10, SHARED_PARTS = 6, MERGED = 3 };
/* No part of what is shared is smaller: a domain costs Xen some memory as well. */
#define PART_LEAST_KIB (UINT64_C(16) * BALLAST_MIB_KIB)
/*
 * What Xen spends on one: its struct, a vCPU's pointers, the grant table. Measured as free memory
 * before and after 63 of them, tests/lab/t/97-claims: 56 KiB at most.
 */
#define PARKED_KIB UINT64_C(56)
/* So many are made of as many reservations as have their own; beyond that, where claims grew. */
enum { PARKED_ROOM = HV_CLAIMS - 1 + PARKED_MOST };

/* Those of one id. */
struct parked {
    uint64_t id;
    struct xen_counted has[PARKED_MOST]; /* with a claim */
    size_t count;
    uint64_t kib;
    struct xen_counted idle; /* one without; its id is 0: there is none */
};

static void destroy_parked(struct xen_host *host, uint32_t domid)
{
    /* First: a program that is killed in between leaves a domain, which the next one ends. */
    if (xen_host_store(host, NULL) == 0)
        xen_store_remove_domain(host->store, domid);
    (void)xen_ctrl_destroy(host->ctrl, domid, NULL);
}

static void name_parked(struct xen_host *host, uint32_t domid, uint64_t id)
{
    char name[sizeof(PARKED_NAME) + 24] = PARKED_NAME;
    if (id > 0)
        (void)snprintf(name, sizeof(name), PARKED_NAME "-%" PRIu64, id);
    if (xen_host_store(host, NULL) == 0)
        xen_store_put_name(host->store, domid, name);
}

static int create_parked(struct xen_host *host, uint64_t id, struct xen_counted *out,
                         struct ballast_error *err)
{
    uint8_t uuid[16];
    uint32_t domid;
    xen_parked_uuid(id, uuid);
    int rc = xen_ctrl_create_parked(host->ctrl, uuid, &domid, err);
    if (rc < 0)
        return rc;
    name_parked(host, domid, id);
    if ((rc = xen_ctrl_set_maximum(host->ctrl, domid, host->now.host.total_kib, err)) < 0 ||
        (rc = xen_ctrl_domain(host->ctrl, domid, out, err)) < 0)
        destroy_parked(host, domid);
    return rc;
}

/* No program makes more than PARKED_MOST; what others may have made stays as it is. */
static void add_parked(struct parked *parked, const struct xen_counted *counted)
{
    if (counted->claim_kib == 0) {
        parked->idle = *counted;
    } else if (parked->count < PARKED_MOST) {
        parked->has[parked->count++] = *counted;
        parked->kib += counted->claim_kib;
    }
}

/* As they were listed last, or as each is now. */
static int find_parked(struct xen_host *host, uint64_t id, bool now, struct parked *out,
                       struct ballast_error *err)
{
    const struct xen_counted *all;
    size_t count = xen_ctrl_parked(host->ctrl, &all);
    *out = (struct parked){.id = id};
    for (size_t i = 0; i < count; i++) {
        struct xen_counted counted = all[i];
        if (xen_parked_id(counted.uuid) != id)
            continue;
        int rc = now ? xen_ctrl_domain(host->ctrl, counted.id, &counted, err) : 0;
        if (rc < 0 && rc != -ENOENT)
            return rc;
        if (rc == 0 && xen_is_parked(&counted) && xen_parked_id(counted.uuid) == id)
            add_parked(out, &counted);
    }
    return 0;
}

static uint64_t sum_of_set(const struct parked *parked, unsigned set)
{
    uint64_t kib = 0;
    for (size_t i = 0; i < parked->count; i++) {
        if (set & 1u << i)
            kib += parked->has[i].claim_kib;
    }
    return kib;
}

/* As bits: those whose claims sum to it, or to as little more as can be. */
static unsigned choose_parked(const struct parked *parked, uint64_t kib)
{
    unsigned all = (1u << parked->count) - 1;
    unsigned best = all;
    uint64_t best_kib = parked->kib;
    for (unsigned set = 1; set < all && best_kib > kib; set++) {
        uint64_t set_kib = sum_of_set(parked, set);
        if (set_kib < kib || set_kib >= best_kib)
            continue;
        best = set;
        best_kib = set_kib;
    }
    return best;
}

/*
 * Claims it for a domain that has no claim; what is not free is left out. Slack stays unclaimed,
 * but for what has just been withdrawn and is only taken again.
 */
static int make_claim(struct xen_host *host, const struct xen_counted *domain, uint64_t kib,
                      uint64_t withdrawn_kib, struct ballast_error *err)
{
    struct xen_counted_host total;
    int rc = xen_ctrl_claim(host->ctrl, domain, kib, err);
    for (int i = 0; rc == -ENOMEM && i < CLAIM_TRIES; i++) {
        if (xen_ctrl_host(host->ctrl, &total, NULL) < 0)
            break;
        uint64_t most_kib = ballast_sub_floor(total.free_kib, total.claimed_kib);
        uint64_t less_kib = ballast_max_u64(ballast_sub_floor(most_kib, host->now.host.slack_kib),
                                            ballast_min_u64(withdrawn_kib, most_kib));
        less_kib = ballast_min_u64(kib, less_kib) / BALLAST_PAGE_KIB * BALLAST_PAGE_KIB;
        if (less_kib == 0 || xen_ctrl_claim(host->ctrl, domain, less_kib, NULL) == 0)
            break;
    }
    return rc;
}

static int withdraw_set(struct xen_host *host, struct parked *parked, unsigned set,
                        struct xen_counted *last, struct ballast_error *err)
{
    *last = (struct xen_counted){0};
    for (size_t i = 0; i < parked->count; i++) {
        int rc = set & 1u << i ? xen_ctrl_claim(host->ctrl, &parked->has[i], 0, err) : 0;
        if (rc < 0 && rc != -ENOENT)
            return rc;
        if (set & 1u << i)
            *last = parked->has[i];
    }
    last->claim_kib = 0;
    return 0;
}

static int lower_parked(struct xen_host *host, struct parked *parked, uint64_t kib,
                        struct ballast_error *err)
{
    struct xen_counted last;
    if (parked->kib <= kib)
        return 0;
    uint64_t less_kib = parked->kib - kib;
    unsigned set = choose_parked(parked, less_kib);
    uint64_t beyond_kib = sum_of_set(parked, set) - less_kib;
    int rc = withdraw_set(host, parked, set, &last, err);
    return rc < 0 || beyond_kib == 0 ? rc : make_claim(host, &last, beyond_kib, beyond_kib, err);
}

static int claim_part(struct xen_host *host, struct parked *parked, uint64_t kib,
                      uint64_t withdrawn_kib, struct ballast_error *err)
{
    struct xen_counted domain = parked->idle;
    int rc = domain.id == 0 ? create_parked(host, parked->id, &domain, err) : 0;
    parked->idle.id = 0;
    /* A host that was never sampled has no size. */
    if (rc == 0 && domain.max_kib < kib) {
        rc = xen_ctrl_set_maximum(host->ctrl, domain.id, kib, err);
        domain.max_kib = kib;
    }
    return rc < 0 ? rc : make_claim(host, &domain, kib, withdrawn_kib, err);
}

/* The half of it, of what is left the half again. */
static int claim_in_parts(struct xen_host *host, struct parked *parked, uint64_t kib,
                          uint64_t withdrawn_kib, struct ballast_error *err)
{
    int rc = 0;
    for (int left = SHARED_PARTS; kib > 0 && rc == 0; left--) {
        uint64_t part_kib = kib / 2 / BALLAST_PAGE_KIB * BALLAST_PAGE_KIB;
        if (left == 1 || part_kib < PART_LEAST_KIB)
            part_kib = kib;
        rc = claim_part(host, parked, part_kib, ballast_min_u64(part_kib, withdrawn_kib), err);
        withdrawn_kib = ballast_sub_floor(withdrawn_kib, part_kib);
        kib -= part_kib;
    }
    return rc;
}

/* As bits. */
static unsigned choose_smallest(const struct parked *parked)
{
    unsigned set = 0;
    for (int n = 0; n < MERGED; n++) {
        size_t least = parked->count;
        for (size_t i = 0; i < parked->count; i++) {
            bool less =
                least == parked->count || parked->has[i].claim_kib < parked->has[least].claim_kib;
            if (!(set & 1u << i) && less)
                least = i;
        }
        set |= 1u << least;
    }
    return set;
}

static int raise_parked(struct xen_host *host, struct parked *parked, uint64_t kib,
                        struct ballast_error *err)
{
    uint64_t withdrawn_kib = 0;
    int rc = 0;
    if (kib <= parked->kib)
        return 0;
    if (parked->count == PARKED_MOST) {
        struct xen_counted last;
        unsigned set = choose_smallest(parked);
        withdrawn_kib = sum_of_set(parked, set);
        rc = withdraw_set(host, parked, set, &last, err);
        parked->kib -= withdrawn_kib;
        parked->idle = last;
    }
    if (rc < 0)
        return rc;
    uint64_t more_kib = kib - parked->kib;
    return parked->id == 0 && parked->count == 0
               ? claim_in_parts(host, parked, more_kib, withdrawn_kib, err)
               : claim_part(host, parked, more_kib, withdrawn_kib, err);
}

static uint64_t claim_wanted_kib(const struct hv_claim *claims, size_t count, uint64_t id)
{
    for (size_t i = 0; i < count; i++) {
        if (claims[i].id == id)
            return claims[i].kib;
    }
    return 0;
}

/* First: what they lose may be what others are to have. One that fails keeps no other from it. */
static int lower_all(struct xen_host *host, const struct hv_claim *claims, size_t count,
                     struct ballast_error *err)
{
    const struct xen_counted *all;
    struct parked parked;
    size_t left = xen_ctrl_parked(host->ctrl, &all);
    int first = 0;
    for (uint64_t id; left > 0; left--) {
        id = xen_parked_id(all[left - 1].uuid);
        bool seen = false;
        for (size_t i = left; i < xen_ctrl_parked(host->ctrl, &all) && !seen; i++)
            seen = xen_parked_id(all[i].uuid) == id;
        struct ballast_error *to = first < 0 ? NULL : err;
        int rc = seen ? 0 : find_parked(host, id, false, &parked, to);
        if (!seen && rc == 0)
            rc = lower_parked(host, &parked, claim_wanted_kib(claims, count, id), to);
        first = first < 0 ? first : rc;
    }
    return first;
}

static int raise_all(struct xen_host *host, const struct hv_claim *claims, size_t count,
                     struct ballast_error *err)
{
    struct parked parked;
    int rc = 0;
    for (size_t i = 0; i < count && rc == 0; i++) {
        rc = find_parked(host, claims[i].id, false, &parked, err);
        if (rc == 0)
            rc = raise_parked(host, &parked, claims[i].kib, err);
    }
    return rc;
}

/* Without a claim they would be there for nothing; also those that a killed program left. */
static void end_idle_parked(struct xen_host *host)
{
    const struct xen_counted *all;
    size_t count;
    if (xen_ctrl_domains(host->ctrl, &all, &count, NULL) < 0)
        return;
    count = xen_ctrl_parked(host->ctrl, &all);
    for (size_t i = 0; i < count; i++) {
        if (all[i].claim_kib == 0)
            destroy_parked(host, all[i].id);
    }
}

/*
 * Since 4.21 xenstored takes the last domain that Xen counts as a xenstore domain for its own at
 * each start and live update (tools/xenstored/domain.c, init_domains()), and dom0 loses its
 * connection.
 */
static bool confuses_xenstored(const struct xen_version *version)
{
    return version->major > 4 || (version->major == 4 && version->minor >= 21);
}

void xen_park_costs(const struct xen_host *host, uint64_t *now_kib, uint64_t *room_kib)
{
    const struct xen_counted *all;
    uint64_t count = xen_ctrl_parked(host->ctrl, &all);
    uint64_t more = confuses_xenstored(&host->version) ? 0 : ballast_sub_floor(PARKED_ROOM, count);
    *now_kib = count * PARKED_KIB;
    *room_kib = more * PARKED_KIB;
}

int xen_ops_claim(struct hv *hv, const struct hv_claim *claims, size_t count,
                  struct ballast_error *err)
{
    struct xen_host *host = xen_host_of(hv);
    const struct xen_counted *domains;
    size_t domain_count;
    int rc = xen_host_may_write(host, err);
    if (rc < 0 || (rc = xen_ctrl_domains(host->ctrl, &domains, &domain_count, err)) < 0)
        return rc;
    bool refused = count > 0 && confuses_xenstored(&host->version);
    count = refused ? 0 : count;
    rc = lower_all(host, claims, count, err);
    int raised = raise_all(host, claims, count, rc < 0 ? NULL : err);
    rc = rc < 0 ? rc : raised;
    end_idle_parked(host);
    if (refused && rc == 0)
        return ballast_fail(err, -ENOTSUP,
                            "xenstored of Xen %u.%u takes a domain that holds a claim for its own: "
                            "set claims = no",
                            host->version.major, host->version.minor);
    return rc;
}

/* Without a list of all domains: a refresh may be reading its own. */
int xen_ops_lower_claim(struct hv *hv, uint64_t id, uint64_t kib, struct ballast_error *err)
{
    struct xen_host *host = xen_host_of(hv);
    struct parked parked;
    int rc = xen_host_may_write(host, err);
    if (rc == 0)
        rc = find_parked(host, id, true, &parked, err);
    return rc < 0 ? rc : lower_parked(host, &parked, kib, err);
}

static void add_claim(struct hv_claim *out, size_t *count, size_t most, uint64_t id, uint64_t kib)
{
    size_t at = 0;
    while (at < *count && out[at].id < id)
        at++;
    if (at < *count && out[at].id == id) {
        out[at].kib = ballast_add_ceil(out[at].kib, kib);
        return;
    }
    if (*count == most)
        return;
    for (size_t i = (*count)++; i > at; i--)
        out[i] = out[i - 1];
    out[at] = (struct hv_claim){.id = id, .kib = kib};
}

size_t xen_ops_claims(const struct hv *hv, struct hv_claim *out, size_t most)
{
    const struct xen_counted *all;
    size_t parked = xen_ctrl_parked(xen_host_of_const(hv)->ctrl, &all);
    size_t count = 0;
    for (size_t i = 0; i < parked; i++) {
        if (all[i].claim_kib > 0)
            add_claim(out, &count, most, xen_parked_id(all[i].uuid), all[i].claim_kib);
    }
    return count;
}
