/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Counts rise while memory is lacking and stop at once. PSI is an average over ten seconds, and
 * falls for as long after memory was given, so a PSI that falls is not a sign by itself.
 */
#include "core/policy/distress.h"

#include "core/model/host_inline.h"

/* Older pressure says nothing: two signs of life of its agent have not come. */
#define OLD_USEC (2 * BALLAST_PRESSURE_ALIVE_USEC)
/* Without any sign for this long it is quiet: the period of PSI's average. */
#define QUIET_USEC (10 * BALLAST_SEC_USEC)
/*
 * PSI of which it lacks memory: some task waited for a tenth of the time, or all for a fiftieth.
 * systemd-oomd acts at 60 %, which is too late here.
 */
#define LACKS_SOME_PERMYRIAD 1000
#define LACKS_FULL_PERMYRIAD 200
/* Any sign: a hundredth of the time. */
#define SIGN_PERMYRIAD 100
/* Pages read again, from swap or the working set, a second: 4 MiB, and 256 KiB for any sign. */
#define LACKS_PAGES_PER_SEC 1024
#define SIGN_PAGES_PER_SEC  64
/* What it is given beyond its memory at each report of distress. */
#define STEP_PART 8

/* 0: it is not known, and shows nothing. */
static uint64_t value_of(const struct ballast_pressure *pressure, enum ballast_pressure_kind kind)
{
    uint64_t value = ballast_pressure_value(pressure, kind);
    return value == BALLAST_NONE ? 0 : value;
}

/* By how much a count has risen; one that is lower began again. */
static uint64_t count_risen(const struct distress *distress, const struct ballast_pressure *now,
                            enum ballast_pressure_kind kind)
{
    if (ballast_pressure_value(&distress->last, kind) == BALLAST_NONE)
        return 0;
    return ballast_sub_floor(value_of(now, kind), value_of(&distress->last, kind));
}

static uint64_t pages_per_sec(const struct distress *distress, const struct ballast_pressure *now,
                              uint64_t made_usec)
{
    uint64_t pages = ballast_add_ceil(count_risen(distress, now, BALLAST_PRESSURE_REFAULTS),
                                      count_risen(distress, now, BALLAST_PRESSURE_SWAPINS));
    uint64_t usec = ballast_max_u64(ballast_sub_floor(made_usec, distress->made_usec), 1);
    return ballast_mul_div(pages, BALLAST_SEC_USEC, usec);
}

static bool psi_reaches(const struct distress *distress, const struct ballast_pressure *now,
                        enum ballast_pressure_kind kind, uint64_t permyriad)
{
    uint64_t value = value_of(now, kind);
    return value >= permyriad && value >= value_of(&distress->last, kind);
}

static enum distress_level level_of(const struct distress *distress,
                                    const struct ballast_pressure *now, uint64_t made_usec)
{
    uint64_t pages = pages_per_sec(distress, now, made_usec);
    if (count_risen(distress, now, BALLAST_PRESSURE_OOM_KILLS) > 0 ||
        pages >= LACKS_PAGES_PER_SEC ||
        psi_reaches(distress, now, BALLAST_PRESSURE_SOME, LACKS_SOME_PERMYRIAD) ||
        psi_reaches(distress, now, BALLAST_PRESSURE_FULL, LACKS_FULL_PERMYRIAD))
        return DISTRESS_FULL;
    bool signs = pages >= SIGN_PAGES_PER_SEC ||
                 value_of(now, BALLAST_PRESSURE_SOME) >= SIGN_PERMYRIAD ||
                 count_risen(distress, now, BALLAST_PRESSURE_STALLS) > 0;
    return signs ? DISTRESS_SOME : DISTRESS_QUIET;
}

static bool is_new(const struct distress *distress, const struct ballast_pressure *now,
                   uint64_t made_usec)
{
    if (distress->made_usec == 0 || now->known != distress->last.known)
        return true;
    for (int kind = 0; kind < BALLAST_PRESSURES; kind++) {
        if (value_of(now, (enum ballast_pressure_kind)kind) !=
            value_of(&distress->last, (enum ballast_pressure_kind)kind))
            return true;
    }
    return made_usec > distress->made_usec + BALLAST_SEC_USEC / 20;
}

void distress_sample(struct distress *distress, const struct ballast_domain *domain,
                     uint64_t now_usec)
{
    const struct ballast_pressure *now = &domain->pressure;
    if (now->known == 0 || now->age_usec > OLD_USEC) {
        distress->level = DISTRESS_UNKNOWN;
        return;
    }
    uint64_t made_usec = ballast_max_u64(ballast_sub_floor(now_usec, now->age_usec), 1);
    if (!is_new(distress, now, made_usec))
        return;
    bool is_first = distress->made_usec == 0;
    enum distress_level level = level_of(distress, now, made_usec);
    if (level != DISTRESS_QUIET || is_first)
        distress->signs_usec = made_usec;
    if (level == DISTRESS_QUIET && ballast_sub_floor(made_usec, distress->signs_usec) < QUIET_USEC)
        level = DISTRESS_SOME;
    distress->level = level;
    distress->last = *now;
    distress->made_usec = made_usec;
    distress->tot_kib = domain->tot_kib;
}

uint64_t distress_need_kib(const struct distress *distress)
{
    return distress->level == DISTRESS_FULL ? distress->tot_kib + distress->tot_kib / STEP_PART : 0;
}
