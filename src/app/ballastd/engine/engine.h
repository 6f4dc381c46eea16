/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All that the daemon knows and decides: the host with what was set for its guests, the ledger, the
 * tick, the history. It knows no socket, no protocol and no event loop: its user asks it when the
 * next tick is due, and gets notifications through an observer.
 */
#ifndef APP_BALLASTD_ENGINE_ENGINE_H
#define APP_BALLASTD_ENGINE_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include <ballast/error.h>

#include "app/ballastd/engine/alerts.h"
#include "core/ledger/ledger.h"
#include "core/policy/host_state.h"

struct balancer;
struct costs;
struct engine;
struct headroom;
struct engine_config;
struct hv;
struct engine_observer;
struct overlay;
struct policy;
struct recorder;
struct reservations;

/* The owners of what `free` frees begin so. */
#define ENGINE_FREE "free:"

/* What an engine does to its host by itself. Whatever it is, methods change what they are asked to.
 */
enum engine_role {
    ENGINE_BALANCES, /* all of it: the daemon */
    ENGINE_RECLAIMS, /* frees memory for requests; no domain is raised above its first target */
    ENGINE_WATCHES,  /* nothing */
};

/* Where ballastd and commands have the ledger, unless the environment names another directory. */
#define ENGINE_STATE_DIR     "/var/lib/ballast"
#define ENGINE_STATE_DIR_ENV "BALLAST_STATE_DIR"

struct engine_options {
    const char *state_dir; /* NULL: nothing is kept, neither ledger nor history */
    bool read_only;        /* the ledger is read and not written, and nothing is history */
    enum engine_role role;
    const struct policy *policy; /* NULL: the one of the ledger, else of the configuration */
    bool check_laws;
    bool verbose; /* each step of a move is logged, not only its beginning */
};

/*
 * Takes the host and what `config` holds, in any case. Nothing is read yet. -ENOMEM. Whatever the
 * options point to must outlive the engine; engine_free() takes NULL.
 */
int engine_new(const struct engine_options *options, struct hv *host, struct engine_config *config,
               const struct engine_observer *observer, struct engine **out,
               struct ballast_error *err);
void engine_free(struct engine *engine);

/* A toolstack that is served reserves for its reboots by itself: nothing is kept for any domain. */
void engine_leave_reboots(struct engine *engine);
/* The first sample, before the first tick is due. Only an engine that balances acts on it. */
void engine_begin(struct engine *engine);
/*
 * Ends reclaiming: no domain is asked to free more than it has freed, and none is raised above its
 * present target and current memory.
 */
void engine_stop_reclaiming(struct engine *engine);
/* Whether a balloon is on its way to its target, as far as the last sample shows. */
bool engine_moves(const struct engine *engine);
/* When the next tick is due, by clock_real_usec(). */
uint64_t engine_due_usec(const struct engine *engine);
/* The tick that is due. */
void engine_tick(struct engine *engine);
/* The simulated host has a fault: there is no going on. */
bool engine_failed(const struct engine *engine);

/*
 * Readable when the host has something to tell, -1: it never has; engine_take_events() then takes
 * it in.
 */
int engine_events_fd(const struct engine *engine);
void engine_take_events(struct engine *engine);
/* The same for when little memory is left; where the host cannot say so that is logged. */
int engine_low_memory_fd(struct engine *engine);
void engine_take_low_memory(struct engine *engine);

/* Moves a simulated host on, as far as one tick may; false: it has failed. */
bool engine_catch_up(struct engine *engine);
/* One tick at once. Its decisions are sent when its caller settles. */
void engine_sample(struct engine *engine);
/*
 * The host has news: a tick, and its decisions are sent, at once where the last sample is an
 * interval ago, else when it is. Guests make news, so there are never two samples of it within an
 * interval.
 */
void engine_sample_soon(struct engine *engine);
/* What has been bound or released since the last sample is not claimed in Xen any longer. */
void engine_lower_claim(struct engine *engine);
/*
 * A domain has come: where a reservation awaits it that is handed over at once, which is what lies
 * between the two samples of a tick and less.
 */
void engine_meet_domain(struct engine *engine);
/* The start of this request follows its grant at once: it will not be claimed in Xen. */
void engine_start_follows(struct engine *engine, uint64_t id);
/* Tells the observer what has changed since the last time. */
void engine_settle(struct engine *engine);
/* What was done to a simulated host is kept. */
void engine_save_host(struct engine *engine);

/* Takes what `config` holds; `err` says why there is none: the alert of that is set or ended. */
void engine_reconfigure(struct engine *engine, struct engine_config *config,
                        const struct ballast_error *err);
/* Stops or goes on with all balancing; going on ends standing back, too. */
void engine_pause(struct engine *engine, bool paused);
bool engine_is_paused(const struct engine *engine);
/* While it rests no domain is balanced but for requests, as another program wishes. */
void engine_rest(struct engine *engine, bool rests);
/* Whether targets may be moved at all now. */
bool engine_balances(const struct engine *engine);
/* The policy from now on, over restarts. -EAGAIN and errors of the store. */
int engine_set_policy(struct engine *engine, const struct policy *policy,
                      struct ballast_error *err);
/* Something was done to the host: for a while it is sampled as often as while something moves. */
void engine_note_move(struct engine *engine);
/* What a user of the host set goes into the history; `detail` is JSON. */
void engine_record_setting(struct engine *engine, const char *what, uint64_t domid, uint64_t uid,
                           const char *detail);
/* Drops what is kept of donors: no request waits any more. */
void engine_forget_donors(struct engine *engine);

/*
 * What a start can have at once: free, not reserved, and not what domains that are not asked
 * may take to reach their targets, or what is kept for minima. What is missing to one that waits is
 * missing to it.
 */
uint64_t engine_available_kib(struct engine *engine);
/* How much of what is reserved is claimed in Xen. */
uint64_t engine_claimed_kib(const struct engine *engine);
/* The clock of snapshots, and that of the ledger, which never goes back. */
uint64_t engine_now_usec(const struct engine *engine);
uint64_t engine_ledger_now_usec(const struct engine *engine);
/* What it does to the host by itself, and whether what is set outlives it. */
enum engine_role engine_role(const struct engine *engine);
bool engine_keeps_settings(const struct engine *engine);
/* The ledger has been read and the host sampled: what needs either works. */
bool engine_is_ready(const struct engine *engine);

/* A request was refused before it was one. */
void engine_count_refusal(struct engine *engine, enum ledger_reason reason);

/* Its parts, which live as long as it does. */
const struct engine_config *engine_config(const struct engine *engine);
const struct headroom *engine_headroom(const struct engine *engine);
/* How scarce memory was at the last tick. */
struct host_outlook engine_outlook(const struct engine *engine);
struct hv *engine_host(const struct engine *engine);
struct overlay *engine_overlay(const struct engine *engine);
struct reservations *engine_reservations(const struct engine *engine);
/* NULL until the ledger has been read. */
struct ledger *engine_ledger(const struct engine *engine);
const struct balancer *engine_balancer(const struct engine *engine);
const struct policy *engine_policy(const struct engine *engine);
struct recorder *engine_recorder(const struct engine *engine);
struct costs *engine_costs(const struct engine *engine);
const struct alert *engine_alert(const struct engine *engine, enum alert_kind name);

/* Since the engine began. */
struct engine_counters {
    uint64_t started_usec; /* on the engine's clock */
    uint64_t ticks;
    uint64_t late_ticks;
    uint64_t breaches;   /* of laws; BALLAST_NONE where nothing is checked is the caller's to say */
    uint64_t law_checks; /* samples after which law 2 was held against what is free */
    uint64_t low_count; /* how often Xen said that little memory is free; BALLAST_NONE: it cannot */
    uint64_t moved_down_kib; /* what running domains gave and took */
    uint64_t moved_up_kib;
    uint64_t granted;    /* reservations */
    uint64_t unreserved; /* domains that were built without one */
    uint64_t refused[LEDGER_REASONS];
};
const struct engine_counters *engine_counters(const struct engine *engine);
/* Laws are held after each tick. */
bool engine_checks_laws(const struct engine *engine);

#endif
