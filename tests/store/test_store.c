/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The interface of the store: what it keeps, what it refuses, and what it does with a damaged file.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "../ledger/twin.h"
#include "core/model/host.h"
#include "edge/sqlite/code.h"
#include "edge/store/internal.h"
#include "world.h"

static char directory[256];
static char path[300];
static char wal_path[310];

static int begin(void **state)
{
    (void)state;
    world_directory(directory, sizeof(directory));
    snprintf(path, sizeof(path), "%s/ledger.db", directory);
    snprintf(wal_path, sizeof(wal_path), "%s-wal", path);
    return 0;
}

static int end(void **state)
{
    (void)state;
    world_remove(directory);
    return 0;
}

static struct store *opened(void)
{
    struct store *store = NULL;
    struct ballast_error err = {0};
    int rc = store_open(directory, &store, &err);
    if (rc < 0)
        fail_msg("%d %s", rc, err.text);
    return store;
}

static void assert_refused(int code, const char *word)
{
    struct store *store = NULL;
    struct ballast_error err = {0};
    int rc = store_open(directory, &store, &err);
    if (rc != code || store || !strstr(err.text, directory) || !strstr(err.text, word))
        fail_msg("%d for %d: %s", rc, code, err.text);
}

static struct ledger_reservation asked(uint64_t id)
{
    return (struct ledger_reservation){.id = id,
                                       .owner = "me",
                                       .user = 7,
                                       .node = 2,
                                       .label = "a guest",
                                       .guest_name = "web",
                                       .guest_uuid = {7},
                                       .min_kib = 4,
                                       .max_kib = 8,
                                       .state = LEDGER_REQUESTED,
                                       .figures = {.done_kib = 4},
                                       .requested_usec = 10,
                                       .changed_usec = 10,
                                       .lease_usec = BALLAST_NONE,
                                       .deadline_usec = BALLAST_NONE};
}

static int write_one(struct store *store, const struct ledger_reservation *before,
                     const struct ledger_reservation *after, struct ballast_error *err)
{
    struct ledger_change change = {.before = before, .after = after};
    return store_journal(store, &change, 1, err);
}

static void keep(struct store *store, const struct ledger_reservation *before,
                 const struct ledger_reservation *after)
{
    struct ballast_error err = {0};
    int rc = write_one(store, before, after, &err);
    if (rc < 0)
        fail_msg("%d %s", rc, err.text);
}

static int count_one(void *context, const struct ledger_reservation *record,
                     struct ballast_error *err)
{
    (void)record;
    (void)err;
    ++*(size_t *)context;
    return 0;
}

static size_t count(struct store *store)
{
    size_t n = 0;
    assert_int_equal(store_load(store, count_one, &n, NULL), 0);
    return n;
}

static void by_hand(const char *sql)
{
    sqlite3 *db = NULL;
    char *said = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &said) != SQLITE_OK)
        fail_msg("%s: %s", sql, said);
    sqlite3_close(db);
}

static void a_few(size_t n)
{
    struct store *store = opened();
    for (uint64_t id = 1; id <= n; id++) {
        struct ledger_reservation r = asked(id);
        keep(store, NULL, &r);
    }
    assert_int_equal(store_set(store, "policy", "fair", NULL), 0);
    store_close(store);
}

static void test_makes_private_files(void **state)
{
    (void)state;
    struct stat st;
    struct store *store = opened();
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(stat(wal_path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    uint64_t id = 0;
    assert_int_equal(store_next_id(store, &id, NULL), 0);
    assert_int_equal(id, 1);
    store_close(store);
    int64_t number = 0;
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(store_number(db, path, "PRAGMA application_id", &number, NULL), 0);
    assert_int_equal(number, STORE_APPLICATION_ID);
    sqlite3_close(db);
}

static void test_one_at_a_time(void **state)
{
    (void)state;
    struct store *store = opened();
    assert_refused(-EBUSY, "another ballastd");
    pid_t pid = fork();
    if (pid == 0) {
        struct store *other = NULL;
        _exit(store_open(directory, &other, NULL) == -EBUSY ? 7 : 8);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    assert_int_equal(WEXITSTATUS(status), 7);
    /* Nor may a hand with sqlite3, which knows nothing of our lock. */
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "DELETE FROM book", NULL, NULL, NULL), SQLITE_BUSY);
    sqlite3_close(db);
    store_close(store);
    store_close(opened());
}

static void test_busy_by_hand(void **state)
{
    (void)state;
    a_few(1);
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN; SELECT * FROM book", NULL, NULL, NULL), SQLITE_OK);
    assert_refused(-EBUSY, "sqlite3");
    sqlite3_close(db);
    store_close(opened());
}

/* Several changes are one: if one of them cannot be, none is. */
static void test_all_or_none(void **state)
{
    (void)state;
    struct store *store = opened();
    struct ledger_reservation first = asked(1);
    struct ledger_reservation second = asked(2);
    keep(store, NULL, &first);
    struct ledger_reservation moved = first;
    moved.state = LEDGER_RECLAIMING;
    struct ledger_change changes[] = {{.before = &first, .after = &moved}, {.after = &second}};
    second.min_kib = 0;
    assert_int_equal(store_journal(store, changes, 2, NULL), -EINVAL);
    second = asked(1);
    assert_int_equal(store_journal(store, changes, 2, NULL), -EINVAL);
    keep(store, &first, &first);
    store_close(store);
    store = opened();
    assert_int_equal(count(store), 1);
    second = asked(2);
    assert_int_equal(store_journal(store, changes, 2, NULL), 0);
    assert_int_equal(write_one(store, &first, &second, NULL), -EINVAL);
    store_close(store);
    store = opened();
    assert_int_equal(count(store), 2);
    keep(store, &moved, &first);
    store_close(store);
}

static void test_numbers(void **state)
{
    (void)state;
    struct store *store = opened();
    struct ledger_reservation r = asked(1);
    r.figures.done_kib = INT64_MAX;
    r.figures.missing_kib = BALLAST_NONE;
    keep(store, NULL, &r);
    struct ledger_reservation bad = asked(2);
    bad.deadline_usec = (uint64_t)INT64_MAX + 1;
    struct ballast_error err;
    assert_int_equal(write_one(store, NULL, &bad, &err), -ERANGE);
    assert_non_null(strstr(err.text, "deadline_usec"));
    bad = asked(2);
    bad.requested_usec = bad.changed_usec = BALLAST_NONE - 1;
    assert_int_equal(write_one(store, NULL, &bad, &err), -ERANGE);
    bad = asked(2);
    bad.min_kib = 0;
    assert_int_equal(write_one(store, NULL, &bad, &err), -EINVAL);
    bad = asked(1);
    assert_int_equal(write_one(store, NULL, &bad, &err), -EINVAL);
    assert_non_null(strstr(err.text, path));
    assert_int_equal(count(store), 1);
    struct ledger_reservation last = asked(INT64_MAX);
    keep(store, NULL, &last);
    uint64_t id = 0;
    assert_int_equal(store_next_id(store, &id, NULL), -EOVERFLOW);
    store_close(store);
}

static int is_it(void *context, const struct ledger_reservation *record, struct ballast_error *err)
{
    (void)err;
    assert_true(twin_same(record, context));
    return -ECANCELED;
}

static void test_gives_back_every_field(void **state)
{
    (void)state;
    struct ledger_reservation r = asked(77);
    struct store *store = opened();
    keep(store, NULL, &r);
    struct ledger_reservation granted = r;
    granted.granted_kib = 6;
    granted.state = LEDGER_GRANTED;
    granted.lease_usec = 99;
    granted.changed_usec = 1234567;
    keep(store, &r, &granted);
    struct ledger_reservation bound = granted;
    bound.state = LEDGER_BOUND;
    bound.domid = UINT32_MAX;
    for (uint8_t i = 0; i < LEDGER_UUID; i++)
        bound.uuid[i] = (uint8_t)(i * 16);
    bound.used_kib = 5;
    bound.base_kib = BALLAST_NONE;
    keep(store, &granted, &bound);
    assert_int_equal(store_load(store, is_it, &bound, NULL), -ECANCELED);
    struct ledger_reservation spends = bound;
    spends.used_kib = 6;
    keep(store, &bound, &spends); /* not written */
    store_close(store);
    store = opened();
    assert_int_equal(store_load(store, is_it, &bound, NULL), -ECANCELED);
    store_close(store);
}

static void test_settings(void **state)
{
    (void)state;
    struct store *store = opened();
    char out[8] = "as was";
    char large[STORE_VALUE + 1] = {0};
    struct ballast_error err;
    assert_int_equal(store_get(store, "policy", out, sizeof(out), &err), -ENOENT);
    assert_int_equal(store_set(store, "policy", "pro'port", &err), 0);
    assert_int_equal(store_get(store, "policy", out, sizeof(out), &err), -ENOBUFS);
    assert_string_equal(out, "as was");
    assert_int_equal(store_set(store, "policy", "fair", &err), 0);
    assert_int_equal(store_set(store, "a'; --", "", &err), 0);
    memset(large, 'x', STORE_VALUE);
    assert_int_equal(store_set(store, "large", large, &err), -EINVAL);
    assert_int_equal(store_set(store, large, "", &err), -EINVAL);
    assert_int_equal(store_set(store, "", "", &err), -EINVAL);
    store_close(store);
    store = opened();
    assert_int_equal(store_get(store, "policy", out, sizeof(out), &err), 0);
    assert_string_equal(out, "fair");
    assert_int_equal(store_set(store, "policy", NULL, &err), 0);
    assert_int_equal(store_set(store, "policy", NULL, &err), 0);
    assert_int_equal(store_get(store, "policy", out, sizeof(out), &err), -ENOENT);
    store_close(store);
    store_close(opened());
}

static void test_trim_keeps_ids(void **state)
{
    (void)state;
    struct store *store = opened();
    for (uint64_t id = 1; id <= 20; id++) {
        struct ledger_reservation r = asked(id);
        keep(store, NULL, &r);
        struct ledger_reservation gone = r;
        gone.state = LEDGER_RELEASED;
        gone.reason = LEDGER_BY_OWNER;
        gone.changed_usec = 1000 - id; /* the newest is the first */
        if (id != 10)
            keep(store, &r, &gone);
    }
    assert_int_equal(store_trim(store, 19, NULL), 0);
    assert_int_equal(count(store), 20);
    assert_int_equal(store_trim(store, 3, NULL), 0);
    assert_int_equal(count(store), 4);
    assert_int_equal(store_trim(store, 0, NULL), 0);
    assert_int_equal(count(store), 1);
    store_close(store);
    store = opened();
    uint64_t id = 0;
    assert_int_equal(store_next_id(store, &id, NULL), 0);
    assert_int_equal(id, 21);
    store_close(store);
}

/* The WAL is moved into the database again and again: it stays small. */
static void test_wal_is_bounded(void **state)
{
    (void)state;
    struct store *store = opened();
    struct stat st;
    for (uint64_t id = 1; id <= 2000; id++) {
        struct ledger_reservation r = asked(id);
        keep(store, NULL, &r);
    }
    assert_int_equal(stat(wal_path, &st), 0);
    assert_true(st.st_size < (STORE_CHECKPOINT_PAGES + 16) * (4096 + 24));
    store_close(store);
}

static const char one_row[] =
    "INSERT INTO reservation VALUES (1, 'me', 'a guest', 4, 8, 0, 0, 'requested', 'ok', "
    "4, 0, 0, 0, 0, 0, 10, 10, NULL, NULL, 0, zeroblob(16), 0, 'web', x'07000000000000000000000000000000', "
    "'start', 7, 2, 7135760825005363043);"
    "INSERT INTO setting VALUES ('policy', 'fair', -3913690931537653279)";

static void assert_one_row(uint64_t sequence)
{
    struct store *store = opened();
    struct ledger_reservation want = asked(1);
    assert_int_equal(store_load(store, is_it, &want, NULL), -ECANCELED);
    assert_true(store->book.sequence == sequence);
    store_close(store);
}

/* The format by hand, as it is in the field: what it means must never change. */
static void test_version_7(void **state)
{
    (void)state;
    store_close(opened());
    by_hand(one_row);
    by_hand("UPDATE book SET (last_id, reservations, settings, total, sum, sequence) = "
            "(1, 1, 1, 3222069893467709764, -4833786248786229213, 3)");
    assert_one_row(3);
}

/* One field out of order, or two, in what was fine. */
static void spoil(struct ledger_reservation *r, struct world *w)
{
    static const uint64_t values[] = {
        0, 1, 3, 4, 6, 8, 9, 10, 11, LEDGER_MOST_KIB, LEDGER_MOST_KIB + 1, INT64_MAX, BALLAST_NONE};
    uint64_t *const fields[] = {&r->min_kib,          &r->max_kib,        &r->granted_kib,
                                &r->used_kib,         &r->requested_usec, &r->changed_usec,
                                &r->lease_usec,       &r->deadline_usec,  &r->base_kib,
                                &r->figures.done_kib, &r->user,           &r->node};
    uint64_t what = world_roll(w, 18);
    if (what < 12)
        *fields[what] = values[world_roll(w, 13)];
    else if (what < 14)
        r->state = (enum ledger_state)world_roll(w, LEDGER_STATES);
    else if (what < 16)
        r->reason = (enum ledger_reason)world_roll(w, LEDGER_DOMAIN_TAKEN + 1);
    else if (what < 17)
        r->domid = (uint32_t)world_roll(w, 2);
    else
        r->owner[world_roll(w, 3)] = (char)world_roll(w, 128);
}

/* A NULL where no number may be none is refused by the column, a sum is no matter of the CHECKs. */
static void test_checks_are_the_ledgers(void **state)
{
    (void)state;
    struct world w = {.random = 99};
    unsigned long taken = 0;
    unsigned long refused = 0;
    store_close(opened());
    sqlite3 *db = NULL;
    sqlite3_stmt *insert = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_prepare_v2(db,
                           "INSERT INTO reservation VALUES (?, ?, ?, ?, ?, ?, ?, ?, "
                           "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                           -1, &insert, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN", NULL, NULL, NULL), SQLITE_OK);
    for (uint64_t id = 1; id <= 60000; id++) {
        struct ledger_reservation r = asked(id);
        r.state = (enum ledger_state)world_roll(&w, LEDGER_STATES);
        r.reason = r.state == LEDGER_RELEASED  ? (enum ledger_reason)(1 + world_roll(&w, 4))
                   : r.state == LEDGER_REFUSED ? LEDGER_CANNOT_FIT
                                               : LEDGER_OK;
        r.granted_kib = r.state >= LEDGER_GRANTED && r.state <= LEDGER_RELEASED ? 6 : 0;
        for (uint64_t i = world_roll(&w, 3); i > 0; i--)
            spoil(&r, &w);
        bool fine = store_row_check(&r, NULL) == 0;
        assert_int_equal(store_row_bind(insert, &r), SQLITE_OK);
        int rc = sqlite3_step(insert);
        sqlite3_reset(insert);
        if (rc != (fine ? SQLITE_DONE : SQLITE_CONSTRAINT))
            fail_msg("%d for %s: %s", rc, fine ? "a good one" : "a bad one",
                     sqlite3_expanded_sql(insert));
        taken += fine;
        refused += !fine;
    }
    sqlite3_finalize(insert);
    sqlite3_close(db);
    assert_true(taken > 10000 && refused > 10000);
}

static void test_another_version(void **state)
{
    (void)state;
    a_few(1);
    by_hand("PRAGMA user_version = 6");
    assert_refused(-EPROTO, "use the ballastd that wrote it");
    by_hand("PRAGMA user_version = 0");
    assert_refused(-EPROTO, "format version 0");
    by_hand("PRAGMA user_version = 7");
    store_close(opened());
}

static void test_not_ours(void **state)
{
    (void)state;
    by_hand("CREATE TABLE shopping (milk)");
    assert_refused(-EUCLEAN, "another program");
    assert_int_equal(truncate(path, 0), 0);
    assert_refused(-EUCLEAN, "empty");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_refused(-EUCLEAN, "regular file");
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(symlink("elsewhere", path), 0);
    assert_refused(-EUCLEAN, "regular file");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(close(open(wal_path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600)), 0);
    assert_refused(-EUCLEAN, "WAL");
}

static void test_touched_by_hand(void **state)
{
    (void)state;
    static const char *const changes[][2] = {
        {"UPDATE reservation SET max_kib = 12 WHERE id = 2",
         "UPDATE reservation SET max_kib = 8 WHERE id = 2"},
        {"CREATE TABLE kept AS SELECT * FROM setting; DELETE FROM setting",
         "INSERT INTO setting SELECT * FROM kept; DROP TABLE kept"},
        {"CREATE INDEX by_owner ON reservation (owner)", "DROP INDEX by_owner"},
        {"UPDATE setting SET value = 'foul'", "UPDATE setting SET value = 'fair'"},
        {"UPDATE book SET last_id = last_id - 1", "UPDATE book SET last_id = last_id + 1"},
        {"UPDATE book SET total = total - 1", "UPDATE book SET total = total + 1"},
    };
    a_few(3);
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        by_hand(changes[i][0]);
        assert_refused(-EUCLEAN, "damaged");
        by_hand(changes[i][1]);
        store_close(opened());
    }
    by_hand("DELETE FROM reservation WHERE id = 3");
    assert_refused(-EUCLEAN, "2 reservations");
    /* What docs/ledger-format.md says for a user that accepts what is there. */
    by_hand("UPDATE book SET sum = NULL");
    struct store *store = opened();
    uint64_t id = 0;
    assert_int_equal(count(store), 2);
    assert_int_equal(store_next_id(store, &id, NULL), 0);
    assert_int_equal(id, 4);
    store_close(store);
    store_close(opened());
}

static void test_moved_while_open(void **state)
{
    (void)state;
    char away[320];
    struct ballast_error err;
    const char *const names[] = {path, wal_path};
    struct store *store = opened();
    uint64_t id = 1;
    for (size_t i = 0; i < 2; i++) {
        struct ledger_reservation r = asked(id++);
        keep(store, NULL, &r);
        snprintf(away, sizeof(away), "%s.away", names[i]);
        assert_int_equal(rename(names[i], away), 0);
        r = asked(id);
        assert_int_equal(write_one(store, NULL, &r, &err), -EUCLEAN);
        assert_non_null(strstr(err.text, names[i]));
        assert_int_equal(close(open(names[i], O_CREAT | O_WRONLY | O_CLOEXEC, 0600)), 0);
        assert_int_equal(write_one(store, NULL, &r, &err), -EUCLEAN);
        assert_int_equal(rename(away, names[i]), 0);
        keep(store, NULL, &r);
        id++;
    }
    store_close(store);
    store = opened();
    assert_int_equal(count(store), 4);
    store_close(store);
}

static void test_an_old_sqlite_is_told(void **state)
{
    (void)state;
    struct ballast_error err = {0};
    assert_int_equal(sqlite_suffices(SQLITE_LEAST, &err), 0);
    assert_int_equal(sqlite_suffices(3034001, &err), -ENOTSUP);
    assert_string_equal(err.text, "SQLite 3.34 is too old to keep this: 3.37 or newer is needed");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_an_old_sqlite_is_told),
    cmocka_unit_test(test_an_old_sqlite_is_told),
    cmocka_unit_test_setup_teardown(test_makes_private_files, begin, end),
    cmocka_unit_test_setup_teardown(test_one_at_a_time, begin, end),
    cmocka_unit_test_setup_teardown(test_busy_by_hand, begin, end),
    cmocka_unit_test_setup_teardown(test_all_or_none, begin, end),
    cmocka_unit_test_setup_teardown(test_numbers, begin, end),
    cmocka_unit_test_setup_teardown(test_gives_back_every_field, begin, end),
    cmocka_unit_test_setup_teardown(test_settings, begin, end),
    cmocka_unit_test_setup_teardown(test_trim_keeps_ids, begin, end),
    cmocka_unit_test_setup_teardown(test_wal_is_bounded, begin, end),
    cmocka_unit_test_setup_teardown(test_version_7, begin, end),
    cmocka_unit_test_setup_teardown(test_checks_are_the_ledgers, begin, end),
    cmocka_unit_test_setup_teardown(test_another_version, begin, end),
    cmocka_unit_test_setup_teardown(test_not_ours, begin, end),
    cmocka_unit_test_setup_teardown(test_touched_by_hand, begin, end),
    cmocka_unit_test_setup_teardown(test_moved_while_open, begin, end),
};

int main(void)
{
    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
