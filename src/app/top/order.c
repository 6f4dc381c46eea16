/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/top/state.h"
#include "core/base/units.h"

static const char *const words[TOP_SORTS] = {
    [TOP_BY_ID] = "id",         [TOP_BY_NAME] = "name",   [TOP_BY_CURRENT] = "current",
    [TOP_BY_TARGET] = "target", [TOP_BY_NEED] = "need",   [TOP_BY_GAP] = "gap",
    [TOP_BY_STATE] = "state",   [TOP_BY_RANGE] = "range", [TOP_BY_BAR] = "bar",
    [TOP_BY_WHY] = "why"};

const char *top_sort_name(enum top_sort sort)
{
    return sort < TOP_SORTS ? words[sort] : NULL;
}

int top_sort_find(const char *word)
{
    for (int i = 0; i < TOP_SORTS; i++) {
        if (strcmp(words[i], word) == 0)
            return i;
    }
    return -ENOENT;
}

void top_state_release(struct top_state *state)
{
    top_host_release(&state->host);
    free(state->shown);
    state->shown = NULL;
    state->count = 0;
}

static uint64_t gap_kib(const struct top_guest *guest)
{
    if (guest->target_kib == BALLAST_NONE)
        return 0;
    return ballast_max_u64(ballast_sub_floor(guest->current_kib, guest->target_kib),
                           ballast_sub_floor(guest->target_kib, guest->current_kib));
}

/* What is not known comes last. */
static uint64_t order_known(uint64_t kib)
{
    return kib == BALLAST_NONE ? 0 : kib + 1;
}

static uint64_t order_size_of(enum top_sort sort, const struct top_guest *guest)
{
    switch (sort) {
    case TOP_BY_CURRENT:
        return guest->current_kib;
    case TOP_BY_TARGET:
        return order_known(guest->target_kib);
    case TOP_BY_NEED:
        return order_known(guest->need_kib);
    case TOP_BY_GAP:
        return gap_kib(guest);
    case TOP_BY_RANGE: /* as it is shown: only where both ends are known */
        return guest->dynamic_min_kib == BALLAST_NONE ? 0 : order_known(guest->dynamic_max_kib);
    case TOP_BY_BAR:
        return ballast_add_ceil(guest->current_kib, guest->overhead_kib);
    case TOP_BY_ID:
    case TOP_BY_NAME:
    case TOP_BY_STATE:
    case TOP_BY_WHY:
    case TOP_SORTS:
        break;
    }
    return 0;
}

/* Sizes begin with the largest, words and numbers with the first; where nothing was decided yet,
 * that is last. */
static int compare_by(enum top_sort sort, const struct top_guest *a, const struct top_guest *b)
{
    if (sort == TOP_BY_NAME)
        return strcmp(a->name, b->name);
    if (sort == TOP_BY_STATE)
        return strcmp(top_guest_state(a), top_guest_state(b));
    if (sort == TOP_BY_WHY && (!*a->why || !*b->why))
        return (*a->why == '\0') - (*b->why == '\0');
    if (sort == TOP_BY_WHY)
        return strcmp(a->why, b->why);
    uint64_t x = order_size_of(sort, a);
    uint64_t y = order_size_of(sort, b);
    return (x < y) - (x > y);
}

static int compare_guests(const void *a, const void *b, void *context)
{
    const struct top_state *state = context;
    const struct top_guest *x = &state->host.guests[*(const size_t *)a];
    const struct top_guest *y = &state->host.guests[*(const size_t *)b];
    int by_id = (x->id > y->id) - (x->id < y->id);
    int by = compare_by(state->sort, x, y);
    by = by ? by : by_id;
    return state->reversed ? -by : by;
}

static void select_again(struct top_state *state)
{
    for (size_t i = 0; i < state->count; i++) {
        if (state->host.guests[state->shown[i]].id == state->selected_id) {
            state->selected = i;
            return;
        }
    }
    if (state->selected >= state->count)
        state->selected = state->count > 0 ? state->count - 1 : 0;
    if (state->count > 0)
        state->selected_id = state->host.guests[state->shown[state->selected]].id;
}

static void keep_in_sight(struct top_state *state)
{
    size_t page = state->page > 0 ? state->page : 1;
    if (state->selected < state->first)
        state->first = state->selected;
    if (state->selected >= state->first + page)
        state->first = state->selected + 1 - page;
    if (state->first + page > state->count)
        state->first = state->count > page ? state->count - page : 0;
}

int top_arrange(struct top_state *state, size_t page)
{
    size_t *shown = reallocarray(state->shown, state->host.count + 1, sizeof(*shown));
    if (!shown)
        return -ENOMEM;
    state->shown = shown;
    state->count = 0;
    for (size_t i = 0; i < state->host.count; i++) {
        if (strcasestr(state->host.guests[i].name, state->filter))
            shown[state->count++] = i;
    }
    qsort_r(shown, state->count, sizeof(*shown), compare_guests, state);
    state->page = page;
    select_again(state);
    keep_in_sight(state);
    return 0;
}

const struct top_guest *top_selected(const struct top_state *state)
{
    return state->selected < state->count ? &state->host.guests[state->shown[state->selected]]
                                          : NULL;
}

const struct top_guest *top_changed(const struct top_state *state)
{
    for (size_t i = 0; i < state->host.count && !state->change.all; i++) {
        const struct top_guest *guest = &state->host.guests[i];
        if (guest->id == state->change.id && strcmp(guest->uuid, state->change.uuid) == 0)
            return guest;
    }
    return NULL;
}
