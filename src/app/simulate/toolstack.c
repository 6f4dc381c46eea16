/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/simulate/toolstack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/units.h"

/* The default of reboot-lease, ballastd.conf(5). */
#define REBOOT_USEC (60 * BALLAST_SEC_USEC)

/* A simulated domain's id is never used twice, so it is life enough. */
static void make_sim_uuid(uint32_t domid, uint8_t uuid[LEDGER_UUID])
{
    memset(uuid, 0, LEDGER_UUID);
    memcpy(uuid, &domid, sizeof(domid));
}

int toolstack_init(struct toolstack *toolstack, struct sim *sim, struct ballast_error *err)
{
    struct ledger_options options = LEDGER_OPTIONS_DEFAULT;
    *toolstack = (struct toolstack){.sim = sim};
    int rc = ledger_new(&options, &toolstack->ledger, err);
    if (rc < 0)
        return rc;
    toolstack->book = tick_ledger_new(toolstack->ledger);
    toolstack->ids = calloc(sim_start_count(sim) + 1, sizeof(*toolstack->ids));
    if (!toolstack->book || !toolstack->ids) {
        toolstack_release(toolstack);
        return ballast_fail(err, -ENOMEM, "out of memory");
    }
    tick_ledger_keep_reboots(toolstack->book, REBOOT_USEC);
    return 0;
}

void toolstack_release(struct toolstack *toolstack)
{
    tick_ledger_free(toolstack->book);
    ledger_free(toolstack->ledger);
    free(toolstack->ids);
    *toolstack = (struct toolstack){0};
}

static int request_memory(struct toolstack *toolstack, size_t i, struct ballast_error *err)
{
    const struct sim_start *start = sim_start_at(toolstack->sim, i);
    struct ledger_verdict verdict;
    struct ledger_request request = {
        .owner = "toolstack",
        .name = start->is->guest.name,
        .min_kib = start->is->need_kib,
        .max_kib = start->is->need_kib,
        .lease_usec = BALLAST_NONE,
        .deadline_usec = start->is->deadline_usec,
    };
    int rc = ledger_ask(toolstack->ledger, &request, sim_now_usec(toolstack->sim), &verdict, err);
    if (rc < 0)
        return rc;
    if (verdict.reason != LEDGER_OK)
        return sim_start_refuse(toolstack->sim, i, err);
    toolstack->ids[i] = verdict.id;
    return ledger_start_reclaiming(toolstack->ledger, verdict.id, sim_now_usec(toolstack->sim),
                                   &verdict, err);
}

static int bind_sim_domain(struct toolstack *toolstack, size_t i, struct ballast_error *err)
{
    struct ledger_verdict verdict;
    struct ledger_domain life = {.domid = sim_start_at(toolstack->sim, i)->domid};
    make_sim_uuid(life.domid, life.uuid);
    return ledger_bind(toolstack->ledger, toolstack->ids[i], NULL, &life, 0, 0,
                       sim_now_usec(toolstack->sim), &verdict, err);
}

/* Bound ones that are done leave the ledger's memory at some time. */
static const struct ledger_reservation *reservation_of(const struct toolstack *toolstack, size_t i)
{
    return toolstack->ids[i] != 0 ? ledger_find(toolstack->ledger, toolstack->ids[i]) : NULL;
}

/* The bind may be late, as of a command on a slow machine; the domain runs all the same. */
static bool is_time_to_bind(const struct toolstack *toolstack, const struct sim_start *start)
{
    uint64_t begun_usec = ballast_add_ceil(start->answered_usec, start->is->hesitate_usec);
    return sim_now_usec(toolstack->sim) >= ballast_add_ceil(begun_usec, start->is->bind_usec);
}

static int start_before(struct toolstack *toolstack, size_t i, struct ballast_error *err)
{
    const struct sim_start *start = sim_start_at(toolstack->sim, i);
    const struct ledger_reservation *reservation = reservation_of(toolstack, i);
    if (start->state == SIM_START_WAITING && toolstack->ids[i] == 0)
        return request_memory(toolstack, i, err);
    if (start->state >= SIM_START_BUILDING && reservation &&
        ledger_state_is_open(reservation->state) && is_time_to_bind(toolstack, start))
        return bind_sim_domain(toolstack, i, err);
    return 0;
}

int toolstack_before(struct toolstack *toolstack, struct ballast_error *err)
{
    const struct ballast_host *host;
    int rc = 0;
    for (size_t i = 0; i < sim_start_count(toolstack->sim) && rc == 0; i++)
        rc = start_before(toolstack, i, err);
    if (rc < 0 || (rc = sim_refresh(toolstack->sim, &host, err)) < 0 ||
        (rc = tick_ledger_see(toolstack->book, host, make_sim_uuid, err)) < 0)
        return rc;
    /* A late snapshot says nothing of what is free now. */
    if (host->now_usec != sim_now_usec(toolstack->sim))
        return 0;
    struct ledger_free free_now = tick_ledger_free_of(toolstack->book, host);
    return ledger_check(toolstack->ledger, &free_now, err);
}

static int start_after(struct toolstack *toolstack, size_t i, struct ballast_error *err)
{
    const struct sim_start *start = sim_start_at(toolstack->sim, i);
    const struct ledger_reservation *reservation = reservation_of(toolstack, i);
    struct ledger_verdict verdict;
    if (start->state != SIM_START_WAITING || !reservation)
        return 0;
    if (reservation->state == LEDGER_REFUSED || reservation->state == LEDGER_RELEASED)
        return sim_start_refuse(toolstack->sim, i, err);
    if (reservation->state != LEDGER_GRANTED ||
        sim_start_grant(toolstack->sim, i, true, err) != -ENOMEM)
        return 0;
    /* A grant of memory that is not free: the toolstack releases it and asks again. */
    uint64_t id = toolstack->ids[i];
    toolstack->ids[i] = 0;
    return ledger_release(toolstack->ledger, id, NULL, sim_now_usec(toolstack->sim), &verdict, err);
}

int toolstack_after(struct toolstack *toolstack, struct ballast_error *err)
{
    int rc = 0;
    for (size_t i = 0; i < sim_start_count(toolstack->sim) && rc == 0; i++)
        rc = start_after(toolstack, i, err);
    return rc;
}
