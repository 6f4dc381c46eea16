/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/sqlite/code.h"

#include <errno.h>
#include <stddef.h>

#include "core/base/error.h"

/* The system's errno of the file's last failure; 0 if there was none. */
static int file_errno(sqlite3_file *file)
{
    int code = 0;
    if (file && file->pMethods)
        (void)file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &code);
    return code;
}

/* -EIO for everything that the interface does not name. */
static int known_code(int code)
{
    switch (code) {
    case EDQUOT: /* counts as full */
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
 * SQLite returns with errno unchanged after a rollback, which may have overwritten it; the files
 * record theirs, the WAL first: a commit writes to it.
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

int sqlite_code(sqlite3 *db, int rc)
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

int sqlite_suffices(int number, struct ballast_error *err)
{
    if (number >= SQLITE_LEAST)
        return 0;
    return ballast_fail(
        err, -ENOTSUP, "SQLite %d.%d is too old to keep this: %d.%d or newer is needed",
        number / 1000000, number / 1000 % 1000, SQLITE_LEAST / 1000000, SQLITE_LEAST / 1000 % 1000);
}
