/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/tick/tick.h"

#include <errno.h>
#include <stdlib.h>

#include "app/tick/kept.h"
#include "app/tick/laws.h"
#include "core/base/error.h"
#include "core/base/units.h"

struct tick {
    struct tick_config config;
    struct balancer *balancer;
    /* The host that was decided on; the snapshot itself is gone with the second sample. */
    struct kept decided_on;
    struct tick_sums before; /* of the second sample, before anything is granted or given */
    struct kept sampled;     /* the same sample, where laws are checked */
    uint64_t before_usec;
};

struct tick *tick_new(const struct tick_config *config)
{
    struct tick *tick = calloc(1, sizeof(*tick));
    if (!tick)
        return NULL;
    tick->config = *config;
    if (tick->config.interval_usec == 0)
        tick->config.interval_usec = TICK_USEC;
    tick->balancer = balancer_new(config->policy, &config->options);
    if (!tick->balancer) {
        free(tick);
        return NULL;
    }
    return tick;
}

void tick_free(struct tick *tick)
{
    if (!tick)
        return;
    balancer_free(tick->balancer);
    kept_free(&tick->decided_on);
    kept_free(&tick->sampled);
    free(tick);
}

int tick_forget(struct tick *tick, struct ballast_error *err)
{
    struct balancer *anew = balancer_new(tick->config.policy, &tick->config.options);
    if (!anew)
        return ballast_fail(err, -ENOMEM, "out of memory");
    balancer_free(tick->balancer);
    tick->balancer = anew;
    return 0;
}

void tick_set_policy(struct tick *tick, const struct policy *policy)
{
    tick->config.policy = policy;
    balancer_set_policy(tick->balancer, policy);
}

void tick_set_inaccuracy(struct tick *tick, uint64_t kib)
{
    tick->config.options.inaccuracy_kib = kib;
    balancer_set_inaccuracy(tick->balancer, kib);
}

void tick_set_headroom(struct tick *tick, uint64_t kib)
{
    tick->config.options.headroom_kib = kib;
    balancer_set_headroom(tick->balancer, kib);
}

void tick_set_settings(struct tick *tick, const struct balancer_settings *settings)
{
    tick->config.options.settings = *settings;
    balancer_set_settings(tick->balancer, settings);
}

void tick_set_dry(struct tick *tick, bool dry)
{
    tick->config.dry = dry;
}

const struct balancer *tick_balancer(const struct tick *tick)
{
    return tick->balancer;
}

static int refresh_host(struct tick *tick, const struct ballast_host **out,
                        struct ballast_error *err)
{
    return tick->config.hv->ops->refresh(tick->config.hv, out, err);
}

static uint64_t tick_reserved_kib(const struct tick *tick, const struct ballast_host *host)
{
    return tick->config.book.reserved_kib(tick->config.book.book, host);
}

static int sample_and_decide(struct tick *tick, const struct ballast_host **host_out,
                             struct tick_result *out, struct ballast_error *err)
{
    const struct ballast_host *host;
    int rc = refresh_host(tick, &host, err);
    if (rc < 0)
        return rc;
    *host_out = host;
    struct balancer_input input = {.host = host, .reserved_kib = tick_reserved_kib(tick, host)};
    rc = tick->config.book.waiting(tick->config.book.book, &input.requests, &input.request_count,
                                   err);
    if (rc < 0 || (rc = kept_take(&tick->decided_on, host, err)) < 0)
        return rc;
    return balancer_decide(tick->balancer, &input, &out->decided, err);
}

/* Whether what it was decided on still holds. */
static bool still_so(const struct tick *tick, const struct ballast_host *host,
                     const struct balancer_set *set)
{
    const struct ballast_domain *then =
        ballast_domain_find(tick->decided_on.domains, tick->decided_on.count, set->id);
    const struct ballast_domain *now =
        ballast_domain_find(host->domains, host->domain_count, set->id);
    return then && now && then->state == now->state && then->has_balloon == now->has_balloon &&
           then->target_kib == now->target_kib && then->maxmem_kib == now->maxmem_kib;
}

/* How much a set lets its domain hold more than it does. */
static uint64_t growth_of(const struct ballast_host *host, const struct balancer_set *set)
{
    const struct ballast_domain *domain =
        ballast_domain_find(host->domains, host->domain_count, set->id);
    if (!domain || set->maxmem_kib == BALLAST_NONE || set->maxmem_kib <= domain->maxmem_kib)
        return 0;
    return ballast_sub_floor(set->maxmem_kib, ballast_max_u64(domain->maxmem_kib, domain->tot_kib));
}

/* How far a set lets its domain grow beyond its target so far. */
static uint64_t target_growth_kib(const struct ballast_host *host, const struct balancer_set *set)
{
    const struct ballast_domain *domain =
        ballast_domain_find(host->domains, host->domain_count, set->id);
    if (!domain || set->target_kib == BALLAST_NONE || set->target_kib <= domain->target_kib)
        return 0;
    return ballast_sub_floor(set->target_kib, ballast_max_u64(domain->target_kib, domain->tot_kib));
}

static void report_set(struct tick *tick, const struct ballast_host *host,
                       const struct balancer_set *set, enum tick_outcome outcome,
                       struct tick_result *out)
{
    out->done += outcome == TICK_DONE;
    out->skipped += outcome == TICK_SKIPPED;
    out->failed += outcome == TICK_FAILED;
    if (tick->config.memory.set && !tick->config.dry)
        tick->config.memory.set(tick->config.memory.memory, host, set, outcome);
}

static void do_set(struct tick *tick, const struct ballast_host *host,
                   const struct balancer_set *set, struct tick_result *out)
{
    if (!still_so(tick, host, set)) {
        report_set(tick, host, set, TICK_SKIPPED, out);
        return;
    }
    struct hv *hv = tick->config.hv;
    int rc =
        tick->config.dry ? 0 : hv->ops->set(hv, set->id, set->target_kib, set->maxmem_kib, NULL);
    if (rc == 0 && tick->config.checks_laws)
        tick_laws_of_set(ballast_domain_find(host->domains, host->domain_count, set->id), set, out);
    report_set(tick, host, set, rc < 0 ? TICK_FAILED : TICK_DONE, out);
}

static bool do_verdict(struct tick *tick, const struct ballast_host *host,
                       const struct balancer_verdict *verdict, uint64_t *left_kib)
{
    bool carried_out = true;
    uint64_t before_kib = verdict->granted ? tick_reserved_kib(tick, host) : 0;
    if (verdict->granted && verdict->figures.needed_kib > *left_kib)
        carried_out = false;
    else if (!tick->config.dry)
        carried_out = tick->config.book.answer(tick->config.book.book, host, verdict, NULL) == 0;
    /* The book may have granted more of a range than what was asked at least. */
    if (carried_out && verdict->granted) {
        uint64_t more_kib = ballast_sub_floor(tick_reserved_kib(tick, host), before_kib);
        *left_kib =
            ballast_sub_floor(*left_kib, ballast_max_u64(verdict->figures.needed_kib, more_kib));
    }
    if (tick->config.memory.verdict && !tick->config.dry)
        tick->config.memory.verdict(tick->config.memory.memory, host, verdict, carried_out);
    return carried_out;
}

static void do_verdicts(struct tick *tick, const struct ballast_host *host, uint64_t *left_kib,
                        struct tick_result *out)
{
    for (size_t i = 0; i < out->decided.verdict_count; i++) {
        const struct balancer_verdict *verdict = &out->decided.verdicts[i];
        bool carried_out = do_verdict(tick, host, verdict, left_kib);
        out->granted += carried_out && verdict->granted;
        out->refused += carried_out && !verdict->granted;
        out->postponed += !carried_out;
    }
}

/*
 * A domain may get memory while its maximum comes down. The maximum must come down before memory is
 * reserved or handed to others, in case that fails; the rest can wait.
 */
static void lower_maximum(struct tick *tick, const struct ballast_host *host,
                          const struct balancer_set *set, struct tick_result *out)
{
    const struct ballast_domain *domain =
        ballast_domain_find(host->domains, host->domain_count, set->id);
    if (!domain || set->maxmem_kib == BALLAST_NONE || set->maxmem_kib >= domain->maxmem_kib)
        return;
    struct balancer_set lower = *set;
    if (set->target_kib >= domain->target_kib)
        lower.target_kib = BALLAST_NONE;
    do_set(tick, host, &lower, out);
}

static void do_reductions(struct tick *tick, const struct ballast_host *host,
                          struct tick_result *out)
{
    for (size_t i = 0; i < out->decided.take_count; i++)
        do_set(tick, host, &out->decided.sets[i], out);
    for (size_t i = out->decided.take_count; i < out->decided.set_count; i++)
        lower_maximum(tick, host, &out->decided.sets[i], out);
}

/*
 * Grants, then raises, from memory that is available and stays so after the lowering above. Guests
 * can only make that more, so acting on it late is safe; what was available before may have been
 * taken, within the old maxima.
 */
static void do_growth(struct tick *tick, const struct ballast_host *host, struct tick_result *out)
{
    uint64_t left_kib = tick->config.dry
                            ? BALLAST_NONE
                            : ballast_sub_floor(tick->before.available_kib, tick->before.room_kib);
    uint64_t before_kib = left_kib;
    do_verdicts(tick, host, &left_kib, out);
    uint64_t growth_kib =
        ballast_sub_floor(tick->before.available_kib,
                          ballast_add_ceil(tick->before.growth_kib, before_kib - left_kib));
    if (tick->config.dry || tick->config.options.take_before_free)
        left_kib = growth_kib = BALLAST_NONE;
    for (size_t i = out->decided.take_count; i < out->decided.set_count; i++) {
        const struct balancer_set *set = &out->decided.sets[i];
        uint64_t more_kib = growth_of(host, set);
        uint64_t rise_kib = target_growth_kib(host, set);
        if (more_kib > left_kib || rise_kib > growth_kib) {
            report_set(tick, host, set, TICK_SKIPPED, out);
            continue;
        }
        left_kib -= more_kib;
        growth_kib -= rise_kib;
        do_set(tick, host, set, out);
    }
}

static int sample_again(struct tick *tick, const struct ballast_host **out,
                        struct ballast_error *err)
{
    int rc = refresh_host(tick, out, err);
    if (rc < 0)
        return rc;
    tick->before = tick_sums_of(*out, tick_reserved_kib(tick, *out));
    tick->before_usec = (*out)->now_usec;
    return tick->config.checks_laws ? kept_take(&tick->sampled, *out, err) : 0;
}

static void check_laws(struct tick *tick, struct tick_result *out)
{
    const struct ballast_host *host;
    if (refresh_host(tick, &host, NULL) < 0)
        return; /* a host that cannot be read now is the next tick's error */
    /* Two moments that are far apart differ by more than what was done in between. */
    if (ballast_sub_floor(host->now_usec, tick->before_usec) >= tick->config.interval_usec)
        return;
    struct tick_sums after = tick_sums_since(host, tick_reserved_kib(tick, host), &tick->sampled);
    tick_laws_of_sums(host, &tick->before, &after, out);
}

int tick_run(struct tick *tick, uint64_t now_usec, struct tick_result *out,
             struct ballast_error *err)
{
    *out =
        (struct tick_result){.next_usec = ballast_add_ceil(now_usec, tick->config.interval_usec)};
    const struct ballast_host *host;
    int rc = sample_and_decide(tick, &host, out, err);
    if (rc < 0) {
        out->decided = (struct balancer_output){0};
        return rc;
    }
    out->has_decided = true;
    if (out->decided.set_count == 0 && out->decided.verdict_count == 0)
        return 0;
    /* What has changed since it was decided on is not acted on. */
    if ((rc = sample_again(tick, &host, err)) < 0)
        return rc;
    do_reductions(tick, host, out);
    /* What is granted and given comes out of what is there after that. */
    if (out->decided.take_count > 0 && (rc = sample_again(tick, &host, err)) < 0)
        return rc;
    do_growth(tick, host, out);
    if (tick->config.checks_laws && !tick->config.dry)
        check_laws(tick, out);
    return 0;
}
