/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/engine/changes.h"

#include <string.h>

#include "app/ballastd/engine/state.h"
#include "core/base/array.h"

static bool is_of_free(const struct ledger_reservation *record)
{
    return strncmp(record->owner, ENGINE_FREE, strlen(ENGINE_FREE)) == 0;
}

/* The memory that `free` frees is not for a start; what is kept for a reboot was not requested. */
static void count_admission(struct engine *engine, const struct ledger_reservation *record)
{
    struct engine_counters *counters = &engine->counters;
    if (is_of_free(record) || record->kind == LEDGER_REBOOT)
        return;
    if (record->state == LEDGER_GRANTED)
        counters->granted++;
    else if (record->state == LEDGER_REFUSED && (unsigned)record->reason < LEDGER_REASONS)
        counters->refused[record->reason]++;
}

void changes_on_reservation(void *context, const struct ledger_reservation *record)
{
    struct engine *engine = context;
    engine->decided |= record->state != LEDGER_REQUESTED && record->state != LEDGER_RECLAIMING;
    count_admission(engine, record);
    recorder_reservation(engine, record);
    claims_on_reservation(engine, record);
    /* Without memory observers miss it; a client that asks still gets it. */
    if (!array_reserve(&engine->changes, &engine->change_room, engine->change_count + 1,
                       sizeof(*engine->changes)))
        return;
    engine->changes[engine->change_count++] =
        (struct engine_change){.id = record->id, .asked = record->state == LEDGER_REQUESTED};
}

/* Two changes of one reservation in short order are one notification, of the later state. */
static bool comes_again(const struct engine *engine, size_t i)
{
    for (size_t j = i + 1; j < engine->change_count && j <= i + 8; j++) {
        if (engine->changes[j].id == engine->changes[i].id)
            return true;
    }
    return false;
}

void changes_settle(struct engine *engine)
{
    struct ledger *ledger = reservations_ledger(engine->reservations);
    struct ledger_verdict verdict;
    /* Starting to free is a change itself, and comes behind; so this ends. */
    for (size_t i = 0; i < engine->change_count; i++) {
        struct engine_change change = engine->changes[i];
        const struct ledger_reservation *record = ledger_find(ledger, change.id);
        if (change.asked && record && record->state == LEDGER_REQUESTED)
            (void)ledger_start_reclaiming(
                ledger, change.id, reservations_now_usec(engine->reservations, engine->overlay),
                &verdict, NULL);
        if (!comes_again(engine, i) && (record = ledger_find(ledger, change.id)))
            engine->observer.reservation(engine->observer.context, record);
    }
    engine->change_count = 0;
    if (!engine->decided)
        return;
    engine->decided = false;
    engine->observer.settled(engine->observer.context);
}

/*
 * What `free` has freed is kept until a toolstack begins to build with it, or its lease ends: to
 * go on keeping it then would be to free it twice.
 */
void changes_end_free_holds(struct engine *engine)
{
    struct ledger *ledger = reservations_ledger(engine->reservations);
    const struct ballast_host *host = overlay_snapshot(engine->overlay);
    const struct ledger_reservation *at = NULL;
    struct ledger_verdict verdict;
    struct ledger_free free_now =
        tick_ledger_free_of(reservations_book(engine->reservations), host);
    if (free_now.foreign_kib == 0)
        return;
    while ((at = ledger_next(ledger, at))) {
        if (at->state == LEDGER_GRANTED && is_of_free(at))
            break;
    }
    if (at)
        (void)ledger_release(ledger, at->id, NULL,
                             reservations_now_usec(engine->reservations, engine->overlay), &verdict,
                             NULL);
}

static const struct ledger_reservation *find_free_request(const struct ledger *ledger)
{
    const struct ledger_reservation *at = NULL;
    while ((at = ledger_next(ledger, at))) {
        bool waits = at->state == LEDGER_REQUESTED || at->state == LEDGER_RECLAIMING;
        if (waits && is_of_free(at))
            break;
    }
    return at;
}

int changes_end_free_requests(struct engine *engine, struct ballast_error *err)
{
    struct ledger *ledger = reservations_ledger(engine->reservations);
    const struct ledger_reservation *at;
    struct ledger_verdict verdict;
    int rc = 0;
    while (rc == 0 && (at = find_free_request(ledger))) {
        rc = ledger_release(ledger, at->id, NULL,
                            reservations_now_usec(engine->reservations, engine->overlay), &verdict,
                            err);
    }
    return rc;
}
