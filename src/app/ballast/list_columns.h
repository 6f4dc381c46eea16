/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The columns of `ballast list`: what each says of a domain, and how they sort. */
#ifndef APP_BALLAST_LIST_COLUMNS_H
#define APP_BALLAST_LIST_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>

#include "app/ballast/door.h"
#include "core/model/profile.h"

enum cli_list_column {
    CLI_LIST_ID,
    CLI_LIST_NAME,
    CLI_LIST_TYPE,
    CLI_LIST_STATE,
    CLI_LIST_ACTUAL,
    CLI_LIST_TARGET,
    CLI_LIST_RANGE,
    CLI_LIST_STATIC,
    CLI_LIST_MAX,
    CLI_LIST_POOL,
    CLI_LIST_BALLOON,
    CLI_LIST_USED,
    CLI_LIST_OVERHEAD,
    CLI_LIST_BAR, /* the breakdown as a bar; always the last one */
    CLI_LIST_COLUMNS
};

enum { CLI_LIST_CELL = 256 };

/* "id", "name" ...: what --columns and --sort take; and what stands above it. */
const char *cli_list_word(enum cli_list_column column);
const char *cli_list_head(enum cli_list_column column);
/* -ENOENT */
int cli_list_find(const char *word, size_t length);
bool cli_list_is_left(enum cli_list_column column);

/* What the column says of a domain; `profile` and `colour` are for the bar. */
void cli_list_cell(const struct cli_door *door, const struct cli_domain *domain,
                   const struct ballast_profile *profile, enum cli_list_column column, bool colour,
                   char out[CLI_LIST_CELL]);
/*
 * By the column, sizes from the largest on, and what is not known last; equals by id. `reversed`:
 * the other way round. The domains themselves are moved.
 */
void cli_list_sort(struct cli_door *door, enum cli_list_column column, bool reversed);

#endif
