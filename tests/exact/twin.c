/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "twin.h"

static uint64_t up(uint64_t a, uint64_t b)
{
    return a / b + (a % b != 0);
}

static uint64_t pool(const struct twin_release *release, const struct twin_guest *guest)
{
    if (guest->shadow_mib)
        return 256 * guest->shadow_mib;
    if (release->old_pool)
        return 256 * up(256 * guest->vcpus + 2 * guest->max_mib, 256);
    return 256 * guest->vcpus + guest->max_mib;
}

static uint64_t tot(const struct twin_release *release, const struct twin_guest *guest)
{
    uint64_t pages = 256 * guest->mib;
    if (guest->type == BALLAST_PVH)
        pages += release->small_dsdt ? 15 : guest->vcpus < 10 ? 17 : 18;
    if (guest->type == BALLAST_HVM && guest->no_vga)
        pages -= 16 + 256 * guest->video_mib;
    return pages;
}

uint64_t twin_settled_pages(const struct twin_release *release, const struct twin_guest *guest)
{
    uint64_t v = guest->vcpus, m = up(guest->maptrack * 8, 4096), t = tot(release, guest);
    uint64_t less = release->grants;
    if (release->heap_maptrack && guest->maptrack < 512)
        m = 0;
    if (guest->type == BALLAST_PV)
        return t + 13 - less + m + 3 * v + up(v, 16);
    uint64_t pages = t + pool(release, guest) + 11 - less + m + 8 * v + 1 + up(v, 128);
    if (guest->nested)
        pages += 5 * v;
    return guest->type == BALLAST_HVM ? pages + 2 + release->stdvga : pages;
}

uint64_t twin_arena_pages(const struct twin_guest *guest)
{
    return guest->type == BALLAST_PV ? up(80 + 4 * guest->vcpus, 10)
                                     : up(100 + 17 * guest->vcpus, 10);
}

uint64_t twin_growth_pages(const struct twin_release *release, const struct twin_guest *guest,
                           uint64_t frames, uint64_t last_port)
{
    uint64_t grants = release->grants ? 5 * frames - 5 : frames + up(512 * frames, 102) - 7;
    uint64_t channels = last_port < 64 ? 0 : last_port / 64 + 1;
    return grants + up(frames, 8) + guest->maptrack + channels +
           (guest->type == BALLAST_HVM ? 12 : 0);
}
