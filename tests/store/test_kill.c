/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * kill -9 before, and in the middle of, every call that changes a file, in turn; loss of power
 * there, with all or some of what was not synced; and kill -9 at random instants. What was told
 * through a pipe before is there afterwards, at most one transition more, and no id is given twice.
 *
 *   test_kill calls MOVES
 *   test_kill instants SEED
 *
 * STORE_TEST_DIR names where; else it is in memory: a process that is killed leaves what it wrote
 * to the kernel, whatever the disk.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"

enum { INSTANTS = 15, MOST_WORDS = 60 };

struct task {
    const char *directory;
    struct fault_plan plan;
    uint64_t seed;
    unsigned long moves; /* 0: without end */
};

static void work(void *context, int told)
{
    const struct task *task = context;
    struct world w;
    struct ballast_error err = {0};
    faults_set(&task->plan);
    int rc = world_open(&w, task->directory, task->seed, &err);
    CHECK(rc == 0, "%s", err.text);
    w.told = told;
    while (task->moves == 0 || w.moves < task->moves)
        world_step(&w);
    CHECK(w.refused == 0, "%lu refused", w.refused);
    world_close(&w);
    _exit(CHILD_DONE);
}

static const char *const fault_words[] = {
    [FAULT_KILL] = "killed before call",
    [FAULT_TORN] = "killed within call",
    [FAULT_POWER] = "power lost before call",
    [FAULT_POWER_SOME] = "power lost, some of it synced, before call",
};

/* Every call in turn, until one run has not so many. */
static void each_call(enum fault fault, unsigned long moves)
{
    static struct known known;
    unsigned long runs = 0;
    unsigned long untold = 0;
    for (unsigned long at = 1;; at++) {
        char directory[256];
        struct task task = {world_directory(directory, sizeof(directory)),
                            {.fault = fault, .at = at, .seed = at},
                            7,
                            moves};
        memset(&known, 0, sizeof(known));
        struct child child = child_start(work, &task);
        int status = child_end(&child, &known);
        char what[96];
        snprintf(what, sizeof(what), "%s %lu", fault_words[fault], at);
        untold += (unsigned long)known_check(&known, directory, WIFEXITED(status), what);
        world_remove(directory);
        if (WIFEXITED(status))
            break;
        runs++;
    }
    printf("%s: %lu calls in turn, %lu times a transition was there that had not been told\n",
           fault_words[fault], runs, untold);
    CHECK(runs > moves * 4, "too few calls: is the shim in the way of SQLite?");
}

/*
 * Each child is killed when it has told so many words, at whatever it is about then: it goes on
 * while it is heard.
 */
static void at_instants(uint64_t seed, unsigned long instants)
{
    static struct known known;
    memset(&known, 0, sizeof(known));
    char directory[256];
    world_directory(directory, sizeof(directory));
    unsigned long untold = 0;
    unsigned long ids = 0;
    for (unsigned long i = 0; i < instants; i++) {
        struct task task = {directory, {.fault = FAULT_NONE}, seed + i, 0};
        struct child child = child_start(work, &task);
        seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
        child_receive(&child, &known, (seed >> 33) % MOST_WORDS);
        kill(child.pid, SIGKILL);
        (void)child_end(&child, &known);
        untold += (unsigned long)known_check(&known, directory, false, "killed at an instant");
        if (known.last_id > WORLD_KNOWN - 1000) { /* what is known is of bounded size */
            ids += known.last_id;
            world_remove(directory);
            memset(&known, 0, sizeof(known));
            world_directory(directory, sizeof(directory));
        }
    }
    printf("killed at %lu instants: %lu reservations, %lu times one transition untold\n", instants,
           ids + known.last_id, untold);
    CHECK(ids + known.last_id > instants / 4, "hardly anything happened");
    world_remove(directory);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: test_store_kill calls MOVES | test_store_kill instants SEED\n");
        return 2;
    }
    unsigned long number = strtoul(argv[2], NULL, 10);
    if (strcmp(argv[1], "instants") == 0)
        at_instants(number, INSTANTS);
    for (enum fault fault = FAULT_KILL; strcmp(argv[1], "calls") == 0 && fault <= FAULT_POWER_SOME;
         fault++)
        each_call(fault, number);
    return 0;
}
