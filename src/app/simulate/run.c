/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/simulate/run.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/simulate/toolstack.h"
#include "core/base/error.h"
#include "core/base/units.h"
#include "edge/hv/sim_host.h"

struct loop {
    struct simulate_run *run;
    struct toolstack toolstack;
    struct sim_host host;
    struct tick *tick;
    size_t restarts; /* done */
    size_t sample_every;
    size_t sample_capacity;
};

static uint64_t waiting_kib(const struct sim *sim)
{
    uint64_t kib = 0;
    for (size_t i = 0; i < sim_start_count(sim); i++) {
        const struct sim_start *start = sim_start_at(sim, i);
        if (start->state == SIM_START_WAITING)
            kib += start->is->need_kib;
    }
    return kib;
}

static void take_sample(struct loop *loop, size_t steps)
{
    struct simulate_trace *trace = &loop->run->trace;
    const struct sim *sim = loop->run->sim;
    if (loop->sample_every == 0 || steps % loop->sample_every != 0 ||
        trace->samples == loop->sample_capacity)
        return;
    size_t at = trace->samples++;
    trace->usec[at] = sim_now_usec(sim);
    trace->free_kib[at] = sim_free_kib(sim);
    trace->available_kib[at] = sim_available_kib(sim);
    trace->waiting_kib[at] = waiting_kib(sim);
    trace->domains = sim_domain_count(sim);
    for (size_t i = 0; i < trace->domains; i++) {
        struct sim_domain_view view;
        sim_domain_view(sim, i, &view);
        if (view.alive)
            trace->points[i * loop->sample_capacity + at] =
                (struct simulate_point){view.tot_kib, view.target_kib, view.need_kib};
    }
}

static int trace_room(struct loop *loop, size_t samples, struct ballast_error *err)
{
    struct simulate_trace *trace = &loop->run->trace;
    const struct sim_config *config = &loop->run->scenario->config;
    uint64_t steps = loop->run->scenario->duration_usec / config->tick_usec + 1;
    if (samples == 0)
        return 0;
    loop->sample_every = (size_t)ballast_div_up(steps, samples);
    loop->sample_capacity = (size_t)ballast_div_up(steps, loop->sample_every);
    size_t domains = config->guest_count + config->start_count;
    trace->usec = calloc(4 * loop->sample_capacity, sizeof(*trace->usec));
    trace->points = calloc(domains * loop->sample_capacity + 1, sizeof(*trace->points));
    if (!trace->usec || !trace->points)
        return ballast_fail(err, -ENOMEM, "out of memory");
    trace->free_kib = trace->usec + loop->sample_capacity;
    trace->available_kib = trace->free_kib + loop->sample_capacity;
    trace->waiting_kib = trace->available_kib + loop->sample_capacity;
    return 0;
}

/* A law whose breach the scenario is there to show. */
static bool is_expected(const struct simulate_run *run, enum tick_law law)
{
    for (size_t i = 0; i < run->scenario->expect_count; i++) {
        const struct scenario_expect *expect = &run->scenario->expects[i];
        if (expect->subject == SCENARIO_LAW_BROKEN && expect->amount == (uint64_t)law &&
            scenario_expects_of(expect, run->policy->name, run->is_default))
            return true;
    }
    return false;
}

static void note_breaches(struct simulate_run *run, const struct tick_result *result)
{
    for (size_t i = 0; i < result->breach_count; i++) {
        const struct tick_breach *breach = &result->breaches[i];
        run->watch.laws_broken |= UINT32_C(1) << breach->law;
        if (is_expected(run, breach->law))
            continue;
        if (run->breaches++ == 0) {
            run->breach = *breach;
            run->breach_usec = sim_now_usec(run->sim);
        }
    }
}

static int restart_balancer(struct loop *loop, struct ballast_error *err)
{
    const struct scenario *scenario = loop->run->scenario;
    int rc = 0;
    while (rc == 0 && loop->restarts < scenario->restart_count &&
           scenario->restarts_usec[loop->restarts] <= sim_now_usec(loop->run->sim)) {
        rc = tick_forget(loop->tick, err);
        loop->restarts++;
    }
    return rc;
}

static void note_ledger(struct simulate_run *run, const struct ballast_error *err)
{
    run->watch.laws_broken |= UINT32_C(1) << TICK_LAW_RESERVED;
    if (is_expected(run, TICK_LAW_RESERVED) || run->breaches++ > 0)
        return;
    run->breach = (struct tick_breach){.law = TICK_LAW_RESERVED, .words = "see the ledger"};
    run->breach_usec = sim_now_usec(run->sim);
    (void)snprintf(run->ledger_breach, sizeof(run->ledger_breach), "%s", err->text);
}

/* A tick that could not be is the host's fault, as injected; anything else is ours and ends it. */
static int one_tick(struct loop *loop, struct ballast_error *err)
{
    struct simulate_run *run = loop->run;
    struct tick_result result;
    struct ballast_error own = {0};
    int rc = restart_balancer(loop, err);
    if (rc < 0)
        return rc;
    rc = toolstack_before(&loop->toolstack, &own);
    if (rc == -EPROTO)
        note_ledger(run, &own);
    else if (rc < 0 && rc != -EIO)
        return ballast_fail(err, rc, "%s", own.text);
    rc = tick_run(loop->tick, sim_now_usec(run->sim), &result, err);
    if (rc == -EIO)
        run->ticks_failed++;
    else if (rc < 0)
        return rc;
    run->sets_failed += result.failed;
    note_breaches(run, &result);
    return toolstack_after(&loop->toolstack, err);
}

static int run_steps(struct loop *loop, const struct simulate_options *options,
                     struct ballast_error *err)
{
    struct simulate_run *run = loop->run;
    const struct scenario *scenario = run->scenario;
    uint64_t tick_usec = scenario->config.tick_usec;
    size_t steps = 0;
    int rc = 0;
    scenario_watch_step(scenario, run->sim, &run->watch);
    take_sample(loop, steps);
    while (rc == 0 && sim_now_usec(run->sim) < scenario->duration_usec) {
        if ((rc = one_tick(loop, err)) < 0)
            break;
        if ((rc = sim_step(run->sim, tick_usec, err)) == 0)
            rc = sim_score_step(run->sim, tick_usec, err);
        scenario_watch_step(scenario, run->sim, &run->watch);
        take_sample(loop, ++steps);
        if (options->progress)
            options->progress(options->progress_arg, sim_now_usec(run->sim),
                              scenario->duration_usec);
    }
    return rc;
}

static int loop_init(struct loop *loop, struct ballast_error *err)
{
    const struct scenario *scenario = loop->run->scenario;
    int rc = toolstack_init(&loop->toolstack, loop->run->sim, err);
    if (rc < 0)
        return rc;
    struct balancer_options balancer = BALANCER_OPTIONS_DEFAULT;
    balancer.take_before_free = scenario->take_before_free;
    balancer.no_inaccuracy = scenario->no_inaccuracy;
    balancer.no_floors = scenario->no_floors;
    balancer.headroom_kib = scenario->headroom_kib;
    if (scenario->squeeze_permyriad != BALLAST_NONE)
        balancer.settings.squeeze_permyriad = (uint32_t)scenario->squeeze_permyriad;
    if (scenario->start_up_usec != BALLAST_NONE)
        balancer.settings.start_up_usec = scenario->start_up_usec;
    loop->tick = tick_new(&(struct tick_config){
        .hv = sim_host_init(&loop->host, loop->run->sim),
        .policy = loop->run->policy,
        .options = balancer,
        .book = tick_ledger_book(loop->toolstack.book),
        .interval_usec = scenario->config.tick_usec,
        .checks_laws = true,
    });
    return loop->tick ? 0 : ballast_fail(err, -ENOMEM, "out of memory");
}

int simulate_run(const struct scenario *scenario, const struct policy *policy,
                 const struct simulate_options *options, struct simulate_run *out,
                 struct ballast_error *err)
{
    struct simulate_run run = {
        .scenario = scenario, .policy = policy, .is_default = policy == policy_at(0)};
    struct loop loop = {.run = &run};
    scenario_watch_init(&run.watch);
    int rc = sim_new(&scenario->config, options->seed, &run.sim, err);
    if (rc == 0 && (rc = sim_score_begin(run.sim, err)) == 0 &&
        (rc = trace_room(&loop, options->samples, err)) == 0 && (rc = loop_init(&loop, err)) == 0)
        rc = run_steps(&loop, options, err);
    tick_free(loop.tick);
    toolstack_release(&loop.toolstack);
    if (rc < 0) {
        simulate_run_release(&run);
        return rc;
    }
    /* The trace was laid out for all that could be sampled; now it is known what was. */
    for (size_t i = 1; i < run.trace.domains && run.trace.samples < loop.sample_capacity; i++)
        memmove(run.trace.points + i * run.trace.samples,
                run.trace.points + i * loop.sample_capacity,
                run.trace.samples * sizeof(*run.trace.points));
    *out = run;
    return 0;
}

void simulate_run_release(struct simulate_run *run)
{
    sim_free(run->sim);
    free(run->trace.usec);
    free(run->trace.points);
    *run = (struct simulate_run){0};
}

bool simulate_run_check(const struct simulate_run *run,
                        void (*print)(void *arg, bool met, const char *text), void *arg)
{
    char text[512];
    bool all = run->breaches == 0;
    if (run->breaches > 0 && print) {
        int length = snprintf(text, sizeof(text),
                              "no law broken: %zu breaches, first at %.1f s: ", run->breaches,
                              (double)run->breach_usec / 1e6);
        if (run->ledger_breach[0] != '\0')
            (void)snprintf(text + length, sizeof(text) - (size_t)length, "%s", run->ledger_breach);
        else
            tick_breach_text(&run->breach, text + length, sizeof(text) - (size_t)length);
        print(arg, false, text);
    }
    for (size_t i = 0; i < run->scenario->expect_count; i++) {
        if (!scenario_expects_of(&run->scenario->expects[i], run->policy->name, run->is_default))
            continue;
        bool met = scenario_met(run->scenario, i, run->sim, &run->watch, text, sizeof(text));
        all = all && met;
        if (print)
            print(arg, met, text);
    }
    return all;
}

static int compare_ratios(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* A bad end is one without an answer, or with a no. */
static void count_start(const struct sim_start *start, struct simulate_times *out)
{
    bool granted = start->state > SIM_START_REFUSED;
    bool unanswered = start->gave_up || start->state == SIM_START_WAITING;
    if (start->state == SIM_START_COMING)
        return;
    if (start->feasible) {
        out->feasible++;
        out->served += granted;
        out->feasible_refused += !granted;
    } else if (!granted) {
        out->infeasible_waiting += unanswered;
        out->infeasible_refused += !unanswered;
    }
}

int simulate_run_times(const struct simulate_run *run, struct simulate_times *out)
{
    size_t count = sim_start_count(run->sim);
    uint64_t *ratios = calloc(count + 1, sizeof(*ratios));
    size_t known = 0;
    if (!ratios)
        return -ENOMEM;
    *out = (struct simulate_times){0};
    for (size_t i = 0; i < count; i++) {
        const struct sim_start *start = sim_start_at(run->sim, i);
        count_start(start, out);
        uint64_t ratio = scenario_ratio_permyriad(start);
        if (ratio > 0)
            ratios[known++] = ratio;
    }
    qsort(ratios, known, sizeof(*ratios), compare_ratios);
    if (known > 0) {
        out->median_permyriad = ratios[(known - 1) / 2];
        out->worst_permyriad = ratios[known - 1];
    }
    free(ratios);
    return 0;
}
