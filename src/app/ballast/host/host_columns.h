/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The columns of the table of domains of `ballast host`. */
#ifndef APP_BALLAST_HOST_HOST_COLUMNS_H
#define APP_BALLAST_HOST_HOST_COLUMNS_H

#include "app/ballast/cli/sheet.h"
#include "app/ballast/host/host_report.h"

extern const struct cli_column cli_host_columns[];

/* A row for each domain, and the parts of the host beside them. */
void cli_host_fill(const struct cli_host *host, struct cli_sheet *out);
/*
 * Where nothing was chosen: what each domain holds and its overhead; segments only where a
 * configuration is known, else the table would be full of dashes.
 */
void cli_host_choose(const struct cli_host *host, struct cli_choice *choice);

#endif
