/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ballast fits */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ballast/access/host_access.h"
#include "app/ballast/access/profile_option.h"
#include "app/ballast/cli/args.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/cli/values.h"
#include "app/ballast/explain/admission.h"
#include "app/ballast/explain/guests.h"
#include "core/model/fits.h"

enum { OPTION_HOST, OPTION_PROFILE, OPTION_SQUEEZE, OPTION_JSON, OPTION_XL_CONF };

static const struct cli_option fits_options[] = {
    [OPTION_HOST] = {"host", "WHAT", CLI_HOST_HELP},
    [OPTION_PROFILE] = {"profile", "NAME",
                        "compute the need by these rules (see 'ballast profiles')",
                        .value = cli_profile_name},
    [OPTION_SQUEEZE] = {"squeeze", NULL,
                        "also exit with 0 where other domains have to free memory"},
    [OPTION_JSON] = {"json", NULL, "an object per line"},
    [OPTION_XL_CONF] = {"xl-conf", "FILE", "instead of /etc/xen/xl.conf"},
    {NULL, NULL, NULL},
};

struct fits {
    const char *which;         /* host, as --host has it */
    struct host_access access; /* to it */
    struct cli_sources sources;
    const struct ballast_profile *profile;
    bool squeeze;
    bool json;
};

/* One guest's answer. */
struct answer {
    const struct cli_guest *guest;
    const char *profile_name;
    const char *why; /* by that profile */
    struct cli_certainty certainty;
    struct ballast_fits_verdict verdict;
    const struct ballast_host *host;
    const uint64_t *before_kib; /* reserved of each domain before this guest came */
    const uint64_t *reclaim_kib;
};

static int parse_fits(struct fits *fits, struct cli_args *args)
{
    int option;
    while ((option = cli_args_next(args)) != CLI_ARGS_END) {
        if (option == CLI_ARGS_BAD)
            return CLI_BAD;
        if (option == OPTION_HOST)
            fits->which = args->value;
        if (option == OPTION_XL_CONF)
            fits->sources.xl_conf_path = args->value;
        if (option == OPTION_PROFILE && cli_profile_option(args, args->value, &fits->profile))
            return CLI_BAD;
        fits->squeeze |= option == OPTION_SQUEEZE;
        fits->json |= option == OPTION_JSON;
    }
    fits->sources.profile = fits->profile;
    fits->sources.keep_going = true;
    fits->sources.paths = cli_args_operands(args, &fits->sources.path_count);
    if (fits->sources.path_count == 0)
        return cli_args_wrong(args, "GUEST is missing");
    return CLI_DONE;
}

static void print_donors(const struct answer *answer)
{
    for (size_t i = 0; i < answer->host->domain_count; i++) {
        const struct ballast_domain *domain = &answer->host->domains[i];
        uint64_t from_kib = domain->tot_kib - answer->before_kib[i];
        if (answer->reclaim_kib[i] == 0)
            continue;
        char *label = cli_domain_label(domain);
        printf("    %s frees %" PRIu64 " KiB: from %" PRIu64 " to %" PRIu64 " KiB\n", label,
               answer->reclaim_kib[i], from_kib, from_kib - answer->reclaim_kib[i]);
        free(label);
    }
}

static void print_answer(const struct answer *answer)
{
    const struct ballast_fits_verdict *verdict = &answer->verdict;
    printf("%s: needs %" PRIu64 " KiB, %" PRIu64 " KiB are free: ", answer->guest->shown,
           verdict->need_kib, verdict->available_kib);
    switch (verdict->fit) {
    case BALLAST_FITS:
        puts("fits");
        break;
    case BALLAST_FITS_IF_RECLAIMED:
        printf("fits if other domains free %" PRIu64 " KiB\n", verdict->missing_kib);
        print_donors(answer);
        break;
    case BALLAST_FITS_NOT:
        printf("does not fit\n    other domains can free %" PRIu64 " KiB, %" PRIu64
               " KiB would still be missing\n",
               verdict->spare_kib, verdict->missing_kib);
        break;
    case BALLAST_FIT_ANSWERS:
        break;
    }
}

/* Behind the answers that were counted alike. */
static void print_profile(const struct answer *answer)
{
    printf("need by profile %s: %s: %s\n", answer->profile_name, answer->why,
           answer->certainty.text);
}

static bool counted_alike(const struct answer *a, const struct answer *b)
{
    return strcmp(a->profile_name, b->profile_name) == 0 && strcmp(a->why, b->why) == 0 &&
           strcmp(a->certainty.text, b->certainty.text) == 0;
}

static struct json_object *fits_donors_json(const struct answer *answer)
{
    struct json_object *donors = cli_json_array();
    for (size_t i = 0; i < answer->host->domain_count; i++) {
        const struct ballast_domain *domain = &answer->host->domains[i];
        uint64_t from_kib = domain->tot_kib - answer->before_kib[i];
        if (answer->reclaim_kib[i] == 0)
            continue;
        struct json_object *donor = cli_json_object();
        cli_json_kib(donor, "domid", domain->id);
        cli_json_string(donor, "name", domain->name);
        cli_json_kib(donor, "reclaim_kib", answer->reclaim_kib[i]);
        cli_json_kib(donor, "from_kib", from_kib);
        cli_json_kib(donor, "to_kib", from_kib - answer->reclaim_kib[i]);
        cli_json_append(donors, donor);
    }
    return donors;
}

static void print_fits_json(const struct answer *answer)
{
    const struct ballast_fits_verdict *verdict = &answer->verdict;
    struct json_object *object = cli_json_object();
    cli_json_string(object, "name", answer->guest->shown);
    cli_json_string(object, "profile", answer->profile_name);
    cli_json_string(object, "profile_why", answer->why);
    cli_certainty_json(object, &answer->certainty);
    cli_json_string(object, "answer", ballast_fit_name(verdict->fit));
    cli_json_kib(object, "need_kib", verdict->need_kib);
    cli_json_kib(object, "free_kib", verdict->available_kib);
    cli_json_kib(object, "spare_kib", verdict->spare_kib);
    cli_json_kib(object, "missing_kib", verdict->missing_kib);
    cli_json_add(object, "donors", fits_donors_json(answer));
    cli_json_print(object);
}

/* A stubdomain whose memory its guest's need has counted asks for nothing of its own. */
static bool is_counted_elsewhere(const struct ballast_breakdown *breakdown)
{
    return breakdown->need_kib == 0 && breakdown->term_kib[BALLAST_NEED_CHARGED] > 0;
}

static int check_all_guests(const struct fits *fits, struct cli_guests *guests,
                            uint64_t *reclaimed_kib, uint64_t *before_kib, uint64_t *reclaim_kib)
{
    const struct ballast_host *host = fits->access.host;
    struct ballast_fits state;
    struct cli_admission admission;
    struct cli_own_profile own = {.profile = NULL};
    struct answer last = {0};
    int status = CLI_DONE;
    if (!fits->profile)
        cli_own_profile_of_access(&own, &fits->access);
    cli_admission_choose(&admission, fits->profile, host, &own);
    ballast_fits_begin(&state, host, reclaimed_kib);
    for (size_t i = 0; i < guests->count; i++) {
        struct answer answer = {.guest = &guests->guests[i],
                                .host = host,
                                .before_kib = before_kib,
                                .reclaim_kib = reclaim_kib};
        struct ballast_breakdown breakdown;
        const struct ballast_profile *profile = cli_admission_profile(&admission, answer.guest);
        int rc =
            cli_guest_evaluate(guests, answer.guest, profile, &breakdown, &answer.profile_name);
        if (rc) {
            guests->lacking++;
            continue;
        }
        answer.why = cli_admission_why(&admission, answer.guest);
        cli_certainty_of(&answer.certainty, &breakdown);
        if (is_counted_elsewhere(&breakdown))
            continue;
        for (size_t j = 0; j < host->domain_count; j++)
            before_kib[j] = reclaimed_kib[j];
        ballast_fits_check(&state, breakdown.need_kib, &answer.verdict, reclaim_kib);
        if (fits->json) {
            print_fits_json(&answer);
        } else {
            if (last.why && !counted_alike(&last, &answer))
                print_profile(&last);
            print_answer(&answer);
            last = answer;
        }
        enum ballast_fit worst = fits->squeeze ? BALLAST_FITS_IF_RECLAIMED : BALLAST_FITS;
        if (answer.verdict.fit > worst)
            status = CLI_NO;
    }
    if (last.why)
        print_profile(&last);
    return status;
}

static int run_fits(const struct fits *fits, struct cli_guests *guests)
{
    size_t count = fits->access.host->domain_count;
    uint64_t *kib = xcheck(calloc(3 * count + 1, sizeof(*kib)));
    int rc = check_all_guests(fits, guests, kib, kib + count, kib + 2 * count);
    free(kib);
    return rc;
}

static int fits_main(struct cli_args *args)
{
    struct fits fits = {.access = {.lock = -1}};
    struct cli_guests guests;
    int rc = parse_fits(&fits, args);
    if (!rc)
        rc = host_access_sample(&fits.access, fits.which);
    fits.sources.on = fits.access.host;
    if (!rc)
        rc = cli_guests_read(&guests, &fits.sources);
    if (!rc) {
        rc = cli_guests_status(&guests, "fits", run_fits(&fits, &guests));
        cli_guests_release(&guests);
    }
    host_access_close(&fits.access);
    return rc;
}

const struct cli_command cmd_fits = {
    .name = "fits",
    .summary = "predict whether guests would start on a host",
    .operands = "GUEST...",
    .text = "Says for each guest, in this order, whether it fits into the host's available\n"
            "memory, fits if other domains free some (which, and how much), or does not fit.\n"
            "Exit status 0: all guests fit into the available memory; 1: not all of them do.",
    .options = fits_options,
    .run = fits_main,
};
