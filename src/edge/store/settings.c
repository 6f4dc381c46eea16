/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Short texts by name. */
#include <errno.h>
#include <string.h>

#include "core/base/error.h"
#include "edge/store/internal.h"

static int check_key(const struct store *store, const char *key, struct ballast_error *err)
{
    size_t size = strnlen(key, STORE_KEY);
    if (size == 0 || size == STORE_KEY)
        return ballast_fail(err, -EINVAL, "%s: a setting's name has 1 to %d bytes", store->path,
                            STORE_KEY - 1);
    return 0;
}

/* *out is the stored value or NULL; valid until the statement is reset. */
static int query_setting(struct store *store, const char *key, sqlite3_stmt **statement,
                         const char **out, struct ballast_error *err)
{
    int rc = check_key(store, key, err);
    if (rc < 0 || !(*statement = store_statement(store, STORE_GET, &rc, err)))
        return rc;
    sqlite3_bind_text(*statement, 1, key, -1, SQLITE_STATIC);
    int step = sqlite3_step(*statement);
    *out = NULL;
    if (step == SQLITE_DONE)
        return 0;
    if (step != SQLITE_ROW)
        return store_failure(store->db, store->path, step, "cannot be read", err);
    const char *value = (const char *)sqlite3_column_text(*statement, 0);
    uint64_t sum = (uint64_t)sqlite3_column_int64(*statement, 1);
    if (!value || sum != store_setting_sum(key, value))
        return store_corrupt(store->path, err, "setting %s is not as it was written", key);
    *out = value;
    return 0;
}

static void finish_setting(sqlite3_stmt *statement)
{
    if (statement) {
        sqlite3_reset(statement);
        sqlite3_clear_bindings(statement);
    }
}

int store_get(struct store *store, const char *key, char *out, size_t size,
              struct ballast_error *err)
{
    sqlite3_stmt *statement = NULL;
    const char *value = NULL;
    int rc = query_setting(store, key, &statement, &value, err);
    if (rc == 0 && !value)
        rc = ballast_fail(err, -ENOENT, "%s: there is no setting %s", store->path, key);
    else if (rc == 0 && strlen(value) >= size)
        rc = ballast_fail(err, -ENOBUFS, "%s: setting %s is %zu bytes long", store->path, key,
                          strlen(value));
    else if (rc == 0)
        memcpy(out, value, strlen(value) + 1);
    finish_setting(statement);
    if (rc == -EUCLEAN)
        (void)store_rollback(store, rc);
    return rc;
}

int store_setting_write(struct store *store, const char *key, const char *value,
                        struct ballast_error *err)
{
    int rc;
    sqlite3_stmt *statement = store_statement(store, value ? STORE_SET : STORE_UNSET, &rc, err);
    if (!statement)
        return rc;
    sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC);
    if (value) {
        sqlite3_bind_text(statement, 2, value, -1, SQLITE_STATIC);
        sqlite3_bind_int64(statement, 3, (sqlite3_int64)store_setting_sum(key, value));
    }
    return store_finish(store, statement, "cannot be written", err);
}

/* Replaces the old value by the new one in the book; *same: there is nothing to write. */
static int account_setting(struct store *store, const char *key, const char *value,
                           struct store_book *book, bool *same, struct ballast_error *err)
{
    sqlite3_stmt *statement = NULL;
    const char *old = NULL;
    int rc = query_setting(store, key, &statement, &old, err);
    if (rc == 0) {
        *same = old && value ? strcmp(old, value) == 0 : old == value;
        book->settings -= old != NULL;
        book->settings += value != NULL;
        book->total -= old ? store_setting_sum(key, old) : 0;
        book->total += value ? store_setting_sum(key, value) : 0;
    }
    finish_setting(statement);
    return rc;
}

int store_set(struct store *store, const char *key, const char *value, struct ballast_error *err)
{
    if (value && strnlen(value, STORE_VALUE) == STORE_VALUE)
        return ballast_fail(err, -EINVAL, "%s: a setting has at most %d bytes", store->path,
                            STORE_VALUE - 1);
    struct store_book book = store->book;
    bool same = false;
    int rc = account_setting(store, key, value, &book, &same, err);
    if (rc == 0 && same)
        return 0;
    if (rc == 0 && book.settings > STORE_MOST_SETTINGS)
        return ballast_fail(err, -EDQUOT, "%s: it already has %d settings", store->path,
                            STORE_MOST_SETTINGS);
    if (rc == 0)
        rc = store_begin(store, err);
    if (rc == 0)
        rc = store_setting_write(store, key, value, err);
    if (rc == 0)
        rc = store_commit(store, &book, err);
    if (rc < 0)
        (void)store_rollback(store, rc);
    return rc;
}
