/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The state of the engine. It belongs to this room: other rooms use engine.h.
 */
#ifndef APP_BALLASTD_ENGINE_STATE_H
#define APP_BALLASTD_ENGINE_STATE_H

#include "app/ballastd/engine/alerts.h"
#include "app/ballastd/engine/claims.h"
#include "app/ballastd/engine/config.h"
#include "app/ballastd/engine/engine.h"
#include "app/ballastd/engine/floors.h"
#include "app/ballastd/engine/headroom.h"
#include "app/ballastd/engine/observer.h"
#include "app/ballastd/engine/overlay.h"
#include "app/ballastd/engine/recorder.h"
#include "app/ballastd/engine/reservations.h"
#include "app/tick/book.h"
#include "app/tick/tick.h"
#include "edge/hv/hv.h"

/* How often another program set targets. */
enum { ENGINE_RIVAL_MOST = 1000 };

/* While it rests: in so many ticks after a request the guests that moved for it are stopped. */
enum { ENGINE_CALM_TICKS = 3 };

struct engine_rival {
    uint64_t seen_usec[ENGINE_RIVAL_MOST]; /* ring, on the engine's clock */
    size_t count;                          /* ever; or since `resume` */
    bool stands_back;
    uint64_t unpin_usec; /* what was pinned since then is to be given back; 0: nothing */
};

/* A change of a reservation that is durable, and that observers do not have yet. */
struct engine_change {
    uint64_t id;
    bool asked; /* it has come to wait */
};

struct engine {
    struct engine_options options;
    struct engine_observer observer;
    struct engine_config config;
    struct hv *host;
    struct overlay *overlay;
    struct reservations *reservations;
    struct tick *tick; /* NULL until the ledger has been read */
    const struct policy *policy;
    struct recorder *recorder;
    struct costs *costs;
    /* Reserved memory that a domain without a reservation took, until it is there again; 0: none */
    uint64_t unreserved_taken_kib;
    uint32_t unreserved_domid;
    struct claims claims;
    struct tick_dying *dying; /* room for those of a sample */
    struct floors floors;
    struct headroom headroom;
    struct host_outlook outlook; /* of the last tick */
    uint64_t stop_changes;       /* of the balancer's, those that are in there */
    struct alerts alerts;
    struct engine_rival rival;
    bool leaves_reboots; /* see engine_leave_reboots() */
    bool paused;
    bool rests;          /* as another program wishes */
    unsigned calm_ticks; /* while it rests: since a request waited */
    bool failed;         /* the simulated host has a fault */

    struct engine_change *changes;
    size_t change_count;
    size_t change_room;
    bool decided; /* a reservation was, since the last notification */

    struct engine_counters counters;
    uint64_t ready_usec;   /* real clock: when opening is tried again */
    uint64_t covered_usec; /* when the free memory last covered all reservations */
    uint64_t moved_usec;   /* when something moved last */
    uint64_t due_usec;     /* real clock: when the next tick is due */
    uint64_t sampled_usec; /* real clock: when the last sample was over */
    uint64_t held_sum;     /* of current memory in the last sample: whether something moves */
};

#endif
