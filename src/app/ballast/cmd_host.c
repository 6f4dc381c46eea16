/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ballast host */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ballast/args.h"
#include "app/ballast/door.h"
#include "app/ballast/door_daemon.h"
#include "app/ballast/guests.h"
#include "app/ballast/host_report.h"
#include "app/ballast/output.h"
#include "app/ballast/profile_option.h"
#include "app/ballast/running.h"
#include "core/model/breakdown.h"

enum {
    OPTION_SNAPSHOT,
    OPTION_HOST,
    OPTION_TABLE,
    OPTION_JSON,
    OPTION_PROFILE,
    OPTION_XL_CONF,
    OPTION_COLOR
};

const struct cli_option cli_host_options[] = {
    [OPTION_SNAPSHOT] = {"snapshot", "FILE", "the host as it was (- is standard input)"},
    [OPTION_HOST] = {"host", "HOST", CLI_HOST_HELP},
    [OPTION_TABLE] = {"table", NULL, "figures, of the host and of each domain"},
    [OPTION_JSON] = {"json", NULL, "one object on one line"},
    [OPTION_PROFILE] = {"profile", "NAME", "divide domains by these rules"},
    [OPTION_XL_CONF] = {"xl-conf", "FILE", "instead of /etc/xen/xl.conf"},
    [OPTION_COLOR] = {"color", "WHEN", "auto (the default), always or never"},
    {NULL, NULL, NULL},
};

struct options {
    const char *snapshot_path; /* NULL: the running host */
    const char *host;
    const struct ballast_profile *profile;
    struct cli_sources sources;
    bool table;
    bool json;
    bool colour;
};

static int set_option(struct options *options, struct cli_args *args, int option)
{
    switch (option) {
    case OPTION_SNAPSHOT:
        options->snapshot_path = args->value;
        return CLI_DONE;
    case OPTION_HOST:
        options->host = args->value;
        return CLI_DONE;
    case OPTION_TABLE:
        options->table = true;
        return CLI_DONE;
    case OPTION_JSON:
        options->json = true;
        return CLI_DONE;
    case OPTION_PROFILE:
        return cli_profile_option(args, args->value, &options->profile);
    case OPTION_XL_CONF:
        options->sources.xl_conf_path = args->value;
        return CLI_DONE;
    case OPTION_COLOR:
        if (cli_colour(args->value, &options->colour) < 0)
            return cli_args_wrong(args, "--color is auto, always or never, not '%s'", args->value);
        return CLI_DONE;
    default:
        return CLI_BAD;
    }
}

static int parse(struct options *options, struct cli_args *args)
{
    int option;
    while ((option = cli_args_next(args)) != CLI_ARGS_END) {
        int rc = set_option(options, args, option);
        if (rc)
            return rc;
    }
    options->sources.paths = cli_args_operands(args, &options->sources.path_count);
    if (options->snapshot_path && options->host)
        return cli_args_wrong(args, "only one of --snapshot and --host");
    if (options->table && options->json)
        return cli_args_wrong(args, "only one of --table and --json");
    return CLI_DONE;
}

/* The configuration of each domain that a guest has the name of. */
static int find_configurations(const struct options *options, const struct cli_guests *guests,
                               struct cli_host *host)
{
    for (size_t i = 0; i < guests->count; i++) {
        const struct cli_guest *guest = &guests->guests[i];
        int rc = cli_guest_evaluate(guests, guest, options->profile, &host->evaluated[i], NULL);
        if (rc)
            return rc;
        for (size_t j = 0; j < host->host->domain_count; j++) {
            char *shown = cli_shown(host->host->domains[j].name);
            if (strcmp(shown, guest->shown) == 0)
                host->configurations[j] = &host->evaluated[i];
            free(shown);
        }
    }
    return CLI_DONE;
}

/*
 * What the toolstack keeps of each domain, behind what the GUEST files take up. One that cannot be
 * had is no fault: dom0 has none.
 */
static void ask_configurations(const struct options *options, const struct cli_door *door,
                               struct ballast_breakdown *evaluated, struct cli_host *host)
{
    const struct ballast_profile *profile = options->profile;
    if (!profile)
        profile = cli_running_profile(door);
    for (size_t i = 0; i < host->host->domain_count; i++) {
        struct ballast_guest config;
        const struct ballast_domain *domain = &host->host->domains[i];
        if (xen_config(door->hv, domain->id, &config, NULL) == 0 &&
            ballast_breakdown_evaluate(&evaluated[i], profile, &config, &host->host->caps, NULL) ==
                0)
            host->configurations[i] = &evaluated[i];
    }
}

static int divide(const struct options *options, const struct cli_guests *guests,
                  const struct cli_door *door, struct cli_host *host)
{
    struct ballast_error err;
    if (door && door->is_xen)
        ask_configurations(options, door, host->evaluated + guests->count, host);
    int rc = find_configurations(options, guests, host);
    if (rc)
        return rc;
    uint64_t reserved_kib = door && door->is_daemon ? cli_door_daemon_reserved_kib(door->hv) : 0;
    if (ballast_host_divide(host->host, reserved_kib, host->configurations, &host->breakdown,
                            host->parts, &err) < 0) {
        cli_complain("%s: %s", door ? "host" : options->snapshot_path, err.text);
        return CLI_BAD;
    }
    return CLI_DONE;
}

/* `door` is NULL where the host comes from a snapshot. */
static int show(const struct options *options, const struct ballast_host *from,
                const struct cli_guests *guests, const struct cli_door *door)
{
    size_t count = from->domain_count;
    struct cli_host host = {.host = from};
    host.configurations = cli_must(calloc(count + 1, sizeof(struct ballast_breakdown *)));
    host.parts = cli_must(calloc(count + 1, sizeof(*host.parts)));
    host.evaluated = cli_must(calloc(guests->count + count + 1, sizeof(*host.evaluated)));
    int rc = divide(options, guests, door, &host);
    if (rc == CLI_DONE && options->json)
        cli_host_json(&host);
    else if (rc == CLI_DONE && options->table)
        cli_host_table(&host);
    else if (rc == CLI_DONE)
        cli_host_bars(&host, options->colour);
    free(host.configurations);
    free(host.parts);
    free(host.evaluated);
    return rc;
}

static int show_with_guests(struct options *options, const struct ballast_host *host,
                            const struct cli_door *door)
{
    struct cli_guests guests;
    options->sources.caps = &host->caps;
    int rc = cli_guests_read(&guests, &options->sources);
    if (rc)
        return rc;
    rc = show(options, host, &guests, door);
    cli_guests_release(&guests);
    return rc;
}

static int show_snapshot(struct options *options)
{
    struct snapshot snapshot;
    struct ballast_error err;
    if (snapshot_read(options->snapshot_path, &snapshot, &err) < 0) {
        cli_complain("%s", err.text);
        return CLI_BAD;
    }
    int rc = show_with_guests(options, &snapshot.host, NULL);
    snapshot_release(&snapshot);
    return rc;
}

static int show_running(struct options *options)
{
    struct cli_door door;
    int rc = cli_door_open(&door, options->host, false);
    if (!rc)
        rc = cli_door_look(&door);
    if (!rc)
        rc = show_with_guests(options, door.host, &door);
    cli_door_close(&door);
    return rc;
}

int cli_host(struct cli_args *args)
{
    struct options options = {0};
    (void)cli_colour("auto", &options.colour);
    int rc = parse(&options, args);
    if (rc)
        return rc;
    return options.snapshot_path ? show_snapshot(&options) : show_running(&options);
}
