/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Opens a ledger. A new one is created under another name and renamed, so that an empty or
 * incomplete file is damage and never a ledger without reservations. Nothing is written to an
 * existing one before it has been found sound.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/error.h"
#include "edge/sqlite/code.h"
#include "edge/store/internal.h"

static int fail_path(struct ballast_error *err, int code, const char *path, const char *what)
{
    return ballast_fail(err, -code, "%s: %s: %s", path, what, strerror(code));
}

/* Every page of SQLite's is a multiple of it: https://sqlite.org/fileformat.html, 1.3.2. */
enum { LEAST_PAGE = 512 };

/* Held until the store is closed or the process ends. */
static int lock_directory(struct store *store, const char *directory, struct ballast_error *err)
{
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return fail_path(err, errno, directory, "cannot be opened");
    store->directory = fd;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return 0;
    if (errno == EWOULDBLOCK)
        return ballast_fail(
            err, -EBUSY, "%s: another ballastd or command has it open: stop that one", store->path);
    return fail_path(err, errno, directory, "cannot be locked");
}

static int path_exists(const char *path, struct stat *st, struct ballast_error *err)
{
    if (lstat(path, st) == 0)
        return 1;
    return errno == ENOENT ? 0 : fail_path(err, errno, path, "cannot be examined");
}

/* Creates an empty file for SQLite to fill: SQLite itself would let every user read it. */
static int make_empty(const char *path, struct ballast_error *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail_path(err, errno, path, "cannot be created");
    int rc = fchmod(fd, 0600) < 0 ? fail_path(err, errno, path, "cannot be created") : 0;
    (void)close(fd);
    return rc;
}

static int open_database(const char *path, sqlite3 **out, struct ballast_error *err)
{
    sqlite3 *db = NULL;
    int rc = sqlite_suffices(sqlite3_libversion_number(), err);
    if (rc < 0)
        return rc;
    rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc != SQLITE_OK) {
        int result = store_failure(db, path, rc, "cannot be opened", err);
        (void)sqlite3_close(db);
        return result;
    }
    sqlite3_extended_result_codes(db, 1);
    sqlite3_busy_timeout(db, STORE_BUSY_MSEC);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    /* A file that is refused is not changed: see store_open(). */
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    char sql[256];
    sqlite3_snprintf(sizeof(sql), sql,
                     "PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = FULL;"
                     "PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0;"
                     "PRAGMA cell_size_check = ON; PRAGMA cache_size = -%d",
                     STORE_CACHE_KIB);
    int result = store_execute(db, path, sql, err);
    if (result < 0)
        (void)sqlite3_close(db);
    else
        *out = db;
    return result;
}

static int fill_database(const char *path, struct ballast_error *err)
{
    sqlite3 *db = NULL;
    int rc = open_database(path, &db, err);
    if (rc == 0)
        rc = store_schema_create(db, path, err);
    (void)sqlite3_close(db);
    return rc;
}

/* Removes what a killed process has left. */
static int clear_away(const char *path, struct ballast_error *err)
{
    return unlink(path) == 0 || errno == ENOENT ? 0
                                                : fail_path(err, errno, path, "cannot be removed");
}

static int create_as(struct store *store, const char *name, const char *journal,
                     struct ballast_error *err)
{
    int rc = clear_away(journal, err);
    if (rc == 0)
        rc = clear_away(name, err);
    if (rc == 0)
        rc = make_empty(name, err);
    if (rc == 0)
        rc = fill_database(name, err);
    if (rc == 0 && rename(name, store->path) < 0)
        rc = fail_path(err, errno, store->path, "cannot be created");
    if (rc == 0 && fsync(store->directory) < 0)
        rc = fail_path(err, errno, store->path, "cannot be made durable");
    return rc;
}

static int create_ledger(struct store *store, struct ballast_error *err)
{
    char *name = NULL;
    char *journal = NULL;
    int rc;
    if (asprintf(&name, "%s.new", store->path) < 0 || asprintf(&journal, "%s-journal", name) < 0) {
        free(name);
        return ballast_fail(err, -ENOMEM, "out of memory");
    }
    rc = create_as(store, name, journal, err);
    if (rc < 0) {
        (void)unlink(journal);
        (void)unlink(name);
    }
    free(name);
    free(journal);
    return rc;
}

/* What SQLite would take for an empty database, and its WAL for leftovers, was a ledger. */
static int find_or_create(struct store *store, struct ballast_error *err)
{
    struct stat st;
    struct stat wal;
    int there = path_exists(store->path, &st, err);
    int wal_there = there < 0 ? there : path_exists(store->wal_path, &wal, err);
    if (there < 0 || wal_there < 0)
        return there < 0 ? there : wal_there;
    if (there && !S_ISREG(st.st_mode))
        return ballast_fail(err, -EUCLEAN, "%s: it is not a regular file", store->path);
    if (wal_there && !S_ISREG(wal.st_mode))
        return ballast_fail(err, -EUCLEAN, "%s: it is not a regular file", store->wal_path);
    if (there && st.st_size == 0)
        return store_corrupt(store->path, err, "the file is empty");
    /* SQLite would fill up what is missing with zeros; a WAL may still have the page. */
    if (there && !wal_there && st.st_size % LEAST_PAGE != 0)
        return store_corrupt(store->path, err, "the file ends within a page");
    if (!there && wal_there)
        return store_corrupt(store->path, err, "its WAL exists without it");
    if (!there && access(store->mark_path, F_OK) == 0)
        return store_corrupt(store->path, err, "its mark exists without it");
    /* SQLite would open it for reading, and fail later. */
    if (there && access(store->path, W_OK) < 0)
        return fail_path(err, errno, store->path, "cannot be written");
    return there ? 0 : create_ledger(store, err);
}

static int check_application(struct store *store, struct ballast_error *err)
{
    int64_t id = 0;
    int rc = store_number(store->db, store->path, "PRAGMA application_id", &id, err);
    if (rc == 0 && id != STORE_APPLICATION_ID)
        return store_corrupt(store->path, err, "it is a database of another program");
    if (rc < 0 || sqlite3_db_readonly(store->db, "main") == 0)
        return rc;
    return store_corrupt(store->path, err, "its header forbids writing");
}

static int use_wal(struct store *store, struct ballast_error *err)
{
    char sql[128];
    sqlite3_snprintf(sizeof(sql), sql,
                     "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = %d;"
                     "PRAGMA journal_size_limit = %lld; BEGIN IMMEDIATE; COMMIT",
                     STORE_CHECKPOINT_PAGES, (long long)STORE_WAL_BYTES);
    int64_t is_wal = 0;
    int rc = store_execute(store->db, store->path, sql, err);
    if (rc == 0)
        rc = store_number(store->db, store->path,
                          "SELECT journal_mode = 'wal' FROM pragma_journal_mode", &is_wal, err);
    if (rc == 0 && !is_wal)
        rc = ballast_fail(err, -EIO, "%s: cannot be used with a WAL", store->path);
    if (rc == 0)
        rc = store_place_of(store->path, &store->place, err);
    return rc < 0 ? rc : store_place_of(store->wal_path, &store->wal_place, err);
}

/* Writes the book if it has not been counted yet. */
static int settle_book(struct store *store, struct ballast_error *err)
{
    if (!store->uncounted)
        return 0;
    int rc = store_begin(store, err);
    if (rc == 0)
        rc = store_commit(store, &store->book, err);
    if (rc < 0)
        (void)store_rollback(store, rc);
    else
        store->uncounted = false;
    return rc;
}

static int open_ledger(struct store *store, const char *directory, struct ballast_error *err)
{
    int rc = lock_directory(store, directory, err);
    if (rc == 0)
        rc = find_or_create(store, err);
    if (rc == 0)
        rc = store_wal_check(store, err);
    if (rc == 0)
        rc = open_database(store->path, &store->db, err);
    if (rc == 0)
        rc = check_application(store, err);
    if (rc == 0)
        rc = store_schema_check(store->db, store->path, err);
    if (rc == 0)
        rc = store_verify(store, err);
    if (rc == 0)
        rc = store_mark_open(store, err);
    if (rc == 0)
        rc = use_wal(store, err);
    if (rc == 0)
        rc = settle_book(store, err);
    if (rc == 0)
        sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    return rc;
}

int store_open(const char *directory, struct store **out, struct ballast_error *err)
{
    struct store *store = calloc(1, sizeof(*store));
    if (!store)
        return ballast_fail(err, -ENOMEM, "out of memory");
    store->directory = -1;
    store->mark_fd = -1;
    int rc;
    if (asprintf(&store->path, "%s/ledger.db", directory) < 0) {
        store->path = NULL;
        rc = ballast_fail(err, -ENOMEM, "out of memory");
    } else if (asprintf(&store->wal_path, "%s-wal", store->path) < 0) {
        store->wal_path = NULL;
        rc = ballast_fail(err, -ENOMEM, "out of memory");
    } else if (asprintf(&store->mark_path, "%s-mark", store->path) < 0) {
        store->mark_path = NULL;
        rc = ballast_fail(err, -ENOMEM, "out of memory");
    } else {
        rc = open_ledger(store, directory, err);
    }
    if (rc < 0)
        store_close(store);
    else
        *out = store;
    return rc;
}

void store_close(struct store *store)
{
    if (!store)
        return;
    if (store->db)
        (void)store_heal(store, NULL);
    for (int i = 0; i < STORE_STATEMENTS; i++)
        (void)sqlite3_finalize(store->statements[i]);
    (void)sqlite3_close(store->db);
    if (store->directory >= 0)
        (void)close(store->directory);
    free(store->path);
    if (store->mark_fd >= 0)
        (void)close(store->mark_fd);
    free(store->wal_path);
    free(store->mark_path);
    free(store);
}
