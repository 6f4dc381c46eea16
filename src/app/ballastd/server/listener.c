/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/server/listener.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "app/ballastd/server/connection.h"
#include "app/ballastd/engine/log.h"
#include "core/base/error.h"
#include "edge/file/file.h"

#define CONTROL "control.sock"
#define STATUS  "status.sock"

enum { BACKLOG = 128, TAKEN_A_TURN = 16 };

static int find_group(const char *name, gid_t *out)
{
    struct group entry;
    struct group *found = NULL;
    char buf[4096];
    if (*name == '\0' || getgrnam_r(name, &entry, buf, sizeof(buf), &found) != 0 || !found)
        return -ENOENT;
    *out = entry.gr_gid;
    return 0;
}

static int path_of(const struct daemon *daemon, const char *name, char out[256],
                   struct ballast_error *err)
{
    /* sun_path of unix(7) has 108 bytes. */
    if (snprintf(out, 256, "%s/%s", daemon->options.run_dir, name) > 107)
        return ballast_fail(err, -ENAMETOOLONG, "%s: is too long for a socket's directory",
                            daemon->options.run_dir);
    return 0;
}

void listener_set_group(struct daemon *daemon)
{
    const char *path = daemon->listeners[0].path;
    bool there = find_group(daemon->config.group, &daemon->group) == 0;
    daemon->has_group = there;
    if (!there && daemon->config.group[0])
        engine_log(LOG_NOTICE, "there is no group %s: only root may use %s", daemon->config.group,
                   path);
    /* Not root: it cannot give anything away, and is alone with it. */
    bool given = there && fchownat(daemon->run_fd, CONTROL, (uid_t)-1, daemon->group,
                                   AT_SYMLINK_NOFOLLOW) == 0;
    if (fchmodat(daemon->run_fd, CONTROL, given ? 0660 : 0600, AT_SYMLINK_NOFOLLOW) < 0)
        engine_log(LOG_WARNING, "%s: %s, ignoring", path, strerror(errno));
}

/* Who comes again and again must not keep the loop from everybody else. */
static void on_connection(uv_stream_t *stream, int status)
{
    struct daemon *daemon = stream->data;
    struct listener *listener =
        &daemon->listeners[stream == (uv_stream_t *)&daemon->listeners[1].pipe];
    if (status < 0)
        return;
    if (listener->taken++ < TAKEN_A_TURN) {
        connection_accept(listener, daemon);
        return;
    }
    /* libuv asks no more of the kernel until this one is let in. */
    listener->waits = true;
    uv_idle_start(&daemon->pump, connection_pump);
}

void listener_resume(struct listener *listener)
{
    struct daemon *daemon = listener->pipe.data;
    listener->taken = 0;
    if (!listener->waits || daemon->ending)
        return;
    listener->waits = false;
    connection_accept(listener, daemon);
}

/* Of that mode from its first moment on; -errno. */
static int listen_at(const char *path, mode_t mode)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    memcpy(at.sun_path, path, strlen(path) + 1); /* it fits: path_of() */
    mode_t before = umask(0);
    int rc =
        fchmod(fd, mode) < 0 || bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0 ? -errno : 0;
    umask(before);
    if (rc < 0)
        (void)close(fd);
    return rc < 0 ? rc : fd;
}

static int open_one(struct daemon *daemon, struct listener *listener, const char *name, mode_t mode,
                    struct ballast_error *err)
{
    int rc = path_of(daemon, name, listener->path, err);
    if (rc < 0) {
        listener->path[0] = '\0';
        return rc;
    }
    /* The lock is ours: what is there was left by one that was killed. */
    (void)unlinkat(daemon->run_fd, name, 0);
    uv_pipe_init(&daemon->loop, &listener->pipe, 0);
    listener->pipe.data = daemon;
    int fd = listen_at(listener->path, mode);
    rc = fd < 0 ? fd : uv_pipe_open(&listener->pipe, fd);
    if (fd >= 0 && rc < 0)
        (void)close(fd);
    if (rc == 0)
        rc = uv_listen((uv_stream_t *)&listener->pipe, BACKLOG, on_connection);
    return rc < 0 ? ballast_fail(err, rc, "%s: %s", listener->path, uv_strerror(rc)) : 0;
}

int listener_open(struct daemon *daemon, struct ballast_error *err)
{
    daemon->listeners[0].control = true;
    daemon->run_fd = file_own_dir(daemon->options.run_dir, 0, err);
    if (daemon->run_fd < 0)
        return daemon->run_fd;
    int rc = open_one(daemon, &daemon->listeners[0], CONTROL, 0600, err);
    if (rc == 0)
        rc = open_one(daemon, &daemon->listeners[1], STATUS, 0666, err);
    if (rc == 0)
        listener_set_group(daemon);
    return rc;
}

void listener_close(struct daemon *daemon)
{
    for (int i = 0; i < 2; i++) {
        struct listener *listener = &daemon->listeners[i];
        if (listener->path[0] == '\0')
            continue;
        if (!uv_is_closing((uv_handle_t *)&listener->pipe))
            uv_close((uv_handle_t *)&listener->pipe, NULL);
        (void)unlinkat(daemon->run_fd, i == 0 ? CONTROL : STATUS, 0);
        listener->path[0] = '\0';
    }
    while (daemon->connections)
        connection_close(daemon->connections);
}
