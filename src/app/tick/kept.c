/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/tick/kept.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"

int kept_take(struct kept *kept, const struct ballast_host *host, struct ballast_error *err)
{
    if (host->domain_count > kept->capacity) {
        size_t capacity = 2 * host->domain_count;
        struct ballast_domain *domains =
            reallocarray(kept->domains, capacity, sizeof(*kept->domains));
        if (!domains)
            return ballast_fail(err, -ENOMEM, "out of memory");
        kept->domains = domains;
        kept->capacity = capacity;
    }
    if (host->domain_count > 0)
        memcpy(kept->domains, host->domains, host->domain_count * sizeof(*kept->domains));
    kept->count = host->domain_count;
    return 0;
}

void kept_free(struct kept *kept)
{
    free(kept->domains);
}

static int compare_kept_ids(const void *a, const void *b)
{
    uint32_t x = ((const struct ballast_domain *)a)->id;
    uint32_t y = ((const struct ballast_domain *)b)->id;
    return (x > y) - (x < y);
}

const struct ballast_domain *kept_find(const struct ballast_domain *domains, size_t count,
                                       uint32_t id)
{
    struct ballast_domain key = {.id = id};
    /* Xen hands domains out in order of id; who does not is searched for. */
    const struct ballast_domain *found =
        count > 0 ? bsearch(&key, domains, count, sizeof(*domains), compare_kept_ids) : NULL;
    for (size_t i = 0; !found && i < count; i++) {
        if (domains[i].id == id)
            found = &domains[i];
    }
    return found;
}
