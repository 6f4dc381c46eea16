/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * balance_memory: xenopsd has changed a guest's range and waits until that is done. The answer is
 * given when no guest is on the way into its range any more, and maxima are within the ranges: in a
 * migration the other host makes room for the whole maximum.
 */
#include <inttypes.h>

#include "app/ballastd/engine/engine.h"
#include "app/ballastd/engine/log.h"
#include "app/ballastd/engine/overlay.h"
#include "app/ballastd/squeezed/methods.h"
#include "app/ballastd/squeezed/tasks.h"
#include "core/base/units.h"
#include "core/policy/balancer.h"

/* A balloon may stop this far from its target: extra internal, LIBXL_MAXMEM_CONSTANT. */
#define NEAR_KIB UINT64_C(1024)

static uint64_t far_from_kib(uint64_t one_kib, uint64_t other_kib)
{
    return one_kib > other_kib ? one_kib - other_kib : other_kib - one_kib;
}

/* It is outside its range, its target is not reached, and it still moves. */
static bool is_on_its_way(struct engine *engine, const struct ballast_domain *domain, size_t i)
{
    struct domain_estimate estimate;
    bool outside = domain->tot_kib > ballast_add_ceil(domain->dynamic_max_kib, NEAR_KIB) ||
                   ballast_add_ceil(domain->tot_kib, NEAR_KIB) < domain->dynamic_min_kib;
    if (!ballast_domain_is_asked(domain) || !outside ||
        far_from_kib(domain->tot_kib, domain->target_kib) <= NEAR_KIB)
        return false;
    return balancer_estimate_near(engine_balancer(engine), domain->id, i, &estimate) < 0 ||
           (estimate.balloon_status != BALLOON_STUCK &&
            estimate.balloon_status != BALLOON_NO_DRIVER);
}

/* Never below its target, its current memory and its dynamic maximum. */
static void bring_maximum_down(struct engine *engine, const struct ballast_domain *domain)
{
    struct ballast_error err;
    struct hv *hv = overlay_hv(engine_overlay(engine));
    uint64_t most_kib = ballast_max_u64(domain->tot_kib, domain->target_kib);
    most_kib = ballast_max_u64(most_kib, domain->dynamic_max_kib);
    if (!ballast_domain_is_asked(domain) || domain->maxmem_kib <= most_kib)
        return;
    if (hv->ops->set(hv, domain->id, BALLAST_NONE, most_kib, &err) < 0)
        engine_log(LOG_WARNING,
                   "the maximum of domain %" PRIu32 ": %s, ignoring: another host may make room "
                   "for more than it needs",
                   domain->id, err.text);
}

static void finish_balance(struct squeezed_task *task)
{
    struct engine *engine = task->tasks->engine;
    const struct ballast_host *host = overlay_snapshot(engine_overlay(engine));
    for (size_t i = 0; host && i < host->domain_count; i++)
        bring_maximum_down(engine, &host->domains[i]);
    engine_save_host(engine);
    squeezed_task_reply_kind(task, SQUEEZED_NOTHING);
}

static void wait_for_balance(struct squeezed_task *task)
{
    struct engine *engine = task->tasks->engine;
    const struct ballast_host *host = overlay_snapshot(engine_overlay(engine));
    if (!host || host->now_usec == task->seen_usec)
        return;
    task->seen_usec = host->now_usec;
    for (size_t i = 0; engine_balances(engine) && i < host->domain_count; i++) {
        if (is_on_its_way(engine, &host->domains[i], i)) {
            engine_note_move(engine);
            return;
        }
    }
    finish_balance(task);
}

/* Two samples: one that sees the new range and acts, one that sees what came of it. */
void squeezed_balance(struct squeezed_task *task)
{
    struct engine *engine = task->tasks->engine;
    if (!engine_is_ready(engine)) {
        squeezed_task_reply_kind(task, SQUEEZED_NOTHING);
        return;
    }
    engine_sample(engine);
    engine_settle(engine);
    engine_note_move(engine);
    const struct ballast_host *host = overlay_snapshot(engine_overlay(engine));
    task->seen_usec = host ? host->now_usec : 0;
    task->step = wait_for_balance;
}
