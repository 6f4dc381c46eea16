/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/explain/need.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ballast/cli/command.h"
#include "app/ballast/cli/output.h"
#include "core/base/text.h"
#include "core/base/units.h"

/* As much of it as there is room for, in whole characters. */
static void set_label(char label[CLI_LABEL], const char *shown)
{
    size_t length = 0;
    for (size_t next; (next = ballast_text_character(shown + length)) > 0; length += next) {
        if (length + next >= CLI_LABEL)
            break;
    }
    (void)snprintf(label, CLI_LABEL, "%.*s", (int)length, shown);
}

int cli_need_admit(struct cli_need *need, const struct cli_admission *admission)
{
    const struct ballast_host *before = need->guests.on;
    uint64_t sum_kib = 0;
    need->guests.on = &admission->host;
    for (size_t i = 0; i < need->guests.count; i++) {
        const struct cli_guest *guest = &need->guests.guests[i];
        struct ballast_breakdown breakdown;
        int rc = cli_guest_evaluate(&need->guests, guest, cli_admission_profile(admission, guest),
                                    &breakdown, i == 0 ? &need->profile_name : NULL);
        if (rc) {
            need->guests.on = before;
            return rc;
        }
        if (i == 0)
            cli_certainty_of(&need->certainty, &breakdown);
        sum_kib = ballast_add_ceil(sum_kib, breakdown.need_kib);
    }
    need->why = cli_admission_why(admission, &need->guests.guests[0]);
    need->kib = sum_kib;
    return CLI_DONE;
}

static int sum_up_need(struct cli_need *need, const char *path,
                       const struct ballast_profile *profile)
{
    struct cli_admission admission;
    const struct ballast_host unknown = {.caps = BALLAST_HOST_CAPS_ALL};
    if (need->guests.list.count != 1) {
        cli_error("%s: has %zu guests, and one can be started at a time: use a file with one guest",
                  path, need->guests.list.count);
        return CLI_BAD;
    }
    cli_admission_choose(&admission, profile, &unknown, NULL);
    int rc = cli_need_admit(need, &admission);
    need->guests.on = NULL;
    need->why = "";
    if (rc)
        return rc;
    need->name = cli_guest_name(&need->guests.guests[0]);
    need->uuid = need->guests.guests[0].source->uuid;
    need->shown = need->guests.guests[0].shown;
    set_label(need->label, need->shown);
    return CLI_DONE;
}

static int read_need(struct cli_need *out, const struct cli_sources *sources)
{
    *out = (struct cli_need){0};
    int rc = cli_guests_read(&out->guests, sources);
    if (rc)
        return rc;
    rc = sum_up_need(out, sources->paths[0], sources->profile);
    if (rc)
        cli_need_release(out);
    return rc;
}

int cli_need_read(struct cli_need *out, const char *path, const struct ballast_profile *profile)
{
    char *paths[] = {(char *)path};
    struct cli_sources sources = {.profile = profile, .paths = paths, .path_count = 1};
    return read_need(out, &sources);
}

int cli_need_parse(struct cli_need *out, const char *name, const char *text, size_t length)
{
    char *paths[] = {(char *)name};
    struct cli_sources sources = {
        .paths = paths, .path_count = 1, .text = text, .text_length = length};
    return read_need(out, &sources);
}

void cli_need_rename(struct cli_need *need, const char *name)
{
    free(need->renamed);
    need->name = name;
    need->shown = need->renamed = cli_shown(name);
    set_label(need->label, need->shown);
}

void cli_need_release(struct cli_need *need)
{
    free(need->renamed);
    cli_guests_release(&need->guests);
    *need = (struct cli_need){0};
}
