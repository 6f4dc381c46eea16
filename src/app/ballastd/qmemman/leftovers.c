/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/qmemman/leftovers.h"

#include <string.h>

#include "app/ballastd/engine/engine.h"
#include "app/ballastd/engine/overlay.h"
#include "app/ballastd/qmemman/client.h"
#include "app/ballastd/standin/call.h"
#include "core/base/units.h"

/* As long as a start may take from its request to its domain: storage and libvirt come between. */
#define GRACE_USEC (60 * BALLAST_SEC_USEC)

static void note_leftover(struct leftovers *leftovers, struct engine *engine,
                          const struct leftover *leftover)
{
    if (leftovers->count == LEFTOVERS_MOST)
        standin_release(engine, leftover->id);
    else
        leftovers->list[leftovers->count++] = *leftover;
}

void leftovers_add(struct leftovers *leftovers, struct engine *engine, uint64_t id, uid_t uid)
{
    if (id == 0 || !engine_ledger(engine))
        return;
    struct leftover leftover = {.id = id, .left_usec = engine_ledger_now_usec(engine), .uid = uid};
    note_leftover(leftovers, engine, &leftover);
    engine_note_move(engine);
    engine_sample_soon(engine);
}

/* Transitions end the pointers of ledger_next(). Requests have lost the clients that waited for
 * them. */
static void take_in_earlier(struct leftovers *leftovers, struct engine *engine)
{
    struct ledger *ledger = engine_ledger(engine);
    const struct ledger_reservation *record = NULL;
    leftovers->read = true;
    while ((record = ledger_next(ledger, record))) {
        uint64_t id = record->id;
        struct leftover leftover = {
            .id = id, .left_usec = engine_ledger_now_usec(engine), .is_of_restart = true};
        if (strcmp(record->owner, QMEMMAN_OWNER) != 0)
            continue;
        if (record->state == LEDGER_GRANTED)
            note_leftover(leftovers, engine, &leftover);
        else
            standin_release(engine, id);
        record = ledger_find(ledger, id);
    }
}

static bool is_anything_built(const struct ballast_host *host)
{
    for (size_t i = 0; i < host->domain_count; i++) {
        if (host->domains[i].state == BALLAST_DOMAIN_BUILD)
            return true;
    }
    return false;
}

static bool is_due(const struct leftover *leftover, struct engine *engine)
{
    const struct ballast_host *host = overlay_snapshot(engine_overlay(engine));
    uint64_t end_usec = ballast_add_ceil(leftover->left_usec, GRACE_USEC);
    if (engine_ledger_now_usec(engine) >= end_usec)
        return true;
    /* Domains of an older snapshot may have been built, and paid for, since. */
    return !leftover->is_of_restart && host && host->now_usec > leftover->left_usec &&
           !is_anything_built(host);
}

static uint64_t left_kib(const struct leftover *leftover, struct engine *engine)
{
    const struct ledger_reservation *record = ledger_find(engine_ledger(engine), leftover->id);
    return record && record->state == LEDGER_GRANTED ? record->granted_kib : 0;
}

/* Whether open connections lack more than the `kept` ones of their user in front stand in for. */
static bool stands_in(const struct leftovers *leftovers, struct engine *engine, size_t kept,
                      const struct leftover *leftover)
{
    uint64_t owed_kib = leftover->is_of_restart || !leftovers->owed
                            ? 0
                            : leftovers->owed(leftovers->owed_context, leftover->uid);
    for (size_t i = 0; i < kept && owed_kib > 0; i++) {
        const struct leftover *other = &leftovers->list[i];
        if (other->uid == leftover->uid && !other->is_of_restart)
            owed_kib = ballast_sub_floor(owed_kib, left_kib(other, engine));
    }
    return owed_kib > 0;
}

bool leftovers_go_on(struct leftovers *leftovers, struct engine *engine)
{
    size_t kept = 0;
    size_t before = leftovers->count;
    bool first = !leftovers->read && engine_ledger(engine);
    if (first)
        take_in_earlier(leftovers, engine);
    for (size_t i = 0; i < leftovers->count; i++) {
        struct leftover leftover = leftovers->list[i];
        if (left_kib(&leftover, engine) == 0)
            continue;
        if (is_due(&leftover, engine) && !stands_in(leftovers, engine, kept, &leftover))
            standin_release(engine, leftover.id);
        if (left_kib(&leftover, engine) > 0)
            leftovers->list[kept++] = leftover;
    }
    leftovers->count = kept;
    return first || kept < before;
}
