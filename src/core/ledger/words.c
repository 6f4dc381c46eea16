/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The names and sentences of states and reasons, and which state may follow which. */
#include <errno.h>
#include <string.h>

#include "core/base/pattern.h"
#include "core/base/text.h"
#include "core/ledger/ledger.h"

#define TO(state) (1u << (state))

static const struct {
    const char *word;
    bool open;
    unsigned to; /* the states that may follow */
} states[LEDGER_STATES] = {
    [LEDGER_REQUESTED] = {"requested", true,
                          TO(LEDGER_RECLAIMING) | TO(LEDGER_GRANTED) | TO(LEDGER_RELEASED) |
                              TO(LEDGER_REFUSED)},
    [LEDGER_RECLAIMING] = {"reclaiming", true,
                           TO(LEDGER_GRANTED) | TO(LEDGER_RELEASED) | TO(LEDGER_REFUSED)},
    [LEDGER_GRANTED] = {"granted", true, TO(LEDGER_BOUND) | TO(LEDGER_RELEASED)},
    [LEDGER_BOUND] = {"bound", true, TO(LEDGER_USED) | TO(LEDGER_RELEASED)},
    [LEDGER_USED] = {"used", false, 0},
    [LEDGER_RELEASED] = {"released", false, 0},
    [LEDGER_REFUSED] = {"refused", false, 0},
};

#define FIGURE(member) PATTERN_MEMBER(struct ledger_figures, member)

/* Each reason: its name, its sentence, and its figures. */
static const struct {
    const char *name;
    const char *pattern;
    struct pattern_member figures[LEDGER_FIGURES];
} reasons[LEDGER_REASONS] = {
    [LEDGER_OK] = {"ok", "done: {done_kib}", {FIGURE(done_kib)}},
    [LEDGER_BY_OWNER] = {"by-owner",
                         "its owner released it; {released_kib} are no longer reserved",
                         {FIGURE(released_kib)}},
    [LEDGER_LEASE_OVER] =
        {"lease-over",
         "its lease ended before it was bound; {released_kib} are no longer reserved",
         {FIGURE(released_kib)}},
    [LEDGER_OWNER_RETURNED] = {"owner-returned",
                               "its owner restarted; {released_kib} are no longer reserved",
                               {FIGURE(released_kib)}},
    [LEDGER_DOMAIN_GONE] =
        {"domain-gone",
         "the domain it was bound to is gone; {released_kib} are no longer reserved",
         {FIGURE(released_kib)}},
    [LEDGER_NOT_FREE] = {"not-free",
                         "{needed_kib} were requested, and {available_kib} are available",
                         {FIGURE(needed_kib), FIGURE(available_kib)}},
    [LEDGER_CANNOT_FIT] =
        {"cannot-fit",
         "{needed_kib} were requested, and at most {possible_kib} could ever be available",
         {FIGURE(needed_kib), FIGURE(possible_kib)}},
    [LEDGER_DONORS_STUCK] = {"donors-stuck",
                             "{missing_kib} are missing, and the donors do not free them",
                             {FIGURE(missing_kib)}},
    [LEDGER_DEADLINE_OVER] = {"deadline-over",
                              "the deadline passed with {missing_kib} missing",
                              {FIGURE(missing_kib)}},
    [LEDGER_WRONG_STATE] = {"wrong-state",
                            "it is {present_state} and cannot become {wanted_state}",
                            {FIGURE(present_state), FIGURE(wanted_state)}},
    [LEDGER_NOT_OWNER] = {"not-owner", "it belongs to another owner", {{NULL, 0}}},
    [LEDGER_UNKNOWN] = {"unknown", "no such reservation", {{NULL, 0}}},
    [LEDGER_BAD_SIZE] =
        {"bad-size",
         "invalid size, {min_kib} to {max_kib}: use a minimum above 0 and a maximum not below it",
         {FIGURE(min_kib), FIGURE(max_kib)}},
    [LEDGER_TOO_MANY] = {"too-many",
                         "{open} reservations are open, and at most {most_open} may be",
                         {FIGURE(open), FIGURE(most_open)}},
    [LEDGER_QUOTA_RESERVATIONS] =
        {"quota-reservations",
         "this user has {open} reservations open, and its quota is {quota}: release some",
         {FIGURE(open), FIGURE(quota)}},
    [LEDGER_QUOTA_MEMORY] =
        {"quota-memory",
         "this user has reserved or requested {reserved_kib}, and its quota is {quota_kib}: release some, or ask for less",
         {FIGURE(reserved_kib), FIGURE(quota_kib)}},
    [LEDGER_DOMAIN_TAKEN] = {"domain-taken",
                             "reservation {reservation} is already bound to that domain",
                             {FIGURE(reservation)}},
};

bool ledger_state_is_open(enum ledger_state state)
{
    return (unsigned)state < LEDGER_STATES && states[state].open;
}

bool ledger_state_allows(enum ledger_state from, enum ledger_state to)
{
    return (unsigned)from < LEDGER_STATES && (unsigned)to < LEDGER_STATES &&
           (states[from].to & TO(to)) != 0;
}

const char *ledger_state_name(enum ledger_state state)
{
    return (unsigned)state < LEDGER_STATES ? states[state].word : NULL;
}

const char *ledger_reason_name(enum ledger_reason reason)
{
    return (unsigned)reason < LEDGER_REASONS ? reasons[reason].name : NULL;
}

const char *ledger_reason_pattern(enum ledger_reason reason)
{
    return (unsigned)reason < LEDGER_REASONS ? reasons[reason].pattern : NULL;
}

int ledger_state_find(const char *word)
{
    for (int i = 0; i < LEDGER_STATES; i++) {
        if (strcmp(states[i].word, word) == 0)
            return i;
    }
    return -ENOENT;
}

int ledger_reason_find(const char *word)
{
    for (int i = 0; i < LEDGER_REASONS; i++) {
        if (strcmp(reasons[i].name, word) == 0)
            return i;
    }
    return -ENOENT;
}

bool ledger_is_rebooting(const struct ledger_reservation *record)
{
    return record->kind == LEDGER_REBOOT && record->state == LEDGER_BOUND;
}

bool ledger_is_pool(const struct ledger_reservation *record)
{
    return record->kind == LEDGER_POOL && record->state == LEDGER_GRANTED;
}

static const char *const kinds[LEDGER_KINDS] = {
    [LEDGER_START] = "start",
    [LEDGER_POOL] = "pool",
    [LEDGER_REBOOT] = "reboot",
};

const char *ledger_kind_name(enum ledger_kind kind)
{
    return (unsigned)kind < LEDGER_KINDS ? kinds[kind] : NULL;
}

int ledger_kind_find(const char *word)
{
    for (int i = 0; i < LEDGER_KINDS; i++) {
        if (strcmp(kinds[i], word) == 0)
            return i;
    }
    return -ENOENT;
}

static const char *state_or_none(uint64_t state)
{
    return state < LEDGER_STATES ? states[state].word : "in no state";
}

void ledger_reason_figures(enum ledger_reason reason, const struct ledger_figures *figures,
                           struct pattern_figure out[LEDGER_FIGURES])
{
    static const struct pattern_member none[LEDGER_FIGURES];
    bool known = (unsigned)reason < LEDGER_REASONS;
    pattern_read(figures, known ? reasons[reason].figures : none, LEDGER_FIGURES, out);
    for (size_t i = 0; reason == LEDGER_WRONG_STATE && i < LEDGER_FIGURES; i++)
        out[i].text = state_or_none(out[i].value);
}

size_t ledger_reason_text(enum ledger_reason reason, const struct ledger_figures *figures,
                          char *buf, size_t size)
{
    struct ballast_text text = ballast_text_over(buf, size);
    struct pattern_figure named[LEDGER_FIGURES];
    const char *pattern = ledger_reason_pattern(reason);
    ledger_reason_figures(reason, figures, named);
    if (pattern)
        pattern_fill(&text, pattern, named, LEDGER_FIGURES);
    return text.length;
}
