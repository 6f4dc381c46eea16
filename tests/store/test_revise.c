/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A ledger's clock is set back in one transaction: killed before or within any call, with the power
 * or without it, and with each call failing, everything is as it was or everything is moved.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../ledger/twin.h"
#include "child.h"
#include "core/model/host.h"

enum { STEPS = 150, SEED = 11, MOST = 256 };

struct kept {
    struct ledger_reservation records[MOST];
    size_t count;
    uint64_t last_usec;
    uint64_t counter;
    uint64_t next_id;
};

struct task {
    const char *directory;
    struct fault_plan plan;
    struct ledger_back back;
};

static void move_record(void *context, struct ledger_reservation *record)
{
    ledger_back_record(context, record);
}

static void move_setting(void *context, const char *key, char value[STORE_VALUE])
{
    (void)context;
    CHECK(strcmp(key, "counter") == 0, "%s", key);
    snprintf(value, STORE_VALUE, "9%.100s", value[0] == '9' ? value + 1 : value);
}

static int revise(struct store *store, const struct ledger_back *back, size_t *count,
                  struct ballast_error *err)
{
    return store_revise(store,
                        &(struct store_revision){.record = move_record,
                                                 .setting = move_setting,
                                                 .context = (void *)(uintptr_t)back},
                        count, err);
}

static int add(void *context, const struct ledger_reservation *record, struct ballast_error *err)
{
    struct kept *kept = context;
    (void)err;
    CHECK(kept->count < MOST, "too many");
    kept->records[kept->count++] = *record;
    if (kept->last_usec < record->changed_usec)
        kept->last_usec = record->changed_usec;
    return 0;
}

/* What a directory holds, which must be lawful and agree with its mark. */
static struct kept read_kept(const char *directory)
{
    struct kept kept = {.count = 0};
    struct world w;
    struct ballast_error err = {0};
    CHECK(world_open(&w, directory, 1, &err) == 0, "%s", err.text);
    CHECK(store_load(w.store, add, &kept, &err) == 0, "%s", err.text);
    kept.counter = w.setting;
    kept.next_id = ledger_next_id(w.ledger);
    world_close(&w);
    return kept;
}

static void fill(const char *directory)
{
    struct world w;
    struct ballast_error err = {0};
    CHECK(world_open(&w, directory, SEED, &err) == 0, "%s", err.text);
    w.now_usec = 100000;
    for (int i = 0; i < STEPS; i++)
        world_step(&w);
    world_close(&w);
}

static bool same(const struct kept *a, const struct kept *b)
{
    bool all = a->count == b->count && a->counter == b->counter && a->next_id == b->next_id;
    for (size_t i = 0; all && i < a->count; i++)
        all = twin_same(&a->records[i], &b->records[i]);
    return all;
}

static uint64_t due_usec(const struct ledger_reservation *r)
{
    if (r->state == LEDGER_GRANTED && r->lease_usec != BALLAST_NONE)
        return r->changed_usec + r->lease_usec;
    return r->state == LEDGER_REQUESTED || r->state == LEDGER_RECLAIMING ? r->deadline_usec
                                                                         : BALLAST_NONE;
}

/* Open ones keep what remains of their time; nothing is in the future; the rest is as it was. */
static void check_moved(const struct kept *before, const struct kept *after,
                        const struct ledger_back *back)
{
    size_t open = 0;
    CHECK(before->count == after->count && before->next_id == after->next_id, "lost or made");
    for (size_t i = 0; i < before->count; i++) {
        const struct ledger_reservation *was = &before->records[i];
        struct ledger_reservation is = after->records[i];
        uint64_t due = due_usec(was);
        CHECK(is.changed_usec <= back->now_usec, "%" PRIu64 " is in the future", is.id);
        CHECK(due_usec(&is) == (due == BALLAST_NONE ? due : due - back->by_usec),
              "%" PRIu64 " is due at another time", is.id);
        open += ledger_state_is_open(is.state);
        is.requested_usec = was->requested_usec;
        is.changed_usec = was->changed_usec;
        is.deadline_usec = was->deadline_usec;
        CHECK(twin_same(&is, was), "%" PRIu64 " is another", is.id);
    }
    CHECK(open > 3 && before->count - open > 3, "hardly anything was there");
}

static void work(void *context, int told)
{
    const struct task *task = context;
    struct store *store = NULL;
    struct ballast_error err = {0};
    bool refused = false;
    (void)told;
    faults_set(&task->plan);
    int rc = 0;
    for (int tries = 0; tries < 200 && !store; tries++)
        rc = store_open(task->directory, &store, &err);
    CHECK(store, "%s", err.text);
    rc = revise(store, &task->back, NULL, &err);
    refused = rc < 0;
    CHECK(rc == 0 || rc == -task->plan.code || rc == -EIO, "%d %s", rc, err.text);
    if (refused)
        _exit(CHILD_CRASHED);
    store_close(store);
    _exit(CHILD_DONE);
}

static void each_call(struct fault_plan plan, const struct ledger_back *back,
                      const struct kept *old, const struct kept *new)
{
    unsigned long moved = 0;
    static struct known nobody;
    bool struck = true;
    for (plan.at = 1; struck; plan.at++) {
        char directory[256];
        struct task task = {world_directory(directory, sizeof(directory)), plan, *back};
        fill(directory);
        struct child child = child_start(work, &task);
        int status = child_end(&child, &nobody);
        struct kept is = read_kept(directory);
        bool is_old = same(&is, old);
        bool is_new = same(&is, new);
        CHECK(is_old || is_new, "kind %d at call %lu: neither the old nor the new", plan.fault,
              plan.at);
        bool done = WIFEXITED(status) && WEXITSTATUS(status) == CHILD_DONE;
        bool refused = WIFEXITED(status) && !done;
        CHECK(!(done && is_old) && !(refused && is_new), "kind %d at call %lu: said other than is",
              plan.fault, plan.at);
        moved += is_new;
        /* A fault that nothing minds, as one in closing, is not the last. */
        struck = !done || plan.at < 40;
        world_remove(directory);
    }
    printf("kind %d: %lu calls, moved after %lu of them\n", plan.fault, plan.at - 1, moved);
    CHECK(plan.at > 8 && moved > 0, "too few calls: is the shim in the way of SQLite?");
}

int main(void)
{
    char directory[256];
    struct ballast_error err = {0};
    struct store *store = NULL;
    size_t count = 0;
    world_directory(directory, sizeof(directory));
    fill(directory);
    struct kept old = read_kept(directory);
    struct ledger_back back = {.now_usec = old.last_usec - 50000, .by_usec = 50000};
    CHECK(store_open(directory, &store, &err) == 0, "%s", err.text);
    CHECK(revise(store, &back, &count, &err) == 0, "%s", err.text);
    CHECK(count == old.count + 1, "%zu rows of %zu", count, old.count);
    CHECK(revise(store, &back, &count, &err) == 0 && count > 0, "it does not go on: %s", err.text);
    store_close(store);
    world_remove(directory);
    world_directory(directory, sizeof(directory));
    fill(directory);
    CHECK(store_open(directory, &store, &err) == 0, "%s", err.text);
    CHECK(revise(store, &back, NULL, &err) == 0, "%s", err.text);
    store_close(store);
    struct kept new = read_kept(directory);
    world_remove(directory);
    check_moved(&old, &new, &back);
    for (enum fault fault = FAULT_KILL; fault <= FAULT_POWER_SOME; fault++)
        each_call((struct fault_plan){.fault = fault, .seed = SEED}, &back, &old, &new);
    for (enum fault fault = FAULT_ERRNO; fault <= FAULT_SYNC; fault++)
        each_call((struct fault_plan){.fault = fault, .times = 1, .code = ENOSPC}, &back, &old,
                  &new);
    return 0;
}
