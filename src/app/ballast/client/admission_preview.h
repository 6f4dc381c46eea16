/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What would happen to a request, as the daemon sees it: which domains would free how much, and
 * what would help.
 */
#ifndef APP_BALLAST_CLIENT_ADMISSION_PREVIEW_H
#define APP_BALLAST_CLIENT_ADMISSION_PREVIEW_H

#include <stdint.h>
#include <stdio.h>

#include "app/ballast/client/daemon.h"

struct cli_admission_preview {
    struct json_object *start;   /* the one of `plan` */
    struct json_object *donors;  /* array, or NULL */
    struct json_object *domains; /* of `domains` */
};

/* Asks; failures are those of cli_daemon_call(), and leave nothing to release. */
int cli_admission_preview_ask(struct cli_daemon *daemon, const char *label, uint64_t need_kib,
                              struct cli_admission_preview *out);
void cli_admission_preview_release(
    struct cli_admission_preview *preview); /* one that is all zero is fine too */
/* Whether it can be started at all. */
bool cli_admission_preview_is_possible(const struct cli_admission_preview *preview);
/* Lines for people: the verdict, the donors, and what stands in the way if it can never fit. */
void cli_admission_preview_print(const struct cli_admission_preview *preview, FILE *out);
/* The same as an object, the caller's: the start with "donors" and "in_the_way". */
struct json_object *cli_admission_preview_json(const struct cli_admission_preview *preview);

#endif
