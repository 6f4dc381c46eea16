/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/standin/peer.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

bool standin_peer_find(const uv_pipe_t *pipe, struct standin_peer *out)
{
    struct ucred peer;
    socklen_t size = sizeof(peer);
    uv_os_fd_t fd;
    if (uv_fileno((const uv_handle_t *)pipe, &fd) < 0 ||
        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
        return false;
    *out = (struct standin_peer){
        .uid = peer.uid, .pid = peer.pid, .trusted = peer.uid == 0 || peer.uid == geteuid()};
    return true;
}

bool standin_peer_has_gone(const uv_pipe_t *pipe)
{
    uv_os_fd_t fd;
    struct pollfd poll_one = {.events = 0};
    if (uv_fileno((const uv_handle_t *)pipe, &fd) < 0)
        return true;
    poll_one.fd = fd;
    return poll(&poll_one, 1, 0) > 0 && (poll_one.revents & (POLLHUP | POLLERR)) != 0;
}
