/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What becomes history: what every guest held, its target and its need, and what was decided
 * and happened. It is gathered in memory and written once a minute; what was not written yet is in
 * the answers all the same. The history may fail at any time: that is logged once, and nothing
 * waits.
 */
#ifndef APP_BALLASTD_ENGINE_RECORDER_H
#define APP_BALLASTD_ENGINE_RECORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/tick/tick.h"
#include "core/ledger/ledger.h"
#include "edge/history/history.h"

struct engine;
struct recorder;

/* NULL: out of memory. Nothing is opened yet; `state_dir` must outlive it. */
struct recorder *recorder_new(const char *state_dir);
/* Writes what it still has. NULL is allowed. */
void recorder_free(struct recorder *recorder);
/*
 * Opens the history, so that events get numbers behind those in it. recorder_work() tries again
 * what fails, and logs it.
 */
void recorder_open(struct engine *engine);

/*
 * Takes in domains that came since the last sample, with the sizes of the last refresh: before a
 * tick, which decides about them too. Not while the host is being refreshed.
 */
void recorder_begin(struct engine *engine);
/* After each sample of the host. */
void recorder_sample(struct engine *engine);
/* Idle work after each tick: writes and ages when that is due. */
void recorder_work(struct engine *engine);

/* What was decided and what came of it, before the host has been sampled again. */
void recorder_set(struct engine *engine, const struct balancer_set *set, enum tick_outcome outcome,
                  uint64_t now_usec);
void recorder_verdict(struct engine *engine, const struct balancer_verdict *verdict,
                      uint64_t now_usec);
/* A reservation came into another state. */
void recorder_reservation(struct engine *engine, const struct ledger_reservation *record);

/* Anything else; what is left out is "" and BALLAST_NONE. */
struct recorder_news {
    uint64_t domid; /* BALLAST_NONE: of none in particular */
    const char *who;
    const char *what;
    const char *reason;
    const char *detail;
    uint64_t from_kib;
    uint64_t to_kib;
};

#define RECORDER_NEWS                                                                              \
    ((struct recorder_news){.domid = BALLAST_NONE,                                                 \
                            .who = "ballastd",                                                     \
                            .what = "",                                                            \
                            .reason = "",                                                          \
                            .detail = "",                                                          \
                            .from_kib = BALLAST_NONE,                                              \
                            .to_kib = BALLAST_NONE})
void recorder_news(struct engine *engine, const struct recorder_news *news);

/* What a sample showed about a domain. */
void recorder_finding(struct engine *engine, const struct balancer_finding *finding,
                      uint64_t now_usec);

/* How it is, for people: what is wrong (NULL: nothing), and what the file takes. */
const char *recorder_trouble(const struct recorder *recorder);
uint64_t recorder_size_kib(const struct recorder *recorder);

/* Whom something is asked about: all lives of one name or uuid. */
struct recorder_whom {
    bool all;            /* events of all domains; samples of the host */
    const uint8_t *uuid; /* either this */
    const char *name;    /* or this */
    uint64_t ids[HISTORY_LIVES];
    size_t count;
    struct history_guest last; /* the latest of them */
};

/* Fills in ids and last; -ENOENT: no such guest has been seen. */
int recorder_find(struct recorder *recorder, struct recorder_whom *whom);
/* Adds all that is known of them to the view. */
int recorder_read(struct recorder *recorder, const struct recorder_whom *whom,
                  struct series_view *view, struct ballast_error *err);
/*
 * The last events about them that are asked for (its guest counts for nothing), the oldest first,
 * in *out (the caller's to free()); *more: there are others before. How many, or the error of
 * reading the history, -ENOMEM: half an answer would look like all of it. Where the history is off
 * or not open they are those in memory.
 */
int recorder_events(struct recorder *recorder, const struct recorder_whom *whom,
                    const struct history_wanted *asked, struct history_event **out, bool *more,
                    struct ballast_error *err);
/*
 * The last event that set or pinned the target or the maximum of a domain, or NULL; `near` is where
 * it probably is in the last refresh.
 */
const struct history_event *recorder_last(const struct recorder *recorder, uint32_t domid,
                                          size_t near);

#endif
