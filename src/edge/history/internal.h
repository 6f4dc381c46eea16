/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of this folder share. A row of `pack` is what one guest did in one stretch of time
 * at one level, under one number made of the three: level, stretch, guest. So what is written in a
 * minute lies side by side (one or two pages for all guests), what is oldest comes first in its
 * level, and what is asked for is found by its number.
 */
#ifndef EDGE_HISTORY_INTERNAL_H
#define EDGE_HISTORY_INTERNAL_H

#include <sqlite3.h>

#include "edge/history/history.h"

/* "BLSH"; in the file's header, where file(1) finds it. */
#define HISTORY_APPLICATION_ID 0x424c5348
/* 2: an event has its floor, and its figures have names. */
enum { HISTORY_VERSION = 2 };

/* Frames in the WAL before they are moved to the database; the only fsync is then. */
enum { HISTORY_CHECKPOINT_PAGES = 256, HISTORY_PAGE_KIB = 4 };
#define HISTORY_WAL_BYTES (INT64_C(1) << 20)
/* Of pages kept in memory. The daemon is to stay small; what is read is read from the kernel's. */
enum { HISTORY_CACHE_KIB = 128 };
enum { HISTORY_BUSY_MSEC = 50 };

/* Of the number of a row. */
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
/* A kept statement, ready to be bound; NULL with *err filled and *rc. */
sqlite3_stmt *history_statement(struct history *history, enum history_statement which, int *rc,
                                struct ballast_error *err);
/*
 * Steps to its end and makes it ready again. `step` is what its last step returned: one that failed
 * must not be stepped again, since it would begin from the start and end well.
 */
int history_finish(struct history *history, sqlite3_stmt *statement, int step,
                   struct ballast_error *err);
/* The same for one that has not been stepped yet. */
int history_step_all(struct history *history, sqlite3_stmt *statement, struct ballast_error *err);
/* The same for one that wants no parameters. */
int history_run(struct history *history, enum history_statement which, struct ballast_error *err);
/* One number out of one that wants none; 0 where it answers nothing. */
int history_number(struct history *history, enum history_statement which, uint64_t *out,
                   struct ballast_error *err);

/* schema.c: makes the tables, in one transaction. -EUCLEAN where those there are not ours. */
int history_schema(struct history *history, struct ballast_error *err);
int history_execute(struct history *history, const char *sql, struct ballast_error *err);

/* sample.c */
int64_t history_key(size_t level, uint64_t stretch, uint64_t guest);
uint64_t history_stretch_of(int64_t key);
struct series_place history_place(size_t level, uint64_t stretch);
/* Buckets of that level, as history_add(). */
int history_put(struct history *history, size_t level, uint64_t guest,
                const struct series_bucket *buckets, size_t count, struct ballast_error *err);
/* The first number at or above `from` and below `below`, or the last such; 0: none. */
int history_edge(struct history *history, enum history_statement which, int64_t from, int64_t below,
                 int64_t *out, struct ballast_error *err);
/* What is in that row; none where there is no such row, or it cannot be read. */
int history_get(struct history *history, int64_t key, const struct series_place *place,
                struct series_bucket *out, size_t *count, struct ballast_error *err);

#endif
