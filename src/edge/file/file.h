/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files and directories that somebody else may have laid out: what a program keeps is kept where
 * only its user and root can change anything, and what it reads is a file, whose end comes.
 */
#ifndef EDGE_FILE_FILE_H
#define EDGE_FILE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <ballast/error.h>

/*
 * Opens a directory that a program keeps things in, and makes it with `mode` where it is not there
 * (0: it must be). The descriptor, the caller's. -EPERM: it or a directory above it belongs to
 * neither root nor this user, or others may write to it (a directory above it may have the sticky
 * bit instead); -ENOTDIR, also of a symbolic link; -ENAMETOOLONG; the errnos of mkdir() and open().
 * The text begins with the path.
 */
int file_own_dir(const char *path, mode_t mode, struct ballast_error *err);

/* What may stand for a file that is read. */
enum file_kind {
    FILE_REGULAR, /* only a regular file, or /dev/null: nobody may let the reader wait */
    FILE_ANY,     /* somebody who waits himself named it: a pipe, or "-" for standard input, too */
};

/*
 * All bytes of a file, at most `max` of them; *data is new and the caller's to free(), with a NUL
 * behind that *length leaves out. -EFBIG, -EISDIR, -ENOMEM, -EINVAL (not a regular file) and the
 * errnos of open() and read(); the text begins with the path, printable. On failure nothing is set.
 */
int file_read(const char *path, enum file_kind kind, size_t max, char **data, size_t *length,
              struct ballast_error *err);
/* What stands for that path in messages: itself, or "<stdin>". */
const char *file_name(const char *path);

#endif
