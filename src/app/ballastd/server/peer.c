/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/server/peer.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "app/ballastd/server/state.h"

int peer_find_group(const char *name, gid_t *out)
{
    struct group entry;
    struct group *found = NULL;
    char buf[4096];
    if (*name == '\0' || getgrnam_r(name, &entry, buf, sizeof(buf), &found) != 0 || !found)
        return -ENOENT;
    *out = entry.gr_gid;
    return 0;
}

/*
 * All groups of the peer when it connected (SO_PEERGROUPS, Linux 4.13); free() them. There may be
 * 65536 (NGROUPS_MAX), so their number is queried first. NULL: none, or unknown.
 */
static gid_t *groups_of(int fd, size_t *count)
{
    *count = 0;
#ifdef SO_PEERGROUPS
    gid_t none;
    socklen_t size = 0;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, &none, &size) == 0 || errno != ERANGE)
        return NULL;
    gid_t *groups = calloc(1, size);
    if (groups && getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) == 0) {
        *count = size / sizeof(*groups);
        return groups;
    }
    free(groups);
#endif
    return NULL;
}

static bool has_group(int fd, const struct connection *connection, gid_t group)
{
    size_t count;
    gid_t *groups = groups_of(fd, &count);
    bool found = connection->gid == group;
    for (size_t i = 0; i < count; i++)
        found |= groups[i] == group;
    free(groups);
    return found;
}

int peer_identify(struct connection *connection)
{
    struct ucred peer;
    socklen_t size = sizeof(peer);
    uv_os_fd_t fd;
    if (uv_fileno((uv_handle_t *)&connection->pipe, &fd) < 0 ||
        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
        return -EACCES;
    connection->session.uid = peer.uid;
    connection->gid = peer.gid;
    connection->session.pid = peer.pid;
    const struct server *server = connection->server;
    connection->trusted = peer.uid == 0 || peer.uid == geteuid() ||
                          (server->has_group && has_group(fd, connection, server->group));
    connection->session.control = connection->listener->control;
    connection->session.may_change = connection->session.control && connection->trusted;
    (void)snprintf(connection->session.owner, sizeof(connection->session.owner), "uid-%u",
                   (unsigned)peer.uid);
    return 0;
}
