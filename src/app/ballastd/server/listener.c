/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/server/listener.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/ballastd/engine/config.h"
#include "app/ballastd/engine/engine.h"
#include "app/ballastd/engine/log.h"
#include "app/ballastd/server/admission.h"
#include "app/ballastd/server/peer.h"
#include "app/ballastd/server/state.h"
#include "app/ballastd/server/unix_listen.h"
#include "core/base/error.h"
#include "edge/file/file.h"

#define CONTROL "control.sock"
#define STATUS  "status.sock"

enum { BACKLOG = 128, TAKEN_A_TURN = 16 };

static int path_of(const struct server *server, const char *name, char out[256],
                   struct ballast_error *err)
{
    /* sun_path of unix(7) has 108 bytes. */
    if (snprintf(out, 256, "%s/%s", server->run_dir, name) > 107)
        return ballast_fail(err, -ENAMETOOLONG,
                            "%s: too long for a directory of sockets: use at most %zu bytes",
                            server->run_dir, 107 - strlen("/" CONTROL));
    return 0;
}

void listener_set_group(struct server *server)
{
    const char *path = server->listeners[0].path;
    bool there = peer_find_group(engine_config(server->engine)->group, &server->group) == 0;
    server->has_group = there;
    if (!there && engine_config(server->engine)->group[0])
        engine_log(LOG_NOTICE, "there is no group %s: only root may use %s",
                   engine_config(server->engine)->group, path);
    /* Without root it cannot change the group, and the socket stays its own. */
    bool given = there && fchownat(server->run_fd, CONTROL, (uid_t)-1, server->group,
                                   AT_SYMLINK_NOFOLLOW) == 0;
    if (fchmodat(server->run_fd, CONTROL, given ? 0660 : 0600, AT_SYMLINK_NOFOLLOW) < 0)
        engine_log(LOG_WARNING, "%s: %s, ignoring", path, strerror(errno));
}

/* A client that reconnects all the time must not keep the loop from the others. */
static void on_unix_connection(uv_stream_t *stream, int status)
{
    struct listener *listener = stream->data;
    struct server *server = listener->server;
    if (status < 0)
        return;
    if (listener->taken++ < TAKEN_A_TURN) {
        admission_accept(listener);
        return;
    }
    /* libuv accepts no more from the kernel until this one is accepted. */
    listener->waits = true;
    uv_idle_start(&server->pump, server->on_pump);
}

void listener_resume(struct listener *listener)
{
    struct server *server = listener->server;
    listener->taken = 0;
    if (!listener->waits || server->ending)
        return;
    listener->waits = false;
    admission_accept(listener);
}

static int open_listener(struct server *server, struct listener *listener, const char *name,
                         mode_t mode, struct ballast_error *err)
{
    int rc = path_of(server, name, listener->path, err);
    if (rc < 0) {
        listener->path[0] = '\0';
        return rc;
    }
    /* We have the lock: an existing socket was left by a killed daemon. */
    (void)unlinkat(server->run_fd, name, 0);
    uv_pipe_init(server->loop, &listener->pipe, 0);
    listener->pipe.data = listener;
    listener->server = server;
    int fd = unix_listen_at(listener->path, mode);
    rc = fd < 0 ? fd : uv_pipe_open(&listener->pipe, fd);
    if (fd >= 0 && rc < 0)
        (void)close(fd);
    if (rc == 0)
        rc = uv_listen((uv_stream_t *)&listener->pipe, BACKLOG, on_unix_connection);
    return rc < 0 ? ballast_fail(err, rc, "%s: %s", listener->path, uv_strerror(rc)) : 0;
}

int listener_open(struct server *server, struct ballast_error *err)
{
    server->listeners[0].control = true;
    server->run_fd = file_own_dir(server->run_dir, 0, err);
    if (server->run_fd < 0)
        return server->run_fd;
    int rc = open_listener(server, &server->listeners[0], CONTROL, 0600, err);
    if (rc == 0)
        rc = open_listener(server, &server->listeners[1], STATUS, 0666, err);
    if (rc == 0)
        listener_set_group(server);
    return rc;
}

void listener_close(struct server *server)
{
    for (int i = 0; i < 2; i++) {
        struct listener *listener = &server->listeners[i];
        if (listener->path[0] == '\0')
            continue;
        if (!uv_is_closing((uv_handle_t *)&listener->pipe))
            uv_close((uv_handle_t *)&listener->pipe, NULL);
        (void)unlinkat(server->run_fd, i == 0 ? CONTROL : STATUS, 0);
        listener->path[0] = '\0';
    }
}
