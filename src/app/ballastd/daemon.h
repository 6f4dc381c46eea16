/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The daemon as a whole: one loop, one thread. The engine samples the host and acts, connections
 * bring calls, and both meet in the ledger. Shared by the files of this folder alone.
 */
#ifndef APP_BALLASTD_DAEMON_H
#define APP_BALLASTD_DAEMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <uv.h>

#include "app/ballastd/engine/alerts.h"
#include "app/ballastd/engine/config.h"
#include "app/ballastd/engine/decisions.h"
#include "app/ballastd/engine/floors.h"
#include "app/ballastd/engine/host.h"
#include "app/ballastd/options.h"
#include "app/ballastd/engine/reservations.h"
#include "app/ballastd/engine/recorder.h"
#include "app/ballastd/rpc/requests.h"
#include "app/ballastd/engine/overlay.h"
#include "app/tick/tick.h"

struct connection;
struct places_user;
struct waiter;

/* How often targets of somebody else's were seen. */
enum { ENGINE_RIVAL_MOST = 1000 };

struct engine_rival {
    uint64_t seen_usec[ENGINE_RIVAL_MOST]; /* ring, on the daemon's clock */
    size_t count;                          /* ever; or since `resume` */
    bool stands_back;
    uint64_t unpin_usec; /* what was pinned since then is to be given back; 0: nothing */
};

struct listener {
    uv_pipe_t pipe;
    bool control;
    bool waits;     /* a connection waits to be accepted until the loop's next turn */
    unsigned taken; /* in this turn of the loop */
    size_t clients;
    size_t others; /* of them, those that are not trusted */
    struct places_user *users;
    char path[256];
};

/* A change of a reservation that has been made durable and not been told yet. */
struct engine_change {
    uint64_t id;
    bool asked; /* it has come to wait */
};

struct daemon {
    struct daemon_options options;
    struct engine_config config;
    struct engine_host *host;
    struct overlay *overlay;
    struct reservations *reservations;
    struct tick *tick; /* NULL until the ledger has been read */
    const struct policy *policy;
    struct decisions *decisions;
    struct recorder *recorder;
    struct costs *costs;
    struct floors floors;
    uint64_t stop_changes; /* of the balancer's, those that are in there */
    struct alerts alerts;
    struct engine_rival rival;
    bool paused;
    bool ending;
    int exit_status;

    uv_loop_t loop;
    uv_timer_t timer;
    uv_timer_t watchdog;
    uv_poll_t host_poll;
    uv_poll_t low_poll;
    uv_signal_t signals[3];
    uv_idle_t pump;   /* runs while a connection has more to say than one turn allows */
    uint64_t turn;    /* of those who have more to say: it ends when each has had his part */
    int lock_fd;      /* of the run directory; -1: not taken */
    int host_lock_fd; /* of the Xen host, where that is another one; -1 */
    int run_fd;       /* the run directory, that the sockets are in; -1 */
    gid_t group;      /* whose members may change things, since the configuration was read */
    bool has_group;

    struct listener listeners[2];
    struct connection *connections;
    size_t waiter_count;
    struct waiter *waiters;
    bool decided; /* something was since those that wait were looked through */
    struct requests requests;

    struct engine_change *changes;
    size_t change_count;
    size_t change_room;

    uint64_t started_usec;  /* the next are of the daemon's clock */
    uint64_t ready_usec;    /* of the real clock: when opening is tried again */
    uint64_t covered_usec;  /* when all that is promised was free last */
    uint64_t moved_usec;    /* when something moved last */
    uint64_t told_free_kib; /* what was free when those that wait were told last */
    uint64_t told_usec;     /* the last `tick` notification */
    uint64_t due_usec;      /* real clock: when the timer should fire */
    uint64_t sampled_usec;  /* real clock: when the last sample was over */
    uint64_t ticks;
    uint64_t late_ticks;
    uint64_t breaches;
    uint64_t law_checks; /* looks after which law 2 was held against what is free */
    uint64_t low_count; /* how often Xen said that little memory is free; BALLAST_NONE: it cannot */
    uint64_t moved_down_kib; /* what running domains gave and took; as below, since the start */
    uint64_t moved_up_kib;
    uint64_t granted; /* reservations */
    uint64_t refused[LEDGER_REASONS];
    uint64_t held_sum; /* of what was held at the last look: whether something moves */
    bool watched;      /* a look succeeded since systemd was told */
};

/* Opens everything, the sockets last; *out is ready for daemon_run(). 0, or an exit status, said.
 */
int daemon_start(struct daemon *daemon);
/* Until it is told to end. The exit status. */
int daemon_run(struct daemon *daemon);
void daemon_stop(struct daemon *daemon);
void daemon_reload(struct daemon *daemon);

uint64_t daemon_now_usec(const struct daemon *daemon);
/* The real clock, monotone. */
uint64_t daemon_real_usec(void);

#endif
