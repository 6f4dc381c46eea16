/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/base/units.h"
#include "edge/json/json.h"
#include "edge/wire/wire.h"

/* The time between tries while the daemon's queue of connections is full. */
enum { RETRY_USEC = 20000 };

static int fail_connect(const char *run_dir, const char *path, int code, struct ballast_error *err)
{
    switch (code) {
    case -ENOENT:
    case -ECONNREFUSED:
    case -ENOTDIR:
        (void)ballast_fail(err, code,
                           "no daemon at %s: is ballastd running? --run-dir or BALLAST_RUN_DIR "
                           "chooses another",
                           run_dir);
        break;
    case -EACCES:
    case -EPERM:
        (void)ballast_fail(err, code,
                           "%s: not allowed; the control socket is for root and the group ballast",
                           path);
        break;
    case -EAGAIN:
        code = ballast_fail(err, -ETIMEDOUT,
                            "the daemon at %s takes no connection: it hangs, or has too many",
                            run_dir);
        break;
    default:
        (void)ballast_fail(err, code, "%s: %s", path, strerror(-code));
    }
    if (err)
        json_printable(err->text);
    return code;
}

/* Non-blocking, because connect() on a full queue blocks forever. */
static int open_socket(const struct sockaddr_un *address, int *out)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    for (uint64_t waited_usec = 0;; waited_usec += RETRY_USEC) {
        if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0) {
            *out = fd;
            return 0;
        }
        int code = -errno;
        if (code == -EINTR)
            continue;
        if (code != -EAGAIN || waited_usec >= WIRE_HELLO_USEC) {
            (void)close(fd);
            return code;
        }
        struct timespec pause = {.tv_nsec = RETRY_USEC * 1000L};
        (void)nanosleep(&pause, NULL);
    }
}

int wire_connect(const char *run_dir, bool status, struct wire_client **out,
                 struct ballast_error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int length = snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s.sock", run_dir,
                          status ? "status" : "control");
    if (length < 0 || (size_t)length >= sizeof(address.sun_path))
        return ballast_fail(err, -ENAMETOOLONG,
                            "%s: the path of a socket has at most %zu bytes, and this one had %d: "
                            "choose a shorter --run-dir",
                            run_dir, sizeof(address.sun_path) - 1, length);
    int fd = -1;
    int rc = open_socket(&address, &fd);
    if (rc < 0)
        return fail_connect(run_dir, address.sun_path, rc, err);
    rc = wire_client_over(fd, run_dir, WIRE_HELLO_USEC, out, err);
    if (rc < 0)
        (void)close(fd);
    return rc;
}
