/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How far something is, on standard error: a bar on a terminal, a line a second elsewhere. */
#ifndef APP_BALLAST_CLI_PROGRESS_H
#define APP_BALLAST_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct cli_progress {
    bool quiet;
    bool bar;            /* standard error is a terminal */
    uint64_t shown_usec; /* when a line was last written */
};

void cli_progress_begin(struct cli_progress *progress, uint64_t now_usec, bool quiet);
/* `text` is what it is about, with its figures. */
void cli_progress_show(struct cli_progress *progress, uint64_t now_usec, uint32_t permyriad,
                       const char *text);
/* The bar is gone; nothing is left on the terminal's line. */
void cli_progress_end(struct cli_progress *progress);

#endif
