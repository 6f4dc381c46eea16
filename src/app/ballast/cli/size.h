/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Times as operators write them; sizes are ballast_size_parse()'s. */
#ifndef APP_BALLAST_CLI_SIZE_H
#define APP_BALLAST_CLI_SIZE_H

#include <stdint.h>

#include <ballast/error.h>

/* 90, 90s, 2m, 500ms: seconds unless it says otherwise. -EINVAL; more than a day is refused. */
int cli_time_parse(const char *text, uint64_t *out_usec, struct ballast_error *err);

/* The same for ages of anything up to ten years, with h, d and w too: 90s, 12h, 7d, 4w. */
int cli_age_parse(const char *text, uint64_t *out_usec, struct ballast_error *err);

#endif
