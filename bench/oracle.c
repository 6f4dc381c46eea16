/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "oracle.h"

#include <errno.h>
#include <stdlib.h>

#include "core/base/error.h"
#include "core/base/units.h"
#include "core/policy/fill.h"

/* Sparing what guests need may cost a start a twentieth of the shortest time, and a tick. */
#define SPARING_PERMYRIAD 10500
#define SPARING_USEC      SIM_TICK_USEC

struct oracle_guest {
    uint32_t id;
    uint64_t tot_kib;
    uint64_t low_kib; /* it cannot be asked for more */
    uint64_t target_kib;
    uint64_t alloc_kib; /* what it is to have */
    uint64_t rate_kib;  /* a second */
};

struct oracle {
    struct sim *sim;
    uint64_t ahead_usec;
    struct oracle_guest *guests;
    struct fill_part *parts;
    size_t count;
};

/* Grants what is free, refuses what can never be; returns what the others wait for. */
static uint64_t serve_starts(struct sim *sim)
{
    uint64_t waiting_kib = 0;
    for (size_t i = 0; i < sim_start_count(sim); i++) {
        const struct sim_start *start = sim_start_at(sim, i);
        if (start->state != SIM_START_WAITING)
            continue;
        uint64_t need_kib = start->is->need_kib;
        if (!start->feasible)
            (void)sim_start_refuse(sim, i, NULL);
        else if (sim_available_kib(sim) < need_kib || sim_start_grant(sim, i, true, NULL) < 0)
            waiting_kib += need_kib;
    }
    return waiting_kib;
}

/* The guests that may be asked, and what each should have; those that are gone are not shown. */
static void look_ahead(struct oracle *oracle, const struct ballast_host *host)
{
    size_t shown = 0;
    oracle->count = 0;
    for (size_t i = 0; i < sim_domain_count(oracle->sim); i++) {
        struct sim_domain_view view;
        sim_domain_view(oracle->sim, i, &view);
        if (!view.alive)
            continue;
        const struct ballast_domain *domain = &host->domains[shown++];
        if (!ballast_domain_is_asked(domain))
            continue;
        uint64_t want_kib = sim_need_ahead_kib(oracle->sim, i, oracle->ahead_usec);
        want_kib = ballast_min_u64(want_kib, domain->dynamic_max_kib);
        oracle->parts[oracle->count] = (struct fill_part){
            .low_kib = domain->dynamic_min_kib,
            .high_kib = ballast_max_u64(want_kib, domain->dynamic_min_kib),
            .weight = domain->shares,
        };
        oracle->guests[oracle->count++] = (struct oracle_guest){
            .id = domain->id,
            .tot_kib = domain->tot_kib,
            .low_kib = domain->dynamic_min_kib,
            .target_kib = domain->target_kib,
            .rate_kib = sim_domain_config(oracle->sim, domain->id)->reclaim_kib_per_sec,
        };
    }
}

static uint64_t share_out(struct oracle *oracle, uint64_t free_kib, uint64_t waiting_kib)
{
    uint64_t pool_kib = free_kib;
    uint64_t lack_kib = 0;
    for (size_t i = 0; i < oracle->count; i++)
        pool_kib += oracle->guests[i].tot_kib;
    fill_by_weight(oracle->parts, oracle->count, ballast_sub_floor(pool_kib, waiting_kib));
    for (size_t i = 0; i < oracle->count; i++) {
        oracle->guests[i].alloc_kib = oracle->parts[i].out_kib;
        lack_kib += ballast_sub_floor(oracle->parts[i].out_kib, oracle->guests[i].tot_kib);
    }
    return lack_kib;
}

static uint64_t freed_kib(const struct oracle_guest *guest, uint64_t usec)
{
    return ballast_min_u64(ballast_sub_floor(guest->tot_kib, guest->alloc_kib),
                           ballast_mul_div(guest->rate_kib, usec, BALLAST_SEC_USEC));
}

/* The shortest time in which all who have more than they should free so much; at most an hour. */
static uint64_t time_to_free(const struct oracle *oracle, uint64_t kib)
{
    uint64_t low_usec = 0;
    uint64_t high_usec = 3600 * BALLAST_SEC_USEC;
    while (high_usec - low_usec > 1000) {
        uint64_t usec = low_usec + (high_usec - low_usec) / 2;
        uint64_t sum_kib = 0;
        for (size_t i = 0; i < oracle->count; i++)
            sum_kib += freed_kib(&oracle->guests[i], usec);
        if (sum_kib >= kib)
            high_usec = usec;
        else
            low_usec = usec;
    }
    return high_usec;
}

/* Where a start would wait for the sake of guests, all of them free what they can. */
static void spare_nothing_if_slow(struct oracle *oracle, uint64_t missing_kib)
{
    uint64_t sparing_usec = time_to_free(oracle, missing_kib);
    for (size_t i = 0; i < oracle->count; i++) {
        oracle->parts[i].out_kib = oracle->guests[i].alloc_kib;
        oracle->guests[i].alloc_kib = oracle->guests[i].low_kib;
    }
    uint64_t least_usec = time_to_free(oracle, missing_kib);
    uint64_t most_usec = ballast_mul_div(least_usec, SPARING_PERMYRIAD, BALLAST_PERMYRIAD);
    if (sparing_usec > most_usec + SPARING_USEC)
        return;
    for (size_t i = 0; i < oracle->count; i++)
        oracle->guests[i].alloc_kib = oracle->parts[i].out_kib;
}

static void move_target(struct oracle *oracle, const struct oracle_guest *guest,
                        uint64_t target_kib)
{
    if (target_kib != guest->target_kib)
        (void)sim_set(oracle->sim, guest->id, target_kib, target_kib, NULL);
}

/* First those that free memory, then those that take what is free by now. */
static void move_all(struct oracle *oracle, uint64_t missing_kib, uint64_t lack_kib,
                     uint64_t room_kib)
{
    uint64_t usec = missing_kib > 0 ? time_to_free(oracle, missing_kib) : 0;
    for (size_t i = 0; i < oracle->count; i++) {
        const struct oracle_guest *guest = &oracle->guests[i];
        if (guest->tot_kib >= guest->alloc_kib)
            move_target(oracle, guest, guest->tot_kib - freed_kib(guest, usec));
    }
    for (size_t i = 0; i < oracle->count; i++) {
        const struct oracle_guest *guest = &oracle->guests[i];
        uint64_t part_kib = ballast_sub_floor(guest->alloc_kib, guest->tot_kib);
        if (part_kib == 0)
            continue;
        if (room_kib < lack_kib)
            part_kib = ballast_mul_div(part_kib, room_kib, lack_kib);
        move_target(oracle, guest, guest->tot_kib + part_kib);
    }
}

static int tick_oracle(struct oracle *oracle, struct ballast_error *err)
{
    const struct ballast_host *host;
    int rc = sim_refresh(oracle->sim, &host, err);
    if (rc < 0)
        return rc == -EIO ? 0 : rc; /* as injected */
    uint64_t waiting_kib = serve_starts(oracle->sim);
    uint64_t free_kib = sim_available_kib(oracle->sim);
    look_ahead(oracle, host);
    uint64_t lack_kib = share_out(oracle, free_kib, waiting_kib);
    if (waiting_kib > free_kib)
        spare_nothing_if_slow(oracle, waiting_kib - free_kib);
    move_all(oracle, ballast_sub_floor(lack_kib + waiting_kib, free_kib), lack_kib,
             ballast_sub_floor(free_kib, waiting_kib));
    return 0;
}

static int play_oracle(struct oracle *oracle, const struct scenario *scenario,
                       struct ballast_error *err)
{
    uint64_t tick_usec = scenario->config.tick_usec;
    int rc = sim_score_begin(oracle->sim, err);
    while (rc == 0 && sim_now_usec(oracle->sim) < scenario->duration_usec) {
        if ((rc = tick_oracle(oracle, err)) == 0 &&
            (rc = sim_step(oracle->sim, tick_usec, err)) == 0)
            rc = sim_score_step(oracle->sim, tick_usec, err);
    }
    return rc;
}

int oracle_run(const struct scenario *scenario, uint64_t ahead_usec, struct sim **out,
               struct ballast_error *err)
{
    const struct sim_config *config = &scenario->config;
    size_t most = config->guest_count + config->start_count + 1;
    struct oracle oracle = {.ahead_usec = ahead_usec,
                            .guests = calloc(most, sizeof(*oracle.guests)),
                            .parts = calloc(most, sizeof(*oracle.parts))};
    int rc = oracle.guests && oracle.parts ? sim_new(config, 0, &oracle.sim, err)
                                           : ballast_fail(err, -ENOMEM, "out of memory");
    if (rc == 0)
        rc = play_oracle(&oracle, scenario, err);
    free(oracle.guests);
    free(oracle.parts);
    if (rc < 0)
        sim_free(oracle.sim);
    else
        *out = oracle.sim;
    return rc;
}
