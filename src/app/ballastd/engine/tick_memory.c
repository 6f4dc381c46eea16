/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/engine/tick_memory.h"

#include <stdio.h>

#include "app/ballastd/engine/log.h"
#include "app/ballastd/engine/state.h"
#include "core/base/units.h"

/* The same decision about the same domain is said again after so long. */
#define SAY_AGAIN_USEC (60 * BALLAST_SEC_USEC)

/* What is said: what has another reason than the last one of that domain, or was long ago. */
static bool is_news(const struct engine *engine, const struct decision *decision)
{
    const struct decision *before = decisions_of(engine->decisions, decision->domid);
    return engine->options.verbose || decision->what != DECISION_SET || !before ||
           before->reason != decision->reason || before->outcome != decision->outcome ||
           decision->time_usec - before->time_usec > SAY_AGAIN_USEC;
}

static void note_decision(struct engine *engine, const struct decision *decision)
{
    static const char *const outcomes[] = {[TICK_DONE] = "",
                                           [TICK_SKIPPED] = " (skipped: state changed)",
                                           [TICK_FAILED] = " (failed)"};
    char text[512];
    if (is_news(engine, decision)) {
        decision_text(decision, text, sizeof(text));
        engine_log(decision->outcome == TICK_FAILED ? LOG_WARNING : LOG_INFO, "%s%s", text,
                   outcomes[decision->outcome]);
    }
    recorder_decision(engine, decision);
    engine->observer.decision(engine->observer.context, decisions_add(engine->decisions, decision));
}

static void remember_set(void *memory, const struct ballast_host *host,
                         const struct balancer_set *set, enum tick_outcome outcome)
{
    struct engine *engine = memory;
    size_t at;
    struct decision decision = {.time_usec = host->now_usec,
                                .what = DECISION_SET,
                                .domid = set->id,
                                .target_kib = set->target_kib,
                                .maxmem_kib = set->maxmem_kib,
                                .outcome = outcome,
                                .reason = set->reason,
                                .a_kib = set->a_kib,
                                .b_kib = set->b_kib,
                                .floor = set->floor};
    if (overlay_find(engine->overlay, set->id, &at) == 0) {
        struct overlay_record *domain = overlay_domain(engine->overlay, at);
        (void)snprintf(decision.name, sizeof(decision.name), "%s", host->domains[at].name);
        bool gives = set->reason == BALANCER_RECLAIMED_FOR_START ||
                     set->reason == BALANCER_SQUEEZED_FOR_START ||
                     set->reason == BALANCER_BELOW_PIN;
        if (outcome == TICK_DONE && gives && domain->reclaim_from_kib == 0)
            domain->reclaim_from_kib = host->domains[at].tot_kib;
    }
    note_decision(engine, &decision);
}

static void remember_verdict(void *memory, const struct ballast_host *host,
                             const struct balancer_verdict *verdict, bool carried_out)
{
    struct decision decision = {.time_usec = host->now_usec,
                                .what = verdict->granted ? DECISION_GRANT : DECISION_REFUSE,
                                .reservation = verdict->request,
                                .reason = verdict->reason,
                                .a_kib = verdict->a_kib,
                                .b_kib = verdict->b_kib};
    struct engine *engine = memory;
    const struct ledger_reservation *record =
        ledger_find(reservations_ledger(engine->reservations), verdict->request);
    /* While nobody is balanced it was refused by other numbers; see answer(). */
    if (record && record->state == LEDGER_REFUSED)
        decision.b_kib = record->b_kib;
    /* One that was not comes again with the next tick. */
    if (carried_out)
        note_decision(engine, &decision);
}

struct tick_memory tick_memory_of(struct engine *engine)
{
    return (struct tick_memory){.memory = engine, .set = remember_set, .verdict = remember_verdict};
}
