/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/squeezed/tasks.h"

#include <stdlib.h>

#include "app/ballastd/engine/engine.h"
#include "app/ballastd/engine/overlay.h"
#include "app/ballastd/engine/reservations.h"
#include "app/ballastd/squeezed/ids.h"

static size_t count_tasks(const struct standin_call *call)
{
    size_t count = 0;
    const struct squeezed_task *task = (const struct squeezed_task *)call;
    for (task = task->tasks->first; task; task = task->next)
        count++;
    return count;
}

/* A task's life */

static void free_task(struct squeezed_task *task)
{
    struct squeezed_task **at = &task->tasks->first;
    while (*at != task)
        at = &(*at)->next;
    *at = task->next;
    squeezed_request_release(&task->request);
    standin_call_end(&task->call);
    free(task);
}

void squeezed_task_cancel(struct squeezed_task *task)
{
    struct engine *engine = task->tasks->engine;
    uint64_t reservation = task->call.reservation;
    free_task(task);
    standin_release(engine, reservation);
}

void squeezed_task_suspend(struct squeezed_task *task)
{
    free_task(task);
}

void squeezed_task_reply(struct squeezed_task *task, const struct squeezed_answer *answer)
{
    bool grants =
        answer->kind == SQUEEZED_RESERVED ||
        (answer->kind == SQUEEZED_TEXT && task->request.method == SQUEEZED_RESERVE_MEMORY);
    task->reply(task->context, answer, grants ? task->call.reservation : 0);
    free_task(task);
}

void squeezed_task_reply_kind(struct squeezed_task *task, enum squeezed_kind kind)
{
    squeezed_task_reply(task, &(struct squeezed_answer){.kind = kind});
}

void squeezed_task_reply_number(struct squeezed_task *task, enum squeezed_kind kind, int64_t number)
{
    squeezed_task_reply(task, &(struct squeezed_answer){.kind = kind, .numbers = {number}});
}

void squeezed_task_reply_text(struct squeezed_task *task, enum squeezed_kind kind, const char *text)
{
    squeezed_task_reply(task, &(struct squeezed_answer){.kind = kind, .text = text});
}

void squeezed_task_reply_not_ready(struct squeezed_task *task)
{
    struct engine *engine = task->tasks->engine;
    const char *trouble = overlay_snapshot(engine_overlay(engine))
                              ? reservations_trouble(engine_reservations(engine))
                              : NULL;
    squeezed_task_reply_text(task, SQUEEZED_INTERNAL_ERROR,
                             trouble ? trouble
                                     : "the host has not been read yet: see 'ballast status'");
}

static bool is_waiting(const struct squeezed_tasks *tasks, const struct squeezed_task *wanted)
{
    const struct squeezed_task *task = tasks->first;
    while (task && task != wanted)
        task = task->next;
    return task != NULL;
}

struct squeezed_task *squeezed_task_new(struct squeezed_tasks *tasks,
                                        struct squeezed_request *request,
                                        const struct squeezed_caller *caller)
{
    struct squeezed_task *task = calloc(1, sizeof(*task));
    if (!task) {
        squeezed_request_release(request);
        caller->reply(
            caller->context,
            &(struct squeezed_answer){.kind = SQUEEZED_INTERNAL_ERROR, .text = "out of memory"}, 0);
        return NULL;
    }
    *task = (struct squeezed_task){.tasks = tasks,
                                   .next = tasks->first,
                                   .request = *request,
                                   .reply = caller->reply,
                                   .context = caller->context,
                                   .mark = caller->mark,
                                   .turn = tasks->turn};
    *request = (struct squeezed_request){0};
    standin_call_begin(&task->call, tasks->rpc, &caller->peer, count_tasks);
    task->call.session.service = RPC_USER_SQUEEZED;
    squeezed_owner(task->request.session ? task->request.session : "", task->call.session.owner);
    tasks->first = task;
    tasks->run(task);
    return is_waiting(tasks, task) ? task : NULL;
}

/* The loop */

/* Waiting requests of an earlier daemon, whose clients lost their connections with it. */
static void release_orphans(struct squeezed_tasks *tasks)
{
    struct ledger *ledger = engine_ledger(tasks->engine);
    const struct ledger_reservation *record = NULL;
    struct ledger_verdict verdict;
    if (tasks->tidied || !ledger)
        return;
    tasks->tidied = true;
    while ((record = ledger_next(ledger, record))) {
        uint64_t id = record->id;
        bool waits = record->state == LEDGER_REQUESTED || record->state == LEDGER_RECLAIMING;
        if (!waits || !squeezed_is_owner(record->owner))
            continue;
        (void)ledger_release(ledger, id, NULL, engine_ledger_now_usec(tasks->engine), &verdict,
                             NULL);
        record = ledger_find(ledger, id);
    }
}

static void stop_again(uv_idle_t *idle)
{
    uv_idle_stop(idle);
}

/* A step may end any task, so there is no pointer to the next. */
static struct squeezed_task *next_of_turn(const struct squeezed_tasks *tasks)
{
    struct squeezed_task *task = tasks->first;
    while (task && (!task->step || task->turn == tasks->turn))
        task = task->next;
    return task;
}

/* Whether it did anything but wait on: false while nothing has come of what it waits for. */
static bool step_does_something(struct squeezed_task *task)
{
    struct squeezed_tasks *tasks = task->tasks;
    squeezed_step_fn *step = task->step;
    uint64_t share_kib = task->share_kib;
    uint64_t due_usec = engine_due_usec(tasks->engine);
    step(task);
    return !is_waiting(tasks, task) || task->step != step || task->share_kib != share_kib ||
           engine_due_usec(tasks->engine) != due_usec;
}

/*
 * Before the loop waits: ticks and others' calls may have decided what a task waits for. What a
 * task does may move the next tick, for which the loop has to come round once more; where each
 * only waits on, the loop sleeps.
 */
static void go_on_with_tasks(uv_prepare_t *prepare)
{
    struct squeezed_tasks *tasks = prepare->data;
    struct squeezed_task *task;
    release_orphans(tasks);
    tasks->turn++;
    while ((task = next_of_turn(tasks))) {
        task->turn = tasks->turn;
        if (step_does_something(task))
            uv_idle_start(&tasks->again, stop_again);
    }
}

void squeezed_tasks_begin(struct squeezed_tasks *tasks, uv_loop_t *loop)
{
    uv_prepare_init(loop, &tasks->prepare);
    tasks->prepare.data = tasks;
    uv_prepare_start(&tasks->prepare, go_on_with_tasks);
    uv_idle_init(loop, &tasks->again);
}

void squeezed_tasks_end(struct squeezed_tasks *tasks)
{
    while (tasks->first)
        squeezed_task_cancel(tasks->first);
    uv_close((uv_handle_t *)&tasks->prepare, NULL);
    uv_close((uv_handle_t *)&tasks->again, NULL);
}
