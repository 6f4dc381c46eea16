/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The journal: one transaction per transition. */
#include "edge/store/store.h"

#include <errno.h>
#include <inttypes.h>

#include "core/base/error.h"
#include "core/ledger/record.h"
#include "edge/store/internal.h"

int store_row_find(struct store *store, enum store_statement which, uint64_t id,
                   struct ledger_reservation *out, struct ballast_error *err)
{
    int rc;
    sqlite3_stmt *statement = store_statement(store, which, &rc, err);
    if (!statement)
        return rc;
    sqlite3_bind_int64(statement, 1, (sqlite3_int64)id);
    int step = sqlite3_step(statement);
    if (step == SQLITE_DONE)
        rc = -ENOENT;
    else if (step != SQLITE_ROW)
        rc = store_failure(store->db, store->path, step, "cannot be read", err);
    else
        rc = store_row_read(statement, store->path, out, err);
    sqlite3_reset(statement);
    return rc;
}

/* Removes the old row from the book, if it is the one that the ledger names. */
static int account_before(struct store *store, const struct ledger_reservation *before,
                          struct store_book *book, struct ballast_error *err)
{
    struct ledger_reservation kept;
    int rc = store_row_find(store, STORE_FIND, before->id, &kept, err);
    if (rc == -ENOENT || (rc == 0 && !store_row_same(before, &kept)))
        return store_corrupt(store->path, err,
                             "reservation %" PRIu64 " is not as the daemon left it", before->id);
    if (rc < 0)
        return rc;
    book->total -= store_row_sum(&kept);
    book->reservations--;
    return 0;
}

static int account_record(struct store *store, const struct ledger_reservation *before,
                          const struct ledger_reservation *after, struct store_book *book,
                          struct ballast_error *err)
{
    book->total += store_row_sum(after);
    book->reservations++;
    if (before)
        return account_before(store, before, book, err);
    if (after->id <= book->last_id)
        return ballast_fail(err, -EINVAL,
                            "%s: the id %" PRIu64 " was used already, the last one is %" PRIu64,
                            store->path, after->id, book->last_id);
    book->last_id = after->id;
    return 0;
}

int store_row_write(struct store *store, enum store_statement which,
                    const struct ledger_reservation *record, struct ballast_error *err)
{
    int rc;
    sqlite3_stmt *statement = store_statement(store, which, &rc, err);
    if (!statement)
        return rc;
    int bound = store_row_bind(statement, record);
    if (bound != SQLITE_OK) {
        sqlite3_clear_bindings(statement);
        return store_failure(store->db, store->path, bound, "cannot be written", err);
    }
    return store_finish(store, statement, "cannot be written", err);
}

static int check_record(const struct store *store, const struct ledger_reservation *before,
                        const struct ledger_reservation *after, struct ballast_error *err)
{
    struct ballast_error why;
    int rc = store_row_check(after, &why);
    if (rc < 0)
        return ballast_fail(err, rc, "%s: %s", store->path, why.text);
    if (before && before->id != after->id)
        return ballast_fail(err, -EINVAL, "%s: reservation %" PRIu64 " cannot become %" PRIu64,
                            store->path, before->id, after->id);
    return 0;
}

static bool is_written(const struct ledger_change *change)
{
    return !change->before || !store_row_same(change->before, change->after);
}

static int write_row_change(struct store *store, const struct ledger_change *change,
                            struct store_book *book, struct ballast_error *err)
{
    int rc = account_record(store, change->before, change->after, book, err);
    return rc < 0 ? rc
                  : store_row_write(store, change->before ? STORE_UPDATE : STORE_INSERT,
                                    change->after, err);
}

static void count_closed(struct store *store, const struct ledger_change *change)
{
    bool was_closed = change->before && !ledger_state_is_open(change->before->state);
    store->closed += !ledger_state_is_open(change->after->state);
    store->closed -= was_closed;
}

int store_journal(void *context, const struct ledger_change *changes, size_t count,
                  struct ballast_error *err)
{
    struct store *store = context;
    bool any = false;
    int rc = 0;
    for (size_t i = 0; i < count && rc == 0; i++) {
        rc = check_record(store, changes[i].before, changes[i].after, err);
        any |= is_written(&changes[i]);
    }
    if (rc < 0 || !any)
        return rc;
    struct store_book book = store->book;
    rc = store_begin(store, err);
    for (size_t i = 0; i < count && rc == 0; i++) {
        if (is_written(&changes[i]))
            rc = write_row_change(store, &changes[i], &book, err);
    }
    if (rc == 0)
        rc = store_commit(store, &book, err);
    if (rc < 0)
        return store_rollback(store, rc);
    for (size_t i = 0; i < count; i++)
        count_closed(store, &changes[i]);
    return 0;
}

int store_load(struct store *store,
               int (*each)(void *context, const struct ledger_reservation *record,
                           struct ballast_error *err),
               void *context, struct ballast_error *err)
{
    int rc;
    sqlite3_stmt *statement = store_statement(store, STORE_ALL, &rc, err);
    if (!statement)
        return rc;
    int step = SQLITE_DONE;
    while (rc == 0 && (step = sqlite3_step(statement)) == SQLITE_ROW) {
        struct ledger_reservation record;
        rc = store_row_read(statement, store->path, &record, err);
        if (rc == 0)
            rc = each(context, &record, err);
    }
    if (rc == 0 && step != SQLITE_DONE)
        rc = store_failure(store->db, store->path, step, "cannot be read", err);
    sqlite3_reset(statement);
    if (rc == -EUCLEAN)
        (void)store_rollback(store, rc);
    return rc < 0 ? rc : 0;
}

int store_next_id(struct store *store, uint64_t *out, struct ballast_error *err)
{
    if (store->book.last_id >= LEDGER_MOST_ID)
        return ballast_fail(err, -EOVERFLOW, "%s: the ledger has no ids left", store->path);
    *out = store->book.last_id + 1;
    return 0;
}

/* Deletes closed rows and removes them from the book, one by one. */
static int delete_closed(struct store *store, size_t keep, struct store_book *book,
                         size_t *out_count, struct ballast_error *err)
{
    int rc;
    sqlite3_stmt *statement = store_statement(store, STORE_TRIM, &rc, err);
    if (!statement)
        return rc;
    sqlite3_bind_int64(statement, 1, keep > INT64_MAX ? INT64_MAX : (sqlite3_int64)keep);
    int step;
    size_t count = 0;
    while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
        book->total -= (uint64_t)sqlite3_column_int64(statement, 0);
        book->reservations--;
        count++;
    }
    if (step != SQLITE_DONE)
        rc = store_failure(store->db, store->path, step, "cannot be trimmed", err);
    else
        *out_count = count;
    sqlite3_reset(statement);
    return rc;
}

int store_trim(struct store *store, size_t keep, struct ballast_error *err)
{
    if (store->closed <= keep)
        return 0;
    struct store_book book = store->book;
    size_t count = 0;
    int rc = store_begin(store, err);
    if (rc == 0)
        rc = delete_closed(store, keep, &book, &count, err);
    if (rc == 0)
        rc = store_commit(store, &book, err);
    if (rc < 0)
        (void)store_rollback(store, rc);
    else
        store->closed -= count;
    return rc;
}
