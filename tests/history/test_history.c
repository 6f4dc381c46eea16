/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The file: what is stored can be read, merged as it ages and within its size limit, whatever
 * happens.
 */
#include "check.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/model/host.h"
#include "edge/history/history.h"

#include "../seeds/seed.h"

/* Any Sunday, on a multiple of every length. */
#define BEGIN_SEC UINT64_C(1799971200)
#define HOUR      UINT64_C(3600)
#define DAY       (24 * HOUR)

static char directory[64];
static char path[96];
static const uint8_t uuid_a[HISTORY_UUID] = {1};
static const uint8_t uuid_b[HISTORY_UUID] = {2};

static int set_up(void **state)
{
    (void)state;
    (void)snprintf(directory, sizeof(directory), "history-test-XXXXXX");
    if (!mkdtemp(directory))
        return -1;
    (void)snprintf(path, sizeof(path), "%s/history.db", directory);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    static const char *const names[] = {"history.db",           "history.db-wal",
                                        "history.db.aside",     "history.db.aside-wal",
                                        "history.db.aside-shm", "history.db-shm"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char name[160];
        (void)snprintf(name, sizeof(name), "%s/%s", directory, names[i]);
        (void)unlink(name);
    }
    return rmdir(directory);
}

static struct history *opened(uint64_t most_kib, int want)
{
    struct history *history = NULL;
    struct ballast_error err = {.text = ""};
    int rc = history_open(directory, most_kib, &history, &err);
    if (rc != want)
        fail_msg("%d instead of %d: %s", rc, want, err.text);
    return history;
}

static uint64_t guest_of(struct history *history, const uint8_t *uuid, const char *name,
                         uint64_t now_sec)
{
    uint64_t id = 0;
    assert_int_equal(history_guest_of(history, uuid, name, now_sec, &id, NULL), 0);
    assert_true(id > 0);
    return id;
}

static struct series_bucket bucket_at(uint64_t at_sec, uint64_t kib)
{
    struct series_bucket bucket = {.at_sec = at_sec, .weight = 100};
    for (size_t i = 0; i < SERIES; i++)
        bucket.value[i] = (struct series_value){kib, kib, kib};
    return bucket;
}

/* One guest, one value, all the time between; as the daemon writes: six buckets a minute. */
static void fill(struct history *history, uint64_t guest, uint64_t from_sec, uint64_t until_sec,
                 uint64_t kib)
{
    for (uint64_t at = from_sec; at < until_sec; at += 60) {
        struct series_bucket buckets[6];
        for (uint64_t i = 0; i < 6; i++)
            buckets[i] = bucket_at(at + i * 10, kib + at / 60 % 7);
        assert_int_equal(history_add(history, guest, buckets, 6, NULL), 0);
    }
}

static void age_all(struct history *history, uint64_t now_sec)
{
    struct ballast_error err;
    int rc;
    int turns = 0;
    while ((rc = history_age(history, now_sec, &err)) == 1 && ++turns < 100000)
        ;
    if (rc != 0)
        fail_msg("%s", err.text);
}

/* All of a guest's time as one bucket. */
static struct series_bucket whole(struct history *history, uint64_t guest, uint64_t from_sec,
                                  uint64_t until_sec)
{
    struct series_view view;
    struct series_bucket bucket = {0};
    uint64_t end;
    assert_int_equal(series_view_begin(&view, from_sec, until_sec, 1, NULL), 0);
    assert_int_equal(history_read(history, &guest, 1, &view, NULL), 0);
    (void)series_view_at(&view, 0, &bucket, &end);
    series_view_release(&view);
    return bucket;
}

static void test_comes_back(void **state)
{
    (void)state;
    struct history *history = opened(100 << 10, 0);
    assert_int_equal(history_begin(history, NULL), 0);
    uint64_t a = guest_of(history, uuid_a, "web", BEGIN_SEC);
    uint64_t b = guest_of(history, uuid_b, "web", BEGIN_SEC);
    assert_int_not_equal(a, b);
    assert_int_equal(guest_of(history, uuid_a, "web", BEGIN_SEC), a);
    fill(history, a, BEGIN_SEC, BEGIN_SEC + HOUR, 1000);
    fill(history, b, BEGIN_SEC, BEGIN_SEC + HOUR, 5000);
    assert_int_equal(history_end(history, 0, NULL), 0);
    history_close(history);
    history = opened(100 << 10, 0);
    struct series_bucket bucket = whole(history, a, BEGIN_SEC, BEGIN_SEC + HOUR);
    assert_int_equal(bucket.value[SERIES_CURRENT].min_kib, 1000);
    assert_int_equal(bucket.value[SERIES_CURRENT].max_kib, 1006);
    assert_int_equal(bucket.weight, 36000);
    assert_int_equal(whole(history, b, BEGIN_SEC, BEGIN_SEC + HOUR).value[0].min_kib, 5000);
    struct history_guest found[HISTORY_LIVES];
    assert_int_equal(history_find(history, NULL, "web", found, NULL), 2);
    assert_int_equal(history_find(history, uuid_b, NULL, found, NULL), 1);
    assert_int_equal(found[0].id, b);
    assert_string_equal(found[0].name, "web");
    assert_int_equal(history_find(history, NULL, "nobody", found, NULL), 0);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    history_close(history);
}

/* What was undone is not there. */
static void test_undone(void **state)
{
    (void)state;
    struct history *history = opened(100 << 10, 0);
    struct series_bucket odd = bucket_at(BEGIN_SEC + 3, 1);
    assert_int_equal(history_begin(history, NULL), 0);
    uint64_t a = guest_of(history, uuid_a, "web", BEGIN_SEC);
    fill(history, a, BEGIN_SEC, BEGIN_SEC + 60, 1000);
    int rc = history_add(history, a, &odd, 1, NULL);
    assert_int_equal(rc, -EINVAL);
    assert_int_equal(history_end(history, rc, NULL), -EINVAL);
    assert_int_equal(whole(history, a, BEGIN_SEC, BEGIN_SEC + 60).weight, 0);
    history_close(history);
}

/* Nine days, and a spike of one look in each: all of them are there, at the lengths of their age.
 */
static void test_thinned(void **state)
{
    (void)state;
    struct history *history = opened(100 << 10, 0);
    uint64_t end = BEGIN_SEC + 9 * DAY;
    assert_int_equal(history_begin(history, NULL), 0);
    uint64_t a = guest_of(history, uuid_a, "web", BEGIN_SEC);
    for (uint64_t day = 0; day < 9; day++) {
        uint64_t from = BEGIN_SEC + day * DAY;
        fill(history, a, from, from + DAY, 1000);
        struct series_bucket spike = bucket_at(from + 4000, 100000 + day);
        spike.weight = 0;
        assert_int_equal(history_add(history, a, &spike, 1, NULL), 0);
    }
    assert_int_equal(history_end(history, 0, NULL), 0);
    struct series_bucket before = whole(history, a, BEGIN_SEC, end);
    uint64_t before_kib = history_size_kib(history);
    age_all(history, end);
    struct series_bucket after = whole(history, a, BEGIN_SEC, end);
    assert_int_equal(after.weight, before.weight);
    assert_int_equal(after.value[0].min_kib, before.value[0].min_kib);
    assert_int_equal(after.value[0].max_kib, before.value[0].max_kib);
    assert_in_range(after.value[0].mean_kib, before.value[0].mean_kib - 2,
                    before.value[0].mean_kib + 2);
    assert_true(history_size_kib(history) < before_kib);
    for (uint64_t day = 0; day < 9; day++) {
        uint64_t from = BEGIN_SEC + day * DAY;
        assert_int_equal(whole(history, a, from, from + DAY).value[0].max_kib, 100000 + day);
    }
    /* Each age has its length: the last hour 10 s, then a minute, five, half an hour. */
    static const struct {
        uint64_t ago_sec;
        uint64_t length_sec;
    } ages[] = {{HOUR / 2, 10}, {20 * HOUR, 60}, {5 * DAY, 300}, {8 * DAY + HOUR, 1800}};
    for (size_t i = 0; i < 4; i++) {
        struct series_view view;
        struct series_bucket bucket;
        uint64_t until;
        size_t count = 0;
        assert_int_equal(series_view_begin(&view, end - ages[i].ago_sec,
                                           end - ages[i].ago_sec + 1800, 180, NULL),
                         0);
        assert_int_equal(history_read(history, &a, 1, &view, NULL), 0);
        for (size_t at = 0; at < view.points; at++)
            count += series_view_at(&view, at, &bucket, &until);
        assert_int_equal(count, 1800 / ages[i].length_sec);
        series_view_release(&view);
    }
    history_close(history);
}

/* A restart within a stretch, and a clock that was set back, add to what is there. */
static void test_twice(void **state)
{
    (void)state;
    struct history *history = opened(100 << 10, 0);
    assert_int_equal(history_begin(history, NULL), 0);
    uint64_t a = guest_of(history, uuid_a, "web", BEGIN_SEC);
    struct series_bucket one = bucket_at(BEGIN_SEC + 20, 100);
    struct series_bucket other = bucket_at(BEGIN_SEC + 20, 300);
    one.weight = other.weight = 50;
    assert_int_equal(history_add(history, a, &one, 1, NULL), 0);
    assert_int_equal(history_add(history, a, &other, 1, NULL), 0);
    assert_int_equal(history_end(history, 0, NULL), 0);
    struct series_bucket both = whole(history, a, BEGIN_SEC, BEGIN_SEC + 60);
    assert_int_equal(both.weight, 100);
    assert_int_equal(both.value[0].mean_kib, 200);
    history_close(history);
}

/* Ten parts of a total, other ones at each moment. */
static struct series_bucket host_at(uint64_t at_sec, uint64_t total_kib)
{
    struct series_bucket bucket = bucket_at(at_sec, total_kib / 7);
    uint64_t left_kib = total_kib;
    bucket.has_parts = true;
    bucket.parts.total_kib = total_kib;
    for (size_t i = 0; i + 1 < SERIES_PARTS; i++) {
        bucket.parts.part_kib[i] = left_kib / 3 - at_sec * (i + 1) % 997;
        left_kib -= bucket.parts.part_kib[i];
    }
    bucket.parts.part_kib[SERIES_PARTS - 1] = left_kib;
    return bucket;
}

/* The host's parts beside a row of a release that kept none: they age, and sum at every age. */
static void test_parts(void **state)
{
    (void)state;
    const uint64_t total_kib = UINT64_C(33554429);
    uint64_t end = BEGIN_SEC + 9 * DAY;
    struct history *history = opened(100 << 10, 0);
    assert_int_equal(history_begin(history, NULL), 0);
    uint64_t a = guest_of(history, uuid_a, "", BEGIN_SEC);
    fill(history, a, BEGIN_SEC, BEGIN_SEC + 300, 1000);
    for (uint64_t at = BEGIN_SEC + 300; at < end; at += 60) {
        struct series_bucket buckets[6];
        for (uint64_t i = 0; i < 6; i++)
            buckets[i] = host_at(at + i * 10, total_kib);
        assert_int_equal(history_add(history, a, buckets, 6, NULL), 0);
    }
    assert_int_equal(history_end(history, 0, NULL), 0);
    assert_false(whole(history, a, BEGIN_SEC, BEGIN_SEC + 300).has_parts);
    age_all(history, end);
    struct series_view view;
    struct series_bucket bucket;
    uint64_t until;
    size_t count = 0;
    assert_int_equal(series_view_begin(&view, BEGIN_SEC, end, 1000, NULL), 0);
    assert_int_equal(history_read(history, &a, 1, &view, NULL), 0);
    for (size_t i = 0; i < view.points; i++) {
        uint64_t sum_kib = 0;
        if (!series_view_at(&view, i, &bucket, &until))
            continue;
        assert_true(bucket.has_parts);
        for (size_t part = 0; part < SERIES_PARTS; part++)
            sum_kib += bucket.parts.part_kib[part];
        assert_int_equal(bucket.parts.total_kib, total_kib);
        assert_int_equal(sum_kib, total_kib);
        count++;
    }
    assert_true(count > 700);
    series_view_release(&view);
    history_close(history);
}

/*
 * Two hundred guests that move all the time, for eight days, in 8 MiB: it never takes more on disk,
 * the newest is always there, and what goes is the oldest.
 */
static void test_bound(void **state)
{
    (void)state;
    struct history *history = opened(HISTORY_LEAST_KIB, 0);
    uint64_t random = 5;
    uint64_t guests[200];
    uint64_t at = BEGIN_SEC;
    uint64_t most = 0;
    for (int turn = 0; turn < 8 * 24; turn++, at += HOUR) {
        assert_int_equal(history_begin(history, NULL), 0);
        for (uint64_t i = 0; i < 200; i++) {
            uint8_t uuid[HISTORY_UUID] = {9, (uint8_t)i};
            guests[i] = guest_of(history, uuid, "busy", at);
            for (uint64_t sec = 0; sec < HOUR; sec += 300) {
                struct series_bucket bucket = bucket_at(at + sec, random_below(&random, 1 << 24));
                bucket.value[1].max_kib += random_below(&random, 1 << 20);
                assert_int_equal(history_add(history, guests[i], &bucket, 1, NULL), 0);
            }
        }
        assert_int_equal(history_end(history, 0, NULL), 0);
        age_all(history, at + HOUR);
        most = history_size_kib(history) > most ? history_size_kib(history) : most;
        assert_true(whole(history, guests[turn], at, at + HOUR).weight > 0);
    }
    assert_true(most > HISTORY_LEAST_KIB / 2);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_true((uint64_t)st.st_size <= HISTORY_LEAST_KIB * 1024);
    assert_int_equal(whole(history, guests[0], BEGIN_SEC, BEGIN_SEC + HOUR).weight, 0);
    assert_true(whole(history, guests[0], at - DAY, at).weight > 0);
    history_close(history);
}

static void write_file(const char *name, const void *bytes, size_t size)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), size);
    close(fd);
}

static void assert_usable(struct history *history)
{
    assert_int_equal(history_begin(history, NULL), 0);
    uint64_t a = guest_of(history, uuid_a, "web", BEGIN_SEC);
    fill(history, a, BEGIN_SEC, BEGIN_SEC + 60, 7);
    assert_int_equal(history_end(history, 0, NULL), 0);
    assert_int_equal(whole(history, a, BEGIN_SEC, BEGIN_SEC + 60).weight, 600);
}

/* Each is set aside, reported, and a new one begun; twice is fine. */
static void test_not_ours(void **state)
{
    (void)state;
    static const char text[] = "this is no database, it is a letter to somebody, and rather long";
    for (int round = 0; round < 2; round++) {
        struct history *history = NULL;
        struct ballast_error err = {.text = ""};
        write_file(path, text, sizeof(text));
        assert_int_equal(history_open(directory, 100 << 10, &history, &err), 1);
        assert_non_null(strstr(err.text, "history.db.aside"));
        assert_usable(history);
        history_close(history);
    }
    char aside[128];
    struct stat st;
    (void)snprintf(aside, sizeof(aside), "%s.aside", path);
    assert_int_equal(stat(aside, &st), 0);
    assert_int_equal(st.st_size, sizeof(text));
}

static void execute(const char *sql)
{
    sqlite3 *db;
    char *what = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &what) != SQLITE_OK)
        fail_msg("%s", what);
    sqlite3_close(db);
}

static void test_other_programs(void **state)
{
    (void)state;
    execute("CREATE TABLE x (y); PRAGMA application_id = 7");
    history_close(opened(100 << 10, 1));
    /* An older version's, and a later one's. */
    execute("PRAGMA user_version = 1");
    history_close(opened(100 << 10, 1));
    execute("PRAGMA user_version = 4");
    struct history *history = opened(100 << 10, 1);
    assert_usable(history);
    history_close(history);
}

/* Bytes turned over in the middle of it, wherever: it is used or set aside, and never worse. */
static uint64_t seed = 17;

static void test_damage(void **state)
{
    (void)state;
    static uint8_t good[4 << 20];
    struct history *history = opened(100 << 10, 0);
    assert_int_equal(history_begin(history, NULL), 0);
    for (uint64_t i = 0; i < 40; i++) {
        uint8_t uuid[HISTORY_UUID] = {3, (uint8_t)i};
        fill(history, guest_of(history, uuid, "some", BEGIN_SEC), BEGIN_SEC, BEGIN_SEC + HOUR, i);
    }
    assert_int_equal(history_end(history, 0, NULL), 0);
    history_close(history);
    int fd = open(path, O_RDONLY);
    ssize_t size = read(fd, good, sizeof(good));
    close(fd);
    assert_true(size > 8192);
    uint64_t random = seed;
    int asides = 0;
    for (int round = 0; round < 150; round++) {
        static uint8_t bad[4 << 20];
        struct ballast_error err;
        memcpy(bad, good, (size_t)size);
        size_t from = random_below(&random, (uint64_t)size);
        for (size_t i = from; i < (size_t)size && i < from + 600; i++)
            bad[i] = (uint8_t)random_next(&random);
        write_file(path, bad, (size_t)size);
        int rc = history_open(directory, 100 << 10, &history, &err);
        assert_true(rc == 0 || rc == 1);
        asides += rc;
        rc = history_begin(history, &err);
        uint64_t id = 0;
        if (rc == 0)
            rc = history_guest_of(history, uuid_a, "new", BEGIN_SEC, &id, &err);
        if (rc == 0) {
            struct series_bucket bucket = bucket_at(BEGIN_SEC + HOUR, 9);
            rc = history_add(history, id, &bucket, 1, &err);
        }
        rc = history_end(history, rc, &err);
        if (rc == 0)
            rc = history_age(history, BEGIN_SEC + 3 * HOUR, &err);
        if (rc != 0 && rc != 1 && rc != -EUCLEAN)
            fail_msg("%d: %s", rc, err.text);
        if (rc == -EUCLEAN) {
            history_set_aside(history);
            history = opened(100 << 10, 0);
            assert_usable(history);
            asides++;
        }
        history_close(history);
    }
    assert_true(asides > 10);
}

static void test_full_disk(void **state)
{
    (void)state;
    struct rlimit before;
    struct ballast_error err;
    (void)signal(SIGXFSZ, SIG_IGN);
    struct history *history = opened(100 << 10, 0);
    assert_usable(history);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    struct rlimit none = {0, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    uint64_t a = 0;
    int failures = 0;
    for (uint64_t at = BEGIN_SEC + HOUR; at < BEGIN_SEC + 2 * HOUR; at += 60) {
        struct series_bucket bucket = bucket_at(at, 5);
        int rc = history_begin(history, &err);
        if (rc == 0)
            rc = history_guest_of(history, uuid_b, "late", at, &a, &err);
        if (rc == 0)
            rc = history_add(history, a, &bucket, 1, &err);
        failures += history_end(history, rc, &err) < 0;
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(failures, 60);
    /* Nothing of it is there, what was there before is, and it goes on. */
    assert_usable(history);
    struct history_guest found[HISTORY_LIVES];
    assert_int_equal(history_find(history, NULL, "late", found, NULL), 0);
    history_close(history);
}

struct seen {
    size_t count;
    uint64_t numbers[64];
    struct history_event last;
};

static void see(void *context, const struct history_event *event)
{
    struct seen *seen = context;
    if (seen->count < 64)
        seen->numbers[seen->count++] = event->number;
    seen->last = *event;
}

static void test_events(void **state)
{
    (void)state;
    struct history *history = opened(100 << 10, 0);
    assert_int_equal(history_begin(history, NULL), 0);
    uint64_t a = guest_of(history, uuid_a, "web", BEGIN_SEC);
    for (uint64_t number = 1; number <= 30; number++) {
        struct history_event event = history_event_new(number * 100, "balancer", "target");
        event.number = number;
        event.guest = number % 3 == 0 ? a : 0;
        event.until_usec += 5;
        event.from_kib = number;
        (void)snprintf(event.reason, sizeof(event.reason), "%s", number % 2 ? "stop" : "rule");
        (void)snprintf(event.detail, sizeof(event.detail), "web-7");
        for (uint64_t i = 0; i < HISTORY_FIGURES; i++)
            event.figure_kib[i] = i % 2 ? BALLAST_NONE : number * 100 + i;
        event.floor_kib = number + 7;
        (void)snprintf(event.floor_reason, sizeof(event.floor_reason), "boot");
        assert_int_equal(history_note(history, &event, NULL), 0);
        event.steps = 2;
        assert_int_equal(history_note(history, &event, NULL), 0);
    }
    assert_int_equal(history_end(history, 0, NULL), 0);
    uint64_t last = 0;
    assert_int_equal(history_last(history, &last, NULL), 0);
    assert_int_equal(last, 30);
    struct seen seen = {0};
    struct history_wanted wanted = {.guest = a, .before = BALLAST_NONE, .most = 4};
    assert_int_equal(history_events(history, &wanted, see, &seen, NULL), 0);
    assert_int_equal(seen.count, 4);
    assert_int_equal(seen.numbers[0], 30);
    assert_int_equal(seen.numbers[3], 21);
    assert_int_equal(seen.last.steps, 2);
    assert_int_equal(seen.last.from_kib, 21);
    assert_true(seen.last.to_kib == BALLAST_NONE);
    assert_string_equal(seen.last.name, "web");
    assert_true(seen.last.has_guest);
    assert_memory_equal(seen.last.uuid, uuid_a, HISTORY_UUID);
    assert_string_equal(seen.last.reason, "stop");
    assert_int_equal(seen.last.floor_kib, 28);
    assert_string_equal(seen.last.floor_reason, "boot");
    assert_true(seen.last.reservation == BALLAST_NONE);
    for (uint64_t i = 0; i < HISTORY_FIGURES; i++) {
        assert_true(seen.last.figure_kib[i] == (i % 2 ? BALLAST_NONE : 2100 + i));
        assert_int_equal(history_figure_find(history_figure_name((enum history_figure)i)), i);
    }
    assert_string_equal(seen.last.detail, "web-7");
    seen.count = 0;
    wanted = (struct history_wanted){
        .guest = BALLAST_NONE, .before = 25, .since_usec = 2106, .most = 64};
    assert_int_equal(history_events(history, &wanted, see, &seen, NULL), 0);
    assert_int_equal(seen.count, 3);
    assert_int_equal(seen.numbers[0], 24);
    /* Those behind a number, and those of a reason. */
    seen.count = 0;
    wanted = (struct history_wanted){
        .guest = BALLAST_NONE, .before = BALLAST_NONE, .after = 25, .reason = "rule", .most = 64};
    assert_int_equal(history_events(history, &wanted, see, &seen, NULL), 0);
    assert_int_equal(seen.count, 3);
    assert_int_equal(seen.numbers[0], 30);
    assert_int_equal(seen.numbers[2], 26);
    wanted.guest = a;
    seen.count = 0;
    assert_int_equal(history_events(history, &wanted, see, &seen, NULL), 0);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.last.number, 30);
    history_close(history);
    /* Its columns have the names of the figures. */
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    for (int i = 0; i < HISTORY_FIGURES; i++) {
        char sql[80];
        (void)snprintf(sql, sizeof(sql), "SELECT %s FROM event WHERE number = 21",
                       history_figure_name((enum history_figure)i));
        assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
        assert_int_equal(sqlite3_column_int(statement, 0), i % 2 ? 0 : 2100 + i);
        sqlite3_finalize(statement);
    }
    sqlite3_close(db);
}

/* Only so many are kept. */
static void test_events_bound(void **state)
{
    (void)state;
    struct history *history = opened(100 << 10, 0);
    struct history_event event = {.steps = 1, .what = "target", .reason = "needs-more"};
    assert_int_equal(history_begin(history, NULL), 0);
    for (uint64_t number = 1; number <= HISTORY_EVENTS + 500; number++) {
        event.number = number;
        event.time_usec = event.until_usec = BEGIN_SEC * 1000000 + number;
        assert_int_equal(history_note(history, &event, NULL), 0);
    }
    assert_int_equal(history_end(history, 0, NULL), 0);
    age_all(history, BEGIN_SEC + DAY);
    struct seen seen = {0};
    struct history_wanted wanted = {.guest = 0, .before = BALLAST_NONE, .most = SIZE_MAX};
    assert_int_equal(history_events(history, &wanted, see, &seen, NULL), 0);
    assert_int_equal(seen.last.number, 501);
    /* A year later they are too old, and gone a part at a time. */
    for (int i = 0; i < 500; i++)
        age_all(history, BEGIN_SEC + 400 * DAY);
    wanted.most = 1;
    seen = (struct seen){0};
    assert_int_equal(history_events(history, &wanted, see, &seen, NULL), 0);
    assert_int_equal(seen.count, 0);
    history_close(history);
}

static void note_when(const struct history_event *event, uint64_t *out)
{
    if (event->number <= 3)
        out[event->number - 1] = event->time_usec;
}

static void each_when(void *context, const struct history_event *event)
{
    note_when(event, context);
    assert_true(event->until_usec >= event->time_usec);
}

/* What is ahead: samples go, events move; what is behind stays. */
static void test_is_set_back(void **state)
{
    (void)state;
    const uint64_t now_sec = BEGIN_SEC + 2 * HOUR;
    const uint64_t by_sec = 30 * DAY;
    struct history *history = opened(UINT64_C(1) << 20, 0);
    uint64_t guest = guest_of(history, uuid_a, "a", BEGIN_SEC + by_sec);
    fill(history, guest, BEGIN_SEC, now_sec, 100);
    fill(history, guest, BEGIN_SEC + by_sec, now_sec + by_sec, 200);
    const uint64_t at_sec[] = {now_sec - 60, now_sec + by_sec - 60, now_sec + 2 * by_sec};
    for (uint64_t i = 0; i < 3; i++) {
        struct history_event event = {.number = i + 1,
                                      .time_usec = at_sec[i] * 1000000,
                                      .until_usec = at_sec[i] * 1000000 + 5,
                                      .what = "x",
                                      .steps = 1};
        assert_int_equal(history_note(history, &event, NULL), 0);
    }
    for (int twice = 0; twice < 2; twice++) {
        uint64_t when[3] = {0};
        struct history_wanted all = {.guest = BALLAST_NONE, .before = BALLAST_NONE, .most = 9};
        assert_int_equal(history_set_back(history, now_sec * 1000000, by_sec * 1000000, NULL), 0);
        assert_int_equal(history_events(history, &all, each_when, when, NULL), 0);
        assert_int_equal(when[0], (now_sec - 60) * 1000000);
        assert_int_equal(when[1], (now_sec - 60) * 1000000);
        assert_int_equal(when[2], now_sec * 1000000);
    }
    struct history_guest found[HISTORY_LIVES];
    assert_int_equal(history_find(history, uuid_a, NULL, found, NULL), 1);
    assert_int_equal(found[0].last_sec, now_sec);
    history_close(history);
    int64_t rows = 0;
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT count(*) FROM pack", -1, &statement, NULL), 0);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    rows = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    assert_int_equal(rows, 2 * HOUR / 600);
}

int main(int argc, char **argv)
{
    seed_from(argc, argv, &seed, "test_damage");
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_is_set_back),    TEST(test_comes_back), TEST(test_undone),    TEST(test_thinned),
        TEST(test_twice),          TEST(test_parts),      TEST(test_bound),     TEST(test_not_ours),
        TEST(test_other_programs), TEST(test_damage),     TEST(test_full_disk), TEST(test_events),
        TEST(test_events_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
