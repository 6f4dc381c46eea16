/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/server/unix_listen.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

int unix_listen_at(const char *path, mode_t mode)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    memcpy(at.sun_path, path, strlen(path) + 1); /* it fits: the caller has checked */
    mode_t before = umask(0);
    int rc =
        fchmod(fd, mode) < 0 || bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0 ? -errno : 0;
    umask(before);
    if (rc < 0)
        (void)close(fd);
    return rc < 0 ? rc : fd;
}
