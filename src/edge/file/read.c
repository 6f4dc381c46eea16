/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/base/error.h"
#include "edge/file/file.h"

const char *file_name(const char *path)
{
    return strcmp(path, "-") == 0 ? "<stdin>" : path;
}

static int fail_with(struct ballast_error *err, int code, const char *path, const char *what,
                     const char *remedy)
{
    (void)ballast_fail(err, -code, "%s: %s: %s", file_name(path), what, remedy);
    for (char *at = err ? err->text : ""; *at; at++) {
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            *at = '?';
    }
    return -code;
}

static int fail_errno(struct ballast_error *err, int code, const char *path, const char *what)
{
    return fail_with(err, code, path, what, strerror(code));
}

static int fail_read(struct ballast_error *err, int code, const char *path)
{
    if (code != EISDIR)
        return fail_errno(err, code, path, "cannot be read");
    return fail_errno(err, code, path, "a file is needed");
}

/* Makes room for the next read: *size bytes, one of them for the NUL. */
static int grow_buffer(char **data, size_t *size, size_t max)
{
    size_t larger = *size ? *size * 2 : 16384;
    if (larger > max + 2)
        larger = max + 2;
    char *moved = realloc(*data, larger);
    if (!moved)
        return -ENOMEM;
    *data = moved;
    *size = larger;
    return 0;
}

static int read_all(int fd, const char *path, size_t max, char **data, size_t *length,
                    struct ballast_error *err)
{
    size_t size = 0;
    size_t have = 0;
    ssize_t got;
    do {
        if (have + 1 >= size && grow_buffer(data, &size, max) < 0)
            return ballast_fail(err, -ENOMEM, "out of memory");
        got = read(fd, *data + have, size - have - 1);
        if (got < 0 && errno != EINTR)
            return fail_read(err, errno, path);
        if (got > 0)
            have += (size_t)got;
        if (have > max)
            return fail_errno(err, EFBIG, path, "use a smaller file");
    } while (got != 0);
    (*data)[have] = '\0';
    *length = have;
    return 0;
}

/* Opens without waiting: opening a FIFO would wait for another program. */
/* The one device that acts like an empty file: it ends at once. */
static bool is_null_device(const struct stat *st)
{
    return S_ISCHR(st->st_mode) && st->st_rdev == makedev(1, 3);
}

static int open_regular(const char *path, int *out, struct ballast_error *err)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return fail_errno(err, errno, path, "cannot be opened");
    int rc = 0;
    if (fstat(fd, &st) < 0)
        rc = fail_errno(err, errno, path, "cannot be examined");
    else if (S_ISDIR(st.st_mode))
        rc = fail_read(err, EISDIR, path);
    else if (!S_ISREG(st.st_mode) && !is_null_device(&st))
        rc = fail_with(err, EINVAL, path, "it is not a regular file", "use a regular file");
    if (rc < 0)
        (void)close(fd);
    else
        *out = fd;
    return rc;
}

static int open_any(const char *path, int *out, struct ballast_error *err)
{
    *out = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    return *out < 0 ? fail_errno(err, errno, path, "cannot be opened") : 0;
}

int file_read(const char *path, enum file_kind kind, size_t max, char **data, size_t *length,
              struct ballast_error *err)
{
    int fd = -1;
    int rc = kind == FILE_REGULAR ? open_regular(path, &fd, err) : open_any(path, &fd, err);
    if (rc < 0)
        return rc;
    char *made = NULL;
    size_t made_length = 0;
    rc = read_all(fd, path, max, &made, &made_length, err);
    if (fd != STDIN_FILENO)
        (void)close(fd);
    if (rc < 0) {
        free(made);
        return rc;
    }
    *data = made;
    *length = made_length;
    return 0;
}

int file_read_head(const char *path, size_t most, char **data, size_t *length,
                   struct ballast_error *err)
{
    int fd = -1;
    int rc = open_regular(path, &fd, err);
    if (rc < 0)
        return rc;
    char *made = malloc(most + 1);
    size_t have = 0;
    ssize_t got = 1;
    if (!made)
        rc = ballast_fail(err, -ENOMEM, "out of memory");
    while (rc == 0 && have < most && got != 0) {
        got = read(fd, made + have, most - have);
        if (got < 0 && errno != EINTR)
            rc = fail_read(err, errno, path);
        if (got > 0)
            have += (size_t)got;
    }
    (void)close(fd);
    if (rc < 0) {
        free(made);
        return rc;
    }
    made[have] = '\0';
    *data = made;
    *length = have;
    return 0;
}
