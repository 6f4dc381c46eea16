/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/explain/guests.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/ballast/cli/command.h"
#include "app/ballast/cli/output.h"
#include "core/model/certainty.h"
#include "core/model/profile.h"
#include "edge/file/file.h"
#include "edge/json/json.h"

#define SYSTEM_XL_CONF "/etc/xen/xl.conf"

const char *cli_guest_name(const struct cli_guest *guest)
{
    return guest->stubdomain ? guest->stubdomain->name : guest->source->guest.name;
}

const struct ballast_guest *cli_guest_config(const struct cli_guest *guest)
{
    if (guest->stubdomain)
        return guest->stubdomain;
    return guest->source->has_given ? NULL : &guest->source->guest;
}

static const struct ballast_host_caps *caps_of(const struct cli_guests *guests)
{
    return guests->on ? &guests->on->caps : NULL;
}

static int refuse_guests(const struct ballast_error *err)
{
    cli_error("%s", err->text);
    return CLI_BAD;
}

static int read_guests_xl_conf(const char *path, struct guestcfg_xl_conf *out)
{
    struct ballast_error err;
    bool system = !path;
    if (system)
        path = SYSTEM_XL_CONF;
    if (access(path, F_OK) != 0) {
        if (system)
            return 0;
        cli_error("%s: %s", path, strerror(errno));
        return CLI_BAD;
    }
    int rc = guestcfg_read_xl_conf(path, out, &err);
    /* A build that cannot read xl.cfg has no use for xl.conf either. */
    if (rc == -ENOTSUP && system)
        return 0;
    return rc < 0 ? refuse_guests(&err) : 0;
}

static int read_files(struct cli_guests *out, const struct cli_sources *sources)
{
    struct guestcfg_xl_conf xl_conf = GUESTCFG_XL_CONF_DEFAULT;
    struct ballast_error err;
    int rc = read_guests_xl_conf(sources->xl_conf_path, &xl_conf);
    if (rc)
        return rc;
    struct guestcfg_options options = {.caps = caps_of(out),
                                       .xl_conf = &xl_conf,
                                       .profile = sources->profile,
                                       .keep_going = sources->keep_going};
    for (size_t i = 0; i < sources->path_count; i++) {
        size_t at = out->list.fault_count;
        rc = sources->text ? guestcfg_parse(sources->paths[i], sources->text, sources->text_length,
                                            &options, &out->list, &err)
                           : guestcfg_read(sources->paths[i], &options, &out->list, &err);
        for (; at < out->list.fault_count; at++)
            (void)refuse_guests(&out->list.faults[at]);
        if (rc < 0) {
            (void)refuse_guests(&err);
            if (!sources->keep_going)
                return CLI_BAD;
            out->lacking++;
        }
    }
    out->lacking += out->list.fault_count;
    return out->lacking > 0 && out->list.count == 0 ? CLI_BAD : CLI_DONE;
}

/* Output as input has the stubdomain in it already, behind the guest it serves. */
static bool is_next(const struct guestcfg_list *list, size_t i, const struct ballast_guest *guest)
{
    if (i + 1 >= list->count)
        return false;
    const struct ballast_guest *next = &list->guests[i + 1].guest;
    return next->attr[BALLAST_IS_DEVICE_MODEL] == 1 && strcmp(next->name, guest->name) == 0;
}

static int add_stubdomain(struct cli_guests *out, size_t i)
{
    const struct guestcfg_guest *source = &out->list.guests[i];
    struct ballast_guest *stubdomain = NULL;
    struct ballast_error err;
    /* XAPI starts none. */
    const struct ballast_profile *profile = out->profile ? out->profile : source->profile;
    if (source->has_given || ballast_profile_toolstack(profile) == BALLAST_BY_XAPI)
        return 0;
    if (ballast_guest_stubdomain(&source->guest, caps_of(out), &stubdomain, &err) < 0) {
        cli_error("%s: %s", out->guests[out->count - 1].shown, err.text);
        return CLI_BAD;
    }
    if (stubdomain && is_next(&out->list, i, stubdomain)) {
        ballast_guest_free(stubdomain);
        stubdomain = NULL;
    }
    if (stubdomain)
        out->guests[out->count++] = (struct cli_guest){
            .source = source, .stubdomain = stubdomain, .shown = cli_shown(stubdomain->name)};
    return 0;
}

static int expand_guests(struct cli_guests *out, bool keep_going)
{
    out->guests = xcheck(calloc(2 * out->list.count + 1, sizeof(*out->guests)));
    for (size_t i = 0; i < out->list.count; i++) {
        const struct guestcfg_guest *source = &out->list.guests[i];
        out->guests[out->count++] =
            (struct cli_guest){.source = source, .shown = cli_shown(source->guest.name)};
        int rc = add_stubdomain(out, i);
        if (rc && !keep_going)
            return rc;
        if (rc) {
            free(out->guests[--out->count].shown);
            out->lacking++;
        }
    }
    return 0;
}

int cli_guests_read(struct cli_guests *out, const struct cli_sources *sources)
{
    *out = (struct cli_guests){.on = sources->on, .profile = sources->profile};
    int rc = read_files(out, sources);
    if (!rc)
        rc = expand_guests(out, sources->keep_going);
    if (rc)
        cli_guests_release(out);
    return rc;
}

void cli_guests_release(struct cli_guests *guests)
{
    for (size_t i = 0; i < guests->count; i++) {
        ballast_guest_free(guests->guests[i].stubdomain);
        free(guests->guests[i].shown);
    }
    free(guests->guests);
    guestcfg_list_release(&guests->list);
    *guests = (struct cli_guests){0};
}

int cli_guests_status(const struct cli_guests *guests, const char *command, int status)
{
    if (guests->lacking == 0)
        return status;
    cli_error("%s: the answer lacks %zu guest%s that could not be read", command, guests->lacking,
              guests->lacking == 1 ? "" : "s");
    return status == CLI_UNREACHABLE ? status : CLI_BAD;
}

static int take_given(const struct cli_guest *guest, const struct ballast_profile *profile,
                      struct ballast_breakdown *out, const char **profile_name)
{
    const char *given = guest->source->given_profile;
    if (profile && strcmp(ballast_profile_name(profile), given) != 0) {
        cli_error("%s: its file has figures and no configuration, so profile %s cannot be "
                  "applied: use the file it was made from, or JSON with \"config\"",
                  guest->shown, ballast_profile_name(profile));
        return CLI_BAD;
    }
    *out = guest->source->given;
    *profile_name = given;
    return 0;
}

int cli_guest_evaluate(const struct cli_guests *guests, const struct cli_guest *guest,
                       const struct ballast_profile *profile, struct ballast_breakdown *out,
                       const char **profile_name)
{
    const char *unused;
    if (!profile_name)
        profile_name = &unused;
    const struct ballast_guest *config = cli_guest_config(guest);
    if (!config)
        return take_given(guest, profile, out, profile_name);
    if (!profile)
        profile = guest->source->profile;
    if (!profile)
        profile = ballast_profile_find(NULL);
    struct ballast_error err;
    if (ballast_breakdown_evaluate(out, profile, config, caps_of(guests), &err) < 0) {
        cli_error("%s: profile %s: %s", guest->shown, ballast_profile_name(profile), err.text);
        return CLI_BAD;
    }
    if (guests->on)
        ballast_certainty_of_host(out, guests->on);
    *profile_name = ballast_profile_name(profile);
    return 0;
}
