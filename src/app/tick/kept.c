/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/tick/kept.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/array.h"
#include "core/base/error.h"

int kept_take(struct kept *kept, const struct ballast_host *host, struct ballast_error *err)
{
    if (!array_reserve(&kept->domains, &kept->capacity, host->domain_count, sizeof(*kept->domains)))
        return ballast_fail(err, -ENOMEM, "out of memory");
    if (host->domain_count > 0)
        memcpy(kept->domains, host->domains, host->domain_count * sizeof(*kept->domains));
    kept->count = host->domain_count;
    return 0;
}

void kept_free(struct kept *kept)
{
    free(kept->domains);
}
