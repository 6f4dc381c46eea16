/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The socket that XAPI looks for: one POST a connection, one answer, then it is closed. */
#ifndef APP_BALLASTD_SQUEEZED_SOCKET_H
#define APP_BALLASTD_SQUEEZED_SOCKET_H

#include <stdbool.h>
#include <sys/types.h>
#include <uv.h>

struct ballast_error;
struct squeezed_connection;
struct squeezed_tasks;

struct squeezed_socket {
    uv_pipe_t pipe; /* data: this */
    struct squeezed_tasks *tasks;
    struct squeezed_connection *first;
    size_t count;
    char path[108]; /* "": not opened, or closed */
    ino_t inode;
    bool open;
};

/* Errors as squeezed_open(). */
int squeezed_socket_open(struct squeezed_socket *socket, uv_loop_t *loop, const char *path,
                         struct squeezed_tasks *tasks, struct ballast_error *err);
/* Closes it with all connections; the loop has to run on until that is done. */
void squeezed_socket_close(struct squeezed_socket *socket);

#endif
