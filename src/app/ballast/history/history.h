/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was, as the daemon tells it: series at even steps, to be drawn, and events. */
#ifndef APP_BALLAST_HISTORY_HISTORY_H
#define APP_BALLAST_HISTORY_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/ballast/client/daemon.h"
#include "core/model/host_breakdown.h"

struct json_object;

/* A value for each step; 0 where nothing is known. Of the host: free, reserved, deficit. */
struct cli_history {
    char *name; /* as it can be shown; "host" */
    bool is_host;
    bool gone;
    uint64_t from_usec;
    uint64_t step_usec;
    size_t steps;
    uint64_t *usec; /* where each begins */
    uint64_t *current_kib;
    uint64_t *least_kib;
    uint64_t *peak_kib;
    uint64_t *target_kib;
    uint64_t *need_kib;
    bool has_parts;                    /* of the host, and some are known */
    uint64_t *part_kib[BALLAST_PARTS]; /* what it was made of; NULL without parts */
    uint64_t *total_kib;               /* what they sum to, less what is overcounted */
    size_t known;                      /* steps of which anything is */
    int64_t offset_usec;               /* from the daemon's clock to the calendar */
    struct json_object *answer;        /* of the daemon */
    struct json_object *events;        /* an array */
    bool more_events;                  /* there were others before */
};

struct cli_history_wanted {
    const char *domain; /* NULL: the host */
    uint64_t since_usec;
    uint64_t points;
    uint64_t events; /* at most so many */
};

/* Asks for both; the exit status, with a message on failure. Released in any case. */
int cli_history_ask(struct cli_daemon *daemon, const struct cli_history_wanted *wanted,
                    struct cli_history *out);
void cli_history_release(struct cli_history *history);

/* Which events: of a domain, of that long, of a reason; NULL and BALLAST_NONE for all. */
struct cli_history_which {
    const char *domain;
    const char *reason;
    uint64_t since_usec;
    uint64_t most; /* the last ones */
};

/* The events alone, in answer's "events". */
int cli_history_events(struct cli_daemon *daemon, const struct cli_history_which *which,
                       struct json_object **answer);
/* Between the daemon's clock, which was just asked for the time, and the calendar. */
int64_t cli_history_offset(uint64_t now_usec);
enum { CLI_HISTORY_TIME = 32 };
/* As people write it here: "10:02:11", and the day where it is not of the last day. */
void cli_history_time(uint64_t usec, int64_t offset_usec, char out[CLI_HISTORY_TIME]);

#endif
