/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/hv/sim_build.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/units.h"
#include "core/model/host.h"

static bool is_spare(const struct sim *sim, size_t i)
{
    const struct sim_start *start = sim_start_at(sim, i);
    if (start->state == SIM_START_COMING || start->state == SIM_START_DIED)
        return true;
    for (size_t d = 0; d < sim_domain_count(sim); d++) {
        struct sim_domain_view view;
        sim_domain_view(sim, d, &view);
        if (view.id == start->domid && view.alive)
            return false;
    }
    return start->state == SIM_START_BUILT;
}

static int find_start_slot(const struct sim_build_room *room, const char *name, size_t *out,
                           struct ballast_error *err)
{
    const struct sim *sim = room->sim;
    for (size_t d = 0; d < sim_domain_count(sim); d++) {
        struct sim_domain_view view;
        sim_domain_view(sim, d, &view);
        if (view.alive && strcmp(view.name, name) == 0)
            return ballast_fail(err, -EEXIST, "domain %" PRIu32 " is named %s already", view.id,
                                name);
    }
    for (size_t i = room->from; i < room->count; i++) {
        if (is_spare(room->sim, i)) {
            *out = i;
            return 0;
        }
    }
    return ballast_fail(err, -EBUSY,
                        "%s: %zu guests have been built on this host: remove one first", name,
                        room->count - room->from);
}

static struct sim_start_config start_config_of(const struct sim_build *build)
{
    struct sim_start_config start = {
        .arrives_usec = BALLAST_NONE,
        .deadline_usec = BALLAST_NONE,
        .need_kib = build->memory_kib + build->overhead_kib,
        .build_rate_kib = build->rate_kib,
        .wait_usec = build->wait_usec,
        .guest = {.type = SIM_TYPE_PVH,
                  .tot_kib = build->memory_kib,
                  .pool_kib = build->overhead_kib,
                  .overhead_kib = build->overhead_kib,
                  .vcpus = build->vcpus,
                  .node = build->node,
                  .target_kib = build->memory_kib,
                  .maxmem_kib = build->static_max_kib,
                  .dynamic_min_kib = build->min_kib,
                  .dynamic_max_kib = build->max_kib,
                  .static_max_kib = build->static_max_kib,
                  .shares = BALLAST_DEFAULT_SHARES,
                  .reclaim_kib_per_sec = 200 * BALLAST_MIB_KIB,
                  .grow_kib_per_sec = 200 * BALLAST_MIB_KIB,
                  .ceiling_kib = BALLAST_NONE,
                  .boot_usec = 2 * BALLAST_SEC_USEC,
                  .crash_usec = BALLAST_NONE,
                  .shutdown_usec = BALLAST_NONE,
                  .report = SIM_REPORT_HONEST,
                  .report_every_usec = BALLAST_SEC_USEC},
    };
    /* It needs most of what it was given, so that it is not a donor the moment it runs. */
    start.guest.need.step_count = 1;
    start.guest.need.steps[0].kib = build->memory_kib / 4 * 3;
    (void)snprintf(start.guest.name, sizeof(start.guest.name), "%s", build->name);
    memcpy(start.guest.uuid, build->uuid, sizeof(start.guest.uuid));
    return start;
}

int sim_build_guest(const struct sim_build_room *room, const struct sim_build *build,
                    uint32_t *domid, struct ballast_error *err)
{
    size_t place = 0;
    if (strlen(build->name) >= SIM_NAME)
        return ballast_fail(err, -EINVAL, "name: too long: use at most %d bytes", SIM_NAME - 1);
    int rc = find_start_slot(room, build->name, &place, err);
    if (rc < 0)
        return rc;
    room->starts[place] = start_config_of(build);
    if ((rc = sim_start_build(room->sim, place, false, err)) < 0)
        return rc;
    *domid = sim_start_at(room->sim, place)->domid;
    return 0;
}
