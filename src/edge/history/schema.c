/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tables; a file of another version is set aside. */
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#include "core/base/error.h"
#include "edge/history/internal.h"

/*
 * What a row of `pack` holds has a version of its own in its first bytes (core/series), so that a
 * further series needs no new version here.
 */
static const char tables_sql[] =
    "CREATE TABLE guest (\n"
    "  id INTEGER PRIMARY KEY CHECK (id BETWEEN 1 AND 16777215),\n"
    "  uuid BLOB NOT NULL CHECK (length(uuid) = 16),\n"
    "  name TEXT NOT NULL,\n"
    "  last_sec INTEGER NOT NULL,\n"
    "  UNIQUE (uuid, name)\n"
    ") STRICT;\n"
    "CREATE INDEX guest_name ON guest (name);\n"
    "CREATE TABLE pack (\n"
    "  key INTEGER PRIMARY KEY, -- level << 60 | stretch << 24 | guest\n"
    "  data BLOB NOT NULL\n"
    ") STRICT;\n"
    "CREATE TABLE event (\n"
    "  number INTEGER PRIMARY KEY,\n"
    "  guest INTEGER NOT NULL, -- 0: of none in particular\n"
    "  time_usec INTEGER NOT NULL,\n"
    "  until_usec INTEGER NOT NULL,\n"
    "  who TEXT NOT NULL,\n"
    "  what TEXT NOT NULL,\n"
    "  reason TEXT NOT NULL,\n"
    "  floor_reason TEXT NOT NULL,\n"
    "  detail TEXT NOT NULL,\n"
    "  from_kib INTEGER,\n"
    "  to_kib INTEGER,\n"
    "  reservation INTEGER,\n"
    "  steps INTEGER NOT NULL,\n"
    "  floor_kib INTEGER,\n"
    "  needed_kib INTEGER, -- the figures of the reason\n"
    "  current_kib INTEGER,\n"
    "  missing_kib INTEGER,\n"
    "  share_kib INTEGER,\n"
    "  pinned_kib INTEGER,\n"
    "  change_kib INTEGER,\n"
    "  left_kib INTEGER,\n"
    "  possible_kib INTEGER,\n"
    "  held_kib INTEGER,\n"
    "  used_kib INTEGER\n"
    ") STRICT;\n"
    "CREATE INDEX event_guest ON event (guest, number);";

int history_execute(struct history *history, const char *sql, struct ballast_error *err)
{
    int rc = sqlite3_exec(history->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? 0 : history_failure(history, rc, "cannot be set up", err);
}

static int query_number(struct history *history, const char *sql, int64_t *out,
                        struct ballast_error *err)
{
    sqlite3_stmt *statement;
    int rc = sqlite3_prepare_v2(history->db, sql, -1, &statement, NULL);
    if (rc != SQLITE_OK)
        return history_failure(history, rc, "cannot be read", err);
    rc = sqlite3_step(statement);
    *out = sqlite3_column_int64(statement, 0);
    int result = rc == SQLITE_ROW ? 0 : history_failure(history, rc, "cannot be read", err);
    sqlite3_finalize(statement);
    return result;
}

static int create_schema(struct history *history, struct ballast_error *err)
{
    char sql[96];
    int rc = history_run(history, HISTORY_BEGIN, err);
    if (rc < 0)
        return rc;
    rc = history_execute(history, tables_sql, err);
    (void)snprintf(sql, sizeof(sql), "PRAGMA application_id = %d; PRAGMA user_version = %d",
                   HISTORY_APPLICATION_ID, HISTORY_VERSION);
    if (rc == 0)
        rc = history_execute(history, sql, err);
    return history_end(history, rc, err);
}

int history_schema(struct history *history, struct ballast_error *err)
{
    int64_t id = 0;
    int64_t version = 0;
    int64_t tables = 0;
    int rc = query_number(history, "PRAGMA application_id", &id, err);
    if (rc == 0)
        rc = query_number(history, "PRAGMA user_version", &version, err);
    if (rc == 0)
        rc = query_number(history, "SELECT count(*) FROM sqlite_schema", &tables, err);
    if (rc < 0)
        return rc;
    if (tables == 0)
        return create_schema(history, err);
    if (id != HISTORY_APPLICATION_ID)
        return ballast_fail(err, -EUCLEAN, "%s: it is a database of another program",
                            history->path);
    if (version != HISTORY_VERSION)
        return ballast_fail(err, -EUCLEAN,
                            "%s: another version of ballastd has written it, in format %" PRId64,
                            history->path, version);
    return 0;
}
