/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Calls of squeezed's clients that are being worked on. Each is a session of the rpc room of its
 * own, under the name of its service, and ends by one reply or by being cancelled.
 */
#ifndef APP_BALLASTD_SQUEEZED_TASKS_H
#define APP_BALLASTD_SQUEEZED_TASKS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <uv.h>

#include "app/ballastd/standin/call.h"
#include "edge/squeezed/squeezed.h"

struct engine;
struct rpc;
struct squeezed_task;

/* `granted` is the reservation that is answered, 0: none. What the answer points to is the task's.
 */
typedef void squeezed_reply_fn(void *context, const struct squeezed_answer *answer,
                               uint64_t granted);
/* Goes on with a task that waits; it may reply, which frees the task. */
typedef void squeezed_step_fn(struct squeezed_task *task);

struct squeezed_tasks {
    struct engine *engine;
    struct rpc *rpc;
    const char *run_dir;
    squeezed_step_fn *run; /* begins a task: its method */
    struct squeezed_task *first;
    uv_prepare_t prepare; /* data: this */
    uv_idle_t again;      /* runs for one turn of the loop after something was done in prepare */
    uint64_t turn;
    bool tidied; /* what an earlier daemon left waiting has been released */
};

struct squeezed_task {
    struct standin_call call; /* first */
    struct squeezed_tasks *tasks;
    struct squeezed_task *next;
    struct squeezed_request request;
    squeezed_reply_fn *reply;
    void *context;
    uint64_t mark;          /* see squeezed_caller */
    uint64_t turn;          /* of the tasks': the last that it had */
    squeezed_step_fn *step; /* NULL: it waits for nothing */
    uint64_t share_kib;     /* what a range is asked for first */
    uint64_t seen_usec;     /* the snapshot that its step has read */
};

/* The client of a call. */
struct squeezed_caller {
    struct standin_peer peer;
    squeezed_reply_fn *reply;
    void *context;
    /*
     * Identifies a call that may come again after it was handled: what it reserves is labelled with
     * it, and is answered again. 0: it never comes again.
     */
    uint64_t mark;
};

void squeezed_tasks_begin(struct squeezed_tasks *tasks, uv_loop_t *loop);
/* Cancels all; the handles are closed. */
void squeezed_tasks_end(struct squeezed_tasks *tasks);

/* Takes the request over. NULL: it has been replied to already. */
struct squeezed_task *squeezed_task_new(struct squeezed_tasks *tasks,
                                        struct squeezed_request *request,
                                        const struct squeezed_caller *caller);
/* Its client is gone: what it has reserved is released. */
void squeezed_task_cancel(struct squeezed_task *task);
/* It will come again: what it was granted is kept for that. */
void squeezed_task_suspend(struct squeezed_task *task);

/* For the methods. A reply frees the task; nothing may be done with it afterwards. */
void squeezed_task_reply(struct squeezed_task *task, const struct squeezed_answer *answer);
void squeezed_task_reply_kind(struct squeezed_task *task, enum squeezed_kind kind);
void squeezed_task_reply_number(struct squeezed_task *task, enum squeezed_kind kind,
                                int64_t number);
void squeezed_task_reply_text(struct squeezed_task *task, enum squeezed_kind kind,
                              const char *text);
/* Replies why nothing can be known or reserved: the host has not been read, or the ledger cannot.
 */
void squeezed_task_reply_not_ready(struct squeezed_task *task);

#endif
