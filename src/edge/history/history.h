/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The history on disk: samples of guests, merged as they age, and events, in a separate SQLite file
 * beside the ledger. It is less durable than the ledger: WAL, synchronous=NORMAL, so the last
 * minute may be lost after a loss of power. Its size is limited: the oldest goes first. A guest is
 * identified by uuid and name; the host is the guest with a uuid of all ones and no name.
 */
#ifndef EDGE_HISTORY_HISTORY_H
#define EDGE_HISTORY_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ballast/error.h>

#include "core/series/series.h"

struct history;

enum {
    HISTORY_UUID = 16,
    HISTORY_NAME = 64, /* the size of a name, which may be cut, with its NUL */
    HISTORY_WORD = 64, /* the size of a word, or of the actor's name */
    HISTORY_DETAIL = 128,
    HISTORY_LIVES = 64,      /* of one name: a toolstack that invents uuids makes one per start */
    HISTORY_EVENTS = 100000, /* the most that are kept; some 100 bytes each */
};

/* The smallest size limit: a WAL, and pages to merge with. */
#define HISTORY_LEAST_KIB (UINT64_C(8) << 10)

/* How samples age: buckets of a length are kept this long, then merged into the next level. */
struct history_level {
    uint64_t length_sec;
    size_t slots; /* that are in one row of the file */
    uint64_t keep_sec;
};

enum { HISTORY_LEVELS = 4 };
extern const struct history_level history_levels[HISTORY_LEVELS];
/* The length of the shortest buckets, which come in. */
enum { HISTORY_LENGTH_SEC = 10 };

/*
 * Opens or creates `directory`/history.db. Returns 0, or 1 if the existing file could not be used
 * (damaged, another program's, a later version's): then it was set aside as history.db.aside,
 * replacing an earlier one, *err says so, and a new one was created. -ENOSPC, -EROFS, -EACCES,
 * -EBUSY ...: the caller may try again later.
 */
int history_open(const char *directory, uint64_t most_kib, struct history **out,
                 struct ballast_error *err);
void history_close(struct history *history); /* NULL is allowed */
/* After -EUCLEAN of any call: closes it and sets it aside; then it can be opened again. */
void history_set_aside(struct history *history);
/* The used part of the file. */
uint64_t history_size_kib(struct history *history);

/*
 * All writes are between these two, in one transaction. After a failure of anything between them
 * history_end() must be called with its code, undoes everything and returns the code. -ENOSPC: no
 * space on the disk, or within the size limit; -EUCLEAN: damaged; others as usual.
 */
int history_begin(struct history *history, struct ballast_error *err);
int history_end(struct history *history, int rc, struct ballast_error *err);

struct history_guest {
    uint64_t id; /* from 1 on */
    uint8_t uuid[HISTORY_UUID];
    char name[HISTORY_NAME];
    uint64_t last_sec; /* the time of its last sample, to within an hour */
};

/* The id of that guest, which is created if it is unknown. */
int history_guest_of(struct history *history, const uint8_t uuid[HISTORY_UUID], const char *name,
                     uint64_t now_sec, uint64_t *out, struct ballast_error *err);
/* Adds ascending buckets of HISTORY_LENGTH_SEC to the existing ones. */
int history_add(struct history *history, uint64_t guest, const struct series_bucket *buckets,
                size_t count, struct ballast_error *err);

/* The figures of reasons, each by the name that its pattern and its column have. */
enum history_figure {
    HISTORY_NEEDED,
    HISTORY_CURRENT,
    HISTORY_MISSING,
    HISTORY_SHARE,
    HISTORY_PINNED,
    HISTORY_CHANGE,
    HISTORY_LEFT,
    HISTORY_POSSIBLE,
    HISTORY_HELD,
    HISTORY_USED,
    HISTORY_FIGURES
};

/* "needed_kib"; NULL past the end. */
const char *history_figure_name(enum history_figure figure);
/* -ENOENT. */
int history_figure_find(const char *name);

struct history_event {
    uint64_t number; /* ascending, never reused */
    uint64_t guest;  /* 0: none in particular */
    bool has_guest;  /* these are its: */
    uint8_t uuid[HISTORY_UUID];
    char name[HISTORY_NAME];
    uint64_t time_usec;
    uint64_t until_usec; /* of one that continued: its last step */
    char who[HISTORY_WORD];
    char what[HISTORY_WORD];
    char reason[HISTORY_WORD];
    uint64_t from_kib; /* these: BALLAST_NONE if there is none */
    uint64_t to_kib;
    uint64_t figure_kib[HISTORY_FIGURES];
    uint64_t floor_kib; /* that the target was kept at, for floor_reason */
    uint64_t reservation;
    uint64_t steps; /* their number; 1 for most */
    char floor_reason[HISTORY_WORD];
    char detail[HISTORY_DETAIL];
};

/* An event at that time, in one step, without number, figures or guest. */
struct history_event history_event_new(uint64_t time_usec, const char *who, const char *what);
/* An event replaces the one with its number. Its uuid and name are the guest's. */
int history_note(struct history *history, const struct history_event *event,
                 struct ballast_error *err);
/* The highest number, 0 if there is none. */
int history_last(struct history *history, uint64_t *out, struct ballast_error *err);

/*
 * Ages a part of the history at a time, in its own transaction: merges what is old enough, deletes
 * what is too old, and as much of the oldest as the size limit requires. 1: there is more to do.
 */
int history_age(struct history *history, uint64_t now_sec, struct ballast_error *err);

/*
 * Finds guests with that uuid, or with that name (uuid NULL), the latest first, at most
 * HISTORY_LIVES; returns their number, or a negative errno.
 */
int history_find(struct history *history, const uint8_t *uuid, const char *name,
                 struct history_guest *out, struct ballast_error *err);
/*
 * Adds all samples of these guests to the view. It reads at most 2048 rows, the latest first, so
 * that the cost of a query is bounded, even if many guests had one name at a time.
 */
int history_read(struct history *history, const uint64_t *guests, size_t count,
                 struct series_view *view, struct ballast_error *err);

/*
 * Sets the clock back by that much, to `now_usec`: moves later events with it, and deletes samples
 * of intervals that start later. In its own transaction.
 */
int history_set_back(struct history *history, uint64_t now_usec, uint64_t by_usec,
                     struct ballast_error *err);

struct history_wanted {
    uint64_t guest;      /* only of this guest; 0: only of none in particular; BALLAST_NONE: all */
    uint64_t before;     /* only lower numbers; BALLAST_NONE: all */
    uint64_t after;      /* only higher numbers; 0: all */
    const char *reason;  /* only with this reason; NULL: all */
    uint64_t since_usec; /* stops at the first one that had ended before */
    size_t most;
};

/* Passes the events to `each`, the latest first. */
int history_events(struct history *history, const struct history_wanted *wanted,
                   void (*each)(void *context, const struct history_event *event), void *context,
                   struct ballast_error *err);

#endif
