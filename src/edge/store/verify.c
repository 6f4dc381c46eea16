/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Verifies that a ledger is as it was written: its structure, every row by itself, all of them
 * together.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "core/base/error.h"
#include "edge/store/internal.h"

static int check_structure(struct store *store, struct ballast_error *err)
{
    sqlite3_stmt *statement;
    int rc = sqlite3_prepare_v2(store->db, "PRAGMA quick_check(1)", -1, &statement, NULL);
    if (rc != SQLITE_OK)
        return store_failure(store->db, store->path, rc, "cannot be read", err);
    rc = sqlite3_step(statement);
    const char *said = (const char *)sqlite3_column_text(statement, 0);
    int result = 0;
    if (rc != SQLITE_ROW)
        result = store_failure(store->db, store->path, rc, "cannot be read", err);
    else if (!said || strcmp(said, "ok") != 0)
        result = store_corrupt(store->path, err, "%s", said ? said : "no answer");
    sqlite3_finalize(statement);
    return result;
}

static int count_reservation(struct store *store, sqlite3_stmt *statement, struct store_book *book,
                             size_t *closed, struct ballast_error *err)
{
    struct ledger_reservation record;
    int rc = store_row_read(statement, store->path, &record, err);
    if (rc < 0)
        return rc;
    book->reservations++;
    book->total += store_row_sum(&record);
    if (book->last_id < record.id)
        book->last_id = record.id;
    *closed += !ledger_state_is_open(record.state);
    return 0;
}

static int count_reservations(struct store *store, struct store_book *book, size_t *closed,
                              struct ballast_error *err)
{
    int rc;
    sqlite3_stmt *statement = store_statement(store, STORE_ALL, &rc, err);
    int step = SQLITE_DONE;
    while (statement && rc == 0 && (step = sqlite3_step(statement)) == SQLITE_ROW)
        rc = count_reservation(store, statement, book, closed, err);
    if (rc == 0 && step != SQLITE_DONE)
        rc = store_failure(store->db, store->path, step, "cannot be read", err);
    sqlite3_reset(statement);
    return rc;
}

static int count_setting(struct store *store, sqlite3_stmt *statement, struct store_book *book,
                         struct ballast_error *err)
{
    const char *key = (const char *)sqlite3_column_text(statement, 0);
    const char *value = (const char *)sqlite3_column_text(statement, 1);
    uint64_t sum = (uint64_t)sqlite3_column_int64(statement, 2);
    if (!key || !value || sum != store_setting_sum(key, value))
        return store_corrupt(store->path, err, "a setting is not as it was written");
    book->settings++;
    book->total += sum;
    return 0;
}

static int count_settings(struct store *store, struct store_book *book, struct ballast_error *err)
{
    sqlite3_stmt *statement;
    int step =
        sqlite3_prepare_v2(store->db, "SELECT key, value, sum FROM setting", -1, &statement, NULL);
    if (step != SQLITE_OK)
        return store_failure(store->db, store->path, step, "cannot be read", err);
    int rc = 0;
    while (rc == 0 && (step = sqlite3_step(statement)) == SQLITE_ROW)
        rc = count_setting(store, statement, book, err);
    if (rc == 0 && step != SQLITE_DONE)
        rc = store_failure(store->db, store->path, step, "cannot be read", err);
    sqlite3_finalize(statement);
    return rc;
}

/* *recount: it was never counted, or an administrator requests a recount. */
static int read_book(struct store *store, struct store_book *out, bool *recount, uint64_t *sum,
                     struct ballast_error *err)
{
    sqlite3_stmt *statement;
    int step = sqlite3_prepare_v2(store->db,
                                  "SELECT last_id, reservations, settings, total, sum, sequence "
                                  "FROM book",
                                  -1, &statement, NULL);
    if (step == SQLITE_OK)
        step = sqlite3_step(statement);
    int rc = 0;
    if (step == SQLITE_ROW) {
        out->last_id = (uint64_t)sqlite3_column_int64(statement, 0);
        out->reservations = (uint64_t)sqlite3_column_int64(statement, 1);
        out->settings = (uint64_t)sqlite3_column_int64(statement, 2);
        out->total = (uint64_t)sqlite3_column_int64(statement, 3);
        *recount = sqlite3_column_type(statement, 4) == SQLITE_NULL;
        *sum = (uint64_t)sqlite3_column_int64(statement, 4);
        out->sequence = (uint64_t)sqlite3_column_int64(statement, 5);
    } else if (step == SQLITE_DONE) {
        rc = store_corrupt(store->path, err, "its book is empty");
    } else {
        rc = store_failure(store->db, store->path, step, "cannot be read", err);
    }
    sqlite3_finalize(statement);
    return rc;
}

/* Compares the rows with the book; used ids stay used. */
static int compare_book(struct store *store, const struct store_book *is, uint64_t sum,
                        struct ballast_error *err)
{
    const struct store_book *was = &store->book;
    if (sum != store_book_sum(was) || is->last_id > was->last_id)
        return store_corrupt(store->path, err, "its book is not as it was written");
    if (is->reservations != was->reservations || is->settings != was->settings ||
        is->total != was->total)
        return store_corrupt(store->path, err,
                             "%" PRIu64 " reservations and %" PRIu64 " settings exist, not the "
                             "%" PRIu64 " and %" PRIu64 " that were written",
                             is->reservations, is->settings, was->reservations, was->settings);
    return 0;
}

int store_verify(struct store *store, struct ballast_error *err)
{
    struct store_book is = {0};
    bool recount = false;
    uint64_t sum = 0;
    size_t closed = 0;
    int rc = check_structure(store, err);
    if (rc == 0)
        rc = read_book(store, &store->book, &recount, &sum, err);
    if (rc == 0)
        rc = count_reservations(store, &is, &closed, err);
    if (rc == 0)
        rc = count_settings(store, &is, err);
    if (rc < 0)
        return rc;
    store->closed = closed;
    store->uncounted = recount;
    if (!recount)
        return compare_book(store, &is, sum, err);
    if (is.last_id < store->book.last_id)
        is.last_id = store->book.last_id;
    is.sequence = store->book.sequence;
    store->book = is;
    return 0;
}
