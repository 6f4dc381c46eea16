/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ballast host */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ballast/args.h"
#include "app/ballast/guests.h"
#include "app/ballast/host_report.h"
#include "app/ballast/output.h"
#include "core/model/breakdown.h"

enum { OPTION_SNAPSHOT, OPTION_TABLE, OPTION_JSON, OPTION_PROFILE, OPTION_XL_CONF, OPTION_COLOR };

const struct cli_option cli_host_options[] = {
    [OPTION_SNAPSHOT] = {"snapshot", "FILE", "the host as it was (- is standard input)"},
    [OPTION_TABLE] = {"table", NULL, "figures, of the host and of each domain"},
    [OPTION_JSON] = {"json", NULL, "one object on one line"},
    [OPTION_PROFILE] = {"profile", "NAME", "divide domains by these rules"},
    [OPTION_XL_CONF] = {"xl-conf", "FILE", "instead of /etc/xen/xl.conf"},
    [OPTION_COLOR] = {"color", "WHEN", "auto (the default), always or never"},
    {NULL, NULL, NULL},
};

struct options {
    const char *snapshot_path;
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
    case OPTION_TABLE:
        options->table = true;
        return CLI_DONE;
    case OPTION_JSON:
        options->json = true;
        return CLI_DONE;
    case OPTION_PROFILE:
        options->profile = ballast_profile_find(args->value);
        if (!options->profile)
            return cli_args_wrong(args, "there is no profile '%s' ('ballast profiles' lists them)",
                                  args->value);
        return CLI_DONE;
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
    if (!options->snapshot_path)
        return cli_args_wrong(args, "--snapshot FILE is missing: this ballast cannot read the "
                                    "running host");
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

static int divide(const struct options *options, const struct cli_guests *guests,
                  struct cli_host *host)
{
    struct ballast_error err;
    int rc = find_configurations(options, guests, host);
    if (rc)
        return rc;
    if (ballast_host_divide(host->host, 0, host->configurations, &host->breakdown, host->parts,
                            &err) < 0) {
        cli_complain("%s: %s", options->snapshot_path, err.text);
        return CLI_BAD;
    }
    return CLI_DONE;
}

static int show(const struct options *options, const struct snapshot *snapshot,
                const struct cli_guests *guests)
{
    size_t count = snapshot->host.domain_count;
    struct cli_host host = {.host = &snapshot->host};
    host.configurations = cli_must(calloc(count + 1, sizeof(struct ballast_breakdown *)));
    host.parts = cli_must(calloc(count + 1, sizeof(*host.parts)));
    host.evaluated = cli_must(calloc(guests->count + 1, sizeof(*host.evaluated)));
    int rc = divide(options, guests, &host);
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

int cli_host(struct cli_args *args)
{
    struct options options = {0};
    struct snapshot snapshot;
    struct cli_guests guests;
    struct ballast_error err;
    (void)cli_colour("auto", &options.colour);
    int rc = parse(&options, args);
    if (rc)
        return rc;
    if (snapshot_read(options.snapshot_path, &snapshot, &err) < 0) {
        cli_complain("%s", err.text);
        return CLI_BAD;
    }
    options.sources.caps = &snapshot.host.caps;
    rc = cli_guests_read(&guests, &options.sources);
    if (rc == CLI_DONE) {
        rc = show(&options, &snapshot, &guests);
        cli_guests_release(&guests);
    }
    snapshot_release(&snapshot);
    return rc;
}
