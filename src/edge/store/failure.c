/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What SQLite says, as errno. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/error.h"
#include "edge/store/internal.h"

/* Of an I/O error: what the system said, where it is one that the door promises. */
static int system_code(sqlite3 *db)
{
    int code = db ? sqlite3_system_errno(db) : 0;
    switch (code) {
    case EDQUOT: /* as full as it gets for us */
    case EFBIG:
    case ENOSPC:
        return -ENOSPC;
    case EROFS:
    case EACCES:
    case EPERM:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
        return -code;
    default:
        return -EIO;
    }
}

static int code_of(sqlite3 *db, int rc)
{
    switch (rc & 0xff) {
    case SQLITE_FULL:
        return -ENOSPC;
    case SQLITE_READONLY:
        return -EROFS;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return -EUCLEAN;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return -EBUSY;
    case SQLITE_NOMEM:
        return -ENOMEM;
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
        return -EINVAL;
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return -EACCES;
    case SQLITE_IOERR:
        return rc == SQLITE_IOERR_NOMEM ? -ENOMEM : system_code(db);
    case SQLITE_CANTOPEN:
        return system_code(db);
    default:
        return -EIO;
    }
}

int store_corrupt(const char *path, struct ballast_error *err, const char *format, ...)
{
    char what[BALLAST_ERROR_TEXT];
    va_list list;
    va_start(list, format);
    vsnprintf(what, sizeof(what), format, list);
    va_end(list);
    return ballast_fail(err, -EUCLEAN,
                        "%s: the ledger is damaged (%s); it was left as it is: put a good copy "
                        "back, or move it away to begin without promises",
                        path, what);
}

int store_failure(sqlite3 *db, const char *path, int rc, const char *what,
                  struct ballast_error *err)
{
    int code = code_of(db, rc);
    const char *said = db ? sqlite3_errmsg(db) : sqlite3_errstr(rc);
    if (code == -EUCLEAN)
        return store_corrupt(path, err, "%s: %s", what, said);
    if (code == -EBUSY)
        return ballast_fail(err, code, "%s: %s: somebody else has the file open, perhaps sqlite3",
                            path, what);
    if (code == -EINVAL)
        return ballast_fail(err, code, "%s: %s: %s", path, what, said);
    return ballast_fail(err, code, "%s: %s: %s (%s, code %d)", path, what, strerror(-code), said,
                        rc);
}
