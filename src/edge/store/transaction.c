/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One transaction: first the checks of a file that others may have touched; at the end the book. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/error.h"
#include "edge/store/internal.h"

static const char *const texts[STORE_STATEMENTS] = {
    [STORE_BEGIN] = "BEGIN IMMEDIATE",
    [STORE_COMMIT] = "COMMIT",
    [STORE_ROLLBACK] = "ROLLBACK",
    [STORE_INSERT] =
        "INSERT INTO reservation (" STORE_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, "
        "?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28)",
    [STORE_UPDATE] =
        "UPDATE reservation SET (" STORE_COLUMNS ") = (?1, ?2, ?3, ?4, ?5, ?6, ?7, "
        "?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28) WHERE id = ?1",
    [STORE_FIND] = "SELECT " STORE_COLUMNS " FROM reservation WHERE id = ?1",
    [STORE_ALL] = "SELECT " STORE_COLUMNS " FROM reservation ORDER BY id",
    [STORE_NEXT] = "SELECT " STORE_COLUMNS " FROM reservation WHERE id > ?1 ORDER BY id LIMIT 1",
    [STORE_TRIM] = "DELETE FROM reservation WHERE id IN (SELECT id FROM reservation WHERE state "
                   "IN ('used', 'released', 'refused') ORDER BY changed_usec DESC, id DESC "
                   "LIMIT -1 OFFSET ?1) RETURNING sum",
    [STORE_BOOK] = "UPDATE book SET (last_id, reservations, settings, total, sum, "
                   "sequence) = (?1, ?2, ?3, ?4, ?5, ?6)",
    [STORE_HEAL] = "UPDATE book SET healed = healed + 1",
    [STORE_GET] = "SELECT value, sum FROM setting WHERE key = ?1",
    [STORE_SET] = "INSERT INTO setting (key, value, sum) VALUES (?1, ?2, ?3) "
                  "ON CONFLICT (key) DO UPDATE SET (value, sum) = (?2, ?3)",
    [STORE_UNSET] = "DELETE FROM setting WHERE key = ?1",
    [STORE_NEXT_SETTING] =
        "SELECT key, value, sum FROM setting WHERE key > ?1 ORDER BY key LIMIT 1",
};

sqlite3_stmt *store_statement(struct store *store, enum store_statement which, int *rc,
                              struct ballast_error *err)
{
    sqlite3_stmt **kept = &store->statements[which];
    if (!*kept) {
        int sqlite_rc =
            sqlite3_prepare_v3(store->db, texts[which], -1, SQLITE_PREPARE_PERSISTENT, kept, NULL);
        if (sqlite_rc != SQLITE_OK) {
            *rc = store_failure(store->db, store->path, sqlite_rc, "cannot be used", err);
            return NULL;
        }
    }
    *rc = 0;
    return *kept;
}

int store_finish(struct store *store, sqlite3_stmt *statement, const char *what,
                 struct ballast_error *err)
{
    int step;
    do
        step = sqlite3_step(statement);
    while (step == SQLITE_ROW);
    int rc = step == SQLITE_DONE ? 0 : store_failure(store->db, store->path, step, what, err);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return rc;
}

static int run_statement(struct store *store, enum store_statement which, const char *what,
                         struct ballast_error *err)
{
    int rc;
    sqlite3_stmt *statement = store_statement(store, which, &rc, err);
    return statement ? store_finish(store, statement, what, err) : rc;
}

int store_place_of(const char *path, struct store_place *out, struct ballast_error *err)
{
    struct stat st;
    if (lstat(path, &st) < 0) {
        int code = errno == ENOENT ? EUCLEAN : errno;
        return ballast_fail(err, -code, "%s: it was removed: put it back", path);
    }
    *out = (struct store_place){st.st_dev, st.st_ino};
    return 0;
}

/* What is written to a file without a name is lost with the process. */
static int check_place(const char *path, const struct store_place *was, struct ballast_error *err)
{
    struct store_place is;
    int rc = store_place_of(path, &is, err);
    if (rc < 0)
        return rc;
    if (is.device != was->device || is.inode != was->inode)
        return ballast_fail(err, -EUCLEAN,
                            "%s: another file replaced it while it was open: put the "
                            "first one back, or restart with this one",
                            path);
    return 0;
}

int store_heal(struct store *store, struct ballast_error *err)
{
    if (!store->in_doubt)
        return 0;
    int rc =
        run_statement(store, STORE_HEAL, "the last change failed and cannot be undone yet", err);
    store->in_doubt = rc < 0;
    return rc;
}

int store_begin(struct store *store, struct ballast_error *err)
{
    int rc = check_place(store->path, &store->place, err);
    if (rc == 0)
        rc = check_place(store->wal_path, &store->wal_place, err);
    if (rc == 0)
        rc = store_heal(store, err);
    return rc < 0 ? rc : run_statement(store, STORE_BEGIN, "cannot be changed", err);
}

static int write_book(struct store *store, const struct store_book *book, struct ballast_error *err)
{
    int rc;
    sqlite3_stmt *statement = store_statement(store, STORE_BOOK, &rc, err);
    if (!statement)
        return rc;
    sqlite3_bind_int64(statement, 1, (sqlite3_int64)book->last_id);
    sqlite3_bind_int64(statement, 2, (sqlite3_int64)book->reservations);
    sqlite3_bind_int64(statement, 3, (sqlite3_int64)book->settings);
    sqlite3_bind_int64(statement, 4, (sqlite3_int64)book->total);
    sqlite3_bind_int64(statement, 5, (sqlite3_int64)store_book_sum(book));
    sqlite3_bind_int64(statement, 6, (sqlite3_int64)book->sequence);
    return store_finish(store, statement, "cannot be written", err);
}

int store_commit(struct store *store, const struct store_book *book, struct ballast_error *err)
{
    struct store_book next = *book;
    next.sequence = store->book.sequence + 1;
    int rc = write_book(store, &next, err);
    if (rc < 0)
        return rc;
    rc = run_statement(store, STORE_COMMIT, "cannot be made durable", err);
    store->in_doubt = rc < 0;
    if (rc < 0)
        return rc;
    store->book = next;
    store_mark_set(store);
    return 0;
}

int store_rollback(struct store *store, int rc)
{
    if (!sqlite3_get_autocommit(store->db))
        (void)run_statement(store, STORE_ROLLBACK, "cannot be rolled back", NULL);
    int healed = store_heal(store, NULL);
    if (rc == -ENOSPC || healed == -ENOSPC) {
        /* On a full disk the WAL itself has space, once its content has been moved. */
        (void)sqlite3_wal_checkpoint_v2(store->db, "main", SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
        (void)store_heal(store, NULL);
    }
    /* Pages that were read while the file was damaged are read again. */
    (void)sqlite3_db_release_memory(store->db);
    return rc;
}
