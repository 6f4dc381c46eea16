/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Random operations on the ledger and on its naive twin, over a small host whose memory moves:
 * after every step both give the same answer and hold the same records, every law holds over the
 * whole ledger and against the host's free memory, and what was journalled is what is there. Every
 * so often the ledger dies and is restored from its journal, or its journal fails.
 *
 * test_random SEED: the seeds are those of tests/seeds/list.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/ledger/ledger.h"
#include "core/model/host.h"
#include "twin.h"

enum { STEPS = 20000, LIVES = 3, DOMAINS = 5, OWNERS = 3, TOTAL_KIB = 4096 };

struct world {
    uint64_t random;
    struct ledger *ledger;
    struct twin twin;
    uint64_t now_usec;
    uint64_t free_kib;          /* the rest is held by domains[] or by the others */
    uint64_t held_kib[DOMAINS]; /* by those that are being built */
    struct ledger_domain domains[DOMAINS];
    struct twin journal; /* what the journal knows; only its list is used */
    unsigned fail_after; /* so many journal calls until one fails; 0: none */
    unsigned long answers[LEDGER_REASONS];
    unsigned long restores;
    unsigned long failures;
    unsigned long paid;
};

#define CHECK(condition, ...)                                                                      \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s: ", __FILE__, __LINE__, #condition);                        \
            fprintf(stderr, __VA_ARGS__);                                                          \
            fputc('\n', stderr);                                                                   \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

/* xorshift64*, Vigna 2016. */
static uint64_t roll(struct world *w, uint64_t below)
{
    w->random ^= w->random >> 12;
    w->random ^= w->random << 25;
    w->random ^= w->random >> 27;
    return (w->random * UINT64_C(2685821657736338717) >> 33) % below;
}

static void journal_one(struct world *w, const struct ledger_reservation *before,
                        const struct ledger_reservation *after)
{
    struct twin *j = &w->journal;
    size_t at = 0;
    while (at < j->count && j->list[at].id != after->id)
        at++;
    CHECK((at < j->count) == (before != NULL), "journal: %" PRIu64 " new or not", after->id);
    CHECK(!before || twin_same(before, &j->list[at]), "journal: another past");
    CHECK(!before || before->state == after->state ||
              ledger_state_allows(before->state, after->state) ||
              (ledger_is_pool(before) && after->state == LEDGER_USED) ||
              (before->state == LEDGER_BOUND && after->state == LEDGER_GRANTED &&
               after->older_domid == before->domid),
          "journal: from %d to %d", before->state, after->state);
    CHECK(at < TWIN_MOST, "journal: full");
    j->list[at] = *after;
    j->count += at == j->count;
}

static int journal(void *context, const struct ledger_change *changes, size_t count,
                   struct ballast_error *err)
{
    struct world *w = context;
    (void)err;
    if (w->fail_after > 0 && --w->fail_after == 0) {
        w->failures++;
        return -EIO;
    }
    for (size_t i = 0; i < count; i++)
        journal_one(w, changes[i].before, changes[i].after);
    return 0;
}

static struct ledger_free host_now(const struct world *w)
{
    return (struct ledger_free){.free_kib = w->free_kib, .slack_kib = 32, .foreign_kib = 0};
}

static uint64_t beyond_kib(const struct world *w)
{
    uint64_t owed_kib = 32 + twin_reserved_kib(&w->twin);
    return w->free_kib > owed_kib ? w->free_kib - owed_kib : 0;
}

static struct ledger *empty(struct world *w)
{
    struct ledger_options options = LEDGER_OPTIONS_DEFAULT;
    options.total_kib = TOTAL_KIB;
    options.max_open = w->twin.max_open;
    options.max_closed = w->twin.max_closed;
    options.next_id = w->twin.next_id;
    options.now_usec = w->now_usec;
    options.journal = journal;
    options.context = w;
    struct ledger *ledger = NULL;
    struct ballast_error err;
    CHECK(ledger_new(&options, &ledger, &err) == 0, "%s", err.text);
    return ledger;
}

/* Drops from the journal what the ledger has forgotten, as its keeper would. */
static void trim_journal(struct world *w)
{
    struct twin *j = &w->journal;
    size_t kept = 0;
    for (size_t i = 0; i < j->count; i++) {
        if (ledger_find(w->ledger, j->list[i].id))
            j->list[kept++] = j->list[i];
    }
    j->count = kept;
}

static void compare(struct world *w, const char *step)
{
    struct ballast_error err;
    struct ledger_free host = host_now(w);
    CHECK(ledger_check(w->ledger, &host, &err) == 0, "%s: %s", step, err.text);
    trim_journal(w);
    size_t at = 0;
    for (const struct ledger_reservation *r = ledger_next(w->ledger, NULL); r;
         r = ledger_next(w->ledger, r), at++) {
        CHECK(at < w->twin.count && twin_same(r, &w->twin.list[at]),
              "%s: reservation %" PRIu64 " differs", step, r->id);
        CHECK(at < w->journal.count && twin_same(r, &w->journal.list[at]),
              "%s: reservation %" PRIu64 " is not as journalled", step, r->id);
    }
    CHECK(at == w->twin.count && at == w->journal.count, "%s: %zu records", step, at);
    CHECK(ledger_sums(w->ledger).reserved_kib == twin_reserved_kib(&w->twin), "%s", step);
    CHECK(ledger_sums(w->ledger).open == twin_open(&w->twin), "%s", step);
    CHECK(ledger_next_due_usec(w->ledger) == twin_next_due_usec(&w->twin), "%s", step);
    CHECK(ledger_next_id(w->ledger) == w->twin.next_id, "%s", step);
}

static void same_answer(struct world *w, const char *step, struct ledger_verdict got,
                        struct ledger_verdict want)
{
    char texts[2][256];
    (void)ledger_reason_text(got.reason, &got.figures, texts[0], sizeof(texts[0]));
    (void)ledger_reason_text(want.reason, &want.figures, texts[1], sizeof(texts[1]));
    CHECK(got.reason == want.reason && got.id == want.id &&
              memcmp(&got.figures, &want.figures, sizeof(got.figures)) == 0,
          "%s: %s: %s, for %s: %s", step, ledger_reason_name(got.reason), texts[0],
          ledger_reason_name(want.reason), texts[1]);
    w->answers[got.reason]++;
}

static const char *const owners[OWNERS] = {"xl", "libvirt", "fleet \xc3\xa9"};

static const char *some_owner(struct world *w)
{
    uint64_t i = roll(w, OWNERS + 3);
    return i < OWNERS ? owners[i] : NULL;
}

/* Mostly one that is there. */
static uint64_t some_id(struct world *w)
{
    if (w->twin.count == 0 || roll(w, 20) == 0)
        return roll(w, w->twin.next_id + 2);
    return w->twin.list[roll(w, w->twin.count)].id;
}

/*
 * A failing journal: the call must say so, and leave everything as it was. The twin is not asked.
 * One that would not have come to the journal answers as ever, and then twins must still agree.
 */
#define BOTH(w, step, call, twin_call)                                                             \
    do {                                                                                           \
        struct ledger_verdict got = {.reason = LEDGER_REASONS};                                    \
        struct ballast_error err = {0};                                                            \
        unsigned long failures = (w)->failures;                                                    \
        int rc = call;                                                                             \
        (w)->fail_after = 0;                                                                       \
        if (rc < 0)                                                                                \
            CHECK(rc == -EIO && (w)->failures == failures + 1 && got.reason == LEDGER_REASONS,     \
                  "%s: %d %s", step, rc, err.text);                                                \
        else                                                                                       \
            same_answer((w), step, got, twin_call);                                                \
    } while (0)

static void do_ask(struct world *w)
{
    static const struct ledger_quota quota = {.reservations = 2, .kib = 600};
    uint64_t min_kib = roll(w, 400) + (roll(w, 30) == 0 ? TOTAL_KIB : 0);
    bool pool = roll(w, 3) == 0;
    uint64_t user = roll(w, 4);
    struct ledger_request q = {
        .owner = owners[roll(w, OWNERS)],
        .label = roll(w, 2) ? "a guest" : NULL,
        .name = !pool && roll(w, 2) ? "web" : NULL,
        .uuid = !pool && roll(w, 2) ? (const uint8_t[LEDGER_UUID]){9} : NULL,
        .pool = pool,
        .user = user == 3 ? BALLAST_NONE : user,
        .quota = user == 1 || user == 2 ? &quota : NULL,
        .min_kib = min_kib,
        .max_kib = roll(w, 2) ? min_kib : min_kib + roll(w, 800) - roll(w, 30) / 29,
        .lease_usec = roll(w, 3) ? 1 + roll(w, 50) : BALLAST_NONE,
        .deadline_usec = roll(w, 3) ? w->now_usec + roll(w, 80) : BALLAST_NONE,
    };
    BOTH(w, "ask", ledger_ask(w->ledger, &q, w->now_usec, &got, &err),
         twin_ask(&w->twin, &q, w->now_usec));
}

static void do_reclaiming(struct world *w)
{
    uint64_t id = some_id(w);
    BOTH(w, "reclaiming", ledger_start_reclaiming(w->ledger, id, w->now_usec, &got, &err),
         twin_start_reclaiming(&w->twin, id, w->now_usec));
}

static void do_grant(struct world *w)
{
    uint64_t id = some_id(w);
    struct ledger_free host = host_now(w);
    host.foreign_kib = roll(w, 4) ? 0 : roll(w, 300); /* others may have staked some */
    BOTH(w, "grant", ledger_grant(w->ledger, id, &host, w->now_usec, &got, &err),
         twin_grant(&w->twin, id, &host, w->now_usec));
}

static void do_refuse(struct world *w)
{
    static const enum ledger_reason whys[3] = {LEDGER_CANNOT_FIT, LEDGER_DONORS_STUCK,
                                               LEDGER_DEADLINE_OVER};
    static const struct ledger_figures figures = {
        .needed_kib = 7, .possible_kib = 9, .missing_kib = 11};
    uint64_t id = some_id(w);
    enum ledger_reason why = whys[roll(w, 3)];
    BOTH(w, "refuse", ledger_refuse(w->ledger, id, why, &figures, w->now_usec, &got, &err),
         twin_refuse(&w->twin, id, why, &figures, w->now_usec));
}

static void do_bind(struct world *w)
{
    uint64_t id = some_id(w);
    const char *owner = some_owner(w);
    size_t i = roll(w, DOMAINS);
    uint64_t base_kib = w->held_kib[i];
    const struct ledger_domain *domain = &w->domains[i];
    BOTH(w, "bind",
         ledger_bind(w->ledger, id, owner, domain, base_kib, w->held_kib[i], w->now_usec, &got,
                     &err),
         twin_bind(&w->twin, id, owner, domain, base_kib, w->held_kib[i], w->now_usec));
}

static const struct ledger_reservation *bound_to(const struct world *w, size_t i)
{
    return ledger_find_domain(w->ledger, &w->domains[i]);
}

/* A domain takes of its own reservation, or returns something, and the ledger is informed. */
static void do_hold(struct world *w)
{
    size_t i = roll(w, DOMAINS);
    const struct ledger_reservation *r = bound_to(w, i);
    uint64_t least_kib = r ? r->base_kib + r->used_kib : 0;
    if (r && roll(w, 8) && w->held_kib[i] <= least_kib) {
        uint64_t most_kib = r->base_kib + r->granted_kib;
        uint64_t takes_kib = roll(w, most_kib - least_kib + 1);
        /* What it returned before is not reserved: it may only have it while it is available. */
        uint64_t again_kib = least_kib - w->held_kib[i];
        if (again_kib <= beyond_kib(w)) {
            w->held_kib[i] += again_kib + takes_kib;
            w->free_kib -= again_kib + takes_kib;
        }
    } else if (w->held_kib[i] > 0) {
        uint64_t freed_kib = roll(w, w->held_kib[i] + 1);
        w->held_kib[i] -= freed_kib;
        w->free_kib += freed_kib;
    }
    bool built = roll(w, 6) == 0;
    w->fail_after = 0; /* a note that is lost breaks nothing, but law 2 would count twice */
    BOTH(w, "hold",
         ledger_hold(w->ledger, &w->domains[i], w->held_kib[i], built, w->now_usec, &got, &err),
         twin_hold(&w->twin, &w->domains[i], w->held_kib[i], built, w->now_usec));
}

/* A domain has taken of what pools have reserved: it is paid for, or the pools keep it. */
static void do_pay(struct world *w)
{
    size_t i = roll(w, DOMAINS);
    uint64_t kib = roll(w, 600);
    uint64_t before_kib = twin_reserved_kib(&w->twin);
    BOTH(w, "pay", ledger_pay(w->ledger, &w->domains[i], kib, w->now_usec, &got, &err),
         twin_pay(&w->twin, &w->domains[i], kib, w->now_usec));
    uint64_t paid_kib = before_kib - twin_reserved_kib(&w->twin);
    w->held_kib[i] += paid_kib;
    w->free_kib -= paid_kib;
    w->paid += paid_kib > 0;
}

static void do_gone(struct world *w)
{
    size_t i = roll(w, DOMAINS);
    w->free_kib += w->held_kib[i];
    w->held_kib[i] = 0;
    w->fail_after = 0;
    if (roll(w, 2) == 0) {
        struct ledger_free host = host_now(w);
        host.foreign_kib = roll(w, 4) ? 0 : roll(w, 300);
        BOTH(w, "again",
             ledger_grant_again(w->ledger, &w->domains[i], &host, w->now_usec, &got, &err),
             twin_grant_again(&w->twin, &w->domains[i], &host, w->now_usec));
    } else {
        BOTH(w, "gone", ledger_domain_gone(w->ledger, &w->domains[i], w->now_usec, &got, &err),
             twin_domain_gone(&w->twin, &w->domains[i], w->now_usec));
    }
    w->domains[i].domid += DOMAINS;
}

static void do_release(struct world *w)
{
    uint64_t id = some_id(w);
    const char *owner = some_owner(w);
    BOTH(w, "release", ledger_release(w->ledger, id, owner, w->now_usec, &got, &err),
         twin_release(&w->twin, id, owner, w->now_usec));
}

/* Of those that move several, a failing one is called again until all is done. */
static void do_many(struct world *w, bool login)
{
    const char *owner = owners[roll(w, OWNERS)];
    size_t moved = 0;
    int rc;
    do {
        size_t count = 0;
        rc = login ? ledger_login(w->ledger, owner, w->now_usec, &count, NULL)
                   : ledger_expire(w->ledger, w->now_usec, &count, NULL);
        CHECK(rc == 0 || rc == -EIO, "%d", rc);
        moved += count;
    } while (rc < 0);
    w->fail_after = 0;
    size_t want =
        login ? twin_login(&w->twin, owner, w->now_usec) : twin_expire(&w->twin, w->now_usec);
    CHECK(moved == want, "%s moved %zu for %zu", login ? "login" : "expire", moved, want);
}

/* Others take of what is available, or free memory: the balancer keeps them to it. */
static void do_others(struct world *w)
{
    uint64_t held_kib = TOTAL_KIB - w->free_kib;
    for (size_t i = 0; i < DOMAINS; i++)
        held_kib -= w->held_kib[i];
    if (roll(w, 2))
        w->free_kib -= roll(w, beyond_kib(w) + 1);
    else
        w->free_kib += roll(w, held_kib + 1);
}

static void do_restore(struct world *w)
{
    struct ballast_error err;
    struct ledger *ledger = empty(w);
    bool shuffled = roll(w, 2);
    struct twin from = w->journal;
    while (from.count > 0) {
        size_t i = shuffled ? roll(w, from.count) : 0;
        CHECK(ledger_restore(ledger, &from.list[i], &err) == 0, "%s", err.text);
        memmove(&from.list[i], &from.list[i + 1], (--from.count - i) * sizeof(from.list[0]));
    }
    ledger_free(w->ledger);
    w->ledger = ledger;
    twin_forget_old(&w->twin);
    w->restores++;
}

static void do_backwards(struct world *w)
{
    struct ledger_verdict got = {.reason = LEDGER_REASONS};
    if (ledger_now_usec(w->ledger) == 0)
        return;
    int rc =
        ledger_start_reclaiming(w->ledger, some_id(w), ledger_now_usec(w->ledger) - 1, &got, NULL);
    CHECK(rc == -EINVAL && got.reason == LEDGER_REASONS, "%d", rc);
}

static void step(struct world *w)
{
    w->fail_after = roll(w, 25) == 0 ? 1 + (unsigned)roll(w, 2) : 0;
    uint64_t what = roll(w, 100);
    if (what < 18)
        do_ask(w);
    else if (what < 26)
        do_reclaiming(w);
    else if (what < 44)
        do_grant(w);
    else if (what < 47)
        do_refuse(w);
    else if (what < 60)
        do_bind(w);
    else if (what < 76)
        do_hold(w);
    else if (what < 78)
        do_pay(w);
    else if (what < 80)
        do_gone(w);
    else if (what < 83)
        do_release(w);
    else if (what < 84)
        do_many(w, true);
    else if (what < 88)
        do_many(w, false);
    else if (what < 93)
        do_others(w);
    else if (what < 94)
        do_restore(w);
    else if (what < 95)
        do_backwards(w);
    else
        w->now_usec += roll(w, 12);
    w->fail_after = 0;
    compare(w, "step");
}

static void run(uint64_t seed, unsigned long steps, struct world *w)
{
    memset(&w->twin, 0, sizeof(w->twin));
    memset(&w->journal, 0, sizeof(w->journal));
    w->random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    w->now_usec = 0;
    w->free_kib = TOTAL_KIB / 2;
    w->twin.next_id = 1;
    w->twin.total_kib = TOTAL_KIB;
    w->twin.max_open = 1 + seed % 14;
    w->twin.max_closed = seed % 7;
    for (uint32_t i = 0; i < DOMAINS; i++) {
        w->held_kib[i] = 0;
        w->domains[i] = (struct ledger_domain){.domid = i + 1};
        memset(w->domains[i].uuid, (int)i, LEDGER_UUID);
    }
    w->ledger = empty(w);
    for (unsigned long i = 0; i < steps; i++)
        step(w);
    ledger_free(w->ledger);
}

int main(int argc, char **argv)
{
    static struct world w;
    if (argc != 2) {
        fprintf(stderr, "usage: test_ledger_random SEED\n");
        return 2;
    }
    uint64_t seed = strtoull(argv[1], NULL, 10);
    for (uint64_t life = 0; life < LIVES; life++)
        run(seed * LIVES + life, STEPS, &w);
    printf("%d steps, %lu restores, %lu failing journals; answers:\n", LIVES * STEPS, w.restores,
           w.failures);
    for (enum ledger_reason reason = 0; reason < LEDGER_REASONS; reason++) {
        if (w.answers[reason] > 0)
            printf("  %-14s %9lu\n", ledger_reason_name(reason), w.answers[reason]);
    }
    /* What never happened was not tested. */
    static const enum ledger_reason must[] = {
        LEDGER_OK,           LEDGER_NOT_FREE,   LEDGER_DEADLINE_OVER,      LEDGER_WRONG_STATE,
        LEDGER_NOT_OWNER,    LEDGER_UNKNOWN,    LEDGER_BAD_SIZE,           LEDGER_TOO_MANY,
        LEDGER_DOMAIN_TAKEN, LEDGER_LEASE_OVER, LEDGER_QUOTA_RESERVATIONS, LEDGER_QUOTA_MEMORY};
    for (size_t i = 0; i < sizeof(must) / sizeof(must[0]); i++)
        CHECK(w.answers[must[i]] >= 5, "%s came up too rarely", ledger_reason_name(must[i]));
    CHECK(w.paid >= 5, "pools paid too rarely");
    return 0;
}
