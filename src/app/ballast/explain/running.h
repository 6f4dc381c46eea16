/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A running domain explained: as it is now, as it was configured, and what Xen says. */
#ifndef APP_BALLAST_EXPLAIN_RUNNING_H
#define APP_BALLAST_EXPLAIN_RUNNING_H

#include <stdbool.h>

#include "app/ballast/access/floor.h"
#include "app/ballast/access/host_access.h"
#include "app/ballast/explain/report.h"
#include "core/model/guest.h"

/* What it cost when it was built, beside what was predicted: only a daemon that saw it knows. */
struct cli_running_cost {
    bool is_known;
    uint64_t settled_kib;
    uint64_t fresh_max_kib;
    int64_t actual_kib;
    int64_t difference_kib;
    char verdict[8];
};

struct cli_running {
    struct cli_domain domain; /* `shown` belongs to the access */
    const char *profile_name;
    struct ballast_breakdown now;
    uint64_t floor_kib; /* 0: none is known */
    char floor_why[CLI_FLOOR_WHY];
    struct cli_running_cost cost;
    bool has_config;
    struct ballast_guest config;
    struct ballast_breakdown configured;
};

/* The rules that the libxl of that host follows; the default where that is not known. */
const struct ballast_profile *cli_running_profile(const struct host_access *access);

/*
 * The breakdown of a domain of the last refresh, as it is now; errors are those of
 * ballast_running_breakdown(). `profile` is not NULL here.
 */
int cli_running_now(const struct host_access *access, const struct cli_domain *domain,
                    const struct ballast_profile *profile, struct ballast_breakdown *out,
                    struct ballast_error *err);

/*
 * What is known of a domain of the last refresh. `profile` NULL: the one of the running Xen.
 * CLI_UNREACHABLE with a message when it cannot be computed.
 */
int cli_running_of(const struct host_access *access, const struct cli_domain *domain,
                   const struct ballast_profile *profile, struct cli_running *out);

/* The parts side by side, where each differs from its configuration and from what Xen says. */
void cli_running_table(const struct cli_running *running);
void cli_running_diagram(const struct cli_running *running, bool colour);
/* The object of `explain --json`, with "id", "configured" and "xen" added. */
void cli_running_json(const struct cli_running *running);

#endif
