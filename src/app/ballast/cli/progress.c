/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/cli/progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/units.h"

enum { BAR = 30 };

void cli_progress_begin(struct cli_progress *progress, uint64_t now_usec, bool quiet)
{
    *progress = (struct cli_progress){
        .quiet = quiet, .bar = isatty(STDERR_FILENO) == 1, .shown_usec = now_usec};
}

void cli_progress_show(struct cli_progress *progress, uint64_t now_usec, uint32_t permyriad,
                       const char *text)
{
    char bar[BAR + 1];
    if (progress->quiet)
        return;
    uint32_t percent = permyriad / 100;
    if (!progress->bar) {
        if (now_usec - progress->shown_usec < BALLAST_SEC_USEC)
            return;
        progress->shown_usec = now_usec;
        fprintf(stderr, "%3u%% %s\n", percent, text);
        return;
    }
    size_t full = (size_t)BAR * permyriad / BALLAST_PERMYRIAD;
    memset(bar, ' ', BAR);
    memset(bar, '#', full < BAR ? full : BAR);
    bar[BAR] = '\0';
    fprintf(stderr, "\r\033[K[%s] %3u%% %s", bar, percent, text);
    (void)fflush(stderr);
}

void cli_progress_end(struct cli_progress *progress)
{
    if (!progress->quiet && progress->bar)
        fputs("\r\033[K", stderr);
}
