/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What has changed from one look of `ballast list --watch` to the next, in words. */
#ifndef APP_BALLAST_LIST_WATCH_H
#define APP_BALLAST_LIST_WATCH_H

#include "app/ballast/list_columns.h"

struct cli_list_seen;

/* What the door's last look shows in these columns, remembered; to be freed. */
struct cli_list_seen *cli_list_see(const struct cli_door *door, const enum cli_list_column *columns,
                                   size_t count);
void cli_list_forget(struct cli_list_seen *seen); /* NULL is allowed */
/* A line for each domain that is new, gone or another, and one for free memory; how many. */
size_t cli_list_tell(const struct cli_list_seen *before, const struct cli_list_seen *now);

#endif
