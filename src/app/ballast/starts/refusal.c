/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/starts/refusal.h"

#include <inttypes.h>
#include <stdio.h>

#include "app/ballast/cli/output.h"
#include "app/ballast/client/admission_preview.h"

void cli_refusal_print(const struct cli_reserving *reserving, const struct cli_need *need)
{
    char why[CLI_MESSAGE];
    struct cli_daemon *daemon = reserving->daemon;
    struct cli_admission_preview preview = {0};
    cli_reserving_why(reserving, why, sizeof(why));
    cli_error("%s: %s needs %" PRIu64 " KiB and is not started: %s", daemon->command, need->shown,
              need->kib, why);
    if (cli_admission_preview_ask(daemon, need->label, need->kib, &preview) == 0) {
        fputs("now: ", stderr);
        cli_admission_preview_print(&preview, stderr);
    }
    cli_admission_preview_release(&preview);
}
