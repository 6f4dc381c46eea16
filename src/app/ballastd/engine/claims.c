/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/engine/claims.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "app/ballastd/engine/log.h"
#include "app/ballastd/engine/state.h"
#include "app/tick/match.h"
#include "core/base/array.h"
#include "core/base/text.h"
#include "core/base/units.h"

/*
 * Which starts had been announced is not kept over a restart. For so long each reservation that an
 * engine finds granted is claimed no further than it finds it claimed, so that a start under way
 * has its memory.
 */
#define FOUND_USEC (60 * BALLAST_SEC_USEC)

/* A claim that failed is not tried with each sample: on Xen it takes a new domain. */
#define AGAIN_USEC BALLAST_SEC_USEC
/* After a host has refused to claim at all: only another Xen would change that. */
#define REFUSED_USEC (60 * BALLAST_SEC_USEC)

/* A domain may be reported while a sample is taken that does not show it. */
enum { UNSEEN_MOST = 2 };

void claims_release(struct claims *claims)
{
    free(claims->old);
    free(claims->handovers);
    free(claims->sharing);
    *claims = (struct claims){0};
}

static uint64_t claimed_kib(const struct claims_list *list, uint64_t id)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->at[i].id == id)
            return list->at[i].kib;
    }
    return 0;
}

static uint64_t sum_claims_kib(const struct claims_list *list)
{
    uint64_t kib = 0;
    for (size_t i = 0; i < list->count; i++)
        kib = ballast_add_ceil(kib, list->at[i].kib);
    return kib;
}

/* The snapshot may be from before: with that claim it would count the start beside its reservation.
 */
static void note_claims(struct engine *engine)
{
    engine->claims.kib = sum_claims_kib(&engine->claims.now);
    overlay_note_claims(engine->overlay, engine->claims.kib);
}

static void drop_empty_claims(struct claims_list *list)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (list->at[i].kib > 0)
            list->at[kept++] = list->at[i];
    }
    list->count = kept;
}

static uint64_t floor_to_page(uint64_t kib)
{
    return kib / BALLAST_PAGE_KIB * BALLAST_PAGE_KIB;
}

static struct claims_handover *find_handover(const struct claims *claims, uint64_t id)
{
    for (size_t i = 0; i < claims->handover_count; i++) {
        if (claims->handovers[i].id == id)
            return &claims->handovers[i];
    }
    return NULL;
}

/* Without memory for it the start may find its memory claimed until its domain is seen. */
static void add_handover(struct claims *claims, uint64_t id, uint64_t since_usec)
{
    if (!array_reserve(&claims->handovers, &claims->handover_room, claims->handover_count + 1,
                       sizeof(*claims->handovers)))
        return;
    claims->handovers[claims->handover_count++] =
        (struct claims_handover){.id = id, .since_usec = since_usec};
}

static void remove_handover(struct claims *claims, struct claims_handover *handover)
{
    *handover = claims->handovers[--claims->handover_count];
}

/*
 * The setting is the daemon's, and a command may read another file, or none: it keeps the claim
 * that it finds, and has it follow what is reserved.
 */
static bool keeps_claim(const struct engine *engine)
{
    bool is_command = engine->options.role != ENGINE_BALANCES;
    return engine->config.claims || (is_command && engine->claims.found.count > 0);
}

void claims_hand_over(struct engine *engine, uint64_t id)
{
    if (keeps_claim(engine))
        add_handover(&engine->claims, id, 0);
}

/* Its own, or its part of what several share. */
static void withdraw_claim(struct engine *engine, const struct ledger_reservation *record)
{
    struct claims *claims = &engine->claims;
    uint64_t id = claimed_kib(&claims->now, record->id) > 0 ? record->id : 0;
    uint64_t now_kib = claimed_kib(&claims->now, id);
    uint64_t part_kib = record->granted_kib;
    /* A start that is not claimed has no part in it. */
    if (id == 0)
        part_kib = ballast_min_u64(part_kib, ballast_sub_floor(now_kib, claims->pools_kib));
    uint64_t kib = floor_to_page(ballast_sub_floor(now_kib, part_kib));
    if (hv_lower_claim(engine->host, id, kib, NULL) < 0)
        return;
    for (size_t i = 0; i < claims->now.count; i++) {
        if (claims->now.at[i].id == id)
            claims->now.at[i].kib = kib;
    }
    drop_empty_claims(&claims->now);
    note_claims(engine);
    claims->sent = false;
}

/*
 * Its toolstack may ask for its memory within milliseconds, so nothing comes before this: no
 * sample, and no change of the ledger, which takes the disk's time. The samples that follow bind
 * it, or find that it was no such domain.
 */
void claims_meet(struct engine *engine, const uint8_t uuid[LEDGER_UUID], const char *name)
{
    struct claims *claims = &engine->claims;
    if (!engine->tick || !keeps_claim(engine) || claims->now.count == 0 ||
        engine->options.read_only)
        return;
    const struct ledger_reservation *record =
        match_newcomer(reservations_ledger(engine->reservations), uuid, name);
    if (!record || record->kind == LEDGER_REBOOT || find_handover(claims, record->id))
        return;
    add_handover(claims, record->id, engine_now_usec(engine));
    struct claims_handover *handover = find_handover(claims, record->id);
    if (!handover)
        return;
    handover->unseen_left = UNSEEN_MOST;
    withdraw_claim(engine, record);
}

/* It is gone, or was renamed: what awaited it goes on to await it, and is claimed. */
static void drop_unseen(struct engine *engine)
{
    struct claims *claims = &engine->claims;
    for (size_t i = claims->handover_count; i-- > 0;) {
        struct claims_handover *handover = &claims->handovers[i];
        const struct ledger_reservation *record =
            ledger_find(reservations_ledger(engine->reservations), handover->id);
        if (handover->unseen_left == 0 || !record || record->state != LEDGER_GRANTED)
            handover->unseen_left = 0;
        else if (--handover->unseen_left == 0)
            remove_handover(claims, handover);
    }
}

static void log_window(const struct engine *engine, const struct claims_handover *handover,
                       const struct ledger_reservation *record)
{
    char size[32];
    struct ballast_text text = ballast_text_over(size, sizeof(size));
    uint64_t usec = ballast_sub_floor(engine_now_usec(engine), handover->since_usec);
    ballast_text_add_size(&text, record->granted_kib);
    engine_log(LOG_INFO,
               "reservation %" PRIu64 ": its %s were not claimed for %" PRIu64 ".%" PRIu64
               " ms, until domain %" PRIu32 " had claimed or taken them",
               record->id, size, usec / 1000, usec / 100 % 10, record->domid);
}

void claims_on_reservation(struct engine *engine, const struct ledger_reservation *record)
{
    struct claims *claims = &engine->claims;
    struct claims_handover *handover = find_handover(claims, record->id);
    uint64_t now_usec = engine_now_usec(engine);
    /* Granted again, its start has failed, and another may come some time. */
    bool failed = handover && record->state == LEDGER_GRANTED && handover->since_usec > 0;
    if (handover && record->state == LEDGER_GRANTED)
        handover->since_usec = now_usec;
    else if (!handover && record->state == LEDGER_BOUND && claims->now.count > 0)
        add_handover(claims, record->id, now_usec);
    else if (handover && record->state == LEDGER_USED)
        log_window(engine, handover, record);
    if (handover && (failed || !ledger_state_is_open(record->state)))
        remove_handover(claims, handover);
}

/* Its domain has a claim of its own: no other domain can take the memory any more. */
static void end_claimed_windows(struct engine *engine)
{
    struct claims *claims = &engine->claims;
    for (size_t i = claims->handover_count; i-- > 0;) {
        struct claims_handover *handover = &claims->handovers[i];
        const struct ledger_reservation *record =
            ledger_find(reservations_ledger(engine->reservations), handover->id);
        const struct hv_domain *domain = record && record->state == LEDGER_BOUND
                                             ? hv_find_domain(engine->host, record->domid)
                                             : NULL;
        if (domain && domain->claim_kib > 0) {
            log_window(engine, handover, record);
            remove_handover(claims, handover);
        } else if (!record) {
            remove_handover(claims, handover);
        }
    }
}

enum { OWN_MOST = HV_CLAIMS - 1 };

/* What should be claimed. */
struct wanted {
    struct engine *engine;
    bool is_early; /* what was granted when this engine began is claimed as it was found */
    struct hv_claim own[OWN_MOST]; /* those that have a claim, and after them those that get one */
    size_t own_count;
    struct hv_claim newest[OWN_MOST]; /* a ring: the oldest of those without one */
    size_t newest_seen;
    uint64_t *sharing;
    size_t sharing_count;
    size_t sharing_room;
    uint64_t shared_kib;
    uint64_t old_shared_kib; /* of what was granted then: no more than was found so */
    uint64_t old_pools_kib;
};

/* They fall. */
static int compare_falling_ids(const void *key, const void *member)
{
    uint64_t a = *(const uint64_t *)key;
    uint64_t b = *(const uint64_t *)member;
    return (a < b) - (a > b);
}

static bool has_id(const uint64_t *ids, size_t count, uint64_t id)
{
    return count > 0 && bsearch(&id, ids, count, sizeof(*ids), compare_falling_ids);
}

static bool is_old(const struct wanted *wanted, uint64_t id)
{
    const struct claims *claims = &wanted->engine->claims;
    return wanted->is_early && has_id(claims->old, claims->old_count, id);
}

/* What `free` has freed is for starts that do not ask. */
static bool leaves_out(void *context, const struct ledger_reservation *record)
{
    struct wanted *wanted = context;
    if (strncmp(record->owner, ENGINE_FREE, strlen(ENGINE_FREE)) == 0 ||
        find_handover(&wanted->engine->claims, record->id))
        return true;
    if (record->kind == LEDGER_POOL && is_old(wanted, record->id))
        wanted->old_pools_kib += record->granted_kib;
    return false;
}

static void want_shared(struct wanted *wanted, uint64_t kib, bool old)
{
    uint64_t *sum_kib = old ? &wanted->old_shared_kib : &wanted->shared_kib;
    *sum_kib = ballast_add_ceil(*sum_kib, kib);
}

/* To the end: a claim of its own could be made only after its part here was withdrawn. */
static void want_part(struct wanted *wanted, uint64_t id, uint64_t kib, bool old)
{
    /* Without memory for it, it may be unclaimed for a moment when there is a claim for it alone.
     */
    if (array_reserve(&wanted->sharing, &wanted->sharing_room, wanted->sharing_count + 1,
                      sizeof(*wanted->sharing)))
        wanted->sharing[wanted->sharing_count++] = id;
    want_shared(wanted, kib, old);
}

/* What several share is of any node. */
static uint64_t node_of(const struct wanted *wanted, uint64_t id)
{
    const struct engine *engine = wanted->engine;
    const struct ledger_reservation *record =
        ledger_find(reservations_ledger(engine->reservations), id);
    return record && record->node <= hv_nodes(engine->host) ? record->node : 0;
}

/* A claim that is there stays. Of the others the newest come first, and make way for older ones. */
static void want_own(struct wanted *wanted, uint64_t id, uint64_t kib)
{
    struct hv_claim claim = {.id = id, .kib = kib, .node = node_of(wanted, id)};
    if (claimed_kib(&wanted->engine->claims.now, id) > 0 && wanted->own_count < OWN_MOST) {
        wanted->own[wanted->own_count++] = claim;
        return;
    }
    struct hv_claim *place = &wanted->newest[wanted->newest_seen++ % OWN_MOST];
    if (wanted->newest_seen > OWN_MOST)
        want_part(wanted, place->id, place->kib, false);
    *place = claim;
}

/* The oldest have the claims that are left, and the others share one. */
static void settle_newest(struct wanted *wanted)
{
    size_t count = ballast_min_u64(wanted->newest_seen, OWN_MOST);
    for (size_t i = 1; i <= count; i++) {
        const struct hv_claim *claim = &wanted->newest[(wanted->newest_seen - i) % OWN_MOST];
        if (wanted->own_count < OWN_MOST)
            wanted->own[wanted->own_count++] = *claim;
        else
            want_part(wanted, claim->id, claim->kib, false);
    }
}

static void want_claim(void *context, uint64_t id, uint64_t kib)
{
    struct wanted *wanted = context;
    if (id == 0) {
        wanted->engine->claims.pools_kib = kib;
        uint64_t old_kib = ballast_min_u64(kib, wanted->old_pools_kib);
        want_shared(wanted, old_kib, true);
        want_shared(wanted, kib - old_kib, false);
        return;
    }
    bool old = is_old(wanted, id);
    uint64_t found_kib = claimed_kib(&wanted->engine->claims.found, id);
    const struct claims *claims = &wanted->engine->claims;
    bool shares =
        has_id(claims->sharing, claims->sharing_count, id) && claimed_kib(&claims->now, id) == 0;
    if (id > HV_CLAIM_MOST_ID || shares || (old && found_kib == 0))
        want_part(wanted, id, kib, old);
    else
        want_own(wanted, id, floor_to_page(old ? ballast_min_u64(kib, found_kib) : kib));
}

/* Those that have ended share no more: others have the room. */
static void note_sharing(struct claims *claims, const struct wanted *wanted)
{
    if (wanted->sharing_count > 0)
        qsort(wanted->sharing, wanted->sharing_count, sizeof(*wanted->sharing),
              compare_falling_ids);
    free(claims->sharing);
    claims->sharing = wanted->sharing;
    claims->sharing_count = wanted->sharing_count;
}

static int compare_claims(const void *one, const void *other)
{
    uint64_t a = ((const struct hv_claim *)one)->id;
    uint64_t b = ((const struct hv_claim *)other)->id;
    return (a > b) - (a < b);
}

static struct claims_list claims_wanted(struct engine *engine, const struct ballast_host *host)
{
    struct claims_list list = {.count = 0};
    struct wanted wanted = {.engine = engine};
    struct tick_awaiting awaiting = {leaves_out, want_claim, &wanted};
    uint64_t until_usec = ballast_add_ceil(engine->counters.started_usec, FOUND_USEC);
    if (!keeps_claim(engine))
        return list;
    wanted.is_early = engine_now_usec(engine) < until_usec;
    engine->claims.pools_kib = 0;
    tick_ledger_awaited(reservations_book(engine->reservations), host, &awaiting);
    settle_newest(&wanted);
    note_sharing(&engine->claims, &wanted);
    want_shared(&wanted,
                ballast_min_u64(wanted.old_shared_kib, claimed_kib(&engine->claims.found, 0)),
                false);
    list.at[0] = (struct hv_claim){.id = 0, .kib = floor_to_page(wanted.shared_kib)};
    list.count = 1 + wanted.own_count;
    memcpy(list.at + 1, wanted.own, (list.count - 1) * sizeof(wanted.own[0]));
    qsort(list.at, list.count, sizeof(list.at[0]), compare_claims);
    drop_empty_claims(&list);
    return list;
}

/* Of what is claimed so much stays whatever the list has, and no more of it is raised. */
static void limit_claims(const struct claims *claims, struct claims_list *list, uint64_t more_kib)
{
    for (size_t i = 0; i < list->count; i++) {
        struct hv_claim *claim = &list->at[i];
        uint64_t now_kib = claimed_kib(&claims->now, claim->id);
        uint64_t raise_kib = ballast_min_u64(ballast_sub_floor(claim->kib, now_kib), more_kib);
        claim->kib = ballast_min_u64(claim->kib, now_kib) + raise_kib;
        more_kib -= raise_kib;
    }
    drop_empty_claims(list);
}

/*
 * A claim that was made is kept whatever happens to the rest of free memory: lowered for want of
 * that, it would give reserved memory to whoever takes it. It is raised only as far as slack stays.
 */
static uint64_t raisable_kib(const struct claims *claims, const struct claims_list *list,
                             const struct ballast_host *host)
{
    uint64_t kept_kib = ballast_add_ceil(host->slack_kib, host->claimed_kib);
    for (size_t i = 0; i < list->count; i++) {
        uint64_t now_kib = claimed_kib(&claims->now, list->at[i].id);
        kept_kib = ballast_add_ceil(kept_kib, ballast_min_u64(now_kib, list->at[i].kib));
    }
    return floor_to_page(ballast_sub_floor(host->free_kib, kept_kib));
}

/* Less than was to be claimed: the next sample has the figure, and it is tried again. */
static void note_result(struct engine *engine, int rc, const struct ballast_error *err)
{
    struct claims *claims = &engine->claims;
    bool fails = rc < 0 && rc != -ENOMEM;
    if (fails && !claims->fails)
        engine_log(LOG_WARNING, "reservations are not claimed in Xen: %s, ignoring", err->text);
    claims->fails = fails;
    if (rc < 0)
        claims->again_usec =
            ballast_add_ceil(engine_now_usec(engine), rc == -ENOTSUP ? REFUSED_USEC : AGAIN_USEC);
}

static bool is_in_force(const struct claims *claims, const struct claims_list *list)
{
    size_t same = 0;
    while (same < list->count && same < claims->now.count &&
           list->at[same].id == claims->now.at[same].id &&
           list->at[same].kib == claims->now.at[same].kib)
        same++;
    return same == list->count && same == claims->now.count;
}

static bool raises_any(const struct claims *claims, const struct claims_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->at[i].kib > claimed_kib(&claims->now, list->at[i].id))
            return true;
    }
    return false;
}

static void send_claims(struct engine *engine, const struct claims_list *list)
{
    struct ballast_error err;
    struct claims *claims = &engine->claims;
    bool waits = engine_now_usec(engine) < claims->again_usec && raises_any(claims, list);
    if ((claims->sent && is_in_force(claims, list)) || waits || engine->options.read_only)
        return;
    int rc = hv_claim(engine->host, list->at, list->count, &err);
    claims->sent |= rc == 0;
    if (rc == 0) {
        claims->now = *list;
        note_claims(engine);
    }
    if (rc < 0 && list->count == 0 && rc == -ENOTSUP)
        claims->sent = true; /* a host that makes none has none */
    else
        note_result(engine, rc, &err);
}

/* Out of memory: all of it is claimed at once. */
static void note_found(struct engine *engine)
{
    struct claims *claims = &engine->claims;
    const struct ledger *ledger = reservations_ledger(engine->reservations);
    const struct ledger_reservation *at = NULL;
    size_t left = ledger_sums(ledger).in_state[LEDGER_GRANTED];
    claims->found = claims->now;
    claims->old = calloc(left + 1, sizeof(*claims->old));
    while (claims->old && left > 0 && (at = ledger_previous(ledger, at))) {
        if (at->state != LEDGER_GRANTED)
            continue;
        left--;
        claims->old[claims->old_count++] = at->id;
    }
}

void claims_see(struct engine *engine)
{
    struct claims *claims = &engine->claims;
    claims->now.count = hv_claims(engine->host, claims->now.at, HV_CLAIMS);
    claims->kib = sum_claims_kib(&claims->now);
    if (!claims->begun)
        note_found(engine);
    claims->begun = true;
    claims->fresh = true;
}

void claims_lower(struct engine *engine)
{
    struct claims *claims = &engine->claims;
    if (claims->fresh)
        drop_unseen(engine);
    claims->fresh = false;
    if (claims->now.count == 0)
        return;
    struct claims_list list = claims_wanted(engine, overlay_snapshot(engine->overlay));
    limit_claims(claims, &list, 0);
    send_claims(engine, &list);
}

void claims_follow(struct engine *engine)
{
    const struct ballast_host *host = overlay_snapshot(engine->overlay);
    end_claimed_windows(engine);
    if (engine->options.role == ENGINE_WATCHES)
        return;
    struct claims_list list = claims_wanted(engine, host);
    limit_claims(&engine->claims, &list, raisable_kib(&engine->claims, &list, host));
    send_claims(engine, &list);
}
