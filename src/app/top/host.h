/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the screen shows, as plain values: a host, its guests and events. It is filled from what a
 * daemon answers (ballast-protocol(7)), or from a host that is read without one. Sizes that are not
 * known are BALLAST_NONE. All texts can be shown: what would steer a terminal is gone.
 */
#ifndef APP_TOP_HOST_H
#define APP_TOP_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ballast/breakdown.h>

#include "core/model/host.h"
#include "core/model/host_breakdown.h"

enum {
    TOP_NAME = 96,
    TOP_WORD = 16,
    TOP_UUID = 40,
    TOP_TEXT = 240,
    TOP_EVENTS = 64, /* kept: the largest screens show fewer */
};

struct top_event {
    uint64_t number;
    uint64_t time_usec;
    bool bad; /* it needs attention: a failure, a refusal, an alert */
    char text[TOP_TEXT];
};

struct top_guest {
    uint32_t id;
    char uuid[TOP_UUID]; /* "" where it is not known */
    char name[TOP_NAME];
    char state[TOP_WORD];          /* "run", "build" ... */
    char balloon_status[TOP_WORD]; /* "follows", "stuck" ..., or "" */
    bool knows_type;
    enum ballast_guest_type type;
    bool is_dom0;
    bool has_balloon;
    bool opted_out;
    bool paused; /* balancing of it is */
    uint64_t current_kib;
    uint64_t target_kib; /* counts like current_kib */
    uint64_t xen_maximum_kib;
    uint64_t dynamic_min_kib;
    uint64_t dynamic_max_kib;
    uint64_t static_max_kib;
    uint64_t overhead_kib;
    uint64_t need_kib;
    uint64_t used_kib;
    uint64_t shares;
    uint64_t pinned_kib; /* its pinned target; BALLAST_NONE: it has none */
    char pinned_by[TOP_NAME];
    bool is_divided; /* the segments are known */
    uint64_t segment_kib[BALLAST_SEGMENTS];
    char why[TOP_TEXT]; /* the last event of its target or maximum, or "" */
};

struct top_host {
    char name[TOP_NAME];
    char policy[TOP_WORD]; /* "": it is not balanced */
    bool paused;
    char alert[TOP_TEXT]; /* what needs a person, or "" */
    uint64_t now_usec;
    uint64_t total_kib;
    uint64_t part_kib[BALLAST_PARTS];
    uint64_t overcounted_kib;
    uint64_t deficit_kib;
    char state[TOP_WORD]; /* how scarce memory is, or "" */
    uint64_t open_reservations;
    uint64_t missing_kib; /* of those that wait */
    struct top_guest *guests;
    size_t count;
    struct top_event event[TOP_EVENTS]; /* the newest first */
    size_t events;
};

/* All zero is a host of which nothing is known. */
void top_host_release(struct top_host *host);

/* Puts one in its place, or in place of the one that has its number. */
void top_host_add_event(struct top_host *host, const struct top_event *event);

/* "pv" ...; "-" where it is not known. */
const char *top_guest_type(const struct top_guest *guest);
/* The word that matters most: its state, that it is opted out or frozen, its balloon status. */
const char *top_guest_state(const struct top_guest *guest);
/*
 * The breakdown as it is now. Where its segments are not known (is_divided is false), what it holds
 * is guest and its overhead extra external. -EINVAL, -EOVERFLOW: the figures contradict each other.
 */
int top_guest_breakdown(const struct top_guest *guest, struct ballast_breakdown *out);

#endif
