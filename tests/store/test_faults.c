/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every call that changes a file fails in turn, once or for a while, with a full disk, a bad one, a
 * read-only one. What was refused is not there, even when the process crashes at once; what was
 * acknowledged is; and when the condition has passed all goes on.
 *
 *   test_faults [MOVES]
 */
#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"

enum { MOVES = 20, A_WHILE = 25, PATIENCE = 2000 };

struct task {
    const char *directory;
    struct fault_plan plan;
    unsigned long moves;
    bool crash; /* as soon as something was refused */
};

/* SQLite forgets why an fsync failed; of writes it remembers. */
static bool says(const struct task *task, int rc)
{
    return rc == -task->plan.code || (rc == -EIO && faults_struck_sync());
}

/* A store that cannot be made yet can be made later; a rollback makes SQLite forget the errno. */
static void open_patiently(struct world *w, const struct task *task)
{
    for (int tries = 0; tries < PATIENCE; tries++) {
        struct ballast_error err = {0};
        int rc = world_open(w, task->directory, task->plan.at, &err);
        if (rc == 0)
            return;
        CHECK((says(task, rc) || rc == -EIO) && err.code == rc && strstr(err.text, "ledger.db"),
              "%d %s", rc, err.text);
    }
    CHECK(false, "it never opened");
}

static void work(void *context, int told)
{
    const struct task *task = context;
    struct world w;
    faults_set(&task->plan);
    open_patiently(&w, task);
    w.told = told;
    unsigned long after = 0;
    for (int i = 0; w.moves < task->moves && i < PATIENCE; i++) {
        unsigned long refused = w.refused;
        world_step(&w);
        CHECK(ledger_check(w.ledger, NULL, NULL) == 0, "a law is broken");
        CHECK(w.refused == refused || says(task, w.rc), "%d for %d", w.rc, -task->plan.code);
        after += faults_struck();
        if (task->crash && (w.refused > 0 || after > 5))
            _exit(CHILD_CRASHED);
    }
    CHECK(w.moves >= task->moves, "it did not recover: %lu moves", w.moves);
    bool struck = faults_struck();
    faults_set(&(struct fault_plan){.fault = FAULT_NONE});
    world_reopen(&w, task->directory);
    world_close(&w);
    _exit(struck ? CHILD_CRASHED : CHILD_DONE);
}

/* Every call in turn; returns how many. */
static unsigned long each_call(struct fault_plan plan, unsigned long moves, bool crash)
{
    static struct known known;
    /* With a disk that takes a change, does not confirm it and takes no other, it cannot be known.
     */
    bool strict = !crash || plan.times == 1;
    for (plan.at = 1;; plan.at++) {
        char directory[256];
        struct task task = {world_directory(directory, sizeof(directory)), plan, moves, crash};
        memset(&known, 0, sizeof(known));
        struct child child = child_start(work, &task);
        int status = child_end(&child, &known);
        char what[96];
        snprintf(what, sizeof(what), "%s at call %lu (kind %d, %s)", strerror(plan.code), plan.at,
                 plan.fault, crash ? "crash" : "no crash");
        (void)known_check(&known, directory, strict, what);
        world_remove(directory);
        if (WEXITSTATUS(status) == CHILD_DONE)
            return plan.at;
    }
}

int main(int argc, char **argv)
{
    static const int codes[] = {ENOSPC, EIO, EROFS};
    unsigned long moves = argc > 1 ? strtoul(argv[1], NULL, 10) : MOVES;
    for (enum fault fault = FAULT_ERRNO; fault <= FAULT_SYNC; fault++) {
        unsigned long runs = 0;
        for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
            for (int crash = 0; crash < 2; crash++) {
                struct fault_plan plan = {.fault = fault, .times = 1, .code = codes[i]};
                runs += each_call(plan, moves, crash);
                plan.times = A_WHILE;
                runs += each_call(plan, moves, crash);
            }
        }
        printf("kind %d: %lu runs\n", fault, runs);
        CHECK(runs > moves * 6, "too few calls: is the shim in the way of SQLite?");
    }
    return 0;
}
