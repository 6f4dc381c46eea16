/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the person at the screen is: what is selected, sorted and filtered, what is being typed.
 * Keys move it on (keys.c) and it is drawn (layout.h), neither of which needs a terminal.
 */
#ifndef APP_TOP_STATE_H
#define APP_TOP_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/top/host.h"

enum { TOP_INPUT = 64 };

enum top_mode {
    TOP_LIST,
    TOP_GUEST, /* one of them in full */
    TOP_HELP,
    TOP_FILTER,     /* typing what names must have in them */
    TOP_ASK_TARGET, /* typing a new one */
    TOP_ASK_RANGE,
    TOP_CONFIRM, /* the change is shown, and waits for a yes */
};

enum top_sort {
    TOP_BY_ID,
    TOP_BY_NAME,
    TOP_BY_CURRENT,
    TOP_BY_TARGET,
    TOP_BY_NEED,
    TOP_BY_GAP, /* how far it is from its target */
    TOP_BY_STATE,
    TOP_BY_RANGE, /* its maximum */
    TOP_BY_BAR,   /* what it holds and its overhead: all of the bar but the balloon */
    TOP_BY_WHY,
    TOP_SORTS
};

enum top_what { TOP_SET_TARGET, TOP_SET_RANGE, TOP_PAUSE, TOP_RESUME };

/* What was asked for at the keyboard. */
struct top_change {
    enum top_what what;
    bool all; /* not one guest, but balancing as a whole */
    uint32_t id;
    char uuid[TOP_UUID]; /* so that it cannot hit another guest of the same number */
    char name[TOP_NAME];
    uint64_t target_kib;  /* of TOP_SET_TARGET */
    uint64_t minimum_kib; /* of TOP_SET_RANGE, as the next */
    uint64_t maximum_kib;
};

struct top_state {
    struct top_host host;
    bool can_change;     /* there is a daemon to ask */
    char lost[TOP_TEXT]; /* why nothing new comes; "": all is well */
    char message[TOP_TEXT];
    bool is_bad; /* the message tells of a failure */
    enum top_mode mode;
    enum top_mode below; /* TOP_LIST or TOP_GUEST, where the others return to */
    enum top_sort sort;
    bool reversed;
    char filter[TOP_INPUT];
    char input[TOP_INPUT];
    struct top_change change;
    uint32_t selected_id;
    size_t selected; /* its place among those shown */
    size_t first;    /* the first of them on the screen */
    size_t page;     /* how many fit */
    size_t scrolled; /* lines of the text in TOP_GUEST and TOP_HELP */
    size_t *shown;   /* places in host.guests, sorted and filtered */
    size_t count;
};

enum top_does { TOP_DOES_NOTHING, TOP_DOES_CHANGE, TOP_DOES_REDRAW, TOP_DOES_QUIT };

/* All zero is a state to begin with. */
void top_state_release(struct top_state *state);

/* What a key does; TOP_DOES_CHANGE: state->change was confirmed and is to be asked for. */
enum top_does top_key(struct top_state *state, uint32_t key);
/* Leaves a message, shown until the next key. */
__attribute__((format(printf, 3, 4))) void top_say(struct top_state *state, bool is_bad,
                                                   const char *format, ...);

/*
 * Sorts and filters, and keeps what is selected on a page of so many rows. To be called whenever
 * the host, the state or the screen is another. -ENOMEM: all is as it was.
 */
int top_arrange(struct top_state *state, size_t page);
/* NULL where none is shown. */
const struct top_guest *top_selected(const struct top_state *state);
/* The guest that the change is about, as it is now; NULL when it is gone, or for all. */
const struct top_guest *top_changed(const struct top_state *state);

/* "id", "name" ...; NULL beyond TOP_SORTS. */
const char *top_sort_name(enum top_sort sort);
/* -ENOENT */
int top_sort_find(const char *word);

enum { TOP_SIZE = 40 };
/* "2048 MiB", "2047.50 MiB", "-" where it is not known. */
void top_size(uint64_t kib, char out[TOP_SIZE]);
/* The change as a sentence with what is before and after, or as one that it is done. */
size_t top_change_text(const struct top_state *state, bool done, char *buf, size_t size);

#endif
