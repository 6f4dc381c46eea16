/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/standin/place.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "app/ballastd/server/unix_listen.h"
#include "core/base/error.h"
#include "edge/file/file.h"

enum { BACKLOG = 128 };

/* Whether a program answers there. One whose queue is full answers too. */
static bool is_answered(const struct sockaddr_un *at)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool answered =
        fd >= 0 && (connect(fd, (const struct sockaddr *)at, sizeof(*at)) == 0 || errno == EAGAIN);
    if (fd >= 0)
        (void)close(fd);
    return answered;
}

static int own_directory_of(const char *path, struct ballast_error *err)
{
    char *copy = strdup(path);
    if (!copy)
        return ballast_fail(err, -ENOMEM, "out of memory");
    int fd = file_own_dir(dirname(copy), 0755, err);
    free(copy);
    if (fd < 0)
        return fd;
    (void)close(fd);
    return 0;
}

/* Removes a socket that a killed daemon left. */
static int clear_place(const struct standin_place_options *options, struct ballast_error *err)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    const char *path = options->path;
    struct stat found;
    if (strlen(path) >= sizeof(at.sun_path))
        return ballast_fail(err, -ENAMETOOLONG, "%s: too long for a socket: use at most %zu bytes",
                            path, sizeof(at.sun_path) - 1);
    memcpy(at.sun_path, path, strlen(path) + 1);
    int rc = options->shared ? 0 : own_directory_of(path, err);
    if (rc < 0 || lstat(path, &found) < 0)
        return rc;
    if (!S_ISSOCK(found.st_mode))
        return ballast_fail(err, -EEXIST, "%s: exists and is not a socket: remove it", path);
    if (is_answered(&at))
        return ballast_fail(err, -EBUSY,
                            "%s: another program answers there: stop %s, or the other "
                            "ballastd, first",
                            path, options->daemon);
    return unlink(path) < 0 ? ballast_fail(err, -errno, "%s: %s", path, strerror(errno)) : 0;
}

static int make_socket(struct standin_place *place, const struct standin_place_options *options)
{
    struct stat made;
    int fd = unix_listen_at(options->path, options->mode);
    int rc = fd < 0 ? fd : uv_pipe_open(&place->pipe, fd);
    if (fd >= 0 && rc < 0)
        (void)close(fd);
    if (rc < 0)
        return rc;
    (void)snprintf(place->path, sizeof(place->path), "%s", options->path);
    place->inode = lstat(options->path, &made) == 0 ? made.st_ino : 0;
    return 0;
}

int standin_place_open(struct standin_place *place, const struct standin_place_options *options,
                       struct ballast_error *err)
{
    int rc = options->given_fd > 0 ? 0 : clear_place(options, err);
    if (rc < 0)
        return rc;
    uv_pipe_init(options->loop, &place->pipe, 0);
    place->open = true;
    place->pipe.data = options->data;
    rc = options->given_fd > 0 ? uv_pipe_open(&place->pipe, options->given_fd)
                               : make_socket(place, options);
    if (rc == 0)
        rc = uv_listen((uv_stream_t *)&place->pipe, BACKLOG, options->on_client);
    return rc < 0 ? ballast_fail(err, rc, "%s: %s", options->path, uv_strerror(rc)) : 0;
}

static void on_refused(uv_handle_t *handle)
{
    struct standin_place *place = handle->data;
    bool again = place->refuses_another && !uv_is_closing((uv_handle_t *)&place->pipe);
    place->refusing = place->refuses_another = false;
    if (again)
        standin_place_refuse(place);
}

void standin_place_refuse(struct standin_place *place)
{
    if (place->refusing) {
        place->refuses_another = true;
        return;
    }
    uv_pipe_init(place->pipe.loop, &place->refused, 0);
    place->refused.data = place;
    place->refusing = true;
    (void)uv_accept((uv_stream_t *)&place->pipe, (uv_stream_t *)&place->refused);
    uv_close((uv_handle_t *)&place->refused, on_refused);
}

void standin_place_close(struct standin_place *place)
{
    struct stat found;
    if (place->open && !uv_is_closing((uv_handle_t *)&place->pipe))
        uv_close((uv_handle_t *)&place->pipe, NULL);
    /* Another program may have replaced the socket meanwhile. */
    if (place->path[0] && lstat(place->path, &found) == 0 && found.st_ino == place->inode)
        (void)unlink(place->path);
    place->path[0] = '\0';
}
