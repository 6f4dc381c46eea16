/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * reserve_memory and reserve_memory_range. A range is asked for at its share first, so that other
 * guests free memory for it, and if that fails, at what is available from its minimum on. The
 * answer waits until what is reserved is scrubbed, for xenopsd's builder counts only such memory.
 * xenopsd comes again every 10 s after a refusal: what cannot fit is refused at once and moves no
 * guest.
 */
#include <errno.h>
#include <json-c/json.h>
#include <string.h>

#include "app/ballastd/engine/engine.h"
#include "app/ballastd/engine/overlay.h"
#include "app/ballastd/engine/reservations.h"
#include "app/ballastd/squeezed/ids.h"
#include "app/ballastd/squeezed/marks.h"
#include "app/ballastd/squeezed/methods.h"
#include "app/ballastd/squeezed/share.h"
#include "app/ballastd/squeezed/tasks.h"
#include "core/base/units.h"
#include "core/policy/balancer.h"
#include "edge/wire/wire.h"

/* How long one decision may take: while nothing is balanced there would be none. */
#define DEADLINE_USEC (60 * BALLAST_SEC_USEC)

/* A reservation is whole pages, one at least. */
static uint64_t reserved_pages_kib(int64_t kib)
{
    uint64_t pages = ballast_div_up((uint64_t)kib, BALLAST_PAGE_KIB);
    return ballast_max_u64(pages, 1) * BALLAST_PAGE_KIB;
}

static int64_t most_asked(const struct squeezed_task *task)
{
    const struct squeezed_request *request = &task->request;
    return request->numbers[request->method == SQUEEZED_RESERVE_MEMORY_RANGE ? 1 : 0];
}

/* The refusal */

static void reply_cannot_free(struct squeezed_task *task)
{
    squeezed_task_reply(task, &(struct squeezed_answer){
                                  .kind = SQUEEZED_CANNOT_FREE,
                                  .numbers = {task->request.numbers[0],
                                              (int64_t)engine_available_kib(task->tasks->engine)}});
}

enum { MOST_NAMED = 256 };

static size_t find_stuck_domains(struct engine *engine, uint32_t out[MOST_NAMED])
{
    const struct ballast_host *host = overlay_snapshot(engine_overlay(engine));
    struct domain_estimate estimate;
    size_t count = 0;
    for (size_t i = 0; host && i < host->domain_count && count < MOST_NAMED; i++) {
        if (balancer_estimate_near(engine_balancer(engine), host->domains[i].id, i, &estimate) ==
                0 &&
            estimate.balloon_status == BALLOON_STUCK)
            out[count++] = host->domains[i].id;
    }
    return count;
}

static void reply_stuck(struct squeezed_task *task)
{
    uint32_t domids[MOST_NAMED];
    size_t count = find_stuck_domains(task->tasks->engine, domids);
    squeezed_task_reply(task, &(struct squeezed_answer){.kind = SQUEEZED_DOMAINS_REFUSED,
                                                        .domids = domids,
                                                        .domid_count = count});
}

static int refusal_reason(const struct squeezed_task *task)
{
    struct json_object *error = json_object_object_get(task->call.answer, "error");
    struct json_object *data = json_object_object_get(error, "data");
    struct json_object *reason = data ? json_object_object_get(data, "reason") : NULL;
    return reason ? ledger_reason_find(json_object_get_string(reason)) : -ENOENT;
}

static bool is_about_memory(int reason)
{
    return reason == LEDGER_NOT_FREE || reason == LEDGER_CANNOT_FIT ||
           reason == LEDGER_DONORS_STUCK || reason == LEDGER_DEADLINE_OVER ||
           reason == LEDGER_BAD_SIZE;
}

/* The grant */

static void reply_granted(struct squeezed_task *task, const struct ledger_reservation *record)
{
    char id[BALLAST_UUID_TEXT];
    int64_t least = task->request.numbers[0];
    int64_t kib = (int64_t)record->granted_kib;
    squeezed_id_text(record->id, id);
    if (task->request.method == SQUEEZED_RESERVE_MEMORY) {
        squeezed_task_reply_text(task, SQUEEZED_TEXT, id);
        return;
    }
    /* Pages may be more than what was asked for, and xenopsd insists on its range. */
    kib = kib > most_asked(task) ? most_asked(task) : kib;
    squeezed_task_reply(task, &(struct squeezed_answer){.kind = SQUEEZED_RESERVED,
                                                        .text = id,
                                                        .numbers = {kib < least ? least : kib}});
}

static bool is_scrubbed(struct engine *engine)
{
    const struct ballast_host *host = overlay_snapshot(engine_overlay(engine));
    uint64_t clean_kib = ballast_sub_floor(host->free_kib, host->scrub_kib);
    return host->scrub_kib == 0 ||
           clean_kib >= reservations_reserved_kib(engine_reservations(engine), host);
}

static void wait_for_scrubbing(struct squeezed_task *task)
{
    struct engine *engine = task->tasks->engine;
    const struct ledger_reservation *record =
        ledger_find(engine_ledger(engine), task->call.reservation);
    if (!record || record->state != LEDGER_GRANTED) {
        task->call.reservation = 0;
        squeezed_task_reply_text(
            task, SQUEEZED_INTERNAL_ERROR,
            "the reservation is no longer there: its lease ended, or it was released");
    } else if (is_scrubbed(engine)) {
        reply_granted(task, record);
    } else {
        engine_note_move(engine);
    }
}

/* The request */

static void ask_for_range(struct squeezed_task *task, uint64_t min_kib, uint64_t max_kib)
{
    struct json_object *params = json_object_new_object();
    standin_param(&params, "min_kib", json_object_new_uint64(min_kib));
    standin_param(&params, "max_kib", json_object_new_uint64(max_kib));
    standin_param(&params, "wait", json_object_new_boolean(true));
    standin_param(&params, "deadline_usec", json_object_new_uint64(DEADLINE_USEC));
    if (task->mark) {
        char label[LEDGER_OWNER];
        squeezed_mark_label(task->mark, label);
        standin_param(&params, "label", json_object_new_string(label));
    }
    task->call.reservation = 0;
    standin_call_ask(&task->call, "reserve", params);
}

static void take_decision(struct squeezed_task *task)
{
    if (!task->call.answered)
        return;
    int code = standin_call_code(&task->call);
    int reason = code == WIRE_REFUSED ? refusal_reason(task) : -ENOENT;
    uint64_t min_kib = reserved_pages_kib(task->request.numbers[0]);
    if (code == 0) {
        task->step = wait_for_scrubbing;
        wait_for_scrubbing(task);
        return;
    }
    /* It may have been made all the same, where there was no memory for the answer. */
    standin_release(task->tasks->engine, task->call.reservation);
    task->call.reservation = 0;
    if (is_about_memory(reason) && task->share_kib > min_kib) {
        uint64_t share_kib = task->share_kib;
        task->share_kib = 0;
        ask_for_range(task, min_kib, share_kib);
    } else if (reason == LEDGER_DONORS_STUCK) {
        reply_stuck(task);
    } else if (is_about_memory(reason)) {
        reply_cannot_free(task);
    } else {
        squeezed_task_reply_text(task, SQUEEZED_INTERNAL_ERROR, standin_call_message(&task->call));
    }
}

/*
 * Answers with the reservation that this very call was granted before, whatever its client has done
 * with it since. One that ended by its lease was not used: the call is handled again.
 */
static bool answer_as_before(struct squeezed_task *task)
{
    const struct ledger_reservation *record = squeezed_mark_find(task->tasks->engine, task->mark);
    if (!record || record->granted_kib == 0 ||
        (record->state == LEDGER_RELEASED && record->reason == LEDGER_LEASE_OVER))
        return false;
    task->call.reservation = record->id;
    if (record->state == LEDGER_GRANTED)
        task->step = wait_for_scrubbing;
    else
        reply_granted(task, record);
    return true;
}

void squeezed_reserve(struct squeezed_task *task)
{
    struct engine *engine = task->tasks->engine;
    const struct ballast_host *host = overlay_snapshot(engine_overlay(engine));
    int64_t least = task->request.numbers[0];
    int64_t most = most_asked(task);
    if (least < 0 || most < 0) {
        squeezed_task_reply_number(task, SQUEEZED_INVALID_MEMORY, least < 0 ? least : most);
    } else if (most < least) {
        squeezed_task_reply_text(task, SQUEEZED_INTERNAL_ERROR,
                                 "reserve_memory_range: the minimum is above the maximum");
    } else if (!host || !engine_ledger(engine)) {
        squeezed_task_reply_not_ready(task);
    } else if ((uint64_t)least > host->total_kib) {
        reply_cannot_free(task);
    } else if (!answer_as_before(task)) {
        uint64_t min_kib = reserved_pages_kib(least);
        uint64_t max_kib = ballast_min_u64((uint64_t)most, host->total_kib);
        max_kib = ballast_max_u64(max_kib / BALLAST_PAGE_KIB * BALLAST_PAGE_KIB, min_kib);
        task->share_kib = squeezed_share_kib(host, engine_available_kib(engine), min_kib, max_kib);
        task->step = take_decision;
        ask_for_range(task, task->share_kib, task->share_kib);
    }
}
