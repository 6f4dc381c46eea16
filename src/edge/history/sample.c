/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/units.h"
#include "edge/history/internal.h"

/*
 * A guest at rest takes one byte per bucket, one that moves all the time some 15. The longest
 * buckets are kept for a year, or less if the size limit requires it. An interval of one level is a
 * whole number of buckets of the next, so that merging never splits a row.
 */
const struct history_level history_levels[HISTORY_LEVELS] = {
    {HISTORY_LENGTH_SEC, 60, 3600},
    {60, 120, 86400},
    {300, 144, 7 * 86400},
    {1800, 144, 366 * 86400},
};

static uint64_t stretch_sec(size_t level)
{
    return history_levels[level].length_sec * history_levels[level].slots;
}

int64_t history_key(size_t level, uint64_t stretch, uint64_t guest)
{
    return (int64_t)((uint64_t)level << HISTORY_LEVEL_SHIFT | stretch << HISTORY_GUEST_BITS |
                     guest);
}

struct series_place history_place(size_t level, uint64_t stretch)
{
    return (struct series_place){.start_sec = stretch * stretch_sec(level),
                                 .length_sec = history_levels[level].length_sec,
                                 .slots = history_levels[level].slots};
}

int history_get(struct history *history, int64_t key, const struct series_place *place,
                struct series_bucket *out, size_t *count, struct ballast_error *err)
{
    int rc;
    sqlite3_stmt *statement = history_statement(history, HISTORY_GET, &rc, err);
    *count = 0;
    if (!statement)
        return rc;
    sqlite3_bind_int64(statement, 1, key);
    int step = sqlite3_step(statement);
    if (step == SQLITE_ROW) {
        const void *bytes = sqlite3_column_blob(statement, 0);
        int size = sqlite3_column_bytes(statement, 0);
        /* An unreadable row counts as missing: a gap in a picture. */
        if (!bytes || series_unpack(place, bytes, (size_t)size, out, count, NULL) < 0)
            *count = 0;
    }
    return history_finish(history, statement, step, err);
}

static int put_row(struct history *history, int64_t key, const struct series_place *place,
                   const struct series_bucket *buckets, size_t count, struct ballast_error *err)
{
    uint8_t bytes[SERIES_PACK_MOST];
    int rc;
    sqlite3_stmt *statement = history_statement(history, HISTORY_PUT, &rc, err);
    if (!statement)
        return rc;
    size_t size = series_pack(place, buckets, count, bytes);
    sqlite3_bind_int64(statement, 1, key);
    sqlite3_bind_blob(statement, 2, bytes, (int)size, SQLITE_STATIC);
    return history_step_all(history, statement, err);
}

int history_put(struct history *history, size_t level, uint64_t guest,
                const struct series_bucket *buckets, size_t count, struct ballast_error *err)
{
    struct series_bucket row[SERIES_SLOTS];
    size_t at = 0;
    while (at < count) {
        uint64_t stretch = buckets[at].at_sec / stretch_sec(level);
        struct series_place place = history_place(level, stretch);
        int64_t key = history_key(level, stretch, guest);
        size_t length;
        int rc = history_get(history, key, &place, row, &length, err);
        if (rc < 0)
            return rc;
        size_t first = at;
        while (at < count && series_put(&place, row, &length, &buckets[at]))
            at++;
        if (at == first)
            return ballast_fail(err, -EINVAL, "a bucket at %llu s is not at a multiple of %llu s",
                                (unsigned long long)buckets[at].at_sec,
                                (unsigned long long)place.length_sec);
        rc = put_row(history, key, &place, row, length, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int history_add(struct history *history, uint64_t guest, const struct series_bucket *buckets,
                size_t count, struct ballast_error *err)
{
    return history_put(history, 0, guest, buckets, count, err);
}

int history_edge(struct history *history, enum history_statement which, int64_t from, int64_t below,
                 int64_t *out, struct ballast_error *err)
{
    int rc;
    sqlite3_stmt *statement = history_statement(history, which, &rc, err);
    if (!statement)
        return rc;
    sqlite3_bind_int64(statement, 1, from);
    sqlite3_bind_int64(statement, 2, below);
    int step = sqlite3_step(statement);
    *out = step == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    return history_finish(history, statement, step, err);
}

uint64_t history_stretch_of(int64_t key)
{
    uint64_t below_level = (uint64_t)key & ((UINT64_C(1) << HISTORY_LEVEL_SHIFT) - 1);
    return below_level >> HISTORY_GUEST_BITS;
}

/* The most rows that one query reads; a guest has some 150 in a year. */
enum { ROWS_MOST = 2048 };

static int view_row(struct history *history, size_t level, uint64_t stretch, uint64_t guest,
                    struct series_view *view, size_t *rows, struct ballast_error *err)
{
    struct series_bucket row[SERIES_SLOTS];
    struct series_place place = history_place(level, stretch);
    size_t count;
    int rc = history_get(history, history_key(level, stretch, guest), &place, row, &count, err);
    *rows -= count > 0;
    for (size_t i = 0; i < count; i++)
        series_view_add(view, &row[i], place.length_sec);
    return rc;
}

/* The existing intervals of a level within the view, the latest first. */
static int read_level(struct history *history, size_t level, const uint64_t *guests, size_t count,
                      struct series_view *view, size_t *rows, struct ballast_error *err)
{
    int64_t from = history_key(level, 0, 0);
    int64_t below = history_key(level + 1, 0, 0);
    int64_t first = 0;
    int64_t last = 0;
    int rc = history_edge(history, HISTORY_FIRST, from, below, &first, err);
    if (rc == 0 && first)
        rc = history_edge(history, HISTORY_LAST_OF, from, below, &last, err);
    if (rc < 0 || !first)
        return rc;
    uint64_t until_sec = view->from_sec + view->step_sec * view->points;
    uint64_t begin =
        ballast_max_u64(view->from_sec / stretch_sec(level), history_stretch_of(first));
    uint64_t end = ballast_min_u64(until_sec / stretch_sec(level), history_stretch_of(last));
    for (uint64_t stretch = end + 1; stretch-- > begin && *rows > 0;) {
        for (size_t i = 0; i < count && rc == 0 && *rows > 0; i++)
            rc = view_row(history, level, stretch, guests[i], view, rows, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int history_read(struct history *history, const uint64_t *guests, size_t count,
                 struct series_view *view, struct ballast_error *err)
{
    int rc = 0;
    size_t rows = ROWS_MOST;
    for (size_t level = 0; level < HISTORY_LEVELS && rc == 0; level++)
        rc = read_level(history, level, guests, count, view, &rows, err);
    return rc;
}
