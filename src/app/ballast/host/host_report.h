/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How the memory of a host is shown. All of it goes to standard output. */
#ifndef APP_BALLAST_HOST_HOST_REPORT_H
#define APP_BALLAST_HOST_HOST_REPORT_H

#include <stdbool.h>

#include "app/ballast/cli/sheet.h"
#include "core/model/host_breakdown.h"

struct json_object;

struct cli_host {
    const struct ballast_host *host;
    struct ballast_host_breakdown breakdown;
    struct ballast_domain_parts *parts;              /* of each domain */
    const struct ballast_breakdown **configurations; /* of each domain, or NULL */
    struct ballast_breakdown *evaluated;             /* what those point to */
    uint64_t
        headroom_kib; /* of what is available: left for starts that do not ask; 0: a snapshot */
    uint64_t headroom_missing_kib;
    const char *state; /* how scarce memory is, as the daemon has it; NULL: a snapshot */
    uint64_t unneeded_kib;
};

/*
 * A bar for each domain and each part, and what is unusual. `domains` has a row for each domain of
 * the host (host_columns.h), in the order in which they are to be shown, here and below.
 */
void cli_host_bars(const struct cli_host *host, const struct cli_sheet *domains, bool colour);
void cli_host_table(const struct cli_host *host, const struct cli_sheet *domains,
                    const struct cli_choice *choice);
/* `unknown_xen` is the sentence of cli_xen_unknown(), or NULL. */
void cli_host_json(const struct cli_host *host, const struct cli_sheet *domains,
                   const char *unknown_xen);

/* "xen", "dom0" ... "free", in KiB. */
struct json_object *cli_host_parts_json(const struct ballast_host_breakdown *breakdown);
/* What is wrong with the sums, a line each. */
void cli_host_sums(const struct ballast_host_breakdown *breakdown);

#endif
