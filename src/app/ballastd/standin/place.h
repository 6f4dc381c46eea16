/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The socket of another daemon's protocol, at the path where that daemon's clients look for it. */
#ifndef APP_BALLASTD_STANDIN_PLACE_H
#define APP_BALLASTD_STANDIN_PLACE_H

#include <stdbool.h>
#include <sys/types.h>
#include <uv.h>

struct ballast_error;

struct standin_place {
    uv_pipe_t pipe; /* data: the caller's */
    uv_pipe_t refused;
    bool refusing;        /* `refused` is not closed yet */
    bool refuses_another; /* once it is */
    char path[108];       /* "": not opened, or closed */
    ino_t inode;
    bool open;
};

struct standin_place_options {
    uv_loop_t *loop;
    const char *path;
    mode_t mode;
    const char *daemon; /* the one whose place it is, for messages */
    int given_fd;       /* listens there already, and stays when we end; 0: none */
    bool shared;        /* members of a group may write to its directory, which has to exist */
    uv_connection_cb on_client;
    void *data; /* of its pipe */
};

/*
 * Makes the socket and listens. A socket that a killed daemon left is replaced,
 * and one that is given is used. -EBUSY: a program
 * answers there; -EEXIST: it is another kind of file; -EPERM: others can write to its directory;
 * -ENAMETOOLONG; -ENOMEM; the errnos of bind(). Its handle is to be closed in any case.
 */
int standin_place_open(struct standin_place *place, const struct standin_place_options *options,
                       struct ballast_error *err);
/*
 * In on_client: there is no memory for the client. One that is neither accepted nor refused would
 * be the last, since libuv looks for no other until then.
 */
void standin_place_refuse(struct standin_place *place);
/* Closes it and removes it, where it is still ours. Harmless on zeros, and twice. */
void standin_place_close(struct standin_place *place);

#endif
