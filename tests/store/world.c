/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "world.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../ledger/twin.h"
#include "core/model/host.h"

/* xorshift64*, Vigna 2016. */
uint64_t world_roll(struct world *w, uint64_t below)
{
    w->random ^= w->random >> 12;
    w->random ^= w->random << 25;
    w->random ^= w->random >> 27;
    return (w->random * UINT64_C(2685821657736338717) >> 33) % below;
}

static void tell(const struct world *w, const struct world_word *word)
{
    if (w->told >= 0 && syscall(SYS_write, w->told, word, sizeof(*word)) != (ssize_t)sizeof(*word))
        _exit(9);
}

static bool expected(int rc)
{
    return rc == -ENOSPC || rc == -EIO || rc == -EROFS;
}

static int journal(void *context, const struct ledger_change *changes, size_t count,
                   struct ballast_error *err)
{
    struct world *w = context;
    struct ballast_error why = {0};
    CHECK(count == 1, "%zu changes", count);
    const struct ledger_reservation *before = changes->before;
    const struct ledger_reservation *after = changes->after;
    int rc = store_journal(w->store, changes, count, &why);
    if (rc < 0) {
        CHECK(expected(rc) && why.code == rc && strstr(why.text, "ledger.db"), "%d %s", rc,
              why.text);
        w->refused++;
        w->rc = rc;
        if (err)
            *err = why;
        return rc;
    }
    if (before && before->state == after->state)
        return 0; /* a note of what was used, which is not reported */
    w->moves++;
    struct world_word word;
    memset(&word, 0, sizeof(word));
    word.record = *after;
    tell(w, &word);
    return 0;
}

static int restore(void *context, const struct ledger_reservation *record,
                   struct ballast_error *err)
{
    return ledger_restore(context, record, err);
}

static int load(struct world *w, struct ballast_error *err)
{
    struct ledger_options options = LEDGER_OPTIONS_DEFAULT;
    options.max_closed = WORLD_CLOSED;
    options.max_open = WORLD_OPEN;
    options.journal = journal;
    options.context = w;
    int rc = store_next_id(w->store, &options.next_id, err);
    if (rc == 0)
        rc = ledger_new(&options, &w->ledger, err);
    if (rc == 0)
        rc = store_load(w->store, restore, w->ledger, err);
    if (rc == 0)
        rc = ledger_check(w->ledger, NULL, err);
    char text[32] = "0";
    if (rc == 0) {
        rc = store_get(w->store, "counter", text, sizeof(text), err);
        w->setting = strtoull(text, NULL, 10);
    }
    return rc == -ENOENT ? 0 : rc;
}

int world_open(struct world *w, const char *directory, uint64_t seed, struct ballast_error *err)
{
    *w = (struct world){.random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1, .told = -1};
    int rc = store_open(directory, &w->store, err);
    if (rc == 0)
        rc = load(w, err);
    if (rc < 0) {
        world_close(w);
        return rc;
    }
    w->now_usec = ledger_now_usec(w->ledger) + 1;
    return 0;
}

void world_close(struct world *w)
{
    store_close(w->store);
    ledger_free(w->ledger);
    w->store = NULL;
    w->ledger = NULL;
}

static const char *const owners[] = {"xl", "libvirt", "o'wner \xc3\xa9"};

static const struct ledger_reservation *some(struct world *w)
{
    size_t count = 0;
    const struct ledger_reservation *r = NULL;
    while ((r = ledger_next(w->ledger, r)) != NULL)
        count++;
    if (count == 0)
        return NULL;
    uint64_t at = world_roll(w, count);
    r = ledger_next(w->ledger, NULL);
    while (at-- > 0)
        r = ledger_next(w->ledger, r);
    return r;
}

static void ask(struct world *w)
{
    uint64_t min_kib = 4 * (1 + world_roll(w, 100));
    struct ledger_request request = {
        .owner = owners[world_roll(w, 3)],
        .user = world_roll(w, 2) ? world_roll(w, 3) : BALLAST_NONE,
        .label = world_roll(w, 2) ? "'; DROP TABLE book; --" : NULL,
        .name = world_roll(w, 2) ? "web" : NULL,
        .min_kib = min_kib,
        .max_kib = min_kib + 4 * world_roll(w, 50),
        .lease_usec = world_roll(w, 2) ? 1 + world_roll(w, 500) : BALLAST_NONE,
        .deadline_usec = world_roll(w, 2) ? w->now_usec + 1 + world_roll(w, 500) : BALLAST_NONE,
    };
    struct ledger_verdict out;
    (void)ledger_ask(w->ledger, &request, w->now_usec, &out, NULL);
}

/* The next of its life, mostly. */
static void advance(struct world *w, const struct ledger_reservation *r)
{
    struct ledger_free host = {.free_kib = WORLD_FREE_KIB};
    struct ledger_verdict out;
    struct ledger_domain domain = {.domid = (uint32_t)r->id % 40000};
    memset(domain.uuid, (int)(r->id % 256), LEDGER_UUID);
    if (r->state == LEDGER_REQUESTED && world_roll(w, 2))
        (void)ledger_start_reclaiming(w->ledger, r->id, w->now_usec, &out, NULL);
    else if (r->state == LEDGER_REQUESTED || r->state == LEDGER_RECLAIMING)
        (void)ledger_grant(w->ledger, r->id, &host, w->now_usec, &out, NULL);
    else if (r->state == LEDGER_GRANTED)
        (void)ledger_bind(w->ledger, r->id, NULL, &domain, 16, 16, w->now_usec, &out, NULL);
    else if (r->state == LEDGER_BOUND && world_roll(w, 4) == 0)
        (void)ledger_domain_gone(w->ledger, &domain, w->now_usec, &out, NULL);
    else if (r->state == LEDGER_BOUND)
        (void)ledger_hold(w->ledger, &domain, 16 + world_roll(w, r->granted_kib + 8),
                          world_roll(w, 4) == 0, w->now_usec, &out, NULL);
}

static void set(struct world *w)
{
    char text[32];
    snprintf(text, sizeof(text), "%" PRIu64, w->setting + 1);
    struct ballast_error err = {0};
    int rc = store_set(w->store, "counter", text, &err);
    CHECK(rc == 0 || expected(rc), "%d %s", rc, err.text);
    w->refused += rc < 0;
    w->rc = rc < 0 ? rc : w->rc;
    if (rc < 0)
        return;
    w->moves++;
    struct world_word word;
    memset(&word, 0, sizeof(word));
    word.is_setting = true;
    word.setting = ++w->setting;
    tell(w, &word);
}

static void trim(struct world *w)
{
    struct ballast_error err = {0};
    int rc = store_trim(w->store, WORLD_CLOSED, &err);
    CHECK(rc == 0 || expected(rc), "%d %s", rc, err.text);
    w->refused += rc < 0;
    w->rc = rc < 0 ? rc : w->rc;
}

static void finish(struct world *w, const struct ledger_reservation *r)
{
    struct ledger_verdict out;
    if (world_roll(w, 2))
        (void)ledger_release(w->ledger, r->id, NULL, w->now_usec, &out, NULL);
    else
        (void)ledger_refuse(w->ledger, r->id, LEDGER_CANNOT_FIT,
                            &(struct ledger_figures){.needed_kib = 7, .possible_kib = BALLAST_NONE},
                            w->now_usec, &out, NULL);
}

void world_step(struct world *w)
{
    const struct ledger_reservation *r = some(w);
    uint64_t what = world_roll(w, 100);
    w->now_usec += world_roll(w, 12);
    if (what < 25 || !r)
        ask(w);
    else if (what < 75)
        advance(w, r);
    else if (what < 83)
        finish(w, r);
    else if (what < 85)
        (void)ledger_login(w->ledger, owners[world_roll(w, 3)], w->now_usec, NULL, NULL);
    else if (what < 90)
        (void)ledger_expire(w->ledger, w->now_usec, NULL, NULL);
    else if (what < 95)
        set(w);
    else
        trim(w);
}

/* What is used is written with the next transition only: less may be there, never more. */
static bool same(const struct ledger_reservation *kept, const struct ledger_reservation *said)
{
    struct ledger_reservation other = *kept;
    if (said->state == LEDGER_BOUND && kept->used_kib <= said->used_kib)
        other.used_kib = said->used_kib;
    return twin_same(&other, said);
}

void world_reopen(struct world *w, const char *directory)
{
    struct world again;
    struct ballast_error err = {0};
    store_close(w->store);
    w->store = NULL;
    int rc = world_open(&again, directory, 1, &err);
    CHECK(rc == 0, "%s", err.text);
    CHECK(again.setting == w->setting, "counter %" PRIu64, again.setting);
    CHECK(ledger_next_id(again.ledger) == ledger_next_id(w->ledger), "next id");
    for (const struct ledger_reservation *r = ledger_next(w->ledger, NULL); r;
         r = ledger_next(w->ledger, r)) {
        const struct ledger_reservation *kept = ledger_find(again.ledger, r->id);
        /* Of those closed at the same time the ledger may remember others. */
        CHECK(kept ? same(kept, r) : !ledger_state_is_open(r->state),
              "reservation %" PRIu64 " (%s) is another", r->id, ledger_state_name(r->state));
    }
    CHECK(ledger_sums(again.ledger).open == ledger_sums(w->ledger).open, "open");
    again.random = w->random;
    again.now_usec = w->now_usec;
    again.told = w->told;
    again.moves = w->moves;
    again.refused = w->refused;
    ledger_free(w->ledger);
    *w = again;
    /* The journal's context is the world: make the ledger anew over this one. */
    ledger_free(w->ledger);
    w->ledger = NULL;
    CHECK(load(w, &err) == 0, "%s", err.text);
}

void known_receive(struct known *known, const struct world_word *word)
{
    if (word->is_setting) {
        CHECK(word->setting == known->setting + 1, "told out of order");
        known->setting = word->setting;
        return;
    }
    uint64_t id = word->record.id;
    CHECK(id > 0 && id <= WORLD_KNOWN, "id %" PRIu64, id);
    struct ledger_reservation *r = &known->records[id - 1];
    if (r->id == 0)
        CHECK(id > known->last_id, "id %" PRIu64 " was given twice", id);
    else
        CHECK(ledger_state_allows(r->state, word->record.state), "from %d to %d", r->state,
              word->record.state);
    *r = word->record;
    if (known->last_id < id)
        known->last_id = id;
}

struct found {
    struct known *known;
    bool seen[WORLD_KNOWN];
    uint64_t last_id;
    int untold;
    const char *what;
};

static int find(void *context, const struct ledger_reservation *kept, struct ballast_error *err)
{
    struct found *found = context;
    (void)err;
    CHECK(kept->id <= WORLD_KNOWN && kept->id > found->last_id, "%s: id %" PRIu64, found->what,
          kept->id);
    found->seen[kept->id - 1] = true;
    found->last_id = kept->id;
    struct ledger_reservation *said = &found->known->records[kept->id - 1];
    bool is_new = said->id == 0;
    if (!is_new && same(kept, said))
        return 0;
    CHECK(is_new ? kept->id > found->known->last_id && kept->state == LEDGER_REQUESTED
                 : ledger_state_allows(said->state, kept->state),
          "%s: reservation %" PRIu64 " is %s and was told to be %s", found->what, kept->id,
          ledger_state_name(kept->state), is_new ? "nothing" : ledger_state_name(said->state));
    found->untold++;
    *said = *kept;
    return 0;
}

int known_check(struct known *known, const char *directory, bool strict, const char *what)
{
    struct world w;
    struct ballast_error err = {0};
    int rc = world_open(&w, directory, 1, &err);
    CHECK(rc == 0, "%s: %s", what, err.text);
    static struct found found;
    memset(&found, 0, sizeof(found));
    found.known = known;
    found.what = what;
    CHECK(store_load(w.store, find, &found, &err) == 0, "%s", err.text);
    for (uint64_t id = 1; id <= known->last_id; id++) {
        const struct ledger_reservation *said = &known->records[id - 1];
        CHECK(said->id == 0 || found.seen[id - 1] || !ledger_state_is_open(said->state),
              "%s: reservation %" PRIu64 " (%s) is lost", what, id, ledger_state_name(said->state));
    }
    CHECK(w.setting == known->setting || w.setting == known->setting + 1,
          "%s: counter %" PRIu64 " was told to be %" PRIu64, what, w.setting, known->setting);
    found.untold += w.setting != known->setting;
    CHECK(found.untold <= (strict ? 0 : 1), "%s: %d transitions that were not told", what,
          found.untold);
    known->setting = w.setting;
    CHECK(ledger_next_id(w.ledger) > known->last_id, "%s: an id would be given twice", what);
    if (known->last_id < found.last_id)
        known->last_id = found.last_id;
    world_close(&w);
    return found.untold;
}

const char *world_directory(char *buf, size_t size)
{
    const char *given = getenv("STORE_TEST_DIR");
    const char *base = given ? given : access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(buf, size, "%s/ballast-store-XXXXXX", base);
    CHECK(mkdtemp(buf), "%s: %s", buf, strerror(errno));
    return buf;
}

void world_remove(const char *directory)
{
    DIR *dir = opendir(directory);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        char path[PATH_MAX];
        snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
        (void)syscall(SYS_unlink, path);
    }
    if (dir)
        closedir(dir);
    (void)rmdir(directory);
}
