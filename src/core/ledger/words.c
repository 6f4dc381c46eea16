/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* States and reasons as words and sentences, and which state may follow which. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

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

static const char *const reason_names[LEDGER_REASONS] = {
    [LEDGER_OK] = "ok",
    [LEDGER_BY_OWNER] = "by-owner",
    [LEDGER_LEASE_OVER] = "lease-over",
    [LEDGER_OWNER_RETURNED] = "owner-returned",
    [LEDGER_DOMAIN_GONE] = "domain-gone",
    [LEDGER_NOT_FREE] = "not-free",
    [LEDGER_CANNOT_FIT] = "cannot-fit",
    [LEDGER_DONORS_STUCK] = "donors-stuck",
    [LEDGER_DEADLINE_OVER] = "deadline-over",
    [LEDGER_WRONG_STATE] = "wrong-state",
    [LEDGER_NOT_OWNER] = "not-owner",
    [LEDGER_UNKNOWN] = "unknown",
    [LEDGER_BAD_SIZE] = "bad-size",
    [LEDGER_TOO_MANY] = "too-many",
    [LEDGER_DOMAIN_TAKEN] = "domain-taken",
};

static const char *const figures[LEDGER_REASONS][2] = {
    [LEDGER_BY_OWNER] = {"released_kib"},
    [LEDGER_LEASE_OVER] = {"released_kib"},
    [LEDGER_OWNER_RETURNED] = {"released_kib"},
    [LEDGER_DOMAIN_GONE] = {"released_kib"},
    [LEDGER_NOT_FREE] = {"needed_kib", "available_kib"},
    [LEDGER_CANNOT_FIT] = {"needed_kib", "possible_kib"},
    [LEDGER_DONORS_STUCK] = {"missing_kib"},
    [LEDGER_DEADLINE_OVER] = {"missing_kib"},
    [LEDGER_BAD_SIZE] = {"min_kib", "max_kib"},
    [LEDGER_TOO_MANY] = {"open", "most_open"},
    [LEDGER_DOMAIN_TAKEN] = {"reservation"},
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
    return (unsigned)reason < LEDGER_REASONS ? reason_names[reason] : NULL;
}

const char *ledger_reason_figure(enum ledger_reason reason, size_t which)
{
    return (unsigned)reason < LEDGER_REASONS && which < 2 ? figures[reason][which] : NULL;
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
        if (strcmp(reason_names[i], word) == 0)
            return i;
    }
    return -ENOENT;
}

static const char *state_or_none(uint64_t state)
{
    return state < LEDGER_STATES ? states[state].word : "in no state";
}

/* A table of sentences would need a format that the compiler cannot check. */
static void add_release(struct ballast_text *text, enum ledger_reason reason, uint64_t back_kib)
{
    const char *why = reason == LEDGER_BY_OWNER         ? "released by its owner"
                      : reason == LEDGER_LEASE_OVER     ? "its lease ended before it was bound"
                      : reason == LEDGER_OWNER_RETURNED ? "its owner began anew"
                                                        : "the domain it was bound to is gone";
    ballast_text_add(text, "%s; %" PRIu64 " KiB are no longer promised", why, back_kib);
}

size_t ledger_reason_text(enum ledger_reason reason, uint64_t a_kib, uint64_t b_kib, char *buf,
                          size_t size)
{
    struct ballast_text text = ballast_text_over(buf, size);
    switch (reason) {
    case LEDGER_OK:
        ballast_text_add(&text, "done: %" PRIu64 " KiB", a_kib);
        break;
    case LEDGER_BY_OWNER:
    case LEDGER_LEASE_OVER:
    case LEDGER_OWNER_RETURNED:
    case LEDGER_DOMAIN_GONE:
        add_release(&text, reason, a_kib);
        break;
    case LEDGER_NOT_FREE:
        ballast_text_add(&text,
                         "%" PRIu64 " KiB were asked for, and %" PRIu64
                         " KiB are free beyond what is promised",
                         a_kib, b_kib);
        break;
    case LEDGER_CANNOT_FIT:
        ballast_text_add(&text,
                         "%" PRIu64 " KiB were asked for, and no more than %" PRIu64
                         " KiB could ever be free",
                         a_kib, b_kib);
        break;
    case LEDGER_DONORS_STUCK:
        ballast_text_add(&text, "%" PRIu64 " KiB are missing, and those who could give them do not",
                         a_kib);
        break;
    case LEDGER_DEADLINE_OVER:
        ballast_text_add(&text, "the deadline passed with %" PRIu64 " KiB missing", a_kib);
        break;
    case LEDGER_WRONG_STATE:
        ballast_text_add(&text, "it is %s, from where it cannot become %s", state_or_none(a_kib),
                         state_or_none(b_kib));
        break;
    case LEDGER_NOT_OWNER:
        ballast_text_add(&text, "it belongs to another owner");
        break;
    case LEDGER_UNKNOWN:
        ballast_text_add(&text, "there is no such reservation");
        break;
    case LEDGER_BAD_SIZE:
        ballast_text_add(&text,
                         "%" PRIu64 " to %" PRIu64
                         " KiB is no size: the minimum must be above 0 and not above the "
                         "maximum, and that not beyond the host",
                         a_kib, b_kib);
        break;
    case LEDGER_TOO_MANY:
        ballast_text_add(
            &text, "%" PRIu64 " reservations are open, and no more than %" PRIu64 " may be at once",
            a_kib, b_kib);
        break;
    case LEDGER_DOMAIN_TAKEN:
        ballast_text_add(&text, "reservation %" PRIu64 " is bound to that domain already", a_kib);
        break;
    case LEDGER_REASONS:
        break;
    }
    return text.length;
}
