/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The pressure of a guest that lacks memory. A page of its working set that it lacks is read again
 * once in TOUCH_USEC, for it uses all of that set in this time; each read takes READ_USEC, one
 * after the other, and while it reads, the task that needs the page waits. So a guest that lacks n
 * pages has n / 10 s refaults, at most 10,000 a second, and some task waits for n / 100,000 of the
 * time: a tenth of it with 39 MiB missing, all of it with 390 MiB. A second task waits as often and
 * independently of the first, so all wait at the same time for the square of that part.
 *
 * Half of what is read again was swapped out and the rest is files'; a guest that has no swap
 * (panics, starves) reads only files again. An allocation that has to reclaim memory first takes a
 * batch of it: SWAP_CLUSTER_MAX of Linux' include/linux/swap.h. Without swap the kernel kills a
 * process once a second while an eighth of the working set is missing.
 *
 * TOUCH_USEC, the half and the eighth are assumptions, in the middle of what a server does;
 * READ_USEC is that of a common SSD. What the averages are made of is Linux' own, see below.
 */
#include "core/base/units.h"
#include "core/sim/sim_inside.h"

#define TOUCH_USEC (10 * BALLAST_SEC_USEC)
#define READ_USEC  100
/* SWAP_CLUSTER_MAX. */
#define BATCH_PAGES 32
#define KILL_USEC   BALLAST_SEC_USEC
#define KILL_PART   8

/*
 * Linux, kernel/sched/psi.c: each PSI_FREQ (2 s) an average moves towards the part of that time for
 * which tasks were stalled, and keeps EXP_10s (exp(-2 s / 10 s)) of what it was, in the fixed point
 * of include/linux/sched/loadavg.h: FIXED_1.
 */
#define PSI_USEC  (2 * BALLAST_SEC_USEC)
#define PSI_ONE   2048
#define PSI_EXP10 1677
/* As in calc_avgs() there, an average is in percent, each of FIXED_1. */
#define PSI_ALL (100 * (uint64_t)PSI_ONE)

/* A false report: tasks wait most of the time, and as many pages are read as a disk can read. */
#define FALSE_SOME_PERMYRIAD 6000
#define FALSE_FULL_PERMYRIAD 3000
#define FALSE_READS_PER_SEC  10000

bool sim_has_swap(const struct sim_guest_config *is)
{
    return !is->panics && is->starve_usec == 0;
}

static uint64_t lacking_pages(const struct sim *sim, const struct sim_domain *domain)
{
    uint64_t lack_kib = ballast_sub_floor(domain->need_kib, domain->tot_pages * sim->page_kib);
    return ballast_div_up(lack_kib, BALLAST_PAGE_KIB);
}

static void count_reads(struct sim_pressure *pressure, uint64_t lack_pages, uint64_t usec)
{
    uint64_t busy_pages = ballast_min_u64(lack_pages, TOUCH_USEC / READ_USEC);
    uint64_t some_usec = ballast_mul_div(usec, busy_pages, TOUCH_USEC / READ_USEC);
    pressure->some_usec += some_usec;
    pressure->full_usec += ballast_mul_div(some_usec, busy_pages, TOUCH_USEC / READ_USEC);
    uint64_t parts = pressure->refault_credit + busy_pages * usec;
    pressure->refaults += parts / TOUCH_USEC;
    pressure->refault_credit = parts % TOUCH_USEC;
}

static uint64_t average_of(uint64_t average, uint64_t stalled_usec)
{
    uint64_t now = ballast_mul_div(PSI_ALL, ballast_min_u64(stalled_usec, PSI_USEC), PSI_USEC);
    return (average * PSI_EXP10 + now * (PSI_ONE - PSI_EXP10)) / PSI_ONE;
}

static void end_periods(struct sim_pressure *pressure, uint64_t now_usec)
{
    while (now_usec - pressure->period_usec >= PSI_USEC) {
        pressure->some_fixed = average_of(pressure->some_fixed, pressure->some_usec);
        pressure->full_fixed = average_of(pressure->full_fixed, pressure->full_usec);
        pressure->some_usec = pressure->full_usec = 0;
        pressure->period_usec += PSI_USEC;
    }
}

static void count_kills(const struct sim *sim, struct sim_domain *domain, uint64_t lack_pages)
{
    struct sim_pressure *pressure = &domain->pressure;
    bool starved = lack_pages * BALLAST_PAGE_KIB > domain->need_kib / KILL_PART;
    if (sim_has_swap(domain->is) || !starved) {
        pressure->short_usec = 0;
    } else if (pressure->short_usec == 0) {
        pressure->short_usec = sim->now_usec;
    } else if (sim->now_usec - pressure->short_usec >= KILL_USEC) {
        pressure->short_usec = sim->now_usec;
        pressure->oom_kills++;
    }
}

void sim_pressure_count(const struct sim *sim, struct sim_domain *domain)
{
    struct sim_pressure *pressure = &domain->pressure;
    uint64_t lack_pages = lacking_pages(sim, domain);
    count_reads(pressure, lack_pages, sim->now_usec - pressure->counted_usec);
    pressure->counted_usec = sim->now_usec;
    end_periods(pressure, sim->now_usec);
    count_kills(sim, domain, lack_pages);
}

static uint16_t permyriad_of(uint64_t average)
{
    return (uint16_t)ballast_mul_div(average, BALLAST_PERMYRIAD, PSI_ALL);
}

void sim_pressure_say(const struct sim *sim, const struct sim_domain *domain, struct sim_said *said)
{
    const struct sim_pressure *pressure = &domain->pressure;
    if (domain->is->pressure == SIM_PRESSURE_FALSE) {
        said->some_permyriad = FALSE_SOME_PERMYRIAD;
        said->full_permyriad = FALSE_FULL_PERMYRIAD;
        said->refaults = ballast_mul_div(sim->now_usec, FALSE_READS_PER_SEC, BALLAST_SEC_USEC);
        return;
    }
    said->some_permyriad = permyriad_of(pressure->some_fixed);
    said->full_permyriad = permyriad_of(pressure->full_fixed);
    said->refaults = pressure->refaults;
    said->oom_kills = pressure->oom_kills;
}

void sim_pressure_seen(const struct sim_domain *domain, const struct sim_said *said,
                       uint64_t age_usec, struct ballast_pressure *out)
{
    *out = (struct ballast_pressure){0};
    if (domain->is->pressure == SIM_PRESSURE_NONE)
        return;
    out->known = (UINT32_C(1) << BALLAST_PRESSURES) - 1;
    out->values[BALLAST_PRESSURE_SOME] = said->some_permyriad;
    out->values[BALLAST_PRESSURE_FULL] = said->full_permyriad;
    out->values[BALLAST_PRESSURE_REFAULTS] = said->refaults;
    out->values[BALLAST_PRESSURE_SWAPINS] = sim_has_swap(domain->is) ? said->refaults / 2 : 0;
    out->values[BALLAST_PRESSURE_STALLS] = said->refaults / BATCH_PAGES;
    out->values[BALLAST_PRESSURE_OOM_KILLS] = said->oom_kills;
    out->age_usec = age_usec;
}
