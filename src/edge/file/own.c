/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A user who may write to a directory above ours can replace ours, so all of them are checked, from
 * the root down: what was checked before can then only be changed by root and this user. If the
 * path has symbolic links, both ways to the directory are checked.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/error.h"
#include "edge/file/file.h"

static bool is_trusted(uid_t uid)
{
    return uid == 0 || uid == geteuid();
}

static bool others_write(const struct stat *st)
{
    bool by_group = (st->st_mode & S_IWGRP) && st->st_gid != 0 && st->st_gid != getegid();
    return (st->st_mode & S_IWOTH) || by_group;
}

static int refuse_owner(const char *path, const char *at, uid_t uid, struct ballast_error *err)
{
    if (strcmp(path, at) == 0)
        return ballast_fail(err, -EPERM,
                            "%s: it belongs to user %u: let it belong to root, or name another "
                            "directory",
                            path, (unsigned)uid);
    return ballast_fail(err, -EPERM,
                        "%s: %s above it belongs to user %u: let it belong to root, or name "
                        "another directory",
                        path, at, (unsigned)uid);
}

static int check_above(const char *path, const char *at, struct ballast_error *err)
{
    struct stat st;
    if (lstat(at, &st) < 0)
        return ballast_fail(err, -errno, "%s: %s: %s", path, at, strerror(errno));
    if (!is_trusted(st.st_uid))
        return refuse_owner(path, at, st.st_uid, err);
    if (S_ISDIR(st.st_mode) && others_write(&st) && !(st.st_mode & S_ISVTX))
        return ballast_fail(err, -EPERM,
                            "%s: others may write to %s above it: chmod that to 0755, or name "
                            "another directory",
                            path, at);
    return 0;
}

/* Checks each directory above the last name of `full`, which is absolute. */
static int check_all_above(const char *path, const char *full, struct ballast_error *err)
{
    char at[PATH_MAX];
    int rc = check_above(path, "/", err);
    for (const char *slash = full; rc == 0 && (slash = strchr(slash + 1, '/'));) {
        (void)snprintf(at, sizeof(at), "%.*s", (int)(slash - full), full);
        rc = check_above(path, at, err);
    }
    return rc;
}

/* Removes slashes after the last name: with one, a link would be followed. */
static int make_absolute(const char *path, char *out)
{
    char cwd[PATH_MAX];
    if (path[0] != '/' && !getcwd(cwd, sizeof(cwd)))
        return -errno;
    int length = path[0] == '/' ? snprintf(out, PATH_MAX, "%s", path)
                                : snprintf(out, PATH_MAX, "%s/%s", cwd, path);
    if (length >= PATH_MAX)
        return -ENAMETOOLONG;
    while (length > 1 && out[length - 1] == '/')
        out[--length] = '\0';
    return 0;
}

static int check_dir(int fd, const char *path, struct ballast_error *err)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return ballast_fail(err, -errno, "%s: %s", path, strerror(errno));
    if (!is_trusted(st.st_uid))
        return refuse_owner(path, path, st.st_uid, err);
    if (others_write(&st))
        return ballast_fail(err, -EPERM,
                            "%s: others may write to it: chmod it to 0755, or name another "
                            "directory",
                            path);
    return 0;
}

static int open_dir(const char *path, const char *full, struct ballast_error *err)
{
    int fd = open(full, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd >= 0)
        return fd;
    if (errno != ELOOP && errno != ENOTDIR)
        return ballast_fail(err, -errno, "%s: %s", path, strerror(errno));
    return ballast_fail(err, -ENOTDIR,
                        "%s: it is not a directory, or a link to one: name the directory itself",
                        path);
}

/* If the path has links, the way to its destination is another one. */
static int check_real_way(const char *path, struct ballast_error *err)
{
    char real[PATH_MAX];
    if (!realpath(path, real))
        return ballast_fail(err, -errno, "%s: %s", path, strerror(errno));
    return check_all_above(path, real, err);
}

int file_own_dir(const char *path, mode_t mode, struct ballast_error *err)
{
    char full[PATH_MAX];
    int rc = make_absolute(path, full);
    if (rc < 0)
        return ballast_fail(err, rc, "%s: %s", path, strerror(-rc));
    if ((rc = check_all_above(path, full, err)) < 0)
        return rc;
    if (mode && mkdir(full, mode) < 0 && errno != EEXIST)
        return ballast_fail(err, -errno, "%s: %s", path, strerror(errno));
    int fd = open_dir(path, full, err);
    if (fd < 0)
        return fd;
    rc = check_dir(fd, path, err);
    if (rc == 0)
        rc = check_real_way(path, err);
    if (rc < 0) {
        (void)close(fd);
        return rc;
    }
    return fd;
}
