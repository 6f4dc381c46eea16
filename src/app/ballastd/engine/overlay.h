/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The host as the daemon wants it seen: a sibling of the hosts behind the port of hv.h that stands
 * in front of one. It lays over each domain what was configured and set for it, stamps time so that
 * it continues over restarts, and notices targets that another program has set.
 */
#ifndef APP_BALLASTD_ENGINE_OVERLAY_H
#define APP_BALLASTD_ENGINE_OVERLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ballast/error.h>

#include "app/ballastd/engine/config.h"
#include "core/ledger/ledger.h"
#include "core/policy/floor.h"
#include "edge/hv/hv.h"

enum { OVERLAY_PIN_WHO = 48 };

/* A pinned target; see pins.h. */
struct overlay_pin {
    uint64_t kib;  /* 0: there is none */
    uint64_t usec; /* since when */
    uint64_t uid;  /* who set it; BALLAST_NONE: not known */
    char who[OVERLAY_PIN_WHO];
};

/* What was set for a domain; what is BALLAST_NONE was not. */
struct overlay_setting {
    uint64_t shares;
    uint64_t min_kib;
    uint64_t max_kib;
    bool opt_out;
    struct overlay_pin pin;
};

#define OVERLAY_SETTING_NONE                                                                       \
    ((struct overlay_setting){                                                                     \
        .shares = BALLAST_NONE, .min_kib = BALLAST_NONE, .max_kib = BALLAST_NONE})

/* A domain of the last refresh, beyond what its snapshot says. */
struct overlay_record {
    uint32_t id;
    uint8_t uuid[LEDGER_UUID];
    struct overlay_setting set;
    bool set_known;              /* else it is asked for again */
    bool paused;                 /* by a command; not kept */
    uint64_t suspend_quiet_usec; /* before that its report of being suspended is not logged again */
    bool seen;                   /* the next three mean something */
    uint64_t seen_kib;           /* its target in the last sample */
    uint64_t set_target_kib;     /* what we set last; BALLAST_NONE */
    uint64_t shares;             /* as configured and set, whether it is balanced or not */
    uint64_t host_min_kib;       /* its range as the host has it */
    uint64_t host_max_kib;
    /*
     * What its kernel can grow to: its static maximum when it was first seen running, or what it
     * held since, if that is more. 0: not known. Where it hotplugs memory its static maximum
     * counts.
     */
    uint64_t booted_max_kib;
    bool hotplugs;
    struct balloon_stop last_stop; /* as it was when the domain was first seen */
    /* Held there for a client, as if it were pinned, until then on the clock of snapshots. Not
     * kept. */
    uint64_t held_kib;
    uint64_t held_until_usec;
    uint64_t raise_to_kib;     /* where memory is only reclaimed: no target is set above */
    uint64_t reclaim_from_kib; /* its current size when first asked to free memory for requests */
};

struct overlay;

struct overlay_options {
    struct hv *host;              /* these are the caller's and must outlive it */
    struct engine_config *config; /* what it points to may change between refreshes */
    bool reclaims_only; /* shows no dynamic maximum above the target that was seen first */
    /* What was set for a life; false: it is not known now. */
    bool (*settings)(void *context, const uint8_t uuid[LEDGER_UUID], struct overlay_setting *out);
    /* Where its balloon stopped before; all 0: not known. */
    struct balloon_stop (*last_stop)(void *context, const uint8_t uuid[LEDGER_UUID]);
    /* A target has come from somewhere else. */
    void (*foreign)(void *context, const struct ballast_domain *domain,
                    struct overlay_record *record, uint64_t was_kib);
    void *context;
};

/* NULL: out of memory. */
struct overlay *overlay_new(const struct overlay_options *options);
void overlay_free(struct overlay *overlay);
/* The interface of hv.h; close() does nothing. */
struct hv *overlay_hv(struct overlay *overlay);
/*
 * From now on a domain that reports its use and has no dynamic range has one, from this minimum to
 * its static maximum: as on Qubes, where only guests report that may be balanced.
 */
void overlay_range_reporting(struct overlay *overlay, uint64_t guest_min_kib,
                             uint64_t dom0_min_kib);
/* From now on snapshots are stamped by the host's clock and this. */
void overlay_set_epoch(struct overlay *overlay, uint64_t usec);
uint64_t overlay_now_usec(const struct overlay *overlay);
/* While it is so, no domain is balanced: shares are shown as 0. */
void overlay_hold_still(struct overlay *overlay, bool still);
/* Of those that are seen now no dynamic maximum is shown above target and current any more. */
void overlay_stop_raising(struct overlay *overlay);
/*
 * Holds a domain of the last refresh at a size, as if that were pinned, until then on the clock of
 * snapshots: for the client of another protocol, so a pinned target goes before it, and a restart
 * ends it.
 */
void overlay_hold_size(struct overlay *overlay, uint32_t domid, uint64_t kib, uint64_t until_usec);
/* Of one that is held: until when. */
void overlay_end_hold(struct overlay *overlay, uint32_t domid, uint64_t until_usec);
/* The last refresh; NULL: there was none. */
const struct ballast_host *overlay_snapshot(const struct overlay *overlay);
/* The claims of what is reserved have changed since, to that sum: it must not count twice. */
void overlay_note_claims(struct overlay *overlay, uint64_t kib);
/*
 * What all that are to be balanced hold above their minima, whether balancing is paused or not; of
 * one that is being built, what it will. No memory beyond that will ever be given.
 */
uint64_t overlay_spare_kib(const struct overlay *overlay);
/* Of the domain at that place in the last refresh's array. */
struct overlay_record *overlay_domain(struct overlay *overlay, size_t i);
/* -ENOENT. */
int overlay_find(const struct overlay *overlay, uint32_t domid, size_t *out);

#endif
