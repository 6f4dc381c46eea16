/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What `ballast free` keeps while it is at it, and how it tells of it. */
#ifndef APP_BALLAST_LIVE_FREE_H
#define APP_BALLAST_LIVE_FREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json.h>

#include "app/ballast/access/host_access.h"
#include "app/ballast/cli/output.h"
#include "core/policy/balancer.h"
#include "core/policy/policy.h"

struct cli_donor {
    uint32_t id;
    char name[HV_NAME];  /* for people's eyes */
    uint64_t before_kib; /* that it held */
    uint64_t after_kib;
    bool gone;
    struct domain_estimate estimate;
};

struct cli_freeing {
    const char *host;
    const struct policy *policy; /* as --policy has it; NULL: not given */
    uint64_t need_kib;
    uint64_t timeout_usec;
    bool json;
    bool dry;
    struct host_access access;
    uint64_t began_usec;
    uint64_t before_kib; /* free beyond slack and claims */
    uint64_t after_kib;
    struct cli_donor *donors; /* every domain of the beginning */
    size_t donor_count;
    struct balancer_request request;
    bool answered;
    bool interrupted;
    /* What the daemon said where it did it: a word and a sentence; "": it did, or another did. */
    char refused[32];
    char refused_why[CLI_MESSAGE];
    struct balancer_verdict verdict;
};

/*
 * The same done by the daemon, where one runs: *through says whether. By its policy, and with
 * Ctrl-C it stops freeing.
 */
int cli_free_through_daemon(struct cli_freeing *freeing, bool *through);
/* The domains as they are now: those of the beginning, and what has become of them. */
void cli_free_remember(struct cli_freeing *freeing);
int cli_free_look(struct cli_freeing *freeing);
/* What --dry-run tells as JSON; `asked` is the caller's array of "id", "name" ... and is taken. */
void cli_free_tell_dry_json(const struct cli_freeing *freeing, struct json_object *asked,
                            bool can_be);
void cli_free_tell(const struct cli_freeing *freeing);
/* Whether it could be. */
bool cli_free_tell_dry(const struct cli_freeing *freeing, const struct balancer_output *decided);

#endif
