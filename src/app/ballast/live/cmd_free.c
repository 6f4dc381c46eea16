/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ballast free: one request that waits for SIZE, by the daemon or by its engine in this process. */
#include <stddef.h>

#include "app/ballast/access/host_access.h"
#include "app/ballast/cli/args.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/client/daemon.h"
#include "app/ballast/live/free.h"
#include "app/ballast/local/local.h"
#include "core/base/quantity.h"
#include "core/base/units.h"
#include "core/policy/policy.h"

#define TIMEOUT_USEC (UINT64_C(120) * BALLAST_SEC_USEC)

enum { OPTION_TIMEOUT, OPTION_DRY_RUN, OPTION_POLICY, OPTION_HOST, OPTION_JSON };

static const struct cli_option free_options[] = {
    [OPTION_TIMEOUT] = {"timeout", "T", "give up after T (default 120s)"},
    [OPTION_DRY_RUN] = {"dry-run", NULL, "only print which domains would be asked first", 'n'},
    [OPTION_POLICY] = {"policy", "NAME", "choose donors by this policy (default ballast)",
                       .value = cli_policy_name},
    [OPTION_HOST] = {"host", "WHAT", CLI_HOST_HELP},
    [OPTION_JSON] = {"json", NULL, "one object, sizes in KiB"},
    {NULL, NULL, NULL},
};

struct freeing_options {
    const char *host;
    const struct policy *policy; /* NULL: not given */
};

static int parse_free(struct cli_freeing *freeing, struct freeing_options *options,
                      struct cli_args *args)
{
    struct ballast_error err;
    int option;
    while ((option = cli_args_next(args)) != CLI_ARGS_END) {
        if (option == CLI_ARGS_BAD)
            return CLI_BAD;
        freeing->json |= option == OPTION_JSON;
        freeing->dry |= option == OPTION_DRY_RUN;
        if (option == OPTION_HOST)
            options->host = args->value;
        if (option == OPTION_POLICY && !(options->policy = policy_find(args->value)))
            return cli_args_no_policy(args, args->value);
        if (option == OPTION_TIMEOUT && cli_args_span(args, &freeing->timeout_usec))
            return CLI_BAD;
    }
    size_t count;
    char **operands = cli_args_operands(args, &count);
    if (count != 1)
        return cli_args_wrong(args, "name one SIZE");
    if (ballast_size_parse(operands[0], &freeing->need_kib, &err) < 0)
        return cli_args_wrong(args, "%s", err.text);
    if (freeing->need_kib == 0)
        return cli_args_wrong(args, "invalid size '%s': use a size above 0", operands[0]);
    return CLI_DONE;
}

/* A daemon, where one runs and no host was named, decides by its own policy. */
static int open_daemon_for_free(const struct freeing_options *options, bool dry,
                                struct cli_daemon *daemon)
{
    int rc = options->host ? CLI_DONE
                           : cli_daemon_try(daemon, "free", NULL,
                                            dry ? CLI_DAEMON_READS : CLI_DAEMON_CHANGES);
    if (rc || !daemon->client || !options->policy)
        return rc;
    cli_error("free: --policy does not work beside ballastd, which decides by its own: leave it "
              "out, or set the daemon's with 'ballast policy %s'",
              options->policy->name);
    cli_daemon_close(daemon);
    return CLI_BAD;
}

static int free_main(struct cli_args *args)
{
    struct cli_freeing freeing = {.timeout_usec = TIMEOUT_USEC};
    struct freeing_options options = {NULL, NULL};
    struct cli_daemon daemon = {.client = NULL};
    int rc = parse_free(&freeing, &options, args);
    if (!rc)
        rc = open_daemon_for_free(&options, freeing.dry, &daemon);
    if (!rc && !daemon.client)
        rc = cli_local_open(&daemon,
                            &(struct cli_local_options){
                                .command = "free",
                                .host = options.host,
                                .policy = options.policy,
                                .purpose = freeing.dry ? CLI_LOCAL_DRY_RUN : CLI_LOCAL_RECLAIM});
    return rc ? rc : cli_free_by(&freeing, &daemon);
}

const struct cli_command cmd_free = {
    .name = "free",
    .summary = "reclaim memory from running domains for the host",
    .operands = "SIZE",
    .text = "Reclaims memory from running domains, within their dynamic ranges, until SIZE is\n"
            "free beyond the slack, and keeps them from taking it back. Exit status 1: not\n"
            "enough could be freed; the domains that stopped are listed.",
    .options = free_options,
    .run = free_main,
};
