/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ageing. When all of a row is old enough it is merged into the next level and deleted; so each
 * time is in one level only, and a daemon that was away for long catches up. If the file is too
 * large, the oldest row of all is treated as if it were old enough.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "core/base/units.h"
#include "edge/history/internal.h"

/* Rows per call, since a tick must not wait for long. 64 of them take about a millisecond. */
enum { ROWS = 64 };
/* Parts of the size limit, in sixteenths: the rest is for the WAL and for merging. */
enum { USED = 14, ALL = 16 };
/* Pages that may stay free within the file, for later rows. */
enum { FREE_PAGES = 256 };
/* How long an event is kept. */
#define EVENT_SEC UINT64_C(366 * 86400)

static int forget_row(struct history *history, int64_t key, struct ballast_error *err)
{
    int rc;
    sqlite3_stmt *statement = history_statement(history, HISTORY_DELETE, &rc, err);
    if (!statement)
        return rc;
    sqlite3_bind_int64(statement, 1, key);
    return history_step_all(history, statement, err);
}

static int age_row(struct history *history, size_t level, int64_t key, bool thin,
                   struct ballast_error *err)
{
    struct series_bucket row[SERIES_SLOTS];
    uint64_t guest = (uint64_t)key & ((UINT64_C(1) << HISTORY_GUEST_BITS) - 1);
    uint64_t stretch =
        ((uint64_t)key & ((UINT64_C(1) << HISTORY_LEVEL_SHIFT) - 1)) >> HISTORY_GUEST_BITS;
    struct series_place place = history_place(level, stretch);
    size_t count;
    int rc = 0;
    if (thin && level + 1 < HISTORY_LEVELS) {
        rc = history_get(history, key, &place, row, &count, err);
        if (rc == 0) {
            count = series_thin(row, count, history_levels[level + 1].length_sec, row);
            rc = history_put(history, level + 1, guest, row, count, err);
        }
    }
    return rc < 0 ? rc : forget_row(history, key, err);
}

/*
 * Ages the rows of a level up to that key, the oldest first; returns how many of `most` are left.
 */
static int age_level(struct history *history, size_t level, int64_t below, bool thin, size_t *most,
                     struct ballast_error *err)
{
    while (*most > 0) {
        int64_t key = 0;
        int rc = history_edge(history, HISTORY_FIRST, history_key(level, 0, 0), below, &key, err);
        if (rc < 0 || !key)
            return rc;
        if ((rc = age_row(history, level, key, thin, err)) < 0)
            return rc;
        --*most;
    }
    return 0;
}

/* The level whose oldest row starts first, and when; HISTORY_LEVELS: there are none. */
static int oldest_level(struct history *history, size_t *out, uint64_t *oldest_sec,
                        struct ballast_error *err)
{
    *oldest_sec = UINT64_MAX;
    *out = HISTORY_LEVELS;
    for (size_t level = 0; level < HISTORY_LEVELS; level++) {
        int64_t key = 0;
        int rc = history_edge(history, HISTORY_FIRST, history_key(level, 0, 0),
                              history_key(level + 1, 0, 0), &key, err);
        if (rc < 0)
            return rc;
        uint64_t start_sec = history_place(level, history_stretch_of(key)).start_sec;
        if (key && start_sec < *oldest_sec) {
            *oldest_sec = start_sec;
            *out = level;
        }
    }
    return 0;
}

static int forget_before(struct history *history, enum history_statement which, uint64_t upto,
                         struct ballast_error *err)
{
    int rc;
    sqlite3_stmt *statement = history_statement(history, which, &rc, err);
    if (!statement)
        return rc;
    sqlite3_bind_int64(statement, 1, (int64_t)upto);
    return history_step_all(history, statement, err);
}

/* Deletes events that are too many or too old, or the oldest ones if the file is too large. */
static int forget_events(struct history *history, uint64_t now_sec, bool too_much,
                         struct ballast_error *err)
{
    uint64_t last = 0;
    uint64_t old = 0;
    uint64_t before_usec = ballast_sub_floor(now_sec, EVENT_SEC) * BALLAST_SEC_USEC;
    int rc = history_number(history, HISTORY_LAST, &last, err);
    sqlite3_stmt *statement =
        rc < 0 ? NULL : history_statement(history, HISTORY_FIRST_EVENT, &rc, err);
    if (!statement)
        return rc;
    sqlite3_bind_int64(statement, 1, (int64_t)before_usec);
    int step = sqlite3_step(statement);
    if (step == SQLITE_ROW)
        old = (uint64_t)sqlite3_column_int64(statement, 0);
    rc = history_finish(history, statement, step, err);
    uint64_t keep = too_much ? HISTORY_EVENTS / 4 : HISTORY_EVENTS;
    uint64_t upto = ballast_max_u64(old, ballast_sub_floor(last, keep));
    return rc < 0 || upto == 0 ? rc : forget_before(history, HISTORY_FORGET_EVENTS, upto, err);
}

static int age_too_much(struct history *history, bool thin, size_t *most, uint64_t *oldest_sec,
                        struct ballast_error *err)
{
    size_t oldest;
    int rc = oldest_level(history, &oldest, oldest_sec, err);
    if (rc < 0 || oldest == HISTORY_LEVELS)
        return rc;
    return age_level(history, oldest, history_key(oldest + 1, 0, 0), thin, most, err);
}

/*
 * Deletes guests of which nothing can be left; the time of their last sample is known to an hour.
 */
static int age_all(struct history *history, uint64_t now_sec, bool too_much,
                   struct ballast_error *err)
{
    size_t most = ROWS;
    uint64_t oldest_sec = 0;
    int rc = 0;
    for (size_t level = 0; level < HISTORY_LEVELS && rc == 0; level++) {
        uint64_t old_sec = ballast_sub_floor(now_sec, history_levels[level].keep_sec);
        uint64_t stretch = old_sec / history_place(level, 1).start_sec;
        rc = age_level(history, level, history_key(level, stretch, 0), true, &most, err);
    }
    if (rc == 0 && too_much)
        rc = age_too_much(history, true, &most, &oldest_sec, err);
    if (rc == 0)
        rc = forget_events(history, now_sec, too_much, err);
    uint64_t keep_sec = history_levels[HISTORY_LEVELS - 1].keep_sec;
    uint64_t seen_sec =
        ballast_max_u64(ballast_sub_floor(now_sec, keep_sec),
                        ballast_sub_floor(ballast_min_u64(oldest_sec, now_sec), 7200));
    if (rc == 0 && seen_sec > 0)
        rc = forget_before(history, HISTORY_FORGET_GUESTS, seen_sec, err);
    return rc < 0 ? rc : most == 0 || (too_much && most < ROWS);
}

/* If there is no space even for merging, deletes the oldest. */
static int age_for_room(struct history *history, struct ballast_error *err)
{
    size_t most = ROWS;
    uint64_t oldest_sec;
    int rc = history_begin(history, err);
    if (rc < 0)
        return rc;
    rc = age_too_much(history, false, &most, &oldest_sec, err);
    rc = history_end(history, rc, err);
    return rc < 0 ? rc : most < ROWS;
}

int history_age(struct history *history, uint64_t now_sec, struct ballast_error *err)
{
    uint64_t free_pages = 0;
    bool too_much = history_size_kib(history) > history->most_kib / ALL * USED;
    int rc = history_begin(history, err);
    if (rc < 0)
        return rc;
    rc = history_end(history, age_all(history, now_sec, too_much, err), err);
    if (rc == -ENOSPC && too_much)
        rc = age_for_room(history, err);
    if (rc >= 0 && history_number(history, HISTORY_FREE_PAGES, &free_pages, err) == 0 &&
        free_pages > FREE_PAGES)
        (void)history_run(history, HISTORY_VACUUM, err);
    return rc;
}

static int delete_ahead(struct history *history, size_t level, uint64_t now_sec,
                        struct ballast_error *err)
{
    char sql[160];
    uint64_t stretch = now_sec / history_place(level, 1).start_sec;
    (void)snprintf(sql, sizeof(sql), "DELETE FROM pack WHERE key >= %" PRId64 " AND key < %" PRId64,
                   history_key(level, stretch + 1, 0), history_key(level + 1, 0, 0));
    return history_execute(history, sql, err);
}

/* What continued while the clock was wrong keeps its start and ends no earlier. */
static int move_ahead(struct history *history, uint64_t now_usec, uint64_t by_usec,
                      struct ballast_error *err)
{
    char sql[640];
    (void)snprintf(sql, sizeof(sql),
                   "UPDATE event SET until_usec = min(until_usec - %" PRIu64 ", %" PRIu64 ")"
                   " WHERE until_usec > %" PRIu64 ";"
                   "UPDATE event SET time_usec = min(time_usec - %" PRIu64 ", %" PRIu64 ")"
                   " WHERE time_usec > %" PRIu64 ";"
                   "UPDATE event SET until_usec = time_usec WHERE until_usec < time_usec;"
                   "UPDATE guest SET last_sec = %" PRIu64 " WHERE last_sec > %" PRIu64,
                   by_usec, now_usec, now_usec, by_usec, now_usec, now_usec,
                   now_usec / BALLAST_SEC_USEC, now_usec / BALLAST_SEC_USEC);
    return history_execute(history, sql, err);
}

int history_set_back(struct history *history, uint64_t now_usec, uint64_t by_usec,
                     struct ballast_error *err)
{
    int rc = history_begin(history, err);
    if (rc < 0)
        return rc;
    for (size_t level = 0; level < HISTORY_LEVELS && rc == 0; level++)
        rc = delete_ahead(history, level, now_usec / BALLAST_SEC_USEC, err);
    if (rc == 0)
        rc = move_ahead(history, now_usec, by_usec, err);
    return history_end(history, rc, err);
}
