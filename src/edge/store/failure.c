/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SQLite's errors, as errno and text. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/error.h"
#include "edge/sqlite/code.h"
#include "edge/store/internal.h"

int store_corrupt(const char *path, struct ballast_error *err, const char *format, ...)
{
    char what[BALLAST_ERROR_TEXT];
    va_list list;
    va_start(list, format);
    vsnprintf(what, sizeof(what), format, list);
    va_end(list);
    return ballast_fail(err, -EUCLEAN,
                        "%s: the ledger is damaged (%s) and was not changed: put a good copy "
                        "back, or move it away to start without reservations",
                        path, what);
}

int store_failure(sqlite3 *db, const char *path, int rc, const char *what,
                  struct ballast_error *err)
{
    int code = sqlite_code(db, rc);
    const char *said = db ? sqlite3_errmsg(db) : sqlite3_errstr(rc);
    if (code == -EUCLEAN)
        return store_corrupt(path, err, "%s: %s", what, said);
    if (code == -EBUSY)
        return ballast_fail(
            err, code, "%s: %s: another program, such as sqlite3, has the file open", path, what);
    if (code == -EINVAL)
        return ballast_fail(err, code, "%s: %s: %s", path, what, said);
    return ballast_fail(err, code, "%s: %s: %s (%s, code %d)", path, what, strerror(-code), said,
                        rc);
}
