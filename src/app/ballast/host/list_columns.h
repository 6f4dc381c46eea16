/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The columns of `ballast list`: what each says of a domain. */
#ifndef APP_BALLAST_HOST_LIST_COLUMNS_H
#define APP_BALLAST_HOST_LIST_COLUMNS_H

#include "app/ballast/access/host_access.h"
#include "app/ballast/cli/sheet.h"

enum cli_list_column {
    CLI_LIST_ID,
    CLI_LIST_NAME,
    CLI_LIST_TYPE,
    CLI_LIST_STATE,
    CLI_LIST_CURRENT,
    CLI_LIST_TARGET,
    CLI_LIST_RANGE,
    CLI_LIST_STATIC,
    CLI_LIST_HOTPLUG,
    CLI_LIST_MAX,
    CLI_LIST_POOL,
    CLI_LIST_BALLOON,
    CLI_LIST_USED,
    CLI_LIST_SOURCE, /* of its report */
    CLI_LIST_PSI_SOME,
    CLI_LIST_PSI_FULL,
    CLI_LIST_OVERHEAD,
    CLI_LIST_NEED,
    CLI_LIST_PINNED,
    CLI_LIST_BAR, /* the breakdown as a bar; always the last one */
    CLI_LIST_COLUMNS
};

extern const struct cli_column cli_list_columns[CLI_LIST_COLUMNS + 1];

/* What only a daemon knows of a domain; BALLAST_NONE and "" where it does not. */
struct cli_list_known {
    uint64_t need_kib; /* what it is believed to need */
    uint64_t pinned_kib;
    char pinned_by[64];
};

/*
 * Of each domain of the access, in new memory: from the daemon behind the access or else one that
 * runs beside it.
 */
struct cli_list_known *cli_list_known(const struct host_access *access);

/*
 * A row for each domain of the last refresh, or for those of the `count` names and ids that are
 * there. Bars and needs only where `choice` uses them.
 */
void cli_list_fill(const struct host_access *access, const struct cli_choice *choice, bool colour,
                   char *const *names, size_t count, struct cli_sheet *out);

#endif
