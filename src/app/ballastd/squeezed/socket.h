/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The socket that XAPI looks for: one POST a connection, one answer, then it is closed. */
#ifndef APP_BALLASTD_SQUEEZED_SOCKET_H
#define APP_BALLASTD_SQUEEZED_SOCKET_H

#include <stddef.h>
#include <uv.h>

#include "app/ballastd/standin/place.h"

struct ballast_error;
struct squeezed_connection;
struct squeezed_tasks;

struct squeezed_socket {
    struct standin_place place; /* data: this */
    struct squeezed_tasks *tasks;
    struct squeezed_connection *first;
    size_t count;
};

/* Errors as squeezed_open(). */
int squeezed_socket_open(struct squeezed_socket *socket, uv_loop_t *loop, const char *path,
                         struct squeezed_tasks *tasks, struct ballast_error *err);
/* Closes it with all connections; the loop has to run on until that is done. */
void squeezed_socket_close(struct squeezed_socket *socket);

#endif
