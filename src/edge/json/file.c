/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/error.h"
#include "edge/json/json.h"

const char *json_file_name(const char *path)
{
    return strcmp(path, "-") == 0 ? "<stdin>" : path;
}

static int fail(struct ballast_error *err, int code, const char *path, const char *what)
{
    (void)ballast_fail(err, -code, "%s: %s: %s", json_file_name(path), what, strerror(code));
    if (err)
        json_printable(err->text);
    return -code;
}

static int fail_read(struct ballast_error *err, int code, const char *path)
{
    if (code != EISDIR)
        return fail(err, code, path, "cannot be read");
    return fail(err, code, path, "a file is needed");
}

/* Room for what is read next: *size bytes, one of them for the NUL. */
static int grow(char **data, size_t *size, size_t max)
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
        if (have + 1 >= size && grow(data, &size, max) < 0)
            return ballast_fail(err, -ENOMEM, "out of memory");
        got = read(fd, *data + have, size - have - 1);
        if (got < 0 && errno != EINTR)
            return fail_read(err, errno, path);
        if (got > 0)
            have += (size_t)got;
        if (have > max)
            return fail(err, EFBIG, path, "no file of this kind is so large");
    } while (got != 0);
    (*data)[have] = '\0';
    *length = have;
    return 0;
}

int json_read_file(const char *path, size_t max, char **data, size_t *length,
                   struct ballast_error *err)
{
    bool is_stdin = strcmp(path, "-") == 0;
    int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return fail(err, errno, path, "cannot be opened");
    char *made = NULL;
    size_t made_length = 0;
    int rc = read_all(fd, path, max, &made, &made_length, err);
    if (!is_stdin)
        (void)close(fd);
    if (rc < 0) {
        free(made);
        return rc;
    }
    *data = made;
    *length = made_length;
    return 0;
}
