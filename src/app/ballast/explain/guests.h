/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The guests a command is about: what the files hold, each followed by the stubdomain that runs its
 * device model where it has one.
 */
#ifndef APP_BALLAST_EXPLAIN_GUESTS_H
#define APP_BALLAST_EXPLAIN_GUESTS_H

#include <stdbool.h>

#include "core/model/host.h"
#include "edge/guestcfg/guestcfg.h"

struct cli_guest {
    const struct guestcfg_guest *source;
    struct ballast_guest *stubdomain; /* this is the device model of `source`; owned; else NULL */
    char *shown;                      /* its name for people's eyes; owned */
};

struct cli_guests {
    struct guestcfg_list list;
    const struct ballast_profile *profile; /* as in struct cli_sources */
    const struct ballast_host *on;         /* the same */
    struct cli_guest *guests;
    size_t count;
    size_t lacking; /* that were complained of and are not there: with keep_going */
};

struct cli_sources {
    /* The host for which to compute, for as long as the guests live. NULL: none is known. */
    const struct ballast_host *on;
    const char *xl_conf_path; /* NULL: the system's, where there is one */
    /* The rules for guests that name none themselves; NULL: libxl's. */
    const struct ballast_profile *profile;
    char *const *paths;
    size_t path_count;
    /* Not NULL: what the file paths[0] is taken to hold, which is not read. */
    const char *text;
    size_t text_length;
    bool keep_going; /* what can be read is, and the rest is complained of and counted */
};

/*
 * Reads them all; on failure says why on stderr and returns CLI_BAD (nothing to release), else 0.
 * With keep_going it fails only where nothing at all can be read.
 */
int cli_guests_read(struct cli_guests *out, const struct cli_sources *sources);
void cli_guests_release(struct cli_guests *guests);
/*
 * The exit status of a command that has answered `status` of those that could be read: CLI_BAD,
 * with a last word on stderr, where some could not.
 */
int cli_guests_status(const struct cli_guests *guests, const char *command, int status);

const char *cli_guest_name(const struct cli_guest *guest);
/* Its configuration, or NULL where only its figures are known. */
const struct ballast_guest *cli_guest_config(const struct cli_guest *guest);

/*
 * Its breakdown under `profile`; NULL is the profile it came with, or the default one.
 * *profile_name (may be NULL) lives as long as the guest. On failure complains and returns CLI_BAD,
 * else 0.
 */
int cli_guest_evaluate(const struct cli_guests *guests, const struct cli_guest *guest,
                       const struct ballast_profile *profile, struct ballast_breakdown *out,
                       const char **profile_name);

#endif
