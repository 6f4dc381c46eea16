/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The tables. The CHECKs enforce the rules of ledger_reservation_check(), so that neither an
 * administrator nor a later version can insert what the ledger would not accept.
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
                              "  used_kib INTEGER NOT NULL CHECK (used_kib BETWEEN 0 AND granted_kib),\n"
                              "  state TEXT NOT NULL,\n"
                              "  reason TEXT NOT NULL,\n"
                              "  done_kib INTEGER CHECK (done_kib >= 0),\n"
                              "  left_kib INTEGER CHECK (left_kib >= 0),\n"
                              "  released_kib INTEGER CHECK (released_kib >= 0),\n"
                              "  needed_kib INTEGER CHECK (needed_kib >= 0),\n"
                              "  possible_kib INTEGER CHECK (possible_kib >= 0),\n"
                              "  missing_kib INTEGER CHECK (missing_kib >= 0),\n"
                              "  requested_usec INTEGER NOT NULL CHECK (requested_usec >= 0),\n"
                              "  changed_usec INTEGER NOT NULL CHECK (changed_usec >= requested_usec),\n"
                              "  lease_usec INTEGER CHECK (lease_usec > 0),\n"
                              "  deadline_usec INTEGER CHECK (deadline_usec > requested_usec),\n"
                              "  domid INTEGER NOT NULL CHECK (domid BETWEEN 0 AND 4294967295),\n"
                              "  uuid BLOB NOT NULL CHECK (length(uuid) = 16),\n"
                              "  base_kib INTEGER CHECK (base_kib >= 0),\n"
                              "  guest_name TEXT NOT NULL CHECK (length(CAST(guest_name AS BLOB)) <= 63 AND " CLEAN(
                                  "guest_name") "),\n"
                                                "  guest_uuid BLOB NOT NULL CHECK (length(guest_uuid) = 16),\n"
                                                "  kind TEXT NOT NULL CHECK (kind IN ('start', 'pool', 'reboot')),\n"
                                                "  user INTEGER CHECK (user >= 0),\n"
                                                "  node INTEGER NOT NULL CHECK (node BETWEEN 0 AND 64 AND (kind <> 'pool' OR node = 0)),\n"
                                                "  sum INTEGER NOT NULL,\n"
                                                "  CHECK (CASE\n"
                                                "    WHEN state IN ('requested', 'reclaiming', 'granted', 'bound', 'used') THEN reason = 'ok'\n"
                                                "    WHEN state = 'released' THEN\n"
                                                "      reason IN ('by-owner', 'lease-over', 'owner-returned', 'domain-gone')\n"
                                                "    WHEN state = 'refused' THEN\n"
                                                "      reason IN ('cannot-fit', 'donors-stuck', 'deadline-over')\n"
                                                "    ELSE 0 END),\n"
                                                "  CHECK (CASE\n"
                                                "    WHEN state IN ('granted', 'bound', 'used') OR reason IN ('lease-over', 'domain-gone')\n"
                                                "      THEN granted_kib > 0\n"
                                                "    ELSE granted_kib = 0 OR state = 'released' END),\n"
                                                "  CHECK ((granted_kib > 0 AND state <> 'granted' AND\n"
                                                "          reason NOT IN ('lease-over', 'owner-returned')) OR\n"
                                                "         (domid = 0 AND base_kib IS 0 AND used_kib = 0 AND uuid = zeroblob(16))),\n"
                                                "  CHECK (state <> 'requested' OR changed_usec = requested_usec),\n"
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

/* By name, as in SQLite's own table. */
static const struct {
    const char *name;
    const char *sql;
} tables[] = {
    {"book", create_book}, {"reservation", create_reservation}, {"setting", create_setting}};
enum { TABLES = sizeof(tables) / sizeof(tables[0]) };

int store_execute(sqlite3 *db, const char *path, const char *sql, struct ballast_error *err)
{
    int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? 0 : store_failure(db, path, rc, "cannot be initialized", err);
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

static int write_version(sqlite3 *db, const char *path, struct ballast_error *err)
{
    char sql[96];
    sqlite3_snprintf(sizeof(sql), sql, "PRAGMA application_id = %d; PRAGMA user_version = %d",
                     STORE_APPLICATION_ID, STORE_VERSION);
    return store_execute(db, path, sql, err);
}

/* An empty book, which the first store_verify() counts. */
static int begin_book(sqlite3 *db, const char *path, struct ballast_error *err)
{
    return store_execute(db, path,
                         "INSERT INTO book SELECT 1, coalesce(max(id), 0), 0, 0, 0, NULL, 0, 0 "
                         "FROM reservation",
                         err);
}

/* Commits or rolls back. */
static int end_schema(sqlite3 *db, const char *path, int rc, struct ballast_error *err)
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
        rc = write_version(db, path, err);
    return end_schema(db, path, rc, err);
}

static int check_format_version(sqlite3 *db, const char *path, struct ballast_error *err)
{
    int64_t version = 0;
    int rc = store_number(db, path, "PRAGMA user_version", &version, err);
    if (rc < 0 || version == STORE_VERSION)
        return rc;
    return ballast_fail(err, -EPROTO,
                        "%s: the ledger has format version %" PRId64
                        ", this program knows only %d: use the ballastd that wrote it",
                        path, version, STORE_VERSION);
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
    int rc = check_format_version(db, path, err);
    if (rc < 0)
        return rc;
    int step = sqlite3_prepare_v2(db,
                                  "SELECT name, sql FROM sqlite_schema WHERE name NOT LIKE "
                                  "'sqlite\\_%' ESCAPE '\\' ORDER BY name",
                                  -1, &statement, NULL);
    if (step != SQLITE_OK)
        return store_failure(db, path, step, "cannot be read", err);
    size_t count = 0;
    while (rc == 0 && (step = sqlite3_step(statement)) == SQLITE_ROW)
        rc = check_table(statement, path, count++, err);
    if (rc == 0 && step != SQLITE_DONE)
        rc = store_failure(db, path, step, "cannot be read", err);
    if (rc == 0 && count != TABLES)
        rc = store_corrupt(path, err, "it has %zu of %d tables", count, TABLES);
    sqlite3_finalize(statement);
    return rc;
}
