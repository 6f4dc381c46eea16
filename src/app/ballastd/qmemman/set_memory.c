/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/qmemman/set_memory.h"

#include <stdlib.h>
#include <string.h>

#include "app/ballastd/engine/engine.h"
#include "app/ballastd/engine/overlay.h"
#include "app/ballastd/qmemman/client.h"
#include "app/ballastd/qmemman/preference.h"
#include "core/base/units.h"
#include "core/policy/balancer.h"

/* As for a request: the guest may free memory slowly, and qubesd waits. */
#define DEADLINE_USEC (60 * BALLAST_SEC_USEC)
/* qubesd pauses the guest right after the answer. */
#define MOMENT_USEC (5 * BALLAST_SEC_USEC)
/* A balloon may stop this far from its target: extra internal, LIBXL_MAXMEM_CONSTANT. */
#define NEAR_KIB UINT64_C(1024)
/* Samples in which the balancer has set what it sets, and its guest has begun to follow. */
enum { SAMPLES_LEAST = 3 };

enum size_state { SIZE_REACHED, SIZE_MOVES, SIZE_FAILS };

struct guest_size {
    uint32_t domid;
    uint8_t uuid[LEDGER_UUID];
    int64_t bytes;
    bool reached;
    bool held;
};

struct guest_sizes {
    uint64_t began_usec; /* on the clock of snapshots */
    uint64_t seen_usec;
    unsigned samples;
    size_t count;
    struct guest_size list[];
};

/* NULL: it is gone. */
static const struct ballast_domain *find_sized(struct engine *engine, const struct guest_size *size)
{
    size_t at;
    struct overlay *overlay = engine_overlay(engine);
    if (overlay_find(overlay, size->domid, &at) < 0 ||
        memcmp(overlay_domain(overlay, at)->uuid, size->uuid, LEDGER_UUID) != 0)
        return NULL;
    return &overlay_snapshot(overlay)->domains[at];
}

/* BALLAST_NONE: whatever it has will do. */
static uint64_t size_wanted_kib(const struct qmemman_client *client, const struct guest_size *size,
                                const struct ballast_domain *domain)
{
    if (size->bytes < 0)
        return BALLAST_NONE;
    return size->bytes > 0 ? (uint64_t)size->bytes / 1024
                           : qmemman_preferred_kib(&client->clients->conf, domain);
}

/* qmemman rounds the part to two digits, and 1.1 is near enough. */
static bool is_near_enough(uint64_t current_kib, uint64_t wanted_kib)
{
    return wanted_kib == BALLAST_NONE || current_kib < ballast_mul_div(wanted_kib, 1105, 1000);
}

static bool is_at_its_target(const struct ballast_domain *domain)
{
    return domain->tot_kib <= ballast_add_ceil(domain->target_kib, NEAR_KIB);
}

/* Not below what the balancer itself would leave it. */
static uint64_t held_size_kib(struct engine *engine, const struct ballast_domain *domain,
                              uint64_t wanted)
{
    struct domain_estimate estimate;
    uint64_t least_kib = domain->dynamic_min_kib;
    if (balancer_estimate(engine_balancer(engine), domain->id, &estimate) == 0)
        least_kib = ballast_max_u64(least_kib, estimate.report_floor.kib);
    return ballast_max_u64(wanted, least_kib);
}

static bool can_move(struct engine *engine, const struct ballast_domain *domain)
{
    struct domain_estimate estimate;
    size_t at;
    struct overlay *overlay = engine_overlay(engine);
    bool is_pinned =
        overlay_find(overlay, domain->id, &at) < 0 || overlay_domain(overlay, at)->set.pin.kib > 0;
    if (is_pinned || !engine_balances(engine) || !engine_is_ready(engine))
        return false;
    return balancer_estimate(engine_balancer(engine), domain->id, &estimate) < 0 ||
           (estimate.balloon_status != BALLOON_STUCK &&
            estimate.balloon_status != BALLOON_NO_DRIVER);
}

/* Holds it there, or says why there is nothing more to wait for. */
static enum size_state advance_size(struct qmemman_client *client, struct guest_size *size)
{
    struct engine *engine = client->clients->engine;
    const struct guest_sizes *sizes = client->sizes;
    const struct ballast_domain *domain = find_sized(engine, size);
    if (!domain)
        return SIZE_FAILS;
    uint64_t wanted = size_wanted_kib(client, size, domain);
    if (size->reached || is_near_enough(domain->tot_kib, wanted)) {
        size->reached = true;
        return SIZE_REACHED;
    }
    if (!can_move(engine, domain) ||
        (sizes->samples >= SAMPLES_LEAST && is_at_its_target(domain)) ||
        overlay_snapshot(engine_overlay(engine))->now_usec >=
            ballast_add_ceil(sizes->began_usec, DEADLINE_USEC))
        return SIZE_FAILS;
    size->held = true;
    overlay_hold_size(engine_overlay(engine), size->domid, held_size_kib(engine, domain, wanted),
                      BALLAST_NONE);
    return SIZE_MOVES;
}

/* Those that are held are let go `later_usec` from now. */
static void let_sizes_go(struct qmemman_client *client, uint64_t later_usec)
{
    struct engine *engine = client->clients->engine;
    struct overlay *overlay = engine_overlay(engine);
    uint64_t until_usec = ballast_add_ceil(engine_now_usec(engine), later_usec);
    for (size_t i = 0; i < client->sizes->count; i++) {
        struct guest_size *size = &client->sizes->list[i];
        if (size->held && find_sized(engine, size))
            overlay_end_hold(overlay, size->domid, until_usec);
    }
    free(client->sizes);
    client->sizes = NULL;
}

static void end_sizes(struct qmemman_client *client)
{
    let_sizes_go(client, MOMENT_USEC);
}

static enum size_state advance_all(struct qmemman_client *client)
{
    enum size_state state = SIZE_REACHED;
    for (size_t i = 0; i < client->sizes->count && state != SIZE_FAILS; i++) {
        enum size_state one = advance_size(client, &client->sizes->list[i]);
        if (one != SIZE_REACHED)
            state = one;
    }
    return state;
}

static void wait_for_sizes(struct qmemman_client *client)
{
    struct engine *engine = client->clients->engine;
    struct guest_sizes *sizes = client->sizes;
    const struct ballast_host *host = overlay_snapshot(engine_overlay(engine));
    if (host->now_usec == sizes->seen_usec)
        return;
    sizes->seen_usec = host->now_usec;
    sizes->samples++;
    enum size_state state = advance_all(client);
    if (state == SIZE_MOVES) {
        engine_note_move(engine);
        return;
    }
    if (state == SIZE_FAILS)
        let_sizes_go(client, 0);
    qmemman_client_answer(client, state == SIZE_REACHED ? qmemman_ok : qmemman_fail);
}

/* false: a domain is not there. */
static bool take_sizes(struct engine *engine, const struct qmemman_request *request,
                       struct guest_sizes *out)
{
    struct overlay *overlay = engine_overlay(engine);
    for (size_t i = 0; i < request->pair_count; i++) {
        struct guest_size *size = &out->list[out->count++];
        size_t at;
        if (overlay_find(overlay, request->pairs[i].domid, &at) < 0)
            return false;
        *size =
            (struct guest_size){.domid = request->pairs[i].domid, .bytes = request->pairs[i].bytes};
        memcpy(size->uuid, overlay_domain(overlay, at)->uuid, LEDGER_UUID);
    }
    return true;
}

/* A domain that has just come is not in the last sample. */
void qmemman_set_memory(struct qmemman_client *client, const struct qmemman_request *request)
{
    struct engine *engine = client->clients->engine;
    struct guest_sizes *sizes =
        calloc(1, sizeof(*sizes) + request->pair_count * sizeof(*sizes->list));
    engine_sample(engine);
    engine_settle(engine);
    const struct ballast_host *host = overlay_snapshot(engine_overlay(engine));
    if (!host || !sizes || !take_sizes(engine, request, sizes)) {
        free(sizes);
        qmemman_client_close(client);
        return;
    }
    sizes->began_usec = host->now_usec;
    client->sizes = sizes;
    client->ended = end_sizes;
    client->step = wait_for_sizes;
    sizes->samples = 0;
    wait_for_sizes(client);
}
