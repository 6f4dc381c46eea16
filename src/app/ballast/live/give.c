/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/live/give.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/units.h"

struct first {
    uint32_t id;
    uint64_t target_kib;
};

struct give {
    struct hv hv; /* first: a struct hv * of it is a struct give * */
    struct hv *below;
    struct ballast_host host;
    struct ballast_domain *domains;
    size_t capacity;
    struct first *firsts;
    size_t first_count;
};

static const struct first *first_of(const struct give *give, uint32_t id)
{
    for (size_t i = 0; i < give->first_count; i++) {
        if (give->firsts[i].id == id)
            return &give->firsts[i];
    }
    return NULL;
}

static const struct first *remember_first(struct give *give, const struct ballast_domain *domain)
{
    size_t count = give->first_count + 1;
    struct first *firsts = reallocarray(give->firsts, count, sizeof(*firsts));
    if (!firsts)
        return NULL;
    give->firsts = firsts;
    firsts[give->first_count] = (struct first){domain->id, domain->target_kib};
    give->first_count = count;
    return &firsts[count - 1];
}

static int copy_given_host(struct give *give, const struct ballast_host *host,
                           struct ballast_error *err)
{
    if (host->domain_count > give->capacity) {
        struct ballast_domain *domains =
            reallocarray(give->domains, host->domain_count, sizeof(*domains));
        if (!domains)
            return ballast_fail(err, -ENOMEM, "out of memory");
        give->domains = domains;
        give->capacity = host->domain_count;
    }
    give->host = *host;
    give->host.domains = give->domains;
    if (host->domain_count > 0)
        memcpy(give->domains, host->domains, host->domain_count * sizeof(*give->domains));
    return 0;
}

static int give_refresh(struct hv *hv, const struct ballast_host **out, struct ballast_error *err)
{
    struct give *give = (struct give *)hv;
    const struct ballast_host *host;
    int rc = give->below->ops->refresh(give->below, &host, err);
    if (rc < 0 || (rc = copy_given_host(give, host, err)) < 0)
        return rc;
    for (size_t i = 0; i < give->host.domain_count; i++) {
        struct ballast_domain *domain = &give->domains[i];
        const struct first *first = first_of(give, domain->id);
        if (!first && !(first = remember_first(give, domain)))
            return ballast_fail(err, -ENOMEM, "out of memory");
        uint64_t most_kib = ballast_max_u64(first->target_kib, domain->dynamic_min_kib);
        domain->dynamic_max_kib = ballast_min_u64(domain->dynamic_max_kib, most_kib);
    }
    *out = &give->host;
    return 0;
}

static int give_set(struct hv *hv, uint32_t domid, uint64_t target_kib, uint64_t maxmem_kib,
                    struct ballast_error *err)
{
    struct hv *below = ((struct give *)hv)->below;
    return below->ops->set(below, domid, target_kib, maxmem_kib, err);
}

static int give_claim(struct hv *hv, uint32_t domid, uint64_t kib, struct ballast_error *err)
{
    struct hv *below = ((struct give *)hv)->below;
    return below->ops->claim(below, domid, kib, err);
}

static void give_close(struct hv *hv)
{
    struct give *give = (struct give *)hv;
    free(give->domains);
    free(give->firsts);
    free(give);
}

static const struct hv_ops give_ops = {
    .name = "give",
    .refresh = give_refresh,
    .set = give_set,
    .claim = give_claim,
    .close = give_close,
};

struct hv *cli_give_new(struct hv *below)
{
    struct give *give = calloc(1, sizeof(*give));
    if (!give)
        return NULL;
    give->hv.ops = &give_ops;
    give->below = below;
    return &give->hv;
}
