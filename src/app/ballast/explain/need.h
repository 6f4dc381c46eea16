/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What one guest's file needs of the host to be started, its device model's domain included. */
#ifndef APP_BALLAST_EXPLAIN_NEED_H
#define APP_BALLAST_EXPLAIN_NEED_H

#include <stdint.h>

#include <ballast/profile.h>

#include "app/ballast/explain/admission.h"
#include "app/ballast/explain/guests.h"

/* What a label may be long, as the protocol has it. */
enum { CLI_LABEL = 64 };

struct cli_need {
    struct cli_guests guests;
    const char *name;  /* as it is in the file; lives as long as this */
    const char *shown; /* the same for people's eyes */
    const char *uuid;  /* of its domain; "": the file does not name it */
    const char *profile_name;
    char label[CLI_LABEL]; /* the same, short enough for the daemon */
    char *renamed;         /* owned: `shown`, if it is not the name in the file */
    const char *why;       /* why by that profile; "" unless a host was read */
    struct cli_certainty certainty;
    uint64_t kib;
};

/*
 * Reads the one guest of a file and predicts what it needs by `profile` (NULL: the default). On
 * failure complains and returns CLI_BAD; nothing is to be released then.
 */
int cli_need_read(struct cli_need *out, const char *path, const struct ballast_profile *profile);
/* The same from memory, by the default profile; messages call the file `name`. */
int cli_need_parse(struct cli_need *out, const char *name, const char *text, size_t length);
/*
 * The same guest once its host is known: by its exact cost where that is known. `admission` lives
 * as long as `need`. CLI_BAD, with a message, where the guest cannot be started there.
 */
int cli_need_admit(struct cli_need *need, const struct cli_admission *admission);
/* Its domain gets this name, which must outlive it, and not the one in its file. */
void cli_need_rename(struct cli_need *need, const char *name);
void cli_need_release(struct cli_need *need); /* one that is all zero is fine too */

#endif
