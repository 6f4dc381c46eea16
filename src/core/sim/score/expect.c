/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The expectations of a scenario: reading them, and reporting whether they were met. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/units.h"
#include "core/sim/score/inside.h"
#include "core/sim/score/score.h"
#include "core/sim/scenario_value.h"

enum { LAWS = 7 }; /* as numbered in the design */

/* The slowest answer that still counts as immediate: the arrival's sample and two more. */
#define TOLERANCE_USEC UINT64_C(300000)

static const char right_forms[] =
    "start NAME granted|refused ..., no-kill, none below dynamic-min, no-wrong-ask, guest NAME "
    "..., free, free-at-end, free-minimum, writes, churn, shortfall, idle, idle-short, law N broken";

enum amount_kind { AMOUNT_NONE, AMOUNT_SIZE, AMOUNT_COUNT, AMOUNT_INTEGRAL };

/* Expectations of the form "SUBJECT <= AMOUNT". */
static const struct {
    const char *word;
    enum scenario_subject subject;
    enum amount_kind amount;
} figures[] = {
    {"free-at-end", SCENARIO_FREE_AT_END, AMOUNT_SIZE},
    {"free-minimum", SCENARIO_FREE_MINIMUM, AMOUNT_SIZE},
    {"free", SCENARIO_FREE_BY, AMOUNT_SIZE},
    {"writes", SCENARIO_WRITES, AMOUNT_COUNT},
    {"churn", SCENARIO_CHURN, AMOUNT_SIZE},
    {"shortfall", SCENARIO_SHORTFALL, AMOUNT_INTEGRAL},
    {"idle", SCENARIO_IDLE, AMOUNT_INTEGRAL},
    {"idle-short", SCENARIO_IDLE_SHORT, AMOUNT_INTEGRAL},
};

/* The next word of a statement; NULL past the end. */
struct reader {
    const struct scenario_line *line;
    size_t next;
};

static const char *take_token(struct reader *reader)
{
    return reader->next < reader->line->count ? reader->line->words[reader->next++] : NULL;
}

static bool take_if(struct reader *reader, const char *word)
{
    if (reader->next >= reader->line->count || strcmp(reader->line->words[reader->next], word) != 0)
        return false;
    reader->next++;
    return true;
}

static int fail_expected(const struct reader *reader, const char *right, struct ballast_error *err)
{
    size_t at = ballast_min_u64(reader->next > 0 ? reader->next - 1 : 0, reader->line->count - 1);
    return scenario_wrong(reader->line, reader->line->words[at], "is not an expectation", right,
                          err);
}

/* <= or >= and an amount. */
static int read_amount(struct reader *reader, enum amount_kind kind, struct scenario_expect *expect,
                       struct ballast_error *err)
{
    const char *what = "<= or >= and an amount";
    const char *sign = take_token(reader);
    if (!sign || (strcmp(sign, "<=") != 0 && strcmp(sign, ">=") != 0))
        return fail_expected(reader, "<= or >= and an amount", err);
    expect->at_least = sign[0] == '>';
    const char *word = take_token(reader);
    bool good = word != NULL;
    if (good && kind == AMOUNT_SIZE)
        good = scenario_value_size(word, &expect->amount, &what);
    else if (good && kind == AMOUNT_INTEGRAL)
        good = scenario_value_integral(word, &expect->amount, &what);
    else if (good)
        good = scenario_value_count(word, &expect->amount, &what);
    return good ? 0 : fail_expected(reader, what, err);
}

static int read_by(struct reader *reader, struct scenario_expect *expect, struct ballast_error *err)
{
    const char *what = "by and a time";
    if (!take_if(reader, "by"))
        return 0;
    const char *word = take_token(reader);
    if (!word || !scenario_value_time(word, &expect->by_usec, &what))
        return fail_expected(reader, what, err);
    return 0;
}

static int read_named(struct reader *reader, struct scenario_expect *expect,
                      struct ballast_error *err)
{
    const char *what = "a name";
    const char *word = take_token(reader);
    if (!word || !scenario_value_name(word, expect->name, &what))
        return fail_expected(reader, what, err);
    return 0;
}

static int read_expected_start(struct reader *reader, struct scenario_expect *expect,
                               struct ballast_error *err)
{
    const char *what = "granted or refused";
    int rc = read_named(reader, expect, err);
    if (rc < 0)
        return rc;
    if (take_if(reader, "refused")) {
        expect->subject = SCENARIO_REFUSED;
        expect->at_once = take_if(reader, "at-once");
        return read_by(reader, expect, err);
    }
    expect->subject = SCENARIO_GRANTED;
    if (!take_if(reader, "granted"))
        return fail_expected(reader, what, err);
    if (take_if(reader, "within")) {
        const char *word = take_token(reader);
        if (!word || !scenario_value_ratio(word, &expect->ratio_permyriad, &what))
            return fail_expected(reader, "within and a ratio such as 1.5x", err);
    }
    return read_by(reader, expect, err);
}

static int read_expected_guest(struct reader *reader, struct scenario_expect *expect,
                               struct ballast_error *err)
{
    int rc = read_named(reader, expect, err);
    if (rc < 0)
        return rc;
    if (take_if(reader, "alive")) {
        expect->subject = SCENARIO_GUEST_ALIVE;
    } else if (take_if(reader, "gone")) {
        expect->subject = SCENARIO_GUEST_GONE;
    } else if (take_if(reader, "untouched")) {
        expect->subject = SCENARIO_GUEST_UNTOUCHED;
    } else if (take_if(reader, "holds")) {
        expect->subject = SCENARIO_GUEST_HOLDS;
        return read_amount(reader, AMOUNT_SIZE, expect, err);
    } else if (take_if(reader, "shortfall")) {
        expect->subject = SCENARIO_GUEST_SHORT;
        return read_amount(reader, AMOUNT_INTEGRAL, expect, err);
    } else {
        return fail_expected(reader, "alive, gone, untouched, holds or shortfall", err);
    }
    return 0;
}

static int read_law(struct reader *reader, struct scenario_expect *expect,
                    struct ballast_error *err)
{
    const char *what = "law 1 to 7 broken";
    const char *word = take_token(reader);
    expect->subject = SCENARIO_LAW_BROKEN;
    if (!word || !scenario_value_count(word, &expect->amount, &what) || expect->amount == 0 ||
        expect->amount > LAWS || !take_if(reader, "broken"))
        return fail_expected(reader, "law 1 to 7 broken", err);
    return 0;
}

static int read_figure(struct reader *reader, const char *word, struct scenario_expect *expect,
                       struct ballast_error *err)
{
    for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++) {
        if (strcmp(word, figures[i].word) != 0)
            continue;
        expect->subject = figures[i].subject;
        int rc = read_amount(reader, figures[i].amount, expect, err);
        if (rc < 0 || expect->subject != SCENARIO_FREE_BY)
            return rc;
        rc = read_by(reader, expect, err);
        if (rc == 0 && expect->by_usec == BALLAST_NONE)
            return fail_expected(reader, "by and a time", err);
        return rc;
    }
    return fail_expected(reader, right_forms, err);
}

static int read_subject(struct reader *reader, struct scenario_expect *expect,
                        struct ballast_error *err)
{
    const char *word = take_token(reader);
    if (!word)
        return fail_expected(reader, right_forms, err);
    if (strcmp(word, "start") == 0)
        return read_expected_start(reader, expect, err);
    if (strcmp(word, "guest") == 0)
        return read_expected_guest(reader, expect, err);
    if (strcmp(word, "law") == 0)
        return read_law(reader, expect, err);
    if (strcmp(word, "no-kill") == 0) {
        expect->subject = SCENARIO_NO_KILL;
    } else if (strcmp(word, "no-wrong-ask") == 0) {
        expect->subject = SCENARIO_NO_WRONG_ASK;
    } else if (strcmp(word, "none") == 0) {
        expect->subject = SCENARIO_NONE_BELOW;
        if (!take_if(reader, "below") || !take_if(reader, "dynamic-min"))
            return fail_expected(reader, "none below dynamic-min", err);
    } else {
        return read_figure(reader, word, expect, err);
    }
    return 0;
}

/* "expect[all]", "expect[ballast,fixed]" or "expect" alone. */
static int read_policies(const struct scenario_line *line, struct scenario_expect *expect,
                         struct ballast_error *err)
{
    const char *at = line->words[0] + strlen("expect");
    const char *right = "expect, expect[all] or expect[NAME,NAME]";
    if (*at == '\0')
        return 0;
    if (strcmp(at, "[all]") == 0) {
        expect->all_policies = true;
        return 0;
    }
    for (at++; expect->policy_count < SCENARIO_POLICIES; at++) {
        size_t length = strcspn(at, ",]");
        if (length == 0 || length >= SCENARIO_POLICY || at[length] == '\0')
            break;
        memcpy(expect->policies[expect->policy_count++], at, length);
        at += length;
        if (strcmp(at, "]") == 0)
            return 0;
        if (*at == ']')
            break;
    }
    return scenario_wrong(line, line->words[0], "names no policies", right, err);
}

int scenario_expect_parse(const struct scenario_line *line, struct scenario *out,
                          struct ballast_error *err)
{
    struct scenario_expect expect = {.by_usec = BALLAST_NONE, .line = line->number};
    struct reader reader = {line, 1};
    int rc = read_policies(line, &expect, err);
    if (rc < 0 || (rc = read_subject(&reader, &expect, err)) < 0)
        return rc;
    if (reader.next < line->count)
        return scenario_wrong(line, line->words[reader.next], "is one word too many",
                              "the end of the line", err);
    if (out->expect_count == SCENARIO_EXPECTS)
        return scenario_wrong(line, line->words[0], "exceeds the limit", "at most 64", err);
    out->expects[out->expect_count++] = expect;
    return 0;
}

static bool bind_start(const struct scenario *scenario, struct scenario_expect *expect)
{
    for (size_t i = 0; i < scenario->config.start_count; i++) {
        if (strcmp(scenario->config.starts[i].guest.name, expect->name) == 0) {
            expect->index = i;
            return true;
        }
    }
    return false;
}

static bool bind_guest(const struct scenario *scenario, const struct scenario_expect *expect)
{
    for (size_t i = 0; i < scenario->config.guest_count; i++) {
        if (strcmp(scenario->config.guests[i].name, expect->name) == 0)
            return true;
    }
    struct scenario_expect start = *expect;
    return bind_start(scenario, &start); /* a start becomes a guest with its name */
}

int scenario_expect_bind(const char *file, struct scenario *scenario, struct ballast_error *err)
{
    for (size_t i = 0; i < scenario->expect_count; i++) {
        struct scenario_expect *expect = &scenario->expects[i];
        bool is_start = expect->subject == SCENARIO_GRANTED || expect->subject == SCENARIO_REFUSED;
        if (expect->name[0] == '\0' ||
            (is_start ? bind_start(scenario, expect) : bind_guest(scenario, expect)))
            continue;
        return ballast_fail(err, -EINVAL, "%s:%u: \"%s\": no such %s: use one of this file", file,
                            expect->line, expect->name, is_start ? "start" : "guest");
    }
    return 0;
}

void scenario_watch_init(struct scenario_watch *watch)
{
    *watch = (struct scenario_watch){0};
    for (int i = 0; i < SCENARIO_EXPECTS; i++)
        watch->free_by_usec[i] = BALLAST_NONE;
}

void scenario_watch_step(const struct scenario *scenario, const struct sim *sim,
                         struct scenario_watch *watch)
{
    for (size_t i = 0; i < scenario->expect_count; i++) {
        const struct scenario_expect *expect = &scenario->expects[i];
        if (expect->subject != SCENARIO_FREE_BY || watch->free_by_usec[i] != BALLAST_NONE)
            continue;
        uint64_t kib = sim_free_kib(sim);
        if (expect->at_least ? kib >= expect->amount : kib <= expect->amount)
            watch->free_by_usec[i] = sim_now_usec(sim);
    }
}

bool scenario_expects_of(const struct scenario_expect *expect, const char *policy, bool is_default)
{
    if (expect->all_policies)
        return true;
    for (size_t i = 0; i < expect->policy_count; i++) {
        if (strcmp(expect->policies[i], policy) == 0)
            return true;
    }
    return expect->policy_count == 0 && is_default;
}

uint64_t scenario_ratio_permyriad(const struct sim_start *start)
{
    bool granted = start->state == SIM_START_GRANTED || start->state == SIM_START_BUILDING ||
                   start->state == SIM_START_BUILT || start->state == SIM_START_DIED;
    if (!granted || start->shortest_usec == BALLAST_NONE ||
        start->shortest_usec <= SCENARIO_RATIO_FROM_USEC)
        return 0;
    return ballast_mul_div(start->answered_usec - start->arrived_usec, BALLAST_PERMYRIAD,
                           start->shortest_usec);
}

static double usec_as_seconds(uint64_t usec)
{
    return (double)usec / 1e6;
}

static bool met_granted(const struct scenario_expect *expect, const struct sim_start *start,
                        char *text, size_t size)
{
    bool granted = start->state > SIM_START_REFUSED;
    uint64_t took = granted ? start->answered_usec - start->arrived_usec : 0;
    bool quick = true;
    if (expect->ratio_permyriad > 0 && start->shortest_usec != BALLAST_NONE) {
        uint64_t most =
            ballast_mul_div(start->shortest_usec, expect->ratio_permyriad, BALLAST_PERMYRIAD);
        quick = took <= ballast_max_u64(most, start->shortest_usec + TOLERANCE_USEC);
    }
    bool early = start->answered_usec <= expect->by_usec;
    if (!granted)
        snprintf(text, size, "start %s granted: it was %s", expect->name,
                 start->state == SIM_START_REFUSED ? "refused" : "not answered");
    else if (start->shortest_usec == BALLAST_NONE)
        snprintf(text, size, "start %s granted: after %.1f s", expect->name, usec_as_seconds(took));
    else
        snprintf(text, size, "start %s granted: after %.1f s, shortest possible %.1f s",
                 expect->name, usec_as_seconds(took), usec_as_seconds(start->shortest_usec));
    return granted && quick && early;
}

static bool met_refused(const struct scenario_expect *expect, const struct sim_start *start,
                        char *text, size_t size)
{
    bool refused = start->state == SIM_START_REFUSED && !start->gave_up;
    uint64_t took = refused ? start->answered_usec - start->arrived_usec : 0;
    if (refused)
        snprintf(text, size, "start %s refused%s: after %.1f s", expect->name,
                 expect->at_once ? " at once" : "", usec_as_seconds(took));
    else
        snprintf(text, size, "start %s refused: it was %s", expect->name,
                 start->state > SIM_START_REFUSED ? "granted" : "left waiting");
    return refused && (!expect->at_once || took == 0) && start->answered_usec <= expect->by_usec;
}

static const char *unit_of(enum scenario_subject subject)
{
    switch ((int)subject) {
    case SCENARIO_WRITES:
        return "";
    case SCENARIO_SHORTFALL:
    case SCENARIO_IDLE:
    case SCENARIO_IDLE_SHORT:
    case SCENARIO_GUEST_SHORT:
        return " MiBs";
    default:
        return " KiB";
    }
}

static bool met_amount(const struct scenario_expect *expect, const char *what, uint64_t amount,
                       char *text, size_t size)
{
    bool integral = strcmp(unit_of(expect->subject), " MiBs") == 0;
    uint64_t divisor = integral ? 1000 * BALLAST_MIB_KIB : 1;
    snprintf(text, size, "%s%s%s %s %" PRIu64 "%s: it was %" PRIu64, what,
             expect->name[0] != '\0' ? " of " : "", expect->name,
             expect->at_least ? ">=" : "<=", expect->amount / divisor, unit_of(expect->subject),
             amount / divisor);
    return expect->at_least ? amount >= expect->amount : amount <= expect->amount;
}

static bool met_score(const struct scenario_expect *expect, const struct sim *sim, char *text,
                      size_t size)
{
    struct sim_score score;
    sim_score(sim, &score);
    switch ((int)expect->subject) {
    case SCENARIO_NO_KILL:
        snprintf(text, size, "no-kill: %" PRIu64 " builds and %" PRIu64 " guests died",
                 score.builds_died, score.guests_died);
        return score.builds_died + score.guests_died == 0;
    case SCENARIO_NONE_BELOW:
        snprintf(text, size, "none below dynamic-min: %.1f guest-seconds were",
                 (double)score.below_min_ms / 1e3);
        return score.below_min_ms == 0;
    case SCENARIO_NO_WRONG_ASK:
        snprintf(text, size, "no-wrong-ask: %" PRIu64 " times", score.wrong_asks);
        return score.wrong_asks == 0;
    case SCENARIO_FREE_AT_END:
        return met_amount(expect, "free-at-end", sim_free_kib(sim), text, size);
    case SCENARIO_FREE_MINIMUM:
        return met_amount(expect, "free-minimum", score.minimum_free_kib, text, size);
    case SCENARIO_WRITES:
        return met_amount(expect, "writes", score.target_writes, text, size);
    case SCENARIO_CHURN:
        return met_amount(expect, "churn", score.churn_kib, text, size);
    case SCENARIO_SHORTFALL:
        return met_amount(expect, "shortfall", score.shortfall_kibms, text, size);
    case SCENARIO_IDLE:
        return met_amount(expect, "idle", score.idle_kibms, text, size);
    default:
        return met_amount(expect, "idle-short", score.idle_short_kibms, text, size);
    }
}

/* The last domain with that name; false: there never was one. */
static bool find_guest(const struct sim *sim, const char *name, struct sim_domain_view *out)
{
    for (size_t i = sim_domain_count(sim); i-- > 0;) {
        sim_domain_view(sim, i, out);
        if (strcmp(out->name, name) == 0)
            return true;
    }
    *out = (struct sim_domain_view){.name = name};
    return false;
}

static bool met_guest(const struct scenario_expect *expect, const struct sim *sim, char *text,
                      size_t size)
{
    struct sim_domain_view guest;
    bool known = find_guest(sim, expect->name, &guest);
    const char *word = !known ? "never built" : guest.alive ? "alive" : "gone";
    switch ((int)expect->subject) {
    case SCENARIO_GUEST_ALIVE:
        snprintf(text, size, "guest %s alive: it is %s", expect->name, word);
        return guest.alive;
    case SCENARIO_GUEST_GONE:
        snprintf(text, size, "guest %s gone: it is %s", expect->name, word);
        return known && !guest.alive;
    case SCENARIO_GUEST_UNTOUCHED:
        snprintf(text, size, "guest %s untouched: its target was written %" PRIu64 " times",
                 expect->name, guest.target_writes);
        return known && guest.target_writes == 0;
    case SCENARIO_GUEST_HOLDS:
        return met_amount(expect, "memory at the end", guest.tot_kib, text, size) && guest.alive;
    default:
        return met_amount(expect, "shortfall", guest.shortfall_kibms, text, size) && known;
    }
}

static bool met_free_by(const struct scenario_expect *expect, uint64_t when_usec, char *text,
                        size_t size)
{
    bool ever = when_usec != BALLAST_NONE;
    int length =
        snprintf(text, size, "free %s %" PRIu64 " KiB by %.1f s: ", expect->at_least ? ">=" : "<=",
                 expect->amount, usec_as_seconds(expect->by_usec));
    if (length > 0 && (size_t)length < size && ever)
        snprintf(text + length, size - (size_t)length, "after %.1f s", usec_as_seconds(when_usec));
    else if (length > 0 && (size_t)length < size)
        snprintf(text + length, size - (size_t)length, "never");
    return ever && when_usec <= expect->by_usec;
}

bool scenario_met(const struct scenario *scenario, size_t i, const struct sim *sim,
                  const struct scenario_watch *watch, char *text, size_t size)
{
    const struct scenario_expect *expect = &scenario->expects[i];
    switch ((int)expect->subject) {
    case SCENARIO_GRANTED:
        return met_granted(expect, sim_start_at(sim, expect->index), text, size);
    case SCENARIO_REFUSED:
        return met_refused(expect, sim_start_at(sim, expect->index), text, size);
    case SCENARIO_FREE_BY:
        return met_free_by(expect, watch->free_by_usec[i], text, size);
    case SCENARIO_LAW_BROKEN:
        snprintf(text, size, "law %" PRIu64 " broken: it was%s", expect->amount,
                 watch->laws_broken >> expect->amount & 1 ? "" : " not");
        return watch->laws_broken >> expect->amount & 1;
    case SCENARIO_GUEST_ALIVE:
    case SCENARIO_GUEST_GONE:
    case SCENARIO_GUEST_UNTOUCHED:
    case SCENARIO_GUEST_HOLDS:
    case SCENARIO_GUEST_SHORT:
        return met_guest(expect, sim, text, size);
    default:
        return met_score(expect, sim, text, size);
    }
}
