/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/floor.h"

#include "app/ballast/door_daemon.h"
#include "core/base/units.h"
#include "core/policy/floor.h"

static uint64_t report_age_usec(const struct cli_door *door, uint32_t id)
{
    for (size_t i = 0; i < door->host->domain_count; i++) {
        if (door->host->domains[i].id == id)
            return door->host->domains[i].report_age_usec;
    }
    return BALLAST_NONE;
}

uint64_t cli_floor_of(const struct cli_door *door, const struct cli_domain *domain,
                      char why[CLI_FLOOR_WHY])
{
    uint64_t videoram_kib = domain->is.videoram_kib == BALLAST_NONE ? 0 : domain->is.videoram_kib;
    uint64_t static_kib =
        domain->is.static_max_kib == BALLAST_NONE ? domain->is.tot_kib : domain->is.static_max_kib;
    why[0] = '\0';
    if (domain->is_dom0)
        return 0;
    if (door->is_daemon)
        return cli_door_daemon_floor(door->hv, domain->is.id, why, CLI_FLOOR_WHY);
    struct floor_facts facts = {
        .static_max_kib = static_kib,
        .videoram_kib = videoram_kib,
        .word_kib = domain->is.used_kib,
        .word_age_usec = report_age_usec(door, domain->is.id),
        .word_most_kib = BALLAST_NONE,
        .up_usec = BALLAST_NONE,
    };
    if (facts.word_kib != BALLAST_NONE)
        facts.word_kib = ballast_add_ceil(facts.word_kib, videoram_kib);
    struct floor floor = floor_of(&facts);
    if (floor.reason != FLOOR_NONE)
        (void)floor_text(&floor, why, CLI_FLOOR_WHY);
    return floor.kib;
}
