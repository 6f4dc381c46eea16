/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/engine/tick_memory.h"

#include "app/ballastd/engine/log.h"
#include "app/ballastd/engine/state.h"
#include "core/base/units.h"

static void log_skipped(const struct balancer_set *set, const char *name)
{
    char text[512];
    (void)balancer_set_text(set, name, text, sizeof(text));
    engine_log(LOG_INFO, "%s (skipped: state changed)", text);
}

static void remember_set(void *memory, const struct ballast_host *host,
                         const struct balancer_set *set, enum tick_outcome outcome)
{
    struct engine *engine = memory;
    size_t at;
    if (overlay_find(engine->overlay, set->id, &at) == 0) {
        struct overlay_record *domain = overlay_domain(engine->overlay, at);
        bool gives = set->reason == BALANCER_RECLAIMED_FOR_START ||
                     set->reason == BALANCER_SQUEEZED_FOR_START ||
                     set->reason == BALANCER_BELOW_PIN;
        if (outcome == TICK_DONE && gives && domain->reclaim_from_kib == 0)
            domain->reclaim_from_kib = host->domains[at].tot_kib;
        if (outcome == TICK_SKIPPED && engine->options.verbose)
            log_skipped(set, host->domains[at].name);
    }
    recorder_set(engine, set, outcome, host->now_usec);
}

static void remember_verdict(void *memory, const struct ballast_host *host,
                             const struct balancer_verdict *verdict, bool carried_out)
{
    struct engine *engine = memory;
    struct balancer_verdict said = *verdict;
    const struct ledger_reservation *record =
        ledger_find(reservations_ledger(engine->reservations), verdict->request);
    /* While no domain is balanced it was refused with other figures; see answer_request(). */
    if (record && record->state == LEDGER_REFUSED)
        said.figures.possible_kib = record->figures.possible_kib;
    /* What is kept for its guest is no part of what was decided about. */
    if (record && verdict->reason == BALANCER_NEVER_FITS && record->state == LEDGER_REFUSED)
        said.figures.needed_kib = record->figures.needed_kib;
    if (record && verdict->granted)
        said.figures.needed_kib = ballast_max_u64(said.figures.needed_kib, record->min_kib);
    /* One that was not comes again with the next tick. */
    if (carried_out)
        recorder_verdict(engine, &said, host->now_usec);
}

struct tick_memory tick_memory_of(struct engine *engine)
{
    return (struct tick_memory){.memory = engine, .set = remember_set, .verdict = remember_verdict};
}
