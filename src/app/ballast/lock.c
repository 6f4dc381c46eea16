/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/error.h"

static int make_folder(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    if (!slash || slash == path)
        return 0;
    if ((size_t)(slash - path) >= sizeof(folder))
        return -ENAMETOOLONG;
    (void)snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path);
    return mkdir(folder, 0755) < 0 && errno != EEXIST ? -errno : 0;
}

/* Whoever has the lock wrote its process id there; what is no number is not repeated. */
static long holder_of(int fd)
{
    char text[24] = "";
    ssize_t length = pread(fd, text, sizeof(text) - 1, 0);
    char *end = text;
    long pid = length > 0 ? strtol(text, &end, 10) : 0;
    return *end == '\n' && pid > 0 ? pid : 0;
}

static int refuse(int fd, const char *path, int code, struct ballast_error *err)
{
    long pid = holder_of(fd);
    (void)close(fd);
    if (code != -EWOULDBLOCK)
        return ballast_fail(err, code, "%s: %s", path, strerror(-code));
    if (pid > 0)
        return ballast_fail(err, code,
                            "process %ld is changing this host's memory (it holds %s); try again "
                            "when it is done",
                            pid, path);
    return ballast_fail(err, code,
                        "somebody is changing this host's memory (%s is locked); try again when "
                        "that is done",
                        path);
}

int cli_lock_take(const char *path, struct ballast_error *err)
{
    int rc = make_folder(path);
    int fd = rc < 0 ? -1 : open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0) {
        rc = rc < 0 ? rc : -errno;
        return ballast_fail(err, rc, "%s: %s; it is taken before this host is changed", path,
                            strerror(-rc));
    }
    if (flock(fd, LOCK_EX | LOCK_NB) < 0)
        return refuse(fd, path, -errno, err);
    /* Only for the message to others: that it cannot be written harms nobody. */
    if (ftruncate(fd, 0) == 0)
        (void)dprintf(fd, "%ld\n", (long)getpid());
    return fd;
}
