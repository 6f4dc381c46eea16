/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A ledger with the store as its journal, random operations on both, and what a client that is
 * notified of transitions knows of them.
 */
#ifndef TESTS_STORE_WORLD_H
#define TESTS_STORE_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/ledger/ledger.h"
#include "edge/store/store.h"

#define CHECK(condition, ...)                                                                      \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s: ", __FILE__, __LINE__, #condition);                        \
            fprintf(stderr, __VA_ARGS__);                                                          \
            fputc('\n', stderr);                                                                   \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

enum { WORLD_CLOSED = 12, WORLD_OPEN = 24, WORLD_KNOWN = 4096 };
#define WORLD_FREE_KIB UINT64_C(100000)

/* One word to the process that listens: a transition that is durable, or the counter kept as a
 * setting. */
struct world_word {
    bool is_setting;
    uint64_t setting;
    struct ledger_reservation record;
};

struct world {
    uint64_t random;
    struct store *store;
    struct ledger *ledger;
    uint64_t now_usec;
    uint64_t setting;
    int told;              /* a pipe that is told of what is durable; -1: none */
    unsigned long moves;   /* transitions that became durable */
    unsigned long refused; /* that did not */
    int rc;                /* of the last one that did not */
};

/* Opens the store and restores the ledger from it; a negative errno as store_open(). */
int world_open(struct world *world, const char *directory, uint64_t seed,
               struct ballast_error *err);
void world_close(struct world *world);
uint64_t world_roll(struct world *world, uint64_t below);
/* One random operation; a failing store is counted, and leaves everything as it was. */
void world_step(struct world *world);
/* Whether the directory, opened anew, holds this ledger. World is closed and opened. */
void world_reopen(struct world *world, const char *directory);

/* What has been told: the last word on each id. */
struct known {
    struct ledger_reservation records[WORLD_KNOWN]; /* by id - 1; id 0: never told */
    uint64_t last_id;
    uint64_t setting;
};

void known_receive(struct known *known, const struct world_word *word);
/*
 * Holds what is in the directory against what was told, and knows afterwards what is there. At most
 * one transition may be there that was not told, none if `strict`. Returns how many were.
 */
int known_check(struct known *known, const char *directory, bool strict, const char *what);

/* A new directory, in memory where that is possible; in `buf`. And away with one. */
const char *world_directory(char *buf, size_t size);
void world_remove(const char *directory);

#endif
