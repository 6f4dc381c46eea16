/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/top/host.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/units.h"
#include "core/model/breakdown.h"
#include "core/model/guest.h"

void top_host_release(struct top_host *host)
{
    free(host->guests);
    *host = (struct top_host){0};
}

void top_host_add_event(struct top_host *host, const struct top_event *event)
{
    size_t at = 0;
    while (at < host->events && host->event[at].number > event->number)
        at++;
    if (at == TOP_EVENTS)
        return;
    if (at == host->events || host->event[at].number != event->number) {
        size_t last = host->events < TOP_EVENTS ? host->events++ : TOP_EVENTS - 1;
        memmove(&host->event[at + 1], &host->event[at], (last - at) * sizeof(*event));
    }
    host->event[at] = *event;
}

const char *top_guest_type(const struct top_guest *guest)
{
    return guest->knows_type ? ballast_guest_type_name(guest->type) : "-";
}

const char *top_guest_state(const struct top_guest *guest)
{
    bool odd = strcmp(guest->balloon_status, "stuck") == 0 ||
               strcmp(guest->balloon_status, "slow") == 0 ||
               strcmp(guest->balloon_status, "no-driver") == 0;
    if (strcmp(guest->state, "run") != 0)
        return guest->state;
    if (guest->opted_out)
        return "opt-out";
    if (guest->paused)
        return "frozen";
    return odd ? guest->balloon_status : guest->state;
}

static uint64_t host_or_zero(uint64_t kib)
{
    return kib == BALLAST_NONE ? 0 : kib;
}

int top_guest_breakdown(const struct top_guest *guest, struct ballast_breakdown *out)
{
    uint64_t segment_kib[BALLAST_SEGMENTS] = {0};
    struct ballast_xenstore_kib xenstore = {.static_max_kib = host_or_zero(guest->static_max_kib),
                                            .target_kib = host_or_zero(guest->target_kib)};
    if (guest->is_divided) {
        memcpy(segment_kib, guest->segment_kib, sizeof(segment_kib));
        xenstore.videoram_kib = segment_kib[BALLAST_VIDEO];
    } else {
        segment_kib[BALLAST_EXTRA_EXTERNAL] = host_or_zero(guest->overhead_kib);
        segment_kib[BALLAST_GUEST] = guest->current_kib;
        segment_kib[BALLAST_BALLOON] =
            ballast_sub_floor(host_or_zero(guest->static_max_kib), guest->current_kib);
    }
    uint64_t footprint_kib = 0;
    for (int i = 0; i < BALLAST_BALLOON; i++)
        footprint_kib = ballast_add_ceil(footprint_kib, segment_kib[i]);
    /* An unknown type is taken for PV, which has no segments beyond these. */
    enum ballast_guest_type type = guest->knows_type ? guest->type : BALLAST_PV;
    return ballast_breakdown_from_segments(out, type, NULL, segment_kib, footprint_kib, &xenstore,
                                           NULL);
}
