/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/systemd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "app/ballastd/engine/log.h"

void systemd_notify(const char *format, ...)
{
    char text[256];
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (!path || (path[0] != '/' && path[0] != '@') || strlen(path) >= sizeof(address.sun_path))
        return;
    va_list args;
    va_start(args, format);
    int length = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (length < 0 || (size_t)length >= sizeof(text))
        return;
    memcpy(address.sun_path, path, strlen(path));
    /* '@' is how an abstract socket is written. */
    if (path[0] == '@')
        address.sun_path[0] = '\0';
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return;
    (void)sendto(fd, text, (size_t)length, MSG_NOSIGNAL, (struct sockaddr *)&address, size);
    close(fd);
}

uint64_t systemd_watchdog_usec(void)
{
    const char *usec = getenv("WATCHDOG_USEC");
    const char *pid = getenv("WATCHDOG_PID");
    if (!usec || (pid && strtoll(pid, NULL, 10) != getpid()))
        return 0;
    errno = 0;
    unsigned long long value = strtoull(usec, NULL, 10);
    return errno == 0 ? value : 0;
}

/* sd-daemon.h: SD_LISTEN_FDS_START. */
enum { FIRST_PASSED = 3, PASSED_MOST = 64 };

static bool is_same_file(const char *a, const char *b)
{
    struct stat x;
    struct stat y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* Also where one of the two goes through a symbolic link, as /var/run is. */
static bool listens_at(int fd, const char *path)
{
    struct sockaddr_un at = {0};
    socklen_t size = sizeof(at);
    int listens = 0;
    socklen_t length = sizeof(listens);
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) < 0 || !listens ||
        getsockname(fd, (struct sockaddr *)&at, &size) < 0 || at.sun_family != AF_UNIX)
        return false;
    at.sun_path[sizeof(at.sun_path) - 1] = '\0';
    return is_same_file(at.sun_path, path);
}

static int count_passed(void)
{
    const char *pid = getenv("LISTEN_PID");
    const char *count = getenv("LISTEN_FDS");
    if (!pid || !count || strtol(pid, NULL, 10) != getpid())
        return 0;
    long number = strtol(count, NULL, 10);
    return number < 0 || number > PASSED_MOST ? 0 : (int)number;
}

int systemd_listen_fd(const char *path)
{
    int found = 0;
    for (int fd = FIRST_PASSED; fd < FIRST_PASSED + count_passed(); fd++) {
        if (found == 0 && listens_at(fd, path))
            found = fd;
        else
            engine_log(LOG_WARNING,
                       "LISTEN_FDS: socket %d is not used: let ListenStream= of its unit and "
                       "qmemman-socket name one path",
                       fd);
        (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    }
    return found;
}
