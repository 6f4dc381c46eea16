/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opens the history, or sets it aside. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/error.h"
#include "edge/history/internal.h"
#include "edge/sqlite/code.h"

/* SQLite itself would let every user read it. */
static int make_private(const char *path, struct ballast_error *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return ballast_fail(err, -errno, "%s: cannot be opened: %s", path, strerror(errno));
    (void)close(fd);
    return 0;
}

static int set_up_database(struct history *history, struct ballast_error *err)
{
    char sql[384];
    sqlite3_busy_timeout(history->db, HISTORY_BUSY_MSEC);
    sqlite3_db_config(history->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(history->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(history->db, SQLITE_DBCONFIG_LOOKASIDE, NULL, 0, 0);
    (void)snprintf(sql, sizeof(sql),
                   "PRAGMA locking_mode = EXCLUSIVE; PRAGMA page_size = %d;"
                   "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA temp_store = MEMORY;"
                   "PRAGMA mmap_size = 0; PRAGMA cell_size_check = ON; PRAGMA cache_size = -%d;"
                   "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
                   "PRAGMA wal_autocheckpoint = %d; PRAGMA journal_size_limit = %lld;"
                   "PRAGMA max_page_count = %llu",
                   HISTORY_PAGE_KIB * 1024, HISTORY_CACHE_KIB, HISTORY_CHECKPOINT_PAGES,
                   (long long)HISTORY_WAL_BYTES,
                   (unsigned long long)(history->most_kib / HISTORY_PAGE_KIB));
    return history_execute(history, sql, err);
}

/* A header with more pages than the file has would be taken for a full file. */
static int check_length(struct history *history, struct ballast_error *err)
{
    char wal[4096];
    struct stat st = {0};
    struct stat wal_st = {0};
    uint64_t pages = 0;
    int rc = history_number(history, HISTORY_PAGES, &pages, err);
    (void)snprintf(wal, sizeof(wal), "%s-wal", history->path);
    if (rc < 0 || stat(history->path, &st) < 0)
        return rc;
    (void)stat(wal, &wal_st);
    if (pages * HISTORY_PAGE_KIB * 1024 <= (uint64_t)st.st_size + (uint64_t)wal_st.st_size)
        return 0;
    return ballast_fail(err, -EUCLEAN, "%s: it is shorter than its header says", history->path);
}

static int open_history_file(const char *path, uint64_t most_kib, struct history **out,
                             struct ballast_error *err)
{
    struct history *history = calloc(1, sizeof(*history));
    if (!history || !(history->path = strdup(path))) {
        free(history);
        return ballast_fail(err, -ENOMEM, "out of memory");
    }
    history->most_kib = most_kib < HISTORY_LEAST_KIB ? HISTORY_LEAST_KIB : most_kib;
    int rc = sqlite_suffices(sqlite3_libversion_number(), err);
    if (rc == 0)
        rc = make_private(path, err);
    if (rc == 0) {
        int opened =
            sqlite3_open_v2(path, &history->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
        if (opened == SQLITE_OK)
            (void)sqlite3_extended_result_codes(history->db, 1);
        rc = opened == SQLITE_OK ? 0 : history_failure(history, opened, "cannot be opened", err);
    }
    if (rc == 0)
        rc = set_up_database(history, err);
    if (rc == 0)
        rc = history_schema(history, err);
    if (rc == 0)
        rc = check_length(history, err);
    if (rc < 0)
        history_close(history);
    else
        *out = history;
    return rc;
}

/* With its WAL, which would otherwise be taken for that of the next one. */
static void move_away(const char *path)
{
    static const char *const ends[] = {"", "-wal", "-journal", "-shm"};
    char from[4096];
    char to[4096];
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        (void)snprintf(from, sizeof(from), "%s%s", path, ends[i]);
        (void)snprintf(to, sizeof(to), "%s.aside%s", path, ends[i]);
        (void)unlink(to);
        (void)rename(from, to);
    }
}

int history_open(const char *directory, uint64_t most_kib, struct history **out,
                 struct ballast_error *err)
{
    struct ballast_error why;
    char *path;
    if (asprintf(&path, "%s/history.db", directory) < 0)
        return ballast_fail(err, -ENOMEM, "out of memory");
    int rc = open_history_file(path, most_kib, out, &why);
    if (rc == -EUCLEAN) {
        move_away(path);
        rc = open_history_file(path, most_kib, out, err);
        if (rc == 0) {
            rc = 1;
            (void)ballast_fail(err, -EUCLEAN, "%s; it was set aside as %s.aside", why.text, path);
        }
    } else if (rc < 0) {
        (void)ballast_fail(err, rc, "%s", why.text);
    }
    free(path);
    return rc;
}

void history_close(struct history *history)
{
    if (!history)
        return;
    for (size_t i = 0; i < HISTORY_STATEMENTS; i++)
        sqlite3_finalize(history->statements[i]);
    (void)sqlite3_close(history->db);
    free(history->path);
    free(history);
}

void history_set_aside(struct history *history)
{
    char *path = strdup(history->path);
    history_close(history);
    if (path)
        move_away(path);
    free(path);
}

uint64_t history_size_kib(struct history *history)
{
    uint64_t pages = 0;
    uint64_t free_pages = 0;
    if (history_number(history, HISTORY_PAGES, &pages, NULL) < 0 ||
        history_number(history, HISTORY_FREE_PAGES, &free_pages, NULL) < 0)
        return 0;
    return (pages - free_pages) * HISTORY_PAGE_KIB;
}
