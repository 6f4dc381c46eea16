/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What was, on disk: samples of guests, thinned as they age, and events, in an SQLite file of their
 * own beside the ledger. It is not durable as the ledger is: WAL, synchronous=NORMAL, so the last
 * minute may be gone after a loss of power. It is bounded in size: what is oldest goes first.
 *
 * A guest is known by its uuid and name; the host is the guest of all ones and no
 * name.
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
    HISTORY_NAME = 64, /* a name is cut to this, with its NUL */
    HISTORY_WORD = 64, /* a word of ours, or who did it */
    HISTORY_DETAIL = 128,
    HISTORY_LIVES = 64,      /* of one name: a toolstack that makes uuids up makes one a start */
    HISTORY_EVENTS = 100000, /* are kept; some 100 bytes each */
};

/* The least that it can be bounded to: a WAL, and pages to thin with. */
#define HISTORY_LEAST_KIB (UINT64_C(8) << 10)

/* How samples age: those of a length are kept so long, then thinned to the next. */
struct history_level {
    uint64_t length_sec;
    size_t slots; /* that lie in a row of the file together */
    uint64_t keep_sec;
};

enum { HISTORY_LEVELS = 4 };
extern const struct history_level history_levels[HISTORY_LEVELS];
/* The length of the shortest, which is what comes in. */
enum { HISTORY_LENGTH_SEC = 10 };

/*
 * Opens or makes `directory`/history.db. 0, or 1 where what was there could not be used (damaged,
 * another program's, a later version's): it was set aside as history.db.aside, in place of what was
 * aside before, *err says so, and a new one was begun. -ENOSPC, -EROFS, -EACCES, -EBUSY ...:
 * trying again later is fine.
 */
int history_open(const char *directory, uint64_t most_kib, struct history **out,
                 struct ballast_error *err);
void history_close(struct history *history); /* NULL is allowed */
/* After -EUCLEAN of any call: closes it and sets it aside; then it can be opened anew. */
void history_set_aside(struct history *history);
/* What is in use of the file. */
uint64_t history_size_kib(struct history *history);

/*
 * What is written is written between these two, in one transaction. After a failure of anything
 * between them history_end() must be called with it, undoes all and returns it. -ENOSPC: no room on
 * the disk, or within the bound; -EUCLEAN: damaged; others as they are.
 */
int history_begin(struct history *history, struct ballast_error *err);
int history_end(struct history *history, int rc, struct ballast_error *err);

struct history_guest {
    uint64_t id; /* from 1 on */
    uint8_t uuid[HISTORY_UUID];
    char name[HISTORY_NAME];
    uint64_t last_sec; /* when it was seen last, to within an hour */
};

/* The id of that guest, which is made where it is not known. */
int history_guest_of(struct history *history, const uint8_t uuid[HISTORY_UUID], const char *name,
                     uint64_t now_sec, uint64_t *out, struct ballast_error *err);
/* Rising buckets of HISTORY_LENGTH_SEC; what is there already is added up with them. */
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
    HISTORY_FIGURES
};

/* "needed_kib"; NULL past the end. */
const char *history_figure_name(enum history_figure figure);
/* -ENOENT. */
int history_figure_find(const char *name);

struct history_event {
    uint64_t number; /* rising, never used twice */
    uint64_t guest;  /* 0: of none in particular */
    bool has_guest;  /* these are its: */
    uint8_t uuid[HISTORY_UUID];
    char name[HISTORY_NAME];
    uint64_t time_usec;
    uint64_t until_usec; /* of one that went on for some time: its last step */
    char who[HISTORY_WORD];
    char what[HISTORY_WORD];
    char reason[HISTORY_WORD];
    uint64_t from_kib; /* these: BALLAST_NONE where there is none */
    uint64_t to_kib;
    uint64_t figure_kib[HISTORY_FIGURES];
    uint64_t floor_kib; /* that the target was kept at, for floor_reason */
    uint64_t reservation;
    uint64_t steps; /* how many there were; 1 for most */
    char floor_reason[HISTORY_WORD];
    char detail[HISTORY_DETAIL];
};

/* One at that time, in one step, with no number, figure or guest yet. */
struct history_event history_event_new(uint64_t time_usec, const char *who, const char *what);
/* One of a number that is there already takes its place. Its uuid and name are the guest's. */
int history_note(struct history *history, const struct history_event *event,
                 struct ballast_error *err);
/* The highest number there is, 0 where there is none. */
int history_last(struct history *history, uint64_t *out, struct ballast_error *err);

/*
 * Ages what is there, a part of it at a time, in a transaction of its own: thins what is old
 * enough, deletes what is too old, and as much of the oldest as the bound wants. 1: there is more
 * to do.
 */
int history_age(struct history *history, uint64_t now_sec, struct ballast_error *err);

/*
 * Those of that uuid, or of that name (uuid NULL), the latest first, at most HISTORY_LIVES; how
 * many, or a negative errno.
 */
int history_find(struct history *history, const uint8_t *uuid, const char *name,
                 struct history_guest *out, struct ballast_error *err);
/*
 * Adds all samples of these guests to the view. It reads 2048 rows at most, the latest first: what
 * a question costs is bounded, also where many guests of one name lived at a time.
 */
int history_read(struct history *history, const uint64_t *guests, size_t count,
                 struct series_view *view, struct ballast_error *err);

/*
 * The clock is set back by that much, to `now_usec`: events of later than that are moved with it,
 * samples of stretches that begin later are deleted. In a transaction of its own.
 */
int history_set_back(struct history *history, uint64_t now_usec, uint64_t by_usec,
                     struct ballast_error *err);

struct history_wanted {
    uint64_t guest;      /* only its; 0: only those of none in particular; BALLAST_NONE: all */
    uint64_t before;     /* only lower numbers; BALLAST_NONE: all */
    uint64_t after;      /* only higher numbers; 0: all */
    const char *reason;  /* only those of that reason; NULL: all */
    uint64_t since_usec; /* ends at the first one that had ended before */
    size_t most;
};

/* The latest events first, handed to `each`. */
int history_events(struct history *history, const struct history_wanted *wanted,
                   void (*each)(void *context, const struct history_event *event), void *context,
                   struct ballast_error *err);

#endif
