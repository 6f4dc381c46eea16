/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/engine/law_checks.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "app/ballastd/engine/log.h"
#include "app/ballastd/engine/state.h"
#include "app/ballastd/engine/tick_book.h"
#include "core/base/error.h"
#include "core/model/host_breakdown.h"

void law_checks_note(struct engine *engine, const struct tick_result *result)
{
    char text[256];
    for (size_t i = 0; i < result->breach_count; i++) {
        tick_breach_text(&result->breaches[i], text, sizeof(text));
        engine_log(LOG_ERR, "%s", text);
    }
    engine->counters.breaches += result->breach_count;
}

/* The parts of an exact host must sum to its total. */
static int check_conservation(struct engine *engine, const struct ballast_host *host,
                              struct ballast_error *err)
{
    struct ballast_host_breakdown parts;
    if (!engine->host->ops->is_exact)
        return 0;
    int rc = ballast_host_divide(host, reservations_reserved_kib(engine->reservations, host), NULL,
                                 &parts, NULL, err);
    if (rc < 0 || (parts.overcounted_kib == 0 && parts.part_kib[BALLAST_PART_UNEXPLAINED] == 0))
        return rc;
    return ballast_fail(err, -EPROTO,
                        "law 1, conservation: %" PRIu64 " KiB are unexplained, %" PRIu64
                        " KiB are overcounted",
                        parts.part_kib[BALLAST_PART_UNEXPLAINED], parts.overcounted_kib);
}

/*
 * A build for which there is no grant is foreign until a reservation is bound to it, also when it
 * is finished.
 */
static bool is_foreign_build(const struct engine *engine, const struct ballast_host *host, size_t i)
{
    struct ledger_domain life = {.domid = host->domains[i].id};
    memcpy(life.uuid, overlay_domain(engine->overlay, i)->uuid, sizeof(life.uuid));
    return host->domains[i].state == BALLAST_DOMAIN_BUILD &&
           !ledger_had_domain(reservations_ledger(engine->reservations), &life);
}

static bool any_foreign_build(const struct engine *engine, const struct ballast_host *host)
{
    for (size_t i = 0; i < host->domain_count; i++) {
        if (is_foreign_build(engine, host, i))
            return true;
    }
    return false;
}

/*
 * A foreign build may take reserved memory, which the daemon cannot prevent, so the sum is checked
 * only without one.
 */
void law_checks_run(struct engine *engine)
{
    struct ballast_error err;
    struct ledger *ledger = reservations_ledger(engine->reservations);
    const struct ballast_host *host;
    struct hv *hv = overlay_hv(engine->overlay);
    if (!engine->options.check_laws || hv->ops->refresh(hv, &host, NULL) < 0)
        return;
    tick_book_see(engine, host);
    struct ledger_free free_now =
        tick_ledger_free_of(reservations_book(engine->reservations), host);
    bool alone = free_now.foreign_kib == 0 && !any_foreign_build(engine, host);
    engine->counters.law_checks += alone;
    if (ledger_check(ledger, alone ? &free_now : NULL, &err) == 0 &&
        check_conservation(engine, host, &err) == 0)
        return;
    engine_log(LOG_ERR, "%s", err.text);
    engine->counters.breaches++;
}
