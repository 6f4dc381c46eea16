/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The client at the other end of a connection. */
#ifndef APP_BALLASTD_STANDIN_PEER_H
#define APP_BALLASTD_STANDIN_PEER_H

#include <stdbool.h>
#include <sys/types.h>
#include <uv.h>

struct standin_peer {
    uid_t uid;
    pid_t pid;
    bool trusted; /* root, or the daemon's own user */
};

/* false: the kernel does not report it. */
bool standin_peer_find(const uv_pipe_t *pipe, struct standin_peer *out);
/* It has closed both halves: one that closed only its half for writing waits for its answer. */
bool standin_peer_has_gone(const uv_pipe_t *pipe);

#endif
