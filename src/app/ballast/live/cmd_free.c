/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ballast free: one start that waits for SIZE, and the same tick and balancer as everywhere. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/ballast/access/host_access.h"
#include "app/ballast/cli/args.h"
#include "app/ballast/cli/interrupt.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/cli/progress.h"
#include "app/ballast/live/free.h"
#include "app/ballast/live/give.h"
#include "app/tick/tick.h"
#include "core/base/units.h"
#include "core/model/follow.h"

#define TIMEOUT_USEC (UINT64_C(120) * BALLAST_SEC_USEC)

/*
 * After the grant the balancer goes on for so long at least and at most, with the memory promised,
 * until nobody moves: a balloon that was told to stop may have gone on meanwhile (60 MiB within a
 * tick were seen), and what it gave in vain goes back.
 */
#define SETTLE_LEAST_USEC BALLAST_SEC_USEC
#define SETTLE_MOST_USEC  (UINT64_C(3) * BALLAST_SEC_USEC)

/* A domain so near to its target is there: extra internal pages, LIBXL_MAXMEM_CONSTANT. */
#define THERE_KIB UINT64_C(1024)

enum { OPTION_TIMEOUT, OPTION_DRY_RUN, OPTION_POLICY, OPTION_HOST, OPTION_JSON };

static const struct cli_option free_options[] = {
    [OPTION_TIMEOUT] = {"timeout", "T", "give up after that (default 120s)"},
    [OPTION_DRY_RUN] = {"dry-run", NULL, "only say who would be asked first", 'n'},
    [OPTION_POLICY] = {"policy", "NAME", "the rules by which domains give (default ballast)",
                       .value = cli_policy_name},
    [OPTION_HOST] = {"host", "WHAT", CLI_HOST_HELP},
    [OPTION_JSON] = {"json", NULL, "one object, sizes in KiB"},
    {NULL, NULL, NULL},
};

static int parse_free(struct cli_freeing *freeing, struct cli_args *args)
{
    struct ballast_error err;
    int option;
    while ((option = cli_args_next(args)) != CLI_ARGS_END) {
        if (option == CLI_ARGS_BAD)
            return CLI_BAD;
        freeing->json |= option == OPTION_JSON;
        freeing->dry |= option == OPTION_DRY_RUN;
        if (option == OPTION_HOST)
            freeing->host = args->value;
        if (option == OPTION_POLICY && !(freeing->policy = policy_find(args->value)))
            return cli_args_no_policy(args, args->value);
        if (option == OPTION_TIMEOUT && cli_args_time(args, &freeing->timeout_usec))
            return CLI_BAD;
    }
    size_t count;
    char **operands = cli_args_operands(args, &count);
    if (count != 1)
        return cli_args_wrong(args, "it takes a SIZE");
    if (ballast_size_parse(operands[0], &freeing->need_kib, &err) < 0)
        return cli_args_wrong(args, "%s", err.text);
    if (freeing->need_kib == 0)
        return cli_args_wrong(args, "nothing is to be freed");
    return CLI_DONE;
}

static int free_book_waiting(void *book, const struct balancer_request **out, size_t *count,
                             struct ballast_error *err)
{
    (void)err;
    struct cli_freeing *freeing = book;
    *out = &freeing->request;
    *count = freeing->answered ? 0 : 1;
    return 0;
}

static uint64_t free_book_promised_kib(void *book, const struct ballast_host *host)
{
    (void)host;
    const struct cli_freeing *freeing = book;
    return freeing->answered && freeing->verdict.granted ? freeing->need_kib : 0;
}

static int free_book_answer(void *book, const struct ballast_host *host,
                            const struct balancer_verdict *verdict, struct ballast_error *err)
{
    (void)host;
    (void)err;
    struct cli_freeing *freeing = book;
    freeing->verdict = *verdict;
    freeing->answered = true;
    return 0;
}

static void show_free_progress(struct cli_freeing *freeing, struct cli_progress *progress)
{
    char text[CLI_MESSAGE];
    uint64_t here_kib = ballast_min_u64(freeing->after_kib, freeing->need_kib);
    (void)snprintf(text, sizeof(text), "%" PRIu64 " of %" PRIu64 " KiB are free",
                   freeing->after_kib, freeing->need_kib);
    uint64_t permyriad = ballast_mul_div(here_kib, BALLAST_PERMYRIAD, freeing->need_kib);
    cli_progress_show(progress, freeing->access.host->now_usec, (uint32_t)permyriad, text);
}

static int run_tick(struct cli_freeing *freeing, struct tick *tick, struct tick_result *result)
{
    struct ballast_error err;
    if (tick_run(tick, freeing->access.host->now_usec, result, &err) < 0) {
        cli_error("free: %s", err.text);
        return CLI_UNREACHABLE;
    }
    return CLI_DONE;
}

static int drive_free(struct cli_freeing *freeing, struct tick *tick)
{
    struct tick_result result;
    struct cli_progress progress;
    cli_interrupt_catch();
    cli_progress_begin(&progress, freeing->began_usec, freeing->json);
    int rc = run_tick(freeing, tick, &result);
    while (!rc && !freeing->answered && !cli_interrupted()) {
        rc = host_access_wait(&freeing->access, TICK_USEC);
        if (!rc)
            rc = cli_free_look(freeing);
        if (rc)
            break;
        show_free_progress(freeing, &progress);
        rc = run_tick(freeing, tick, &result);
    }
    cli_progress_end(&progress);
    return rc;
}

static bool free_is_reclaiming(const struct cli_domain *domain)
{
    return domain->state == BALLAST_DOMAIN_RUN && domain->is.has_balloon && !domain->is.dying &&
           domain->whole_target_kib != BALLAST_NONE &&
           domain->is.tot_kib > ballast_add_ceil(domain->whole_target_kib, THERE_KIB);
}

static bool still_grows(const struct cli_domain *domain)
{
    return domain->state == BALLAST_DOMAIN_RUN && domain->is.has_balloon && !domain->is.dying &&
           domain->whole_target_kib != BALLAST_NONE &&
           ballast_add_ceil(domain->is.tot_kib, THERE_KIB) < domain->whole_target_kib;
}

static bool somebody_moves(const struct host_access *access)
{
    for (size_t i = 0; i < access->count; i++) {
        if (free_is_reclaiming(&access->domains[i]) || still_grows(&access->domains[i]))
            return true;
    }
    return false;
}

static int settle_free(struct cli_freeing *freeing, struct tick *tick)
{
    struct tick_result result;
    int rc = CLI_DONE;
    for (uint64_t usec = 0; !rc && usec < SETTLE_MOST_USEC && !cli_interrupted();
         usec += TICK_USEC) {
        rc = host_access_wait(&freeing->access, TICK_USEC);
        if (!rc)
            rc = cli_free_look(freeing);
        if (!rc && usec >= SETTLE_LEAST_USEC && !somebody_moves(&freeing->access))
            break;
        if (!rc)
            rc = run_tick(freeing, tick, &result);
    }
    return rc;
}

/*
 * Whoever was still on his way down stays where he is, with a maximum that does not let him grow
 * into what others gave. It is done whatever came before, so it only counts what fails.
 */
static void stop_all(struct cli_freeing *freeing)
{
    struct hv *hv = freeing->access.hv;
    for (size_t i = 0; i < freeing->access.count; i++) {
        const struct cli_domain *domain = &freeing->access.domains[i];
        if (!free_is_reclaiming(domain))
            continue;
        struct ballast_error err;
        uint64_t here_kib = domain->is.tot_kib;
        if (hv->ops->set(hv, domain->is.id, here_kib, here_kib, &err) < 0)
            cli_error("free: domain %" PRIu32 " (%s) could not be told to stop: %s", domain->is.id,
                      domain->shown, err.text);
    }
}

static void take_estimates(struct cli_freeing *freeing, const struct tick *tick)
{
    for (size_t i = 0; i < freeing->donor_count; i++) {
        struct cli_donor *donor = &freeing->donors[i];
        if (balancer_estimate(tick_balancer(tick), donor->id, &donor->estimate) < 0)
            donor->estimate = (struct domain_estimate){.balloon_status = BALLOON_NO_DRIVER};
    }
}

static int free_for_real(struct cli_freeing *freeing, struct tick *tick)
{
    int rc = drive_free(freeing, tick);
    if (!rc && freeing->answered && freeing->verdict.granted)
        rc = settle_free(freeing, tick);
    freeing->interrupted = !freeing->answered && cli_interrupted();
    take_estimates(freeing, tick);
    if (cli_free_look(freeing) == CLI_DONE)
        stop_all(freeing);
    if (!rc)
        rc = cli_free_look(freeing);
    if (rc)
        return rc;
    cli_free_tell(freeing);
    return freeing->answered && freeing->verdict.granted ? CLI_DONE : CLI_NO;
}

static int free_dry_run(struct cli_freeing *freeing, struct tick *tick)
{
    struct tick_result result;
    int rc = run_tick(freeing, tick, &result);
    if (!rc)
        rc = cli_free_look(freeing); /* the tick has looked too, and what was seen before is gone */
    if (rc)
        return rc;
    return cli_free_tell_dry(freeing, &result.decided) ? CLI_DONE : CLI_NO;
}

static int run_free(struct cli_freeing *freeing)
{
    int rc = host_access_refresh(&freeing->access);
    if (rc)
        return rc;
    cli_free_remember(freeing);
    struct hv *give = xcheck(cli_give_new(freeing->access.hv));
    struct tick_config config = {
        .hv = give,
        .policy = freeing->policy,
        .options = {.inaccuracy_kib = BALLAST_HVM_SHORT_KIB,
                    .guard_kib = freeing->access.is_xen ? XEN_GUARD_KIB : 0},
        .book = {freeing, free_book_waiting, free_book_promised_kib, free_book_answer},
        .dry = freeing->dry,
    };
    struct tick *tick = xcheck(tick_new(&config));
    rc = freeing->dry ? free_dry_run(freeing, tick) : free_for_real(freeing, tick);
    tick_free(tick);
    give->ops->close(give);
    return rc;
}

static int free_main(struct cli_args *args)
{
    struct cli_freeing freeing = {.timeout_usec = TIMEOUT_USEC};
    bool through = false;
    int rc = parse_free(&freeing, args);
    if (!rc && !freeing.host)
        rc = cli_free_through_daemon(&freeing, &through);
    if (rc || through)
        return rc;
    if (!freeing.policy)
        freeing.policy = policy_find(NULL);
    rc = host_access_open(&freeing.access, freeing.host ? freeing.host : "xen", !freeing.dry);
    if (rc)
        return rc;
    rc = run_free(&freeing);
    free(freeing.donors);
    host_access_close(&freeing.access);
    return rc;
}

const struct cli_command cmd_free = {
    .name = "free",
    .summary = "have running domains give memory to the host",
    .operands = "SIZE",
    .text = "Frees so much beyond what is kept for Xen: running domains give, within their\n"
            "dynamic ranges, until it is there, and are then kept from taking it back.\n"
            "Exit status 1: it cannot be, and who stopped where; nobody gives on.",
    .options = free_options,
    .run = free_main,
};
