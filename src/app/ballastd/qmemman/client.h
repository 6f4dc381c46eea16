/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Connections of qmemman's clients, any number at once: one request each, one answer in one write,
 * and what it was granted is kept until the connection ends, since qubesd closes it when its guest
 * has been built.
 */
#ifndef APP_BALLASTD_QMEMMAN_CLIENT_H
#define APP_BALLASTD_QMEMMAN_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "app/ballastd/qmemman/leftovers.h"
#include "app/ballastd/standin/call.h"
#include "app/ballastd/standin/peer.h"
#include "app/ballastd/standin/place.h"
#include "edge/qmemman/conf.h"
#include "edge/qmemman/qmemman.h"

/* The owner of what is reserved for them. */
#define QMEMMAN_OWNER "qmemman"

struct guest_sizes;
struct qmemman_client;
/* Goes on with a client that waits; it may answer or close it. */
typedef void qmemman_step_fn(struct qmemman_client *client);

/* Begins to work on a request: answers it or closes it, now or in a step. */
typedef void qmemman_run_fn(struct qmemman_client *client, const struct qmemman_request *request);

struct qmemman_clients {
    struct engine *engine;
    struct rpc *rpc;
    qmemman_run_fn *run;
    struct standin_place place; /* data: this */
    struct qmemman_client *first;
    struct leftovers leftovers;
    struct qmemman_conf conf;
};

struct qmemman_client {
    struct standin_call call; /* first */
    uv_pipe_t pipe;           /* data: the client */
    uv_timer_t timer;
    uv_write_t write;
    struct qmemman_clients *clients;
    struct qmemman_client *next;
    struct standin_peer peer;
    uint64_t asked_kib; /* what its reservation was made of */
    char data[QMEMMAN_REQUEST_MOST];
    bool asked;    /* its request has come */
    bool answered; /* its answer is written, or on the way */
    bool leaves;   /* closed once it is answered */
    bool closing;
    struct guest_sizes *sizes;                    /* of set_mem; NULL: none */
    void (*ended)(struct qmemman_client *client); /* called as it ends, where it has sizes */
    unsigned handles;                             /* that are not closed yet */
    qmemman_step_fn *step;                        /* NULL: it waits for nothing */
};

/* Opens the socket, or takes one that listens there already (0: none). Errors as
 * standin_place_open(). */
int qmemman_clients_open(struct qmemman_clients *clients, uv_loop_t *loop, const char *path,
                         int given_fd, struct ballast_error *err);
/* Closes all; what they were granted stays in the ledger, for the next daemon's grace. */
void qmemman_clients_close(struct qmemman_clients *clients);
/*
 * Before the loop waits: ticks may have decided what clients wait for. true: something was done,
 * for which the loop has to come round once more.
 */
bool qmemman_clients_go_on(struct qmemman_clients *clients);
/* Whether one of them has set sizes, for which guests move. */
bool qmemman_clients_have_sizes(const struct qmemman_clients *clients);

/* For the files that work on requests: one of the answers of edge/qmemman. */
void qmemman_client_answer(struct qmemman_client *client, const char *text);
/* Without an answer. */
void qmemman_client_close(struct qmemman_client *client);

#endif
