/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The tables, and how older ones become them. The CHECKs hold what ledger_reservation_check()
 * holds, so that no hand and no later version can put in what the ledger would not take out.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "core/base/error.h"
#include "edge/store/internal.h"

/* No control characters, C0 and C1; a range of GLOB goes by code points. */
#define CLEAN(column)                                                                              \
    column " NOT GLOB '*[' || char(1, 45, 31) || char(127, 45, 159) || ']*' AND "                  \
           "instr(" column ", char(0)) = 0"

static const char create_reservation[] =
    "CREATE TABLE reservation (\n"
    "  id INTEGER PRIMARY KEY CHECK (id > 0),\n"
    "  owner TEXT NOT NULL CHECK (length(CAST(owner AS BLOB)) BETWEEN 1 AND 63 AND " CLEAN(
        "owner") "),\n"
                 "  label TEXT NOT NULL CHECK (length(CAST(label AS BLOB)) <= 63 AND " CLEAN(
                     "label") "),\n"
                              "  min_kib INTEGER NOT NULL CHECK (min_kib > 0),\n"
                              "  max_kib INTEGER NOT NULL CHECK (max_kib BETWEEN min_kib AND 4398046511104),\n"
                              "  granted_kib INTEGER NOT NULL\n"
                              "    CHECK (granted_kib = 0 OR granted_kib BETWEEN min_kib AND max_kib),\n"
                              "  spent_kib INTEGER NOT NULL CHECK (spent_kib BETWEEN 0 AND granted_kib),\n"
                              "  state TEXT NOT NULL,\n"
                              "  reason TEXT NOT NULL,\n"
                              "  a_kib INTEGER CHECK (a_kib >= 0),\n"
                              "  b_kib INTEGER CHECK (b_kib >= 0),\n"
                              "  asked_usec INTEGER NOT NULL CHECK (asked_usec >= 0),\n"
                              "  changed_usec INTEGER NOT NULL CHECK (changed_usec >= asked_usec),\n"
                              "  lease_usec INTEGER CHECK (lease_usec > 0),\n"
                              "  deadline_usec INTEGER CHECK (deadline_usec > asked_usec),\n"
                              "  domid INTEGER NOT NULL CHECK (domid BETWEEN 0 AND 4294967295),\n"
                              "  uuid BLOB NOT NULL CHECK (length(uuid) = 16),\n"
                              "  base_kib INTEGER CHECK (base_kib >= 0),\n"
                              "  sum INTEGER NOT NULL,\n"
                              "  CHECK (CASE\n"
                              "    WHEN state IN ('asked', 'freeing', 'granted', 'bound', 'spent') THEN reason = 'ok'\n"
                              "    WHEN state = 'released' THEN\n"
                              "      reason IN ('by-owner', 'lease-over', 'owner-returned', 'domain-gone')\n"
                              "    WHEN state = 'refused' THEN\n"
                              "      reason IN ('cannot-fit', 'givers-stuck', 'deadline-over')\n"
                              "    ELSE 0 END),\n"
                              "  CHECK (CASE\n"
                              "    WHEN state IN ('granted', 'bound', 'spent') OR reason IN ('lease-over', 'domain-gone')\n"
                              "      THEN granted_kib > 0\n"
                              "    ELSE granted_kib = 0 OR state = 'released' END),\n"
                              "  CHECK ((granted_kib > 0 AND state <> 'granted' AND\n"
                              "          reason NOT IN ('lease-over', 'owner-returned')) OR\n"
                              "         (domid = 0 AND base_kib IS 0 AND spent_kib = 0 AND uuid = zeroblob(16))),\n"
                              "  CHECK (state <> 'asked' OR changed_usec = asked_usec),\n"
                              "  CHECK (state <> 'granted' OR deadline_usec IS NULL OR changed_usec < deadline_usec)\n"
                              ") STRICT";

static const char create_setting[] =
    "CREATE TABLE setting (\n"
    "  key TEXT NOT NULL PRIMARY KEY CHECK (length(CAST(key AS BLOB)) BETWEEN 1 AND 127),\n"
    "  value TEXT NOT NULL CHECK (length(CAST(value AS BLOB)) <= 1023),\n"
    "  sum INTEGER NOT NULL\n"
    ") STRICT, WITHOUT ROWID";

static const char create_book[] = "CREATE TABLE book (\n"
                                  "  one INTEGER PRIMARY KEY CHECK (one = 1),\n"
                                  "  last_id INTEGER NOT NULL CHECK (last_id >= 0),\n"
                                  "  reservations INTEGER NOT NULL CHECK (reservations >= 0),\n"
                                  "  settings INTEGER NOT NULL CHECK (settings >= 0),\n"
                                  "  total INTEGER NOT NULL,\n"
                                  "  sum INTEGER, -- NULL: to be counted anew\n"
                                  "  healed INTEGER NOT NULL,\n"
                                  "  sequence INTEGER NOT NULL CHECK (sequence >= 0)\n"
                                  ") STRICT";

/* By name, as SQLite's own table has them. */
static const struct {
    const char *name;
    const char *sql;
} tables[] = {
    {"book", create_book}, {"reservation", create_reservation}, {"setting", create_setting}};
enum { TABLES = sizeof(tables) / sizeof(tables[0]) };

int store_execute(sqlite3 *db, const char *path, const char *sql, struct ballast_error *err)
{
    int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? 0 : store_failure(db, path, rc, "cannot be set up", err);
}

int store_number(sqlite3 *db, const char *path, const char *sql, int64_t *out,
                 struct ballast_error *err)
{
    sqlite3_stmt *statement;
    int rc = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    if (rc != SQLITE_OK)
        return store_failure(db, path, rc, "cannot be read", err);
    rc = sqlite3_step(statement);
    int64_t number = sqlite3_column_int64(statement, 0);
    int result = rc == SQLITE_ROW ? 0 : store_failure(db, path, rc, "cannot be read", err);
    sqlite3_finalize(statement);
    if (result == 0)
        *out = number;
    return result;
}

static int create_tables(sqlite3 *db, const char *path, struct ballast_error *err)
{
    int rc = 0;
    for (size_t i = 0; i < TABLES && rc == 0; i++)
        rc = store_execute(db, path, tables[i].sql, err);
    return rc;
}

static int set_version(sqlite3 *db, const char *path, struct ballast_error *err)
{
    char sql[96];
    sqlite3_snprintf(sizeof(sql), sql, "PRAGMA application_id = %d; PRAGMA user_version = %d",
                     STORE_APPLICATION_ID, STORE_VERSION);
    return store_execute(db, path, sql, err);
}

/* Book-keeping that is counted by the first store_verify(). */
static int begin_book(sqlite3 *db, const char *path, struct ballast_error *err)
{
    return store_execute(db, path,
                         "INSERT INTO book SELECT 1, coalesce(max(id), 0), 0, 0, 0, NULL, 0, 0 "
                         "FROM reservation",
                         err);
}

/* Ends the transaction one way or the other. */
static int end(sqlite3 *db, const char *path, int rc, struct ballast_error *err)
{
    if (rc == 0)
        rc = store_execute(db, path, "COMMIT", err);
    if (rc < 0 && !sqlite3_get_autocommit(db))
        (void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return rc;
}

int store_schema_create(sqlite3 *db, const char *path, struct ballast_error *err)
{
    int rc = store_execute(db, path, "BEGIN IMMEDIATE", err);
    if (rc < 0)
        return rc;
    rc = create_tables(db, path, err);
    if (rc == 0)
        rc = begin_book(db, path, err);
    if (rc == 0)
        rc = set_version(db, path, err);
    return end(db, path, rc, err);
}

/* Gives one row after the other its sum, whatever it had. */
static int sum_reservations(sqlite3 *db, const char *path, sqlite3_stmt *next, sqlite3_stmt *set,
                            struct ballast_error *err)
{
    sqlite3_int64 after = 0;
    for (;;) {
        struct ledger_reservation record;
        uint64_t sum;
        sqlite3_bind_int64(next, 1, after);
        int step = sqlite3_step(next);
        if (step == SQLITE_DONE)
            return 0;
        if (step != SQLITE_ROW)
            return store_failure(db, path, step, "cannot be read", err);
        int rc = store_row_read(next, path, &record, &sum, err);
        sqlite3_reset(next);
        if (rc < 0)
            return rc;
        after = (sqlite3_int64)record.id;
        sqlite3_bind_int64(set, 1, after);
        sqlite3_bind_int64(set, 2, (sqlite3_int64)store_row_sum(&record));
        step = sqlite3_step(set);
        sqlite3_reset(set);
        if (step != SQLITE_DONE)
            return store_failure(db, path, step, "cannot be written", err);
    }
}

/* The same for settings, whose sum is a function of SQL as long as this lasts. */
static void sum_of_setting(sqlite3_context *context, int count, sqlite3_value **values)
{
    const char *key = (const char *)sqlite3_value_text(values[0]);
    const char *value = (const char *)sqlite3_value_text(values[1]);
    if (count == 2 && key && value)
        sqlite3_result_int64(context, (sqlite3_int64)store_setting_sum(key, value));
}

static int sum_all(sqlite3 *db, const char *path, struct ballast_error *err)
{
    sqlite3_stmt *next = NULL;
    sqlite3_stmt *set = NULL;
    int rc = sqlite3_prepare_v2(
        db, "SELECT " STORE_COLUMNS " FROM reservation WHERE id > ?1 ORDER BY id LIMIT 1", -1,
        &next, NULL);
    if (rc == SQLITE_OK)
        rc =
            sqlite3_prepare_v2(db, "UPDATE reservation SET sum = ?2 WHERE id = ?1", -1, &set, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_create_function(db, "setting_sum", 2, SQLITE_UTF8 | SQLITE_DIRECTONLY, NULL,
                                     sum_of_setting, NULL, NULL);
    int result = rc == SQLITE_OK ? sum_reservations(db, path, next, set, err)
                                 : store_failure(db, path, rc, "cannot be migrated", err);
    sqlite3_finalize(next);
    sqlite3_finalize(set);
    return result < 0
               ? result
               : store_execute(db, path, "UPDATE setting SET sum = setting_sum(key, value)", err);
}

/* Version 0 had no labels, no sums and no book. */
static int from_0(sqlite3 *db, const char *path, struct ballast_error *err)
{
    int rc = store_execute(db, path,
                           "ALTER TABLE reservation RENAME TO reservation_0;"
                           "ALTER TABLE setting RENAME TO setting_0",
                           err);
    if (rc == 0)
        rc = create_tables(db, path, err);
    if (rc == 0)
        rc = store_execute(
            db, path,
            "INSERT INTO reservation SELECT id, owner, '', min_kib, max_kib, granted_kib, "
            "spent_kib, state, reason, a_kib, b_kib, asked_usec, changed_usec, lease_usec, "
            "deadline_usec, domid, uuid, base_kib, 0 FROM reservation_0;"
            "INSERT INTO setting SELECT key, value, 0 FROM setting_0;"
            "DROP TABLE reservation_0; DROP TABLE setting_0",
            err);
    if (rc == 0)
        rc = sum_all(db, path, err);
    return rc < 0 ? rc : begin_book(db, path, err);
}

/* Version 1 had no sequence; the sum is the same without one. */
static int from_1(sqlite3 *db, const char *path, struct ballast_error *err)
{
    int rc = store_execute(db, path, "ALTER TABLE book RENAME TO book_1", err);
    if (rc == 0)
        rc = store_execute(db, path, create_book, err);
    if (rc == 0)
        rc = store_execute(db, path,
                           "INSERT INTO book SELECT one, last_id, reservations, settings, total, "
                           "sum, healed, 0 FROM book_1; DROP TABLE book_1",
                           err);
    return rc;
}

/* From each version to the next. */
static int (*const steps[STORE_VERSION])(sqlite3 *db, const char *path,
                                         struct ballast_error *err) = {from_0, from_1};

int store_schema_migrate(sqlite3 *db, const char *path, struct ballast_error *err)
{
    int64_t version = 0;
    int rc = store_number(db, path, "PRAGMA user_version", &version, err);
    if (rc < 0 || version == STORE_VERSION)
        return rc;
    if (version < 0 || version > STORE_VERSION)
        return ballast_fail(err, -EPROTO,
                            "%s: the ledger is of version %" PRId64
                            ", this program knows versions up to %d: use a later program",
                            path, version, STORE_VERSION);
    rc = store_execute(db, path, "BEGIN IMMEDIATE", err);
    if (rc < 0)
        return rc;
    for (int64_t at = version; at < STORE_VERSION && rc == 0; at++)
        rc = steps[at](db, path, err);
    if (rc == -EINVAL) /* of a CHECK */
        rc = store_corrupt(path, err, "what version %" PRId64 " left, no ledger would take",
                           version);
    if (rc == 0)
        rc = set_version(db, path, err);
    return end(db, path, rc, err);
}

static int check_table(sqlite3_stmt *statement, const char *path, size_t at,
                       struct ballast_error *err)
{
    const char *name = (const char *)sqlite3_column_text(statement, 0);
    const char *sql = (const char *)sqlite3_column_text(statement, 1);
    if (at >= TABLES || !name || !sql || strcmp(name, tables[at].name) != 0 ||
        strcmp(sql, tables[at].sql) != 0)
        return store_corrupt(path, err, "its tables are not those of version %d", STORE_VERSION);
    return 0;
}

int store_schema_check(sqlite3 *db, const char *path, struct ballast_error *err)
{
    sqlite3_stmt *statement;
    int step = sqlite3_prepare_v2(db,
                                  "SELECT name, sql FROM sqlite_schema WHERE name NOT LIKE "
                                  "'sqlite\\_%' ESCAPE '\\' ORDER BY name",
                                  -1, &statement, NULL);
    if (step != SQLITE_OK)
        return store_failure(db, path, step, "cannot be read", err);
    int rc = 0;
    size_t count = 0;
    while (rc == 0 && (step = sqlite3_step(statement)) == SQLITE_ROW)
        rc = check_table(statement, path, count++, err);
    if (rc == 0 && step != SQLITE_DONE)
        rc = store_failure(db, path, step, "cannot be read", err);
    if (rc == 0 && count != TABLES)
        rc = store_corrupt(path, err, "%zu tables of %d are there", count, TABLES);
    sqlite3_finalize(statement);
    return rc;
}
