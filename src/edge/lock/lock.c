/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/lock/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/error.h"
#include "edge/file/file.h"

/* How often to reopen a file that is replaced before it is locked. */
enum { TRIES = 8 };

/* The holder wrote "PID WHAT\n"; anything else is ignored. */
static void read_holder(int fd, struct lock_holder *holder)
{
    char text[24 + LOCK_WHAT] = "";
    char *end = text;
    ssize_t length = pread(fd, text, sizeof(text) - 1, 0);
    long pid = length > 0 ? strtol(text, &end, 10) : 0;
    if (pid <= 0 || pid > INT32_MAX || *end != ' ')
        return;
    const char *what = end + 1;
    size_t size = strcspn(what, "\n");
    if (what[size] != '\n' || size >= LOCK_WHAT)
        return;
    for (size_t i = 0; i < size; i++) {
        if (what[i] < ' ' || what[i] > '~')
            return;
    }
    holder->pid = (pid_t)pid;
    (void)snprintf(holder->what, sizeof(holder->what), "%.*s", (int)size, what);
}

/* Whether the locked file is still the one that other programs will open. */
static bool is_current(int dir, int fd)
{
    struct stat locked;
    struct stat named;
    return fstat(fd, &locked) == 0 && fstatat(dir, "lock", &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           locked.st_dev == named.st_dev && locked.st_ino == named.st_ino;
}

/* The descriptor; -EAGAIN: the file was replaced meanwhile; other errnos. */
static int try_lock(int dir, struct lock_holder *holder)
{
    struct stat st;
    int fd = openat(dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (fd < 0)
        return -errno;
    int rc = fstat(fd, &st) < 0 ? -errno : S_ISREG(st.st_mode) ? 0 : -EINVAL;
    /* An earlier release created one that every user could open, and so lock. */
    if (rc == 0 && (st.st_mode & 077) && fchmod(fd, 0600) < 0)
        rc = -errno;
    if (rc == 0 && flock(fd, LOCK_EX | LOCK_NB) < 0) {
        rc = -errno;
        if (rc == -EWOULDBLOCK)
            read_holder(fd, holder);
    }
    if (rc == 0 && !is_current(dir, fd))
        rc = -ESTALE;
    if (rc < 0) {
        (void)close(fd);
        return rc;
    }
    return fd;
}

int lock_take(const char *dir, const char *what, struct lock_holder *holder,
              struct ballast_error *err)
{
    *holder = (struct lock_holder){0};
    if (snprintf(holder->path, sizeof(holder->path), "%s/lock", dir) >= LOCK_PATH)
        return ballast_fail(err, -ENAMETOOLONG,
                            "%s: too long for a directory: use at most %zu bytes", dir,
                            LOCK_PATH - sizeof("/lock"));
    int at = file_own_dir(dir, 0755, err);
    if (at < 0)
        return at;
    int fd = -ESTALE;
    for (int i = 0; i < TRIES && fd == -ESTALE; i++)
        fd = try_lock(at, holder);
    (void)close(at);
    if (fd == -EWOULDBLOCK)
        return ballast_fail(err, fd, "%s: it is locked", holder->path);
    if (fd < 0)
        return ballast_fail(err, fd, "%s: %s", holder->path, strerror(-fd));
    /* Only for messages of other programs: a failure to write it does no harm. */
    if (ftruncate(fd, 0) == 0)
        (void)dprintf(fd, "%ld %s\n", (long)getpid(), what);
    return fd;
}

int lock_look(const char *dir, struct lock_holder *holder)
{
    *holder = (struct lock_holder){0};
    int at = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (at < 0)
        return -errno;
    int fd = openat(at, "lock", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    int rc = fd < 0 ? -errno : 0;
    (void)close(at);
    if (rc < 0)
        return rc;
    read_holder(fd, holder);
    (void)close(fd);
    return holder->pid > 0 ? 0 : -ENOENT;
}
