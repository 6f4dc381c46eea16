/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Shared by the files of this folder.
 *
 * Everything in the ledger has a checksum: each row in its own `sum`, all rows together, with the
 * last id, in the one row of `book`. SQLite detects damage to its structure, not to its content;
 * the checksums detect rows that were changed, lost or restored.
 *
 * One transaction is one commit of one WAL. If its fsync fails, its frames are in the file
 * nevertheless, and a process that starts later would take them for committed: a store in that
 * doubt first overwrites them with an empty transaction.
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

/* "BLST" in the file's header, which file(1) recognizes. */
#define STORE_APPLICATION_ID 0x424c5354
enum { STORE_VERSION = 7 };

/* Frames in the WAL before a checkpoint: 1 MiB of 4 KiB pages, some 85 moves. */
enum { STORE_CHECKPOINT_PAGES = 256 };
/* The WAL is truncated to this after a checkpoint that had been delayed. */
#define STORE_WAL_BYTES (INT64_C(4) << 20)
/* Of pages kept in memory; 10,000 reservations fill about 2 MiB. */
enum { STORE_CACHE_KIB = 1024 };
/* An administrator may be reading the file; the daemon does not wait longer than this. */
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

/* The one row of `book`, about all others. */
struct store_book {
    uint64_t last_id; /* the highest id so far; 0: none */
    uint64_t reservations;
    uint64_t settings;
    uint64_t total;    /* of the sums of both, modulo 2^64 */
    uint64_t sequence; /* the number of committed changes since the mark exists */
};

/* The file that a name led to. */
struct store_place {
    dev_t device;
    ino_t inode;
};

struct store {
    sqlite3 *db;
    sqlite3_stmt *statements[STORE_STATEMENTS]; /* prepared at first use */
    char *path;
    char *wal_path;
    char *mark_path;
    int mark_fd;
    int directory; /* locked as long as the store is open */
    struct store_place place;
    struct store_place wal_place;
    struct store_book book; /* as committed */
    size_t closed;          /* of book.reservations */
    bool in_doubt;          /* the last commit failed, but may be in the file */
    bool uncounted;         /* the book in the file is still to be written */
};

/* failure.c: what went wrong, as a negative errno and "PATH: what: why". */

/* For the last call to SQLite on that connection, which returned `rc`. */
int store_failure(sqlite3 *db, const char *path, int rc, const char *what,
                  struct ballast_error *err);
/* -EUCLEAN with the remedy. */
__attribute__((format(printf, 3, 4))) int store_corrupt(const char *path, struct ballast_error *err,
                                                        const char *format, ...);

/* row.c: a reservation as a row. */

#define STORE_COLUMNS                                                                              \
    "id, owner, label, min_kib, max_kib, granted_kib, used_kib, state, reason, done_kib, "         \
    "left_kib, released_kib, needed_kib, possible_kib, missing_kib, requested_usec, "              \
    "changed_usec, lease_usec, deadline_usec, domid, uuid, base_kib, guest_name, guest_uuid, "     \
    "kind, user, node, sum"
enum { STORE_SUM = 27, STORE_COLUMN_COUNT };

/* -EINVAL for an invalid reservation, -ERANGE for a number that SQLite cannot store. */
int store_row_check(const struct ledger_reservation *record, struct ballast_error *err);
/* Parameters 1 to STORE_COLUMN_COUNT. The record must have passed the check and outlive them. */
int store_row_bind(sqlite3_stmt *statement, const struct ledger_reservation *record);
/* The current row of the statement; -EUCLEAN, also where its checksum is wrong. */
int store_row_read(sqlite3_stmt *statement, const char *path, struct ledger_reservation *out,
                   struct ballast_error *err);
uint64_t store_row_sum(const struct ledger_reservation *record);
uint64_t store_setting_sum(const char *key, const char *value);
uint64_t store_book_sum(const struct store_book *book);
uint64_t store_mark_sum(uint64_t sequence);
/* Whether they are equal except for what has been used. */
bool store_row_same(const struct ledger_reservation *a, const struct ledger_reservation *b);

/*
 * store.c: the row of that id (STORE_FIND) or the first one after it (STORE_NEXT). -ENOENT without
 * a text: there is none.
 */
int store_row_find(struct store *store, enum store_statement which, uint64_t id,
                   struct ledger_reservation *out, struct ballast_error *err);
/* Inserts or updates. */
int store_row_write(struct store *store, enum store_statement which,
                    const struct ledger_reservation *record, struct ballast_error *err);

/* settings.c: within a transaction; NULL removes it. */
int store_setting_write(struct store *store, const char *key, const char *value,
                        struct ballast_error *err);

/* schema.c */

/* Tables and first row, in an empty database, in one transaction. */
int store_schema_create(sqlite3 *db, const char *path, struct ballast_error *err);
/* -EPROTO: another version of the format; -EUCLEAN: the tables are not those of this one. */
int store_schema_check(sqlite3 *db, const char *path, struct ballast_error *err);
/* The one number that a statement returns. */
int store_number(sqlite3 *db, const char *path, const char *sql, int64_t *out,
                 struct ballast_error *err);
/* Executes statements without a result. */
int store_execute(sqlite3 *db, const char *path, const char *sql, struct ballast_error *err);

/* verify.c */

/* Verifies structure, rows and checksums; fills the book and the counts. -EUCLEAN. */
int store_verify(struct store *store, struct ballast_error *err);

/* mark.c */

/*
 * Compares the verified ledger with its mark, or creates the mark. -EUCLEAN: changes are missing,
 * or the mark is damaged.
 */
int store_mark_open(struct store *store, struct ballast_error *err);
/* Records in the mark what is durable by the book. */
void store_mark_set(const struct store *store);

/* wal.c */

/* -EUCLEAN: durable changes follow a damaged frame. No WAL, or none with a header, is valid. */
int store_wal_check(const struct store *store, struct ballast_error *err);

/* transaction.c */

/* A prepared statement, ready to be bound; NULL with *err filled and a code in *rc. */
sqlite3_stmt *store_statement(struct store *store, enum store_statement which, int *rc,
                              struct ballast_error *err);
/* Runs it to its end, then resets it. */
int store_finish(struct store *store, sqlite3_stmt *statement, const char *what,
                 struct ballast_error *err);
/* Fails if the files are no longer in place, or the doubt cannot be cleared. */
int store_begin(struct store *store, struct ballast_error *err);
/* Writes the new book and commits; then it is store->book. */
int store_commit(struct store *store, const struct store_book *book, struct ballast_error *err);
/* After a failure, which it returns: restores the committed state. */
int store_rollback(struct store *store, int rc);
/* Clears the doubt, if any. */
int store_heal(struct store *store, struct ballast_error *err);
int store_place_of(const char *path, struct store_place *out, struct ballast_error *err);

#endif
