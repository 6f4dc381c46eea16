/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files and directories that other users may have prepared: a program keeps its state where only
 * its user and root can change anything, and reads only finite files.
 */
#ifndef EDGE_FILE_FILE_H
#define EDGE_FILE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <ballast/error.h>

/*
 * Opens a directory for a program's state, and creates it with `mode` if it is missing (0: it must
 * exist). The caller closes the descriptor. -EPERM: it or a directory above it belongs to neither
 * root nor this user, or others may write to it (a directory above it may have the sticky bit
 * instead); -ENOTDIR, also for a symbolic link; -ENAMETOOLONG; the errnos of mkdir() and open().
 * The text starts with the path.
 */
int file_own_dir(const char *path, mode_t mode, struct ballast_error *err);

/* Which kinds of files may be read. */
enum file_kind {
    FILE_REGULAR, /* only a regular file, or /dev/null: nothing can block the reader */
    FILE_ANY,     /* also a pipe, or "-" for standard input: for a name from the user who waits */
};

/*
 * All bytes of a file, at most `max`; the caller frees *data, which has a NUL at the end that
 * *length does not count. -EFBIG, -EISDIR, -ENOMEM, -EINVAL (not a regular file) and the errnos of
 * open() and read(); the text starts with the path, printable. On failure nothing is set.
 */
int file_read(const char *path, enum file_kind kind, size_t max, char **data, size_t *length,
              struct ballast_error *err);
/*
 * The first `most` bytes of a regular file, or all of a shorter one; otherwise as file_read() with
 * FILE_REGULAR.
 */
int file_read_head(const char *path, size_t most, char **data, size_t *length,
                   struct ballast_error *err);
/* The name of that path in messages: itself, or "<stdin>". */
const char *file_name(const char *path);

#endif
