/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/host/top_access.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ballast/cli/command.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/explain/running.h"
#include "app/top/cells.h"
#include "core/base/error.h"

static void fill_guest(const struct host_access *access, const struct ballast_profile *profile,
                       const struct cli_domain *from, struct top_guest *out)
{
    struct ballast_breakdown breakdown;
    *out = (struct top_guest){
        .id = from->is.id,
        .knows_type = from->is.knows_type,
        .type = from->is.type,
        .is_dom0 = from->is_dom0,
        .has_balloon = from->is.has_balloon,
        .current_kib = from->is.tot_kib,
        .target_kib = from->whole_target_kib,
        .xen_maximum_kib = from->is.max_kib,
        .dynamic_min_kib = from->is.dynamic_min_kib,
        .dynamic_max_kib = from->is.dynamic_max_kib,
        .static_max_kib = from->is.static_max_kib,
        .overhead_kib = from->overhead_kib,
        .need_kib = BALLAST_NONE,
        .used_kib = from->is.used_kib,
        .shares = BALLAST_NONE,
    };
    top_shown(from->is.name, out->name, sizeof(out->name));
    (void)snprintf(out->state, sizeof(out->state), "%s", cli_domain_state_name(from));
    if (!from->is.knows_type || cli_running_now(access, from, profile, &breakdown, NULL) < 0)
        return;
    out->is_divided = true;
    for (int i = 0; i < BALLAST_SEGMENTS; i++)
        out->segment_kib[i] = ballast_breakdown_segment_kib(&breakdown, (enum ballast_segment)i);
}

static int fill_top_access(const struct host_access *access, struct top_host *out,
                           struct ballast_error *err)
{
    struct ballast_host_breakdown parts;
    const struct ballast_profile *profile = cli_running_profile(access);
    int rc = ballast_host_divide(access->host, 0, NULL, &parts, NULL, err);
    if (rc < 0)
        return rc;
    top_host_release(out);
    out->now_usec = access->host->now_usec;
    out->total_kib = parts.total_kib;
    memcpy(out->part_kib, parts.part_kib, sizeof(out->part_kib));
    out->overcounted_kib = parts.overcounted_kib;
    out->deficit_kib = parts.deficit_kib;
    (void)snprintf(out->name, sizeof(out->name), "%s", access->hv->ops->name);
    out->guests = xcheck(calloc(access->count + 1, sizeof(*out->guests)));
    out->count = access->count;
    for (size_t i = 0; i < access->count; i++)
        fill_guest(access, profile, &access->domains[i], &out->guests[i]);
    return 0;
}

static int sample_top_access(void *context, struct top_host *host, struct ballast_error *err)
{
    struct top_access *access = context;
    int rc =
        access->has_looked ? host_access_step(&access->access, access->interval_usec) : CLI_DONE;
    if (!rc)
        rc = host_access_refresh(&access->access);
    if (rc)
        return ballast_fail(err, -EIO, "host: it cannot be read");
    access->has_looked = true;
    return fill_top_access(&access->access, host, err);
}

int top_access_open(struct top_access *out, const char *which, uint64_t interval_usec)
{
    *out = (struct top_access){.source = {.context = out, .look = sample_top_access},
                               .interval_usec = interval_usec};
    return host_access_open(&out->access, which, false);
}

void top_access_close(struct top_access *access)
{
    host_access_close(&access->access);
}
