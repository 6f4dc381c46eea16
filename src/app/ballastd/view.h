/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The host as the daemon wants it seen: a sibling of the hosts behind the port of hv.h that stands
 * in front of one. It lays over each domain what was configured and set for it, stamps time so that
 * it goes on over restarts, and notices targets that somebody else has set.
 */
#ifndef APP_BALLASTD_VIEW_H
#define APP_BALLASTD_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ballast/error.h>

#include "app/ballastd/config.h"
#include "app/ballastd/host.h"
#include "core/policy/floor.h"

enum { DAEMON_PIN_WHO = 48 };

/* A pinned target; see pins.h. */
struct daemon_pin {
    uint64_t kib;  /* 0: there is none */
    uint64_t usec; /* since when */
    uint64_t uid;  /* who set it; BALLAST_NONE: not known */
    char who[DAEMON_PIN_WHO];
};

/* What was set for a domain; what is BALLAST_NONE was not. */
struct daemon_setting {
    uint64_t shares;
    uint64_t min_kib;
    uint64_t max_kib;
    bool opt_out;
    struct daemon_pin pin;
};

#define DAEMON_SETTING_NONE                                                                        \
    ((struct daemon_setting){                                                                      \
        .shares = BALLAST_NONE, .min_kib = BALLAST_NONE, .max_kib = BALLAST_NONE})

/* A domain of the last refresh, beyond what its snapshot says. */
struct daemon_domain {
    uint32_t id;
    uint8_t uuid[LEDGER_UUID];
    struct daemon_setting set;
    bool set_known;             /* else it is asked for again */
    bool paused;                /* by a command; not kept */
    uint64_t suspend_told_usec; /* before that nothing more is told of what it says of suspending */
    bool seen;                  /* the next three mean something */
    uint64_t seen_kib;          /* its target when it was last looked at */
    uint64_t told_kib;          /* what we told it last; BALLAST_NONE */
    uint64_t shares;            /* as configured and set, whether it is balanced or not */
    uint64_t host_min_kib;      /* its range as the host has it */
    uint64_t host_max_kib;
    struct floor_lesson lesson; /* as it was when the domain was first seen */
    uint64_t gave_from_kib; /* what it held when it was first asked to give for those that wait */
};

struct daemon_view;

struct daemon_view_options {
    struct daemon_host *host;           /* these are the caller's and must outlive it */
    const struct daemon_config *config; /* what it points to may change between refreshes */
    /* What was set for a life; false: it cannot be told now. */
    bool (*settings)(void *context, const uint8_t uuid[LEDGER_UUID], struct daemon_setting *out);
    /* Where its balloon stopped before; all 0: not known. */
    struct floor_lesson (*lesson)(void *context, const uint8_t uuid[LEDGER_UUID]);
    /* A target has come from somewhere else. */
    void (*foreign)(void *context, const struct ballast_domain *domain,
                    struct daemon_domain *record, uint64_t was_kib);
    void *context;
};

/* NULL: out of memory. */
struct daemon_view *daemon_view_new(const struct daemon_view_options *options);
void daemon_view_free(struct daemon_view *view);
/* The door of hv.h; close() does nothing. */
struct hv *daemon_view_hv(struct daemon_view *view);
/* From now on snapshots are stamped by the host's clock and this. */
void daemon_view_set_epoch(struct daemon_view *view, uint64_t usec);
uint64_t daemon_view_now_usec(const struct daemon_view *view);
/* While it is so, nobody is to be balanced: shares are shown as 0. */
void daemon_view_hold_still(struct daemon_view *view, bool still);
/* The last refresh; NULL: there was none. */
const struct ballast_host *daemon_view_host(const struct daemon_view *view);
/*
 * What all that are to be balanced hold above their minima, whether balancing is paused or not; of
 * one that is being built, what it will. No memory beyond that will ever be given.
 */
uint64_t daemon_view_spare_kib(const struct daemon_view *view);
/* Of the domain at that place in the last refresh's array. */
struct daemon_domain *daemon_view_domain(struct daemon_view *view, size_t i);
/* -ENOENT. */
int daemon_view_find(const struct daemon_view *view, uint32_t domid, size_t *out);

#endif
