/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of this folder share. Everything that is kept is summed: a row by its own `sum`,
 * all rows together, with the last id given, by the one row of `book`. SQLite finds damage to its
 * structure, not to what is in it; the sums find a row that was changed, lost or brought back.
 *
 * One transaction is one commit of one WAL. When its fsync fails, its frames are in the file
 * nevertheless, and a process that starts anew would take them for committed: a store in that doubt
 * writes a transaction without meaning over them before it does anything else.
 */
#ifndef EDGE_STORE_INTERNAL_H
#define EDGE_STORE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <sqlite3.h>

#include <ballast/error.h>

#include "edge/store/store.h"

/* "BLST"; in the file's header, where file(1) finds it. */
#define STORE_APPLICATION_ID 0x424c5354
enum { STORE_VERSION = 1 };

/* Frames in the WAL before they are moved to the database: 1 MiB of 4 KiB pages, some 85 moves. */
enum { STORE_CHECKPOINT_PAGES = 256 };
/* What the WAL is cut to when it has been longer, after a checkpoint that could not be. */
#define STORE_WAL_BYTES (INT64_C(4) << 20)
/* Of pages kept in memory; 10,000 reservations fill about 2 MiB. */
enum { STORE_CACHE_KIB = 1024 };
/* Somebody may be looking into the file by hand; longer than this the daemon does not wait. */
enum { STORE_BUSY_MSEC = 250 };

enum store_statement {
    STORE_BEGIN,
    STORE_COMMIT,
    STORE_ROLLBACK,
    STORE_INSERT,
    STORE_UPDATE,
    STORE_FIND,
    STORE_ALL,
    STORE_NEXT,
    STORE_TRIM,
    STORE_BOOK,
    STORE_HEAL,
    STORE_GET,
    STORE_SET,
    STORE_UNSET,
    STORE_NEXT_SETTING,
    STORE_STATEMENTS
};

/* What the one row of `book` says of all others. */
struct store_book {
    uint64_t last_id; /* the greatest ever given; 0: none */
    uint64_t reservations;
    uint64_t settings;
    uint64_t total;    /* of the sums of both, modulo 2^64 */
    uint64_t sequence; /* of changes that were committed, since there is a mark */
};

/* Which file a name led to. */
struct store_place {
    dev_t device;
    ino_t inode;
};

struct store {
    sqlite3 *db;
    sqlite3_stmt *statements[STORE_STATEMENTS]; /* prepared when first used */
    char *path;
    char *wal_path;
    char *mark_path;
    int mark_fd;
    int directory; /* locked as long as the store is open */
    struct store_place place;
    struct store_place wal_place;
    struct store_book book; /* as committed */
    size_t closed;          /* of book.reservations */
    bool in_doubt;          /* the last commit failed where it may be in the file all the same */
    bool uncounted;         /* the book in the file has yet to be written */
};

/* failure.c: what went wrong, as a negative errno and "PATH: what: why". */

/* Of the last call to SQLite on that connection. `rc` is what it returned. */
int store_failure(sqlite3 *db, const char *path, int rc, const char *what,
                  struct ballast_error *err);
/* -EUCLEAN with what to do. */
__attribute__((format(printf, 3, 4))) int store_corrupt(const char *path, struct ballast_error *err,
                                                        const char *format, ...);

/* row.c: a reservation as a row. */

#define STORE_COLUMNS                                                                              \
    "id, owner, label, min_kib, max_kib, granted_kib, used_kib, state, reason, a_kib, b_kib, "     \
    "requested_usec, changed_usec, lease_usec, deadline_usec, domid, uuid, base_kib, sum"
enum { STORE_SUM = 18, STORE_COLUMN_COUNT };

/* -EINVAL for what no reservation may be, -ERANGE for a number that SQLite cannot hold. */
int store_row_check(const struct ledger_reservation *record, struct ballast_error *err);
/* Parameters 1 to STORE_COLUMN_COUNT. The record must have passed the check and outlive them. */
int store_row_bind(sqlite3_stmt *statement, const struct ledger_reservation *record);
/* The row that the statement stands on; -EUCLEAN. The sum is read, not compared, into *sum. */
int store_row_read(sqlite3_stmt *statement, const char *path, struct ledger_reservation *out,
                   uint64_t *sum, struct ballast_error *err);
uint64_t store_row_sum(const struct ledger_reservation *record);
uint64_t store_setting_sum(const char *key, const char *value);
uint64_t store_book_sum(const struct store_book *book);
uint64_t store_mark_sum(uint64_t sequence);
/* Whether they differ in nothing, or in nothing but what has been used. */
bool store_row_same(const struct ledger_reservation *a, const struct ledger_reservation *b);

/* store.c: inserts or updates. */
int store_row_write(struct store *store, enum store_statement which,
                    const struct ledger_reservation *record, struct ballast_error *err);

/* settings.c: within a transaction; NULL forgets it. */
int store_setting_write(struct store *store, const char *key, const char *value,
                        struct ballast_error *err);

/* schema.c */

/* Tables and first row, in an empty database, in one transaction. */
int store_schema_create(sqlite3 *db, const char *path, struct ballast_error *err);
/* -EPROTO: another version of the format; -EUCLEAN: the tables are not those of this one. */
int store_schema_check(sqlite3 *db, const char *path, struct ballast_error *err);
/* One number that a statement answers with. */
int store_number(sqlite3 *db, const char *path, const char *sql, int64_t *out,
                 struct ballast_error *err);
/* Statements without an answer. */
int store_execute(sqlite3 *db, const char *path, const char *sql, struct ballast_error *err);

/* verify.c */

/* Structure, rows and sums; fills the book and what is counted. -EUCLEAN. */
int store_verify(struct store *store, struct ballast_error *err);

/* mark.c */

/*
 * Holds the verified ledger against its mark, or makes one where there is none. -EUCLEAN: changes
 * are missing, or the mark is damaged.
 */
int store_mark_open(struct store *store, struct ballast_error *err);
/* What the book says is durable. */
void store_mark_set(const struct store *store);

/* wal.c */

/* -EUCLEAN: durable changes are behind a damaged frame. No WAL, or no beginning of one, is right.
 */
int store_wal_check(const struct store *store, struct ballast_error *err);

/* transaction.c */

/* A kept statement, ready to be bound; NULL with *err filled and a code in *rc. */
sqlite3_stmt *store_statement(struct store *store, enum store_statement which, int *rc,
                              struct ballast_error *err);
/* Steps to its end, then makes it ready anew. */
int store_finish(struct store *store, sqlite3_stmt *statement, const char *what,
                 struct ballast_error *err);
/* Refuses when the files are no longer where they were, or the doubt cannot be cleared. */
int store_begin(struct store *store, struct ballast_error *err);
/* Writes the book as it will be and commits; store->book is it then. */
int store_commit(struct store *store, const struct store_book *book, struct ballast_error *err);
/* After a failure, which is returned; brings the store back to what is committed. */
int store_rollback(struct store *store, int rc);
/* Clears the doubt, if there is any. */
int store_heal(struct store *store, struct ballast_error *err);
int store_place_of(const char *path, struct store_place *out, struct ballast_error *err);

#endif
