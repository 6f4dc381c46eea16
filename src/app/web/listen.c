/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/web/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/error.h"

enum { BACKLOG = 64 };

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static int fill_address(const struct request_address *from, union address *out, socklen_t *length,
                        bool *is_loopback, struct ballast_error *err)
{
    const char *host = strcmp(from->host, "localhost") == 0 ? "127.0.0.1" : from->host;
    *out = (union address){.v6 = {.sin6_port = 0}};
    if (inet_pton(AF_INET, host, &out->v4.sin_addr) == 1) {
        out->v4.sin_family = AF_INET;
        out->v4.sin_port = htons(from->port);
        *length = sizeof(out->v4);
        *is_loopback = (ntohl(out->v4.sin_addr.s_addr) >> 24) == 127;
        return 0;
    }
    if (inet_pton(AF_INET6, host, &out->v6.sin6_addr) == 1) {
        out->v6.sin6_family = AF_INET6;
        out->v6.sin6_port = htons(from->port);
        *length = sizeof(out->v6);
        *is_loopback = IN6_IS_ADDR_LOOPBACK(&out->v6.sin6_addr);
        return 0;
    }
    return ballast_fail(err, -EINVAL, "--listen %s: use a numeric address such as 127.0.0.1 or ::1",
                        host);
}

int listen_at(struct request_address *address, int *fd, bool *is_loopback,
              struct ballast_error *err)
{
    union address at;
    socklen_t length;
    int on = 1;
    int rc = fill_address(address, &at, &length, is_loopback, err);
    if (rc < 0)
        return rc;
    int listener = socket(at.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener < 0)
        return ballast_fail(err, -errno, "socket: %s", strerror(errno));
    (void)setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(listener, &at.any, length) < 0 || listen(listener, BACKLOG) < 0 ||
        getsockname(listener, &at.any, &length) < 0) {
        rc = -errno;
        (void)close(listener);
        return ballast_fail(err, rc, "--listen %s:%u: %s", address->host, (unsigned)address->port,
                            strerror(-rc));
    }
    address->port = ntohs(at.any.sa_family == AF_INET ? at.v4.sin_port : at.v6.sin6_port);
    *fd = listener;
    return 0;
}

int listen_drop_rights(struct ballast_error *err)
{
    if (geteuid() == 0) {
        const struct passwd *user = getpwnam("nobody");
        if (!user)
            return ballast_fail(
                err, -ENOENT,
                "there is no user 'nobody' to change to: start ballast-web as a user other than root");
        if (setgroups(0, NULL) < 0 || setgid(user->pw_gid) < 0 || setuid(user->pw_uid) < 0)
            return ballast_fail(err, -errno, "cannot change to user 'nobody': %s", strerror(errno));
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return ballast_fail(err, -errno, "no_new_privs: %s", strerror(errno));
    return 0;
}
