/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What recorder*.c share. */
#ifndef APP_BALLASTD_ENGINE_RECORDER_INTERNAL_H
#define APP_BALLASTD_ENGINE_RECORDER_INTERNAL_H

#include "app/ballastd/engine/alerts.h"
#include "app/ballastd/engine/recorder.h"

enum {
    /* Written every minute; one more is kept for the bucket that ends just then. */
    RECORDER_BUCKETS = 7,
    /* Events in memory, which wait to be written; when there are more, the oldest are lost. */
    RECORDER_EVENTS = 1024,
};

struct recorder_guest {
    uint32_t domid;
    bool is_host;
    bool here; /* in the last sample */
    bool met;  /* its sizes are known, and it is recorded that it appeared */
    bool runs; /* it did, and was no dom0 */
    uint8_t uuid[HISTORY_UUID];
    char name[HISTORY_NAME];
    uint64_t id; /* in the file; 0: not known yet */
    uint64_t slot;
    struct series_fold fold; /* the bucket of that slot */
    struct series_bucket waiting[RECORDER_BUCKETS];
    size_t waiting_count;
    uint64_t current_kib; /* when it was sampled last */
    uint64_t target_kib;
    uint64_t maxmem_kib;
    struct history_event open; /* that may go on; number 0: none */
    bool dirty;                /* and is to be written */
    struct history_event last; /* of its target or maximum; number 0: none */
};

struct recorder {
    const char *state_dir;
    struct history *history; /* NULL: not open */
    bool off;
    uint64_t most_kib; /* as configured when it was opened */
    char trouble[ALERT_TEXT];
    uint64_t size_kib;
    uint64_t due_usec; /* the next writing */
    bool ages;         /* ageing is not through */
    uint64_t sampled_usec;
    struct recorder_guest **guests; /* the host, those of the last look in its order, others */
    size_t guest_count;
    size_t here_count;            /* of the first of them */
    struct history_event *events; /* a ring: see recorder_event() */
    size_t event_first;
    size_t event_count;
    size_t event_room;
    uint64_t number; /* of the last event */
    uint64_t first;  /* of this run; 0: none was given */
    bool numbered;   /* the file has been asked for it */
};

/* Among those of the last sample; NULL. */
struct recorder_guest *recorder_guest(const struct recorder *recorder, uint64_t domid);
/* Ends the bucket that it is in, which is written with the next ones. */
void recorder_close(struct recorder_guest *guest);
/* Whether the guests are those of the last refresh, in its order. */
bool recorder_lined_up(const struct engine *engine, const struct ballast_host *host);
/* Makes them so. false: out of memory, and some are not there. */
bool recorder_line_up(struct engine *engine, const struct ballast_host *host);
void recorder_remember(struct recorder_guest *guest, const struct ballast_domain *domain);
/* Records that it appeared, once. */
void recorder_meet(struct engine *engine, struct recorder_guest *guest,
                   const struct ballast_domain *domain, uint64_t now_usec);
/* Whether it is one of them. */
bool recorder_is(const struct recorder_whom *whom, const struct recorder_guest *guest);
/* Whether it is about one of them. */
bool recorder_is_about(const struct recorder_whom *whom, const struct history_event *event);
/* The event at that place of those in memory, the oldest at 0. */
struct history_event *recorder_event(const struct recorder *recorder, size_t at);
/* Keeps an event that has its number and its guest until it is written. */
void recorder_add(struct recorder *recorder, const struct history_event *event);
/* An event that stands alone, of a guest or NULL: fills these in, keeps it and tells of it. */
void recorder_publish(struct engine *engine, const struct recorder_guest *guest,
                      struct history_event *event);
/* The number of the next event: above all that were given, by earlier runs too. */
uint64_t recorder_number(struct recorder *recorder, uint64_t now_usec);
/* recorder_write.c: writes what waits. */
void recorder_write(struct recorder *recorder, uint64_t most_kib, uint64_t now_usec);

#endif
