/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What `ballast free` keeps while it is at it, and how it tells of it. */
#ifndef APP_BALLAST_LIVE_FREE_H
#define APP_BALLAST_LIVE_FREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/ballast/access/host_access.h"
#include "app/ballast/cli/output.h"
#include "core/policy/balancer.h"
#include "edge/hv/xen.h"

struct cli_daemon;
struct json_object;

struct cli_donor {
    uint32_t id;
    char name[HV_NAME];  /* for people's eyes */
    uint64_t before_kib; /* that it held */
    uint64_t after_kib;
    bool gone;
    enum balloon_status balloon_status;
    uint64_t last_stop_kib; /* 0: it is not known to have stopped */
};

struct cli_freeing {
    uint64_t need_kib;
    uint64_t timeout_usec;
    bool json;
    bool dry;
    struct host_access access;
    uint64_t before_kib; /* available */
    uint64_t after_kib;
    struct cli_donor *donors; /* every domain of the beginning */
    size_t donor_count;
    bool freed;
    bool interrupted;
    /* Why not, where it was refused: a word and a sentence. */
    char refused[32];
    char refused_why[CLI_MESSAGE];
};

/* Frees it, or with `dry` says what would be done; `daemon` is taken over. The exit status. */
int cli_free_by(struct cli_freeing *freeing, struct cli_daemon *daemon);

/* The domains as they are now: those of the beginning, and what has become of them. */
void cli_free_note(struct cli_freeing *freeing);
int cli_free_look(struct cli_freeing *freeing);
void cli_free_print(const struct cli_freeing *freeing);
/* What --dry-run tells as JSON; `asked` is an array of "domid", "name" ... and is taken over. */
void cli_free_print_dry_json(const struct cli_freeing *freeing, struct json_object *asked,
                             bool can_be);

#endif
