/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/squeezed/methods.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <string.h>

#include "app/ballastd/engine/engine.h"
#include "app/ballastd/engine/log.h"
#include "app/ballastd/engine/overlay.h"
#include "app/ballastd/squeezed/boot_memory.h"
#include "app/ballastd/squeezed/ids.h"
#include "app/ballastd/squeezed/marks.h"
#include "app/ballastd/squeezed/tasks.h"
#include "core/base/units.h"
#include "edge/wire/methods.h"
#include "edge/wire/wire.h"

/* What squeezed itself keeps from guests: 64 MiB and its slack of 8 (squeeze_xen.ml). */
#define SQUEEZEDS_RESERVE_KIB UINT64_C(73728)

static const struct ballast_host *snapshot_of(const struct squeezed_task *task)
{
    return overlay_snapshot(engine_overlay(task->tasks->engine));
}

/* A reservation is found under the name of its own session, as squeezed's path has it. */
static const struct ledger_reservation *find_named(const struct squeezed_task *task)
{
    const struct ledger *ledger = engine_ledger(task->tasks->engine);
    uint64_t id = squeezed_id_read(task->request.id);
    const struct ledger_reservation *record = ledger && id ? ledger_find(ledger, id) : NULL;
    return record && strcmp(record->owner, task->call.session.owner) == 0 ? record : NULL;
}

static void run_login(struct squeezed_task *task)
{
    struct engine *engine = task->tasks->engine;
    if (squeezed_mark_is_login(engine, task->mark)) {
        squeezed_task_reply_text(task, SQUEEZED_TEXT, task->request.session);
        return;
    }
    struct json_object *params = json_object_new_object();
    standin_param(&params, "owner", json_object_new_string(task->call.session.owner));
    standin_call_ask(&task->call, "login", params);
    if (standin_call_code(&task->call) != 0) {
        squeezed_task_reply_text(task, SQUEEZED_INTERNAL_ERROR, standin_call_message(&task->call));
        return;
    }
    squeezed_mark_note_login(engine, task->mark);
    squeezed_task_reply_text(task, SQUEEZED_TEXT, task->request.session);
}

/*
 * Must succeed, or xenopsd gives up the guest. What is bound stays bound: its domain has still to
 * take it. What cannot be written now is released by its lease.
 */
static void run_delete(struct squeezed_task *task)
{
    const struct ledger_reservation *record = find_named(task);
    if (record && record->state != LEDGER_BOUND && ledger_state_is_open(record->state)) {
        struct json_object *params = json_object_new_object();
        standin_param(&params, "id", json_object_new_uint64(record->id));
        standin_call_ask(&task->call, "release", params);
        if (standin_call_code(&task->call) != 0)
            engine_log(LOG_WARNING, "squeezed: delete_reservation: %s, ignoring: its lease ends it",
                       standin_call_message(&task->call));
    }
    squeezed_task_reply_kind(task, SQUEEZED_NOTHING);
}

/* Its domain can take no page before that. -1: the error has been replied. */
static int give_maximum(struct squeezed_task *task, uint32_t domid, uint64_t granted_kib)
{
    struct ballast_error err;
    struct engine *engine = task->tasks->engine;
    struct hv *hv = overlay_hv(engine_overlay(engine));
    if (hv->ops->set(hv, domid, BALLAST_NONE, granted_kib, &err) < 0) {
        squeezed_task_reply_text(task, SQUEEZED_INTERNAL_ERROR, err.text);
        return -1;
    }
    engine_save_host(engine);
    return 0;
}

static void finish_transfer(struct squeezed_task *task, uint64_t id)
{
    const struct ledger_reservation *record = ledger_find(engine_ledger(task->tasks->engine), id);
    if (standin_call_code(&task->call) != 0)
        squeezed_task_reply_text(task, SQUEEZED_INTERNAL_ERROR, standin_call_message(&task->call));
    else if (!record || record->state != LEDGER_BOUND ||
             give_maximum(task, record->domid, record->granted_kib) == 0)
        squeezed_task_reply_kind(task, SQUEEZED_NOTHING);
}

static void run_transfer(struct squeezed_task *task)
{
    const struct ledger_reservation *record = find_named(task);
    int64_t domid = task->request.numbers[0];
    if (!engine_ledger(task->tasks->engine)) {
        squeezed_task_reply_not_ready(task);
        return;
    }
    bool is_there = record && (record->state == LEDGER_GRANTED || record->state == LEDGER_BOUND ||
                               record->state == LEDGER_USED);
    if (!is_there) {
        squeezed_task_reply_text(task, SQUEEZED_UNKNOWN_RESERVATION, task->request.id);
        return;
    }
    uint64_t id = record->id;
    struct json_object *params = json_object_new_object();
    standin_param(&params, "id", json_object_new_uint64(id));
    standin_param(&params, "domid", json_object_new_int64(domid));
    standin_call_ask(&task->call, "bind", params);
    finish_transfer(task, id);
}

/* The reservation of the domain, bound or used, deleted by its owner or not. */
static const struct ledger_reservation *find_of_domain(const struct ledger *ledger, uint32_t domid,
                                                       const uint8_t uuid[LEDGER_UUID])
{
    const struct ledger_reservation *record = NULL;
    while ((record = ledger_previous(ledger, record))) {
        bool had = record->state == LEDGER_BOUND || record->state == LEDGER_USED;
        if (had && record->domid == domid && memcmp(record->uuid, uuid, LEDGER_UUID) == 0 &&
            squeezed_is_owner(record->owner))
            return record;
    }
    return NULL;
}

static void run_query(struct squeezed_task *task)
{
    struct engine *engine = task->tasks->engine;
    struct overlay *overlay = engine_overlay(engine);
    struct hv *hv = overlay_hv(overlay);
    const struct ballast_host *host;
    const struct ledger_reservation *record = NULL;
    struct ballast_error err;
    int64_t domid = task->request.numbers[0];
    char id[BALLAST_UUID_TEXT];
    size_t at;
    if (!engine_ledger(engine)) {
        squeezed_task_reply_not_ready(task);
        return;
    }
    if (hv->ops->refresh(hv, &host, &err) < 0) {
        squeezed_task_reply_text(task, SQUEEZED_INTERNAL_ERROR, err.text);
        return;
    }
    if (domid >= 0 && domid <= WIRE_DOMID_MOST && overlay_find(overlay, (uint32_t)domid, &at) == 0)
        record = find_of_domain(engine_ledger(engine), (uint32_t)domid,
                                overlay_domain(overlay, at)->uuid);
    if (!record) {
        squeezed_task_reply_kind(task, SQUEEZED_NO_RESERVATION);
        return;
    }
    squeezed_id_text(record->id, id);
    squeezed_task_reply_text(task, SQUEEZED_TEXT, id);
}

static void run_reserved(struct squeezed_task *task)
{
    const struct ballast_host *host = snapshot_of(task);
    uint64_t slack_kib = host ? host->slack_kib : 0;
    squeezed_task_reply_number(task, SQUEEZED_NUMBER,
                               (int64_t)ballast_max_u64(slack_kib, SQUEEZEDS_RESERVE_KIB));
}

static void run_initial_free(struct squeezed_task *task)
{
    const struct hv *host = engine_host(task->tasks->engine);
    int64_t bytes =
        squeezed_boot_bytes(snapshot_of(task), task->tasks->run_dir, host->ops->is_machine);
    if (bytes > 0)
        squeezed_task_reply_number(task, SQUEEZED_NUMBER, bytes);
    else
        squeezed_task_reply_not_ready(task);
}

/* dom0 has a fixed size unless it is balanced. */
static void run_policy(struct squeezed_task *task)
{
    const struct ballast_host *host = snapshot_of(task);
    const struct ballast_domain *dom0 = NULL;
    for (size_t i = 0; host && i < host->domain_count; i++) {
        if (host->domains[i].is_dom0)
            dom0 = &host->domains[i];
    }
    if (!dom0) {
        squeezed_task_reply_not_ready(task);
        return;
    }
    bool moves = ballast_domain_is_asked(dom0) && dom0->dynamic_min_kib < dom0->dynamic_max_kib;
    struct squeezed_answer answer = {.kind = SQUEEZED_FIXED_SIZE,
                                     .numbers = {(int64_t)(dom0->tot_kib * 1024)}};
    if (moves)
        answer = (struct squeezed_answer){.kind = SQUEEZED_AUTO_BALLOON,
                                          .numbers = {(int64_t)(dom0->dynamic_min_kib * 1024),
                                                      (int64_t)(dom0->dynamic_max_kib * 1024)}};
    squeezed_task_reply(task, &answer);
}

static void run_diagnostics(struct squeezed_task *task)
{
    squeezed_task_reply_text(task, SQUEEZED_TEXT,
                             "ballastd " BALLAST_VERSION ": ballast status, ballast reservations");
}

void squeezed_method_run(struct squeezed_task *task)
{
    static void (*const methods[SQUEEZED_METHODS])(struct squeezed_task *) = {
        [SQUEEZED_LOGIN] = run_login,
        [SQUEEZED_RESERVE_MEMORY] = squeezed_reserve,
        [SQUEEZED_RESERVE_MEMORY_RANGE] = squeezed_reserve,
        [SQUEEZED_DELETE_RESERVATION] = run_delete,
        [SQUEEZED_TRANSFER_RESERVATION_TO_DOMAIN] = run_transfer,
        [SQUEEZED_QUERY_RESERVATION_OF_DOMAIN] = run_query,
        [SQUEEZED_BALANCE_MEMORY] = squeezed_balance,
        [SQUEEZED_GET_HOST_RESERVED_MEMORY] = run_reserved,
        [SQUEEZED_GET_HOST_INITIAL_FREE_MEMORY] = run_initial_free,
        [SQUEEZED_GET_DOMAIN_ZERO_POLICY] = run_policy,
        [SQUEEZED_GET_DIAGNOSTICS] = run_diagnostics,
    };
    methods[task->request.method](task);
}
