/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Changes all of the ledger in one transaction. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "core/base/error.h"
#include "edge/store/internal.h"

struct pass {
    struct store *store;
    const struct store_revision *revision;
    struct store_book book;
    size_t changed;
};

static int revise_record(struct pass *pass, const struct ledger_reservation *was,
                         struct ballast_error *err)
{
    struct store *store = pass->store;
    struct ballast_error why;
    struct ledger_reservation now = *was;
    pass->revision->record(pass->revision->context, &now);
    uint64_t before = store_row_sum(was);
    uint64_t after = store_row_sum(&now);
    if (after == before)
        return 0;
    int rc = store_row_check(&now, &why);
    if (rc < 0 || now.id != was->id || now.state != was->state)
        return ballast_fail(err, rc < 0 ? rc : -EINVAL, "%s: reservation %" PRIu64 ": %s",
                            store->path, was->id, rc < 0 ? why.text : "cannot become another one");
    pass->book.total += after - before;
    pass->changed++;
    return store_row_write(store, STORE_UPDATE, &now, err);
}

static int revise_records(struct pass *pass, struct ballast_error *err)
{
    struct ledger_reservation record = {.id = 0};
    int rc;
    while ((rc = store_row_find(pass->store, STORE_NEXT, record.id, &record, err)) == 0) {
        if ((rc = revise_record(pass, &record, err)) < 0)
            return rc;
    }
    return rc == -ENOENT ? 0 : rc;
}

static int next_setting(struct store *store, char key[STORE_KEY], char value[STORE_VALUE],
                        struct ballast_error *err)
{
    int rc;
    sqlite3_stmt *statement = store_statement(store, STORE_NEXT_SETTING, &rc, err);
    if (!statement)
        return rc;
    sqlite3_bind_text(statement, 1, key, -1, SQLITE_TRANSIENT);
    int step = sqlite3_step(statement);
    const char *name = step == SQLITE_ROW ? (const char *)sqlite3_column_text(statement, 0) : NULL;
    const char *text = step == SQLITE_ROW ? (const char *)sqlite3_column_text(statement, 1) : NULL;
    if (step == SQLITE_DONE)
        rc = -ENOENT;
    else if (step != SQLITE_ROW)
        rc = store_failure(store->db, store->path, step, "cannot be read", err);
    else if (!name || !text || strlen(name) >= STORE_KEY || strlen(text) >= STORE_VALUE ||
             store_setting_sum(name, text) != (uint64_t)sqlite3_column_int64(statement, 2))
        rc = store_corrupt(store->path, err, "a setting is not as it was written");
    if (rc == 0) {
        memcpy(key, name, strlen(name) + 1);
        memcpy(value, text, strlen(text) + 1);
    }
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return rc;
}

static int revise_settings(struct pass *pass, struct ballast_error *err)
{
    char key[STORE_KEY] = "";
    char value[STORE_VALUE];
    int rc;
    while ((rc = next_setting(pass->store, key, value, err)) == 0) {
        uint64_t before = store_setting_sum(key, value);
        pass->revision->setting(pass->revision->context, key, value);
        uint64_t after = store_setting_sum(key, value);
        if (after == before)
            continue;
        pass->book.total += after - before;
        pass->changed++;
        if ((rc = store_setting_write(pass->store, key, value, err)) < 0)
            return rc;
    }
    return rc == -ENOENT ? 0 : rc;
}

int store_revise(struct store *store, const struct store_revision *revision, size_t *out_count,
                 struct ballast_error *err)
{
    struct pass pass = {.store = store, .revision = revision, .book = store->book};
    int rc = store_begin(store, err);
    if (rc == 0)
        rc = revise_records(&pass, err);
    if (rc == 0)
        rc = revise_settings(&pass, err);
    if (rc == 0)
        rc = store_commit(store, &pass.book, err);
    if (rc < 0)
        return store_rollback(store, rc);
    if (out_count)
        *out_count = pass.changed;
    return 0;
}
