/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What SQLite says, as errno: shared by the rooms that keep something in a file of it. */
#ifndef EDGE_SQLITE_CODE_H
#define EDGE_SQLITE_CODE_H

#include <sqlite3.h>

#include <ballast/error.h>

/*
 * Of the last call on that connection, which returned `rc`; `db` may be NULL. -ENOSPC: no room,
 * within a bound of SQLite's or a quota too; -EROFS; -EACCES; -EUCLEAN: it is damaged or no such
 * file; -EINVAL: a constraint forbids it; -EBUSY: somebody else has the file; -ENOMEM, -EMFILE,
 * -ENFILE; -EIO: all else.
 */
int sqlite_code(sqlite3 *db, int rc);

/* 3.37.0, as sqlite3_libversion_number() counts: the first whose tables keep to their types
 * (STRICT). */
#define SQLITE_LEAST 3037000

/* -ENOTSUP for an older library; the text names the version needed. */
int sqlite_suffices(int number, struct ballast_error *err);

#endif
