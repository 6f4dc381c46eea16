/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SQLite's result codes as errno: shared by the rooms that keep an SQLite file. */
#ifndef EDGE_SQLITE_CODE_H
#define EDGE_SQLITE_CODE_H

#include <sqlite3.h>

#include <ballast/error.h>

/*
 * For the last call on that connection, which returned `rc`; `db` may be NULL. -ENOSPC: no space,
 * also within a limit of SQLite's or a quota; -EROFS; -EACCES; -EUCLEAN: damaged, or not an SQLite
 * file; -EINVAL: a constraint forbids it; -EBUSY: another program has the file open; -ENOMEM,
 * -EMFILE, -ENFILE; -EIO: everything else.
 */
int sqlite_code(sqlite3 *db, int rc);

/* 3.37.0, in the form of sqlite3_libversion_number(): the first version with STRICT tables. */
#define SQLITE_LEAST 3037000

/* -ENOTSUP for an older library; the text names the version needed. */
int sqlite_suffices(int number, struct ballast_error *err);

#endif
