/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/engine/tick_book.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/ballastd/engine/defence.h"
#include "app/ballastd/engine/state.h"
#include "core/base/error.h"
#include "core/base/units.h"

/*
 * The book asks for uuids without a context; there is one loop in a process, and no other caller.
 */
static struct overlay *sampled_overlay;

static void find_sampled_uuid(uint32_t domid, uint8_t uuid[LEDGER_UUID])
{
    size_t at;
    memset(uuid, 0, LEDGER_UUID);
    if (overlay_find(sampled_overlay, domid, &at) == 0)
        memcpy(uuid, overlay_domain(sampled_overlay, at)->uuid, LEDGER_UUID);
}

/* A command ends too soon to wait for the domain that comes back. */
static uint64_t reboot_lease_usec(const struct engine *engine)
{
    bool keeps = engine->options.role == ENGINE_BALANCES && !engine->leaves_reboots;
    return keeps ? engine->config.reboot_lease_usec : 0;
}

/*
 * For each sample of a tick: what a domain that is torn down has returned is free in the snapshot,
 * and the list says that the domain does not have it any more. Out of memory: such a domain counts
 * as gone. Nothing is listed where no reboot is kept, now or since before a change of reboot-lease.
 */
static void show_dying(struct engine *engine)
{
    const struct hv_domain *domains;
    size_t count;
    size_t filled = 0;
    struct ledger *ledger = reservations_ledger(engine->reservations);
    if (reboot_lease_usec(engine) == 0 && ledger_sums(ledger).rebooting == 0) {
        tick_ledger_dying(reservations_book(engine->reservations), NULL, 0);
        return;
    }
    hv_domains(engine->host, &domains, &count);
    for (size_t i = 0; i < count; i++) {
        if (!domains[i].dying)
            continue;
        struct tick_dying *list = reallocarray(engine->dying, filled + 1, sizeof(*engine->dying));
        if (!list)
            break;
        engine->dying = list;
        list[filled] = (struct tick_dying){.domid = domains[i].id,
                                           .name = domains[i].name,
                                           .held_kib = domains[i].tot_kib,
                                           .reboots = domains[i].reboots};
        memcpy(list[filled++].uuid, domains[i].uuid, LEDGER_UUID);
    }
    tick_ledger_dying(reservations_book(engine->reservations), engine->dying, filled);
}

void tick_book_see(struct engine *engine, const struct ballast_host *host)
{
    struct tick_ledger *book = reservations_book(engine->reservations);
    sampled_overlay = engine->overlay;
    tick_ledger_keep_reboots(book, reboot_lease_usec(engine));
    tick_ledger_on_unreserved(book, defence_note_unreserved, engine);
    show_dying(engine);
    (void)tick_ledger_see(book, host, find_sampled_uuid, NULL);
}

/*
 * As long as no domain is asked to free memory, the balancer's refusals do not say what could be
 * free once balancing is resumed: requests wait until then or for their deadline, unless all
 * domains together could not free enough.
 */
static int answer_request(void *context, const struct ballast_host *host,
                          const struct balancer_verdict *verdict, struct ballast_error *err)
{
    struct engine *engine = context;
    struct tick_book inner = tick_ledger_book(reservations_book(engine->reservations));
    struct balancer_verdict ours = *verdict;
    show_dying(engine);
    if (!verdict->granted && verdict->reason != BALANCER_TOO_LATE && !engine_balances(engine)) {
        struct ledger *ledger = reservations_ledger(engine->reservations);
        struct ledger_free free_now =
            tick_ledger_free_of(reservations_book(engine->reservations), host);
        ours.figures.possible_kib = ballast_add_ceil(ledger_available_kib(ledger, &free_now),
                                                     overlay_spare_kib(engine->overlay));
        if (verdict->reason != BALANCER_NEVER_FITS ||
            verdict->figures.needed_kib <= ours.figures.possible_kib)
            return ballast_fail(err, -EAGAIN, "balancing is paused: the request waits");
    }
    int rc = inner.answer(inner.book, host, &ours, err);
    /* Its memory is free but cannot be reserved; the other requests may have it. */
    if (rc < 0 && rc != -EAGAIN && verdict->granted) {
        struct ledger *ledger = reservations_ledger(engine->reservations);
        struct ledger_verdict refused;
        (void)ledger_refuse(
            ledger, verdict->request, LEDGER_DEADLINE_OVER, &(struct ledger_figures){0},
            ballast_max_u64(host->now_usec, ledger_now_usec(ledger)), &refused, NULL);
    }
    return rc;
}

static int list_waiting(void *context, const struct balancer_request **out, size_t *count,
                        struct ballast_error *err)
{
    struct engine *engine = context;
    struct tick_book inner = tick_ledger_book(reservations_book(engine->reservations));
    return inner.waiting(inner.book, out, count, err);
}

static uint64_t reserved_kib(void *context, const struct ballast_host *host)
{
    struct engine *engine = context;
    show_dying(engine);
    return tick_ledger_unseen_kib(reservations_book(engine->reservations), host);
}

struct tick_book tick_book_of(struct engine *engine)
{
    return (struct tick_book){.book = engine,
                              .waiting = list_waiting,
                              .reserved_kib = reserved_kib,
                              .answer = answer_request};
}
