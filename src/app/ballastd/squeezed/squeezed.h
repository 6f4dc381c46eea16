/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * squeezed's interface, so that XAPI finds ballastd where it finds squeezed: its calls come in by a
 * socket, become calls of the rpc room, and so share ledger, laws and waiting with all others.
 */
#ifndef APP_BALLASTD_SQUEEZED_SQUEEZED_H
#define APP_BALLASTD_SQUEEZED_SQUEEZED_H

#include <uv.h>

struct ballast_error;
struct engine;
struct rpc;
struct squeezed;

struct squeezed_options {
    uv_loop_t *loop;
    struct engine *engine;
    struct rpc *rpc;
    const char *run_dir;        /* keeps what was free at boot, until the next */
    const char *socket;         /* where XAPI looks for squeezed; "": nowhere */
    const char *message_switch; /* the socket of XAPI's message switch; "": not by that */
};

/*
 * All of them must outlive it. -EBUSY: a program answers on that socket; -EEXIST: it is another
 * kind of file; -EPERM: others can write to its directory; -ENAMETOOLONG; -ENOMEM; the errnos of
 * bind().
 */
int squeezed_open(const struct squeezed_options *options, struct squeezed **out,
                  struct ballast_error *err);
/* Closes all: the loop has to run on until that is done. Both take NULL. */
void squeezed_close(struct squeezed *squeezed);
void squeezed_free(struct squeezed *squeezed);

#endif
