/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qmemman's interface, so that Qubes' qubesd finds ballastd where it finds qmemman: its requests
 * come in by a socket, become calls of the rpc room, and so share ledger, laws and waiting with all
 * others.
 */
#ifndef APP_BALLASTD_QMEMMAN_QMEMMAN_H
#define APP_BALLASTD_QMEMMAN_QMEMMAN_H

#include <uv.h>

struct ballast_error;
struct engine;
struct qmemman;
struct rpc;

struct qmemman_options {
    uv_loop_t *loop;
    struct engine *engine;
    struct rpc *rpc;
    const char *socket; /* where qubesd looks for qmemman; "": nowhere */
    int socket_fd;      /* that socket, where it listens already; 0: it is to be made */
    const char *dir;    /* of its two files; "": they are not used */
    const char *conf;   /* its configuration; "": the usual place, where it need not be */
};

/*
 * All of them must outlive it. Also without a socket it ends what an earlier daemon's clients have
 * left, and reads no configuration. Errors as standin_place_open(), -EINVAL for the configuration,
 * and the errnos of reading it.
 */
int qmemman_open(const struct qmemman_options *options, struct qmemman **out,
                 struct ballast_error *err);
/* Closes all: the loop has to run on until that is done. Both take NULL. */
void qmemman_close(struct qmemman *qmemman);
void qmemman_free(struct qmemman *qmemman);

#endif
