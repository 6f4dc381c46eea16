/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What SQLite says, as errno. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/error.h"
#include "edge/store/internal.h"

/* What the system said when the file failed last; 0 where it never did. */
static int file_errno(sqlite3_file *file)
{
    int code = 0;
    if (file && file->pMethods)
        (void)file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &code);
    return code;
}

/* -EIO for all that the door does not speak of. */
static int known_code(int code)
{
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

/*
 * SQLite keeps errno as it is when it gives up, after it has rolled back, which may have
 * overwritten it; the files remember theirs, the WAL's first: it is what a commit writes.
 */
static int system_code(sqlite3 *db)
{
    sqlite3_file *wal = NULL;
    sqlite3_file *file = NULL;
    if (!db)
        return -EIO;
    (void)sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &wal);
    (void)sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    int code = known_code(file_errno(wal));
    if (code == -EIO)
        code = known_code(file_errno(file));
    return code == -EIO ? known_code(sqlite3_system_errno(db)) : code;
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
    case SQLITE_ERROR: /* our SQL is always the same: it is the tables that do not fit */
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
