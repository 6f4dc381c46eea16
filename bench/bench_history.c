/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What samples take on disk and cost: so many guests for so many days, written minute by minute and
 * aged as the daemon does, then a week of one guest read; and the same samples in two other forms.
 *
 *   bench_history [DIRECTORY [DAYS [GUESTS [calm|mixed|wild [keep]]]]]: on its disk; 30 days until
 *   last midnight, 100 guests, mixed; with keep the file is made in the directory itself and stays
 *
 * calm: nobody ever moves; mixed: a third does not, a third in steps some hours apart, a third all
 * the time; wild: everybody all the time, each value another in each look. The first of them is
 * the host and has its parts.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/base/units.h"
#include "edge/history/history.h"
#include "measure.h"

#define DAY_SEC UINT64_C(86400)
enum { MINUTE_BUCKETS = 6, RUNS = 25 };

enum kind { CALM, MIXED, WILD };

static void die(const char *what)
{
    fprintf(stderr, "bench_history: %s\n", what);
    exit(1);
}

static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 31) * UINT64_C(0x7fb5d329728ea185);
    x = (x ^ x >> 27) * UINT64_C(0x81dadef4bc2dd44d);
    return x ^ x >> 33;
}

/* Always the same at the same time, so that nothing has to be kept. */
static struct series_bucket bucket_of(enum kind kind, uint64_t guest, uint64_t at_sec)
{
    struct series_bucket bucket = {.at_sec = at_sec, .weight = 100};
    uint64_t base_kib = (1 + guest % 8) << 20;
    bool restless = kind == WILD || (kind == MIXED && guest % 3 == 2);
    bool steps = kind == MIXED && guest % 3 == 1;
    for (size_t i = 0; i < SERIES; i++) {
        uint64_t seed = guest * 1000003 + i;
        uint64_t kib = base_kib - i * (base_kib / 8);
        if (steps)
            kib -= mix(seed ^ at_sec / (3 * 3600 + guest * 60)) % (kib / 3) & ~UINT64_C(3);
        if (restless)
            kib -= mix(seed ^ at_sec) % (kib / 4) & ~UINT64_C(3);
        bucket.value[i] = (struct series_value){kib, kib, kib};
        if (restless) {
            bucket.value[i].min_kib -= mix(seed + at_sec) % 65536;
            bucket.value[i].max_kib += mix(seed - at_sec) % 65536;
        }
    }
    return bucket;
}

/* The first of them is the host, half of whose parts are others in each look. */
static void add_parts(enum kind kind, uint64_t at_sec, struct series_bucket *bucket)
{
    uint64_t left_kib = UINT64_C(512) << 20;
    bucket->has_parts = true;
    bucket->parts.total_kib = left_kib;
    for (size_t i = 0; i + 1 < SERIES_PARTS; i++) {
        uint64_t kib = left_kib / 4;
        if (kind != CALM && i % 2 == 1)
            kib -= mix(at_sec * SERIES_PARTS + i) % (kib / 2 + 1);
        bucket->parts.part_kib[i] = kib;
        left_kib -= kib;
    }
    bucket->parts.part_kib[SERIES_PARTS - 1] = left_kib;
}

static void must(int rc, const struct ballast_error *err)
{
    if (rc < 0)
        die(err->text);
}

static double write_minute(struct history *history, enum kind kind, uint64_t guests,
                           uint64_t at_sec)
{
    struct ballast_error err;
    uint64_t begin = measure_nsec();
    must(history_begin(history, &err), &err);
    int rc = 0;
    for (uint64_t guest = 1; guest <= guests && rc == 0; guest++) {
        struct series_bucket buckets[MINUTE_BUCKETS];
        uint8_t uuid[HISTORY_UUID] = {(uint8_t)guest, (uint8_t)(guest >> 8)};
        char name[32];
        uint64_t id;
        (void)snprintf(name, sizeof(name), "guest-%" PRIu64, guest);
        if (guest == 1) {
            memset(uuid, 0xff, sizeof(uuid));
            name[0] = '\0';
        }
        for (uint64_t i = 0; i < MINUTE_BUCKETS; i++)
            buckets[i] = bucket_of(kind, guest, at_sec + i * HISTORY_LENGTH_SEC);
        for (uint64_t i = 0; i < MINUTE_BUCKETS && guest == 1; i++)
            add_parts(kind, buckets[i].at_sec, &buckets[i]);
        rc = history_guest_of(history, uuid, name, at_sec, &id, &err);
        if (rc == 0)
            rc = history_add(history, id, buckets, MINUTE_BUCKETS, &err);
    }
    must(history_end(history, rc, &err), &err);
    return (double)(measure_nsec() - begin) / 1e6;
}

struct cost {
    double sum_ms;
    double worst_ms;
    uint64_t count;
};

static void add_cost(struct cost *cost, double ms)
{
    cost->sum_ms += ms;
    cost->worst_ms = ms > cost->worst_ms ? ms : cost->worst_ms;
    cost->count++;
}

static void fill(struct history *history, enum kind kind, uint64_t begin_sec, uint64_t until_sec,
                 uint64_t guests)
{
    struct cost writing = {0};
    struct cost ageing = {0};
    struct ballast_error err;
    for (uint64_t at = begin_sec; at < until_sec; at += 60) {
        add_cost(&writing, write_minute(history, kind, guests, at));
        int more = 1;
        while (more == 1) {
            uint64_t begin = measure_nsec();
            more = history_age(history, at + 60, &err);
            must(more, &err);
            add_cost(&ageing, (double)(measure_nsec() - begin) / 1e6);
        }
    }
    printf("a minute of all guests   mean %.2f ms, worst %.1f ms\n",
           writing.sum_ms / (double)writing.count, writing.worst_ms);
    printf("ageing, a turn           mean %.2f ms, worst %.1f ms; a minute of it %.2f ms\n",
           ageing.sum_ms / (double)ageing.count, ageing.worst_ms,
           ageing.sum_ms / (double)writing.count);
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Median of some runs of a week of one guest; how many points there were. */
static double week(struct history *history, sqlite3_stmt *other,
                   void (*read)(sqlite3_stmt *other, struct series_view *view, uint64_t guest),
                   uint64_t until_sec, size_t *points)
{
    uint64_t nsec[RUNS];
    struct ballast_error err;
    for (size_t run = 0; run < RUNS; run++) {
        struct series_view view;
        struct series_bucket bucket;
        uint64_t guest = 3 + run;
        uint64_t end;
        uint64_t begin = measure_nsec();
        must(series_view_begin(&view, until_sec - 7 * DAY_SEC, until_sec, 640, &err), &err);
        if (history)
            must(history_read(history, &guest, 1, &view, &err), &err);
        else
            read(other, &view, guest);
        *points = 0;
        for (size_t i = 0; i < view.points; i++)
            *points += series_view_at(&view, i, &bucket, &end);
        series_view_release(&view);
        nsec[run] = measure_nsec() - begin;
    }
    qsort(nsec, RUNS, sizeof(nsec[0]), compare);
    return (double)nsec[RUNS / 2] / 1e6;
}

/* The other forms, of the samples that are in the file in the end */

static sqlite3 *open_other(const char *path, const char *schema)
{
    sqlite3 *db;
    (void)unlink(path);
    if (sqlite3_open(path, &db) != SQLITE_OK || sqlite3_exec(db, schema, NULL, NULL, NULL))
        die("another form cannot be made");
    return db;
}

static sqlite3_stmt *prepared(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
        die(sqlite3_errmsg(db));
    return statement;
}

static void step(sqlite3_stmt *statement)
{
    if (sqlite3_step(statement) != SQLITE_DONE)
        die("a row cannot be written");
    sqlite3_reset(statement);
}

struct source {
    sqlite3_stmt *statement;
    struct series_bucket row[SERIES_SLOTS];
    uint64_t level;
    uint64_t guest;
    size_t count;
};

/* As the store numbers its rows: level, stretch, guest. */
static bool next_row(struct source *source)
{
    if (sqlite3_step(source->statement) != SQLITE_ROW)
        return false;
    uint64_t key = (uint64_t)sqlite3_column_int64(source->statement, 0);
    source->level = key >> 60;
    source->guest = key & 0xffffff;
    const struct history_level *level = &history_levels[source->level];
    uint64_t stretch = (key & ((UINT64_C(1) << 60) - 1)) >> 24;
    struct series_place place = {.start_sec = stretch * level->length_sec * level->slots,
                                 .length_sec = level->length_sec,
                                 .slots = level->slots};
    if (series_unpack(&place, sqlite3_column_blob(source->statement, 1),
                      (size_t)sqlite3_column_bytes(source->statement, 1), source->row,
                      &source->count, NULL) < 0)
        die("a row cannot be read");
    return true;
}

static void write_plain(sqlite3 *to, struct source *source)
{
    sqlite3_stmt *put =
        prepared(to, "INSERT INTO sample VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13)");
    while (next_row(source)) {
        for (size_t i = 0; i < source->count; i++) {
            const struct series_bucket *bucket = &source->row[i];
            sqlite3_bind_int64(put, 1, (int64_t)source->guest);
            sqlite3_bind_int64(put, 2, (int64_t)source->level);
            sqlite3_bind_int64(put, 3, (int64_t)bucket->at_sec);
            sqlite3_bind_int64(put, 4, bucket->weight);
            for (int s = 0; s < SERIES; s++) {
                sqlite3_bind_int64(put, 5 + 3 * s, (int64_t)bucket->value[s].min_kib);
                sqlite3_bind_int64(put, 6 + 3 * s, (int64_t)bucket->value[s].mean_kib);
                sqlite3_bind_int64(put, 7 + 3 * s, (int64_t)bucket->value[s].max_kib);
            }
            step(put);
        }
    }
    sqlite3_finalize(put);
}

static void read_plain(sqlite3_stmt *get, struct series_view *view, uint64_t guest)
{
    sqlite3_bind_int64(get, 1, (int64_t)guest);
    sqlite3_bind_int64(get, 2, (int64_t)view->from_sec);
    while (sqlite3_step(get) == SQLITE_ROW) {
        struct series_bucket bucket = {.at_sec = (uint64_t)sqlite3_column_int64(get, 2),
                                       .weight = (uint32_t)sqlite3_column_int(get, 3)};
        for (int s = 0; s < SERIES; s++)
            bucket.value[s] = (struct series_value){(uint64_t)sqlite3_column_int64(get, 4 + 3 * s),
                                                    (uint64_t)sqlite3_column_int64(get, 5 + 3 * s),
                                                    (uint64_t)sqlite3_column_int64(get, 6 + 3 * s)};
        series_view_add(view, &bucket, history_levels[sqlite3_column_int(get, 1)].length_sec);
    }
    sqlite3_reset(get);
}

/* One row a moment with all guests in it: a guest's number, a length, its packed bucket. */
static void write_moments(sqlite3 *to, struct source *source)
{
    static uint8_t bytes[3 + SERIES_PACK_MOST];
    sqlite3_stmt *put = prepared(to, "INSERT INTO moment VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE "
                                     "SET data = CAST(data || ?3 AS BLOB)");
    while (next_row(source)) {
        for (size_t i = 0; i < source->count; i++) {
            const struct series_bucket *bucket = &source->row[i];
            struct series_place place = {bucket->at_sec, history_levels[source->level].length_sec,
                                         1};
            size_t size = series_pack(&place, bucket, 1, bytes + 3);
            bytes[0] = (uint8_t)source->guest;
            bytes[1] = (uint8_t)(source->guest >> 8);
            bytes[2] = (uint8_t)size;
            sqlite3_bind_int64(put, 1, (int64_t)source->level);
            sqlite3_bind_int64(put, 2, (int64_t)bucket->at_sec);
            sqlite3_bind_blob(put, 3, bytes, (int)size + 3, SQLITE_STATIC);
            step(put);
        }
    }
    sqlite3_finalize(put);
}

static void read_moments(sqlite3_stmt *get, struct series_view *view, uint64_t guest)
{
    for (int level = 0; level < HISTORY_LEVELS; level++) {
        sqlite3_bind_int(get, 1, level);
        sqlite3_bind_int64(get, 2, (int64_t)view->from_sec);
        while (sqlite3_step(get) == SQLITE_ROW) {
            const uint8_t *at = sqlite3_column_blob(get, 1);
            const uint8_t *end = at + sqlite3_column_bytes(get, 1);
            struct series_place place = {(uint64_t)sqlite3_column_int64(get, 0),
                                         history_levels[level].length_sec, 1};
            while (at < end && (at[0] | at[1] << 8) != (int)guest)
                at += 3 + at[2];
            struct series_bucket bucket;
            size_t count;
            if (at < end && series_unpack(&place, at + 3, at[2], &bucket, &count, NULL) == 0)
                series_view_add(view, &bucket, place.length_sec);
        }
        sqlite3_reset(get);
    }
}

struct form {
    const char *name;
    const char *schema;
    const char *query;
    void (*write)(sqlite3 *to, struct source *source);
    void (*read)(sqlite3_stmt *get, struct series_view *view, uint64_t guest);
};

static const struct form forms[] = {
    {"a row a sample",
     "PRAGMA journal_mode = OFF; CREATE TABLE sample (guest, level, at, weight, a, b, c, d, e, f, "
     "g, h, i, PRIMARY KEY (guest, level, at)) WITHOUT ROWID; BEGIN",
     "SELECT guest, level, at, weight, a, b, c, d, e, f, g, h, i FROM sample WHERE guest = ?1 AND "
     "level IN (0, 1, 2, 3) AND at >= ?2",
     write_plain, read_plain},
    {"a row a moment, all guests",
     "PRAGMA journal_mode = OFF; CREATE TABLE moment (level, at, data, PRIMARY KEY (level, at)) "
     "WITHOUT ROWID; BEGIN",
     "SELECT at, data FROM moment WHERE level = ?1 AND at >= ?2", write_moments, read_moments},
};

static double file_mib(const char *path)
{
    struct stat st = {0};
    (void)stat(path, &st);
    return (double)st.st_size / 1048576;
}

static void others(const char *directory, const char *path, uint64_t until_sec)
{
    char other_path[2200];
    sqlite3 *from;
    if (sqlite3_open_v2(path, &from, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK)
        die("the file cannot be read again");
    (void)snprintf(other_path, sizeof(other_path), "%s/other.db", directory);
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        size_t points;
        struct source source = {.statement =
                                    prepared(from, "SELECT key, data FROM pack ORDER BY key")};
        sqlite3 *db = open_other(other_path, forms[i].schema);
        forms[i].write(db, &source);
        sqlite3_finalize(source.statement);
        if (sqlite3_exec(db, "COMMIT; VACUUM", NULL, NULL, NULL) != SQLITE_OK)
            die(sqlite3_errmsg(db));
        sqlite3_stmt *get = prepared(db, forms[i].query);
        double ms = week(NULL, get, forms[i].read, until_sec, &points);
        printf("%-28s %8.1f MiB %8.2f ms %6zu points\n", forms[i].name, file_mib(other_path), ms,
               points);
        sqlite3_finalize(get);
        sqlite3_close(db);
    }
    sqlite3_close(from);
    (void)unlink(other_path);
}

static enum kind kind_of(const char *word)
{
    static const char *const words[] = {"calm", "mixed", "wild"};
    for (int i = 0; i < 3; i++) {
        if (strcmp(word, words[i]) == 0)
            return (enum kind)i;
    }
    die("the kind is calm, mixed or wild");
    return MIXED;
}

static void run(const char *directory, enum kind kind, uint64_t days, uint64_t guests)
{
    char path[2100];
    struct history *history = NULL;
    struct ballast_error err = {.text = ""};
    size_t points;
    uint64_t until_sec = (uint64_t)time(NULL) / DAY_SEC * DAY_SEC;
    (void)snprintf(path, sizeof(path), "%s/history.db", directory);
    must(history_open(directory, 1024 * BALLAST_MIB_KIB, &history, &err), &err);
    fill(history, kind, until_sec - days * DAY_SEC, until_sec, guests);
    double ms = week(history, NULL, NULL, until_sec, &points);
    double used_mib = (double)history_size_kib(history) / 1024;
    history_close(history);
    printf("%-28s %8.1f MiB %8.2f ms %6zu points (%.1f MiB in use)\n", "a row a stretch of a guest",
           file_mib(path), ms, points, used_mib);
    others(directory, path, until_sec);
}

int main(int argc, char **argv)
{
    uint64_t days = argc > 2 ? strtoull(argv[2], NULL, 10) : 30;
    uint64_t guests = argc > 3 ? strtoull(argv[3], NULL, 10) : 100;
    const char *kind = argc > 4 ? argv[4] : "mixed";
    bool keep = argc > 5 && strcmp(argv[5], "keep") == 0;
    char directory[2048];
    char path[2100];
    (void)snprintf(directory, sizeof(directory), keep ? "%s" : "%s/bench-history-XXXXXX",
                   argc > 1 ? argv[1] : ".");
    if (days < 8 || guests < 30 || guests > 60000 || (!keep && !mkdtemp(directory)))
        die("usage: bench_history [DIRECTORY [DAYS [GUESTS [calm|mixed|wild [keep]]]]]; 8 days or "
            "more");
    printf("history   %" PRIu64 " guests, %" PRIu64 " days, %s\n", guests, days, kind);
    run(directory, kind_of(kind), days, guests);
    static const char *const names[] = {"history.db", "history.db-wal", "history.db-shm"};
    for (size_t i = 0; i < 3 && !keep; i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
        (void)unlink(path);
    }
    if (!keep && rmdir(directory) < 0)
        die("something is left behind");
    return 0;
}
