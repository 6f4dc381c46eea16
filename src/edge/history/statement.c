/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Statements and transactions, and SQLite's errors as errno. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "core/base/error.h"
#include "edge/history/internal.h"
#include "edge/sqlite/code.h"

/* As event.c binds and reads them; the figures as history_figure_name() has them. */
#define COLUMNS                                                                                    \
    "number, guest, time_usec, until_usec, who, what, reason, floor_reason, detail, "              \
    "from_kib, to_kib, reservation, steps, floor_kib, needed_kib, current_kib, missing_kib, "      \
    "share_kib, pinned_kib, change_kib, left_kib, possible_kib, held_kib, "                        \
    "used_kib"
#define EVENT  COLUMNS ", uuid, name FROM event LEFT JOIN guest ON id = event.guest"
#define WANTED "number < ?1 AND number > ?3 AND (?4 IS NULL OR reason = ?4)"

static const char *const texts[HISTORY_STATEMENTS] = {
    [HISTORY_BEGIN] = "BEGIN IMMEDIATE",
    [HISTORY_COMMIT] = "COMMIT",
    [HISTORY_ROLLBACK] = "ROLLBACK",
    [HISTORY_GET] = "SELECT data FROM pack WHERE key = ?1",
    [HISTORY_PUT] = "INSERT INTO pack (key, data) VALUES (?1, ?2) "
                    "ON CONFLICT (key) DO UPDATE SET data = ?2",
    [HISTORY_DELETE] = "DELETE FROM pack WHERE key = ?1",
    [HISTORY_FIRST] = "SELECT key FROM pack WHERE key >= ?1 AND key < ?2 ORDER BY key LIMIT 1",
    [HISTORY_LAST_OF] =
        "SELECT key FROM pack WHERE key >= ?1 AND key < ?2 ORDER BY key DESC LIMIT 1",
    [HISTORY_FIND_GUEST] = "SELECT id, last_sec FROM guest WHERE uuid = ?1 AND name = ?2",
    [HISTORY_MAKE_GUEST] = "INSERT INTO guest (id, uuid, name, last_sec) "
                           "SELECT coalesce(max(id), 0) + 1, ?1, ?2, ?3 FROM guest",
    [HISTORY_SEEN_GUEST] = "UPDATE guest SET last_sec = ?2 WHERE id = ?1",
    [HISTORY_BY_UUID] = "SELECT id, uuid, name, last_sec FROM guest WHERE uuid = ?1 "
                        "ORDER BY last_sec DESC, id DESC LIMIT ?2",
    [HISTORY_BY_NAME] = "SELECT id, uuid, name, last_sec FROM guest WHERE name = ?1 "
                        "ORDER BY last_sec DESC, id DESC LIMIT ?2",
    [HISTORY_FORGET_GUESTS] = "DELETE FROM guest WHERE last_sec < ?1",
    [HISTORY_NOTE] = "INSERT OR REPLACE INTO event (" COLUMNS ") VALUES "
                     "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [HISTORY_LAST] = "SELECT max(number) FROM event",
    [HISTORY_EVENTS_ALL] = "SELECT " EVENT " WHERE " WANTED " ORDER BY number DESC LIMIT ?2",
    [HISTORY_EVENTS_OF] =
        "SELECT " EVENT " WHERE event.guest = ?5 AND " WANTED " ORDER BY number DESC LIMIT ?2",
    [HISTORY_FORGET_EVENTS] = "DELETE FROM event WHERE number <= ?1",
    [HISTORY_FIRST_EVENT] = "SELECT max(number) FROM (SELECT number, time_usec FROM event ORDER BY "
                            "number LIMIT 256) WHERE time_usec < ?1",
    [HISTORY_PAGES] = "PRAGMA page_count",
    [HISTORY_FREE_PAGES] = "PRAGMA freelist_count",
    [HISTORY_VACUUM] = "PRAGMA incremental_vacuum(128)",
};

/*
 * A corrupt page number lies beyond the size limit, which SQLite reports as full. It is not full if
 * the limit is far and the disk has space.
 */
static bool is_garbage(const struct history *history)
{
    struct stat st;
    struct statvfs disk;
    uint64_t room_kib = history->most_kib;
    if (stat(history->path, &st) < 0 || statvfs(history->path, &disk) < 0)
        return false;
    uint64_t disk_kib = (uint64_t)disk.f_bavail * disk.f_frsize / 1024;
    return (uint64_t)st.st_size / 1024 + HISTORY_WAL_BYTES / 1024 < room_kib / 2 &&
           disk_kib > HISTORY_LEAST_KIB;
}

int history_failure(struct history *history, int rc, const char *what, struct ballast_error *err)
{
    int code = sqlite_code(history->db, rc);
    const char *said = history->db ? sqlite3_errmsg(history->db) : sqlite3_errstr(rc);
    if (code == -EBUSY)
        said = "another program, such as sqlite3, has the file open";
    if (code == -EINVAL) /* what is written is always valid, so the tables are damaged */
        code = -EUCLEAN;
    if ((rc & 0xff) == SQLITE_FULL && is_garbage(history)) {
        code = -EUCLEAN;
        said = "it is damaged";
    }
    return ballast_fail(err, code, "%s: %s: %s", history->path, what, said);
}

sqlite3_stmt *history_statement(struct history *history, enum history_statement which, int *rc,
                                struct ballast_error *err)
{
    sqlite3_stmt **kept = &history->statements[which];
    *rc = 0;
    if (!*kept) {
        int sqlite_rc = sqlite3_prepare_v3(history->db, texts[which], -1, SQLITE_PREPARE_PERSISTENT,
                                           kept, NULL);
        if (sqlite_rc != SQLITE_OK)
            *rc = history_failure(history, sqlite_rc, "cannot be used", err);
    }
    return *rc < 0 ? NULL : *kept;
}

int history_finish(struct history *history, sqlite3_stmt *statement, int step,
                   struct ballast_error *err)
{
    while (step == SQLITE_ROW)
        step = sqlite3_step(statement);
    int rc = step == SQLITE_DONE ? 0 : history_failure(history, step, "cannot be used", err);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return rc;
}

int history_step_all(struct history *history, sqlite3_stmt *statement, struct ballast_error *err)
{
    return history_finish(history, statement, sqlite3_step(statement), err);
}

int history_run(struct history *history, enum history_statement which, struct ballast_error *err)
{
    int rc;
    sqlite3_stmt *statement = history_statement(history, which, &rc, err);
    return statement ? history_step_all(history, statement, err) : rc;
}

int history_number(struct history *history, enum history_statement which, uint64_t *out,
                   struct ballast_error *err)
{
    int rc;
    sqlite3_stmt *statement = history_statement(history, which, &rc, err);
    if (!statement)
        return rc;
    *out = 0;
    int step = sqlite3_step(statement);
    if (step == SQLITE_ROW)
        *out = (uint64_t)sqlite3_column_int64(statement, 0);
    return history_finish(history, statement, step, err);
}

int history_begin(struct history *history, struct ballast_error *err)
{
    return history_run(history, HISTORY_BEGIN, err);
}

int history_end(struct history *history, int rc, struct ballast_error *err)
{
    if (rc >= 0) {
        int committed = history_run(history, HISTORY_COMMIT, err);
        if (committed == 0)
            return rc;
        rc = committed;
    }
    if (!sqlite3_get_autocommit(history->db))
        (void)history_run(history, HISTORY_ROLLBACK, NULL);
    return rc;
}
