/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What set-target, set-max and set-range have in common: the domain they change, what it was before
 * and is after, and how that is printed.
 */
#ifndef APP_BALLAST_LIVE_CHANGE_H
#define APP_BALLAST_LIVE_CHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "app/ballast/access/host_access.h"
#include "app/ballast/cli/args.h"

struct json_object;

/* The first options of such a command. */
enum { CLI_CHANGE_DRY_RUN, CLI_CHANGE_HOST, CLI_CHANGE_JSON, CLI_CHANGE_OPTIONS };
#define CLI_CHANGE_ROWS                                                                            \
    [CLI_CHANGE_DRY_RUN] = {"dry-run", NULL, "only say what would be done", 'n'},                  \
    [CLI_CHANGE_HOST] = {"host", "WHAT", CLI_HOST_HELP},                                           \
    [CLI_CHANGE_JSON] = {"json", NULL, "one object, sizes in KiB"}

/* KiB as the protocol has them; BALLAST_NONE where there is none. */
struct cli_change_state {
    uint64_t target_kib; /* video included */
    uint64_t static_max_kib;
    uint64_t dynamic_min_kib;
    uint64_t dynamic_max_kib;
    uint64_t maximum_kib; /* Xen's, extra internal included */
    uint64_t current_kib;
    uint64_t pinned_kib; /* as the daemon has it */
    char pinned_by[64];  /* the same; "": not pinned */
};

struct cli_change {
    const struct cli_args *args;
    const char *host;
    bool json;
    bool dry;
    bool by_libxl;
    bool force;         /* even below the floor */
    bool beside_daemon; /* a daemon does it; else the engine in this process */
    bool is_kept;       /* pinned targets and ranges outlive this process */
    struct host_access access;
    struct cli_domain domain; /* as it was; `shown` belongs to `shown` below */
    char *shown;
    char *const *sizes; /* as they were given; a part is of the domain's static maximum */
    uint64_t *sizes_kib;
    size_t size_count;
    struct cli_change_state before;
    struct cli_change_state after;
};

/* Takes one of the above, with the value that `args` has read; others are the command's. */
void cli_change_option(struct cli_change *change, const struct cli_args *args, int option);
/* Takes an option that is the command's own; CLI_BAD with a message for a bad value. */
typedef int cli_own_option_fn(struct cli_change *change, int option);
/*
 * The whole command line of a command that takes a DOMAIN and `count` sizes, which are in
 * *sizes_kib once the domain is found: `usage` says so where it does not. `own` takes an option of
 * the command, NULL: it has none.
 */
int cli_change_parse(struct cli_change *change, struct cli_args *args, cli_own_option_fn *own,
                     const char *usage, const char **domain, uint64_t *sizes_kib, size_t count);
/*
 * The whole of a command that makes its change at once: the domain is found, `make` changes it, or
 * with --dry-run works out what would come of it, and both states are printed, as JSON or by
 * `print`.
 */
int cli_change_run(struct cli_change *change, const char *id_or_name, int (*make)(void *context),
                   void (*print)(const void *context), void *context);
/* "xen" and "libxl" of --backend; CLI_BAD with a message for another word. */
int cli_change_backend(struct cli_change *change, const char *word);
/* Reads a size, or a part of the domain's static maximum, which is found. */
int cli_change_size(const struct cli_change *change, const char *text, uint64_t *out_kib);
/* Checks it before the domain is looked for. */
int cli_change_check_size(const struct cli_args *args, const char *text);
/* Opens the daemon or its engine and finds the domain, whose state before is read. */
int cli_change_begin(struct cli_change *change, const char *id_or_name);
void cli_change_end(struct cli_change *change);
/* Looks at what it is after; CLI_NO when it is gone meanwhile. */
int cli_change_look(struct cli_change *change);
/*
 * Calls a method for the domain (params is taken over), with --dry-run a dry one, whose answer is
 * what it is after; else that is sampled. CLI_NO, with a message: it was refused.
 */
int cli_change_call(struct cli_change *change, const char *method, struct json_object *params);

/* The lines of people: each figure that is not the same, before and after. */
void cli_change_print(const struct cli_change *change);
/* {"id":, "name":, "dry_run":, "before": {}, "after": {}}, to be added to. */
struct json_object *cli_change_json(const struct cli_change *change);

#endif
