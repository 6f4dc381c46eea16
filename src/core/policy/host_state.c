/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/policy/host_state.h"

#include <errno.h>
#include <string.h>

#include "core/base/units.h"
#include "core/model/host.h"

static const char *const names[HOST_STATES] = {
    [HOST_PLENTY] = "plenty", [HOST_SOFT] = "soft", [HOST_HARD] = "hard", [HOST_LOW] = "low"};

const char *host_state_name(enum host_state state)
{
    return (unsigned)state < HOST_STATES ? names[state] : NULL;
}

int host_state_find(const char *word)
{
    for (int state = 0; state < HOST_STATES; state++) {
        if (strcmp(names[state], word) == 0)
            return state;
    }
    return -ENOENT;
}

/* The state where `kib` is unneeded and each bound is higher by its `beyond_part`; 0: as it is. */
static enum host_state state_of(const struct balancer_settings *settings, uint64_t kib,
                                uint64_t total_kib, uint64_t beyond_part)
{
    const uint32_t bounds[HOST_STATES] = {[HOST_SOFT] = settings->soft_permyriad,
                                          [HOST_HARD] = settings->hard_permyriad,
                                          [HOST_LOW] = settings->low_permyriad};
    enum host_state found = HOST_PLENTY;
    for (int state = HOST_SOFT; state < HOST_STATES; state++) {
        uint64_t bound_kib = ballast_mul_div(total_kib, bounds[state], BALLAST_PERMYRIAD);
        if (beyond_part > 0)
            bound_kib = ballast_add_ceil(bound_kib, bound_kib / beyond_part);
        if (kib < bound_kib)
            found = (enum host_state)state;
    }
    return found;
}

void host_outlook_update(struct host_outlook *outlook, const struct balancer_settings *settings,
                         uint64_t unneeded_kib, uint64_t total_kib, uint64_t now_usec)
{
    enum host_state now = state_of(settings, unneeded_kib, total_kib, 0);
    enum host_state surely = state_of(settings, unneeded_kib, total_kib, HOST_STATE_BETTER_PART);
    outlook->unneeded_kib = unneeded_kib;
    if (!outlook->is_known || now > outlook->state) {
        outlook->is_known = true;
        outlook->state = now;
        outlook->better_usec = BALLAST_NONE;
    } else if (surely >= outlook->state) {
        outlook->better_usec = BALLAST_NONE;
    } else if (outlook->better_usec == BALLAST_NONE) {
        outlook->better_usec = now_usec;
        outlook->better = surely;
    } else {
        outlook->better = surely > outlook->better ? surely : outlook->better;
        if (now_usec - outlook->better_usec < HOST_STATE_BETTER_USEC)
            return;
        outlook->state = outlook->better;
        outlook->better_usec = BALLAST_NONE;
    }
}
