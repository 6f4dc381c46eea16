/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/base/units.h"
#include "core/model/profile.h"

static const char *const words[BALLAST_NOTES] = {
    [BALLAST_NOTE_POD] = "pod",
    [BALLAST_NOTE_POOL_NOT_GIVEN] = "pool-not-given",
    [BALLAST_NOTE_VIDEO_UNBACKED] = "video-unbacked",
    [BALLAST_NOTE_VIDEO_LARGE] = "video-large",
    [BALLAST_NOTE_VIDEO_IGNORED] = "video-ignored",
    [BALLAST_NOTE_SHIM_TAKES_GUEST] = "shim-takes-guest",
    [BALLAST_NOTE_SHIM_ADDED] = "shim-added",
    [BALLAST_NOTE_STUBDOMAIN] = "stubdomain",
    [BALLAST_NOTE_NO_HAP] = "no-hap",
    [BALLAST_NOTE_IOMMU_TABLES] = "iommu-tables",
    [BALLAST_NOTE_NO_MEMORY] = "no-memory",
    [BALLAST_NOTE_NEED_TOO_SMALL] = "need-too-small",
    [BALLAST_NOTE_NO_CLAIM] = "no-claim",
    [BALLAST_NOTE_SHADOW_IGNORED] = "shadow-ignored",
    [BALLAST_NOTE_NO_VCPUS] = "no-vcpus",
    [BALLAST_NOTE_NOT_MEASURED] = "not-measured",
    [BALLAST_NOTE_POD_COST] = "pod-cost",
    [BALLAST_NOTE_VMTRACE] = "vmtrace",
    [BALLAST_NOTE_ALTP2M] = "altp2m",
    [BALLAST_NOTE_OPTIONS] = "options",
    [BALLAST_NOTE_LIMITS_ASSUMED] = "limits-assumed",
    [BALLAST_NOTE_VMTRACE_IGNORED] = "vmtrace-ignored",
    [BALLAST_NOTE_NOT_WHOLE_MIB] = "not-whole-mib",
};

const char *ballast_note_name(enum ballast_note note)
{
    return (unsigned)note < BALLAST_NOTES ? words[note] : NULL;
}

void ballast_breakdown_set_note(struct ballast_breakdown *breakdown, enum ballast_note note,
                                uint64_t a, uint64_t b)
{
    breakdown->notes |= UINT32_C(1) << note;
    breakdown->note_value[note][0] = a;
    breakdown->note_value[note][1] = b;
}

bool ballast_breakdown_note(const struct ballast_breakdown *breakdown, enum ballast_note note,
                            uint64_t *a, uint64_t *b)
{
    if ((unsigned)note >= BALLAST_NOTES || !(breakdown->notes & (UINT32_C(1) << note)))
        return false;
    if (a)
        *a = breakdown->note_value[note][0];
    if (b)
        *b = breakdown->note_value[note][1];
    return true;
}

/* qemu-xen-traditional has this much for cirrus, whatever is configured: libxl_create.c. */
#define TRADITIONAL_CIRRUS_KIB (4 * BALLAST_MIB_KIB)

static void note_video(struct ballast_breakdown *out, const struct ballast_settled *settled)
{
    uint64_t asked_kib = settled->videoram_asked_kib;
    bool no_adapter = settled->type != BALLAST_HVM || settled->vga == BALLAST_VGA_NONE;
    if (no_adapter && asked_kib > 0)
        ballast_breakdown_set_note(out, BALLAST_NOTE_VIDEO_UNBACKED, asked_kib, 0);
    if (settled->video_fixed && asked_kib != TRADITIONAL_CIRRUS_KIB)
        ballast_breakdown_set_note(out, BALLAST_NOTE_VIDEO_IGNORED, asked_kib,
                                   TRADITIONAL_CIRRUS_KIB);
    if (settled->video_kib > settled->memory_kib / 2)
        ballast_breakdown_set_note(out, BALLAST_NOTE_VIDEO_LARGE, settled->video_kib,
                                   settled->memory_kib);
}

void ballast_note_whole_mib(struct ballast_breakdown *out, const struct ballast_settled *settled)
{
    uint64_t kib = ballast_sub_floor(settled->maxmem_kib, settled->videoram_asked_kib);
    uint64_t beyond_kib = kib % BALLAST_MIB_KIB;
    /* Less than a page is dropped. */
    if (settled->type != BALLAST_PV && beyond_kib >= BALLAST_PAGE_KIB)
        ballast_breakdown_set_note(
            out, BALLAST_NOTE_NOT_WHOLE_MIB, kib,
            ballast_add_ceil(settled->maxmem_kib, BALLAST_MIB_KIB - beyond_kib));
}

void ballast_note_settled(struct ballast_breakdown *out, const struct ballast_settled *settled)
{
    note_video(out, settled);
    if (settled->pod) {
        ballast_breakdown_set_note(out, BALLAST_NOTE_POD, settled->memory_kib, settled->maxmem_kib);
        ballast_breakdown_set_note(out, BALLAST_NOTE_POD_COST,
                                   ballast_sub_floor(settled->maxmem_kib, settled->memory_kib), 0);
    }
    if (settled->type != BALLAST_PV && !settled->hap)
        ballast_breakdown_set_note(out, BALLAST_NOTE_NO_HAP, 0, 0);
    if (settled->memory_defaulted)
        ballast_breakdown_set_note(out, BALLAST_NOTE_NO_MEMORY, settled->memory_kib, 0);
    if (settled->no_claim)
        ballast_breakdown_set_note(out, BALLAST_NOTE_NO_CLAIM, 0, 0);
}

/*
 * Tables of 512 entries with every page of the guest's memory mapped by itself: one for each 2 MiB,
 * one for each GiB, and three above and beside them.
 */
static uint64_t full_tables(uint64_t maxmem_kib)
{
    uint64_t mib = ballast_div_up(maxmem_kib, BALLAST_MIB_KIB);
    return ballast_div_up(mib, 2) + ballast_div_up(mib, 1024) + 3;
}

void ballast_note_altp2m(struct ballast_breakdown *out, const struct ballast_settled *settled)
{
    if (settled->altp2m)
        ballast_breakdown_set_note(out, BALLAST_NOTE_ALTP2M, full_tables(settled->maxmem_kib),
                                   out->segment_kib[BALLAST_SHADOW] / BALLAST_PAGE_KIB);
}

void ballast_note_vmtrace(struct ballast_breakdown *out, const struct ballast_settled *settled,
                          bool is_known)
{
    if (settled->vmtrace_kib == 0)
        return;
    if (is_known)
        ballast_breakdown_set_note(out, BALLAST_NOTE_VMTRACE, settled->vmtrace_kib * settled->vcpus,
                                   settled->vcpus);
    else
        ballast_breakdown_set_note(out, BALLAST_NOTE_VMTRACE_IGNORED, settled->vmtrace_kib, 0);
}
