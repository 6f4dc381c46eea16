/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Shared by the files of this folder.
 *
 * A row of `pack` is what one guest did in one interval at one level, under one number composed of
 * the three: level, interval, guest. So the writes of a minute are adjacent (one or two pages for
 * all guests), the oldest come first in their level, and a row is found by its number.
 */
#ifndef EDGE_HISTORY_INTERNAL_H
#define EDGE_HISTORY_INTERNAL_H

#include <sqlite3.h>

#include "edge/history/history.h"

/* "BLSH" in the file's header, which file(1) recognizes. */
#define HISTORY_APPLICATION_ID 0x424c5348
/* 3: an event has the figure used_kib. */
enum { HISTORY_VERSION = 3 };

/* Frames in the WAL before a checkpoint, which has the only fsync. */
enum { HISTORY_CHECKPOINT_PAGES = 256, HISTORY_PAGE_KIB = 4 };
#define HISTORY_WAL_BYTES (INT64_C(1) << 20)
/* Of pages kept in memory. The daemon should stay small; the kernel caches reads. */
enum { HISTORY_CACHE_KIB = 128 };
enum { HISTORY_BUSY_MSEC = 50 };

/* The fields of a row's number. */
enum { HISTORY_GUEST_BITS = 24, HISTORY_LEVEL_SHIFT = 60 };

enum history_statement {
    HISTORY_BEGIN,
    HISTORY_COMMIT,
    HISTORY_ROLLBACK,
    HISTORY_GET,
    HISTORY_PUT,
    HISTORY_DELETE,
    HISTORY_FIRST,
    HISTORY_LAST_OF,
    HISTORY_FIND_GUEST,
    HISTORY_MAKE_GUEST,
    HISTORY_SEEN_GUEST,
    HISTORY_BY_UUID,
    HISTORY_BY_NAME,
    HISTORY_FORGET_GUESTS,
    HISTORY_NOTE,
    HISTORY_LAST,
    HISTORY_EVENTS_ALL,
    HISTORY_EVENTS_OF,
    HISTORY_FORGET_EVENTS,
    HISTORY_FIRST_EVENT,
    HISTORY_PAGES,
    HISTORY_FREE_PAGES,
    HISTORY_VACUUM,
    HISTORY_STATEMENTS
};

struct history {
    sqlite3 *db;
    sqlite3_stmt *statements[HISTORY_STATEMENTS];
    char *path;
    uint64_t most_kib;
};

/* statement.c: "PATH: what: why". */
int history_failure(struct history *history, int rc, const char *what, struct ballast_error *err);
/* A prepared statement, ready to be bound; NULL with *err filled and *rc. */
sqlite3_stmt *history_statement(struct history *history, enum history_statement which, int *rc,
                                struct ballast_error *err);
/*
 * Runs it to its end and resets it. `step` is the result of its last step: one that failed must not
 * be stepped again, since it would start over and succeed.
 */
int history_finish(struct history *history, sqlite3_stmt *statement, int step,
                   struct ballast_error *err);
/* The same for a statement that has not been stepped yet. */
int history_step_all(struct history *history, sqlite3_stmt *statement, struct ballast_error *err);
/* The same for a statement without parameters. */
int history_run(struct history *history, enum history_statement which, struct ballast_error *err);
/* The number that a statement without parameters returns; 0 if none. */
int history_number(struct history *history, enum history_statement which, uint64_t *out,
                   struct ballast_error *err);

/* schema.c: creates the tables, in one transaction. -EUCLEAN if the existing ones are not ours. */
int history_schema(struct history *history, struct ballast_error *err);
int history_execute(struct history *history, const char *sql, struct ballast_error *err);

/* sample.c */
int64_t history_key(size_t level, uint64_t stretch, uint64_t guest);
uint64_t history_stretch_of(int64_t key);
struct series_place history_place(size_t level, uint64_t stretch);
/* Buckets of that level, like history_add(). */
int history_put(struct history *history, size_t level, uint64_t guest,
                const struct series_bucket *buckets, size_t count, struct ballast_error *err);
/* The first number at or above `from` and below `below`, or the last one; 0: none. */
int history_edge(struct history *history, enum history_statement which, int64_t from, int64_t below,
                 int64_t *out, struct ballast_error *err);
/* The buckets of that row; none if there is no such row or it is unreadable. */
int history_get(struct history *history, int64_t key, const struct series_place *place,
                struct series_bucket *out, size_t *count, struct ballast_error *err);

#endif
