/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sentence of each note. */
#include <inttypes.h>

#include "core/base/text.h"
#include "core/base/units.h"
#include "core/model/certainty.h"

static void say_pod(struct ballast_text *text, uint64_t memory_kib, uint64_t maxmem_kib)
{
    ballast_text_add(text,
                     "populated on demand: it starts with %" PRIu64 " of %" PRIu64
                     " KiB and is killed when it touches more before its balloon driver runs",
                     memory_kib, maxmem_kib);
}

/*
 * The pool and the overhead are those of the static maximum from the start, so the later cost is
 * the present cost plus the pages that are still missing.
 */
static void say_pod_cost(struct ballast_text *text, const struct ballast_breakdown *breakdown,
                         uint64_t missing_kib)
{
    uint64_t now_kib = ballast_breakdown_span_kib(breakdown, BALLAST_FOOTPRINT);
    ballast_text_add(text,
                     "it costs %" PRIu64 " KiB now and can later cost %" PRIu64
                     " KiB: raising its target before its balloon runs takes up to %" PRIu64
                     " KiB at once and permanently",
                     now_kib, ballast_add_ceil(now_kib, missing_kib), missing_kib);
}

static void say_altp2m(struct ballast_text *text, uint64_t view_pages, uint64_t pool_pages)
{
    uint64_t sets = view_pages > 0 ? pool_pages / view_pages : 0;
    ballast_text_add(text,
                     "a view of altp2m may take up to %" PRIu64
                     " pages of the paging pool, whose %" PRIu64 " pages hold ",
                     view_pages, pool_pages);
    if (sets == 0)
        ballast_text_add(text, "not even the guest's own tables");
    else
        ballast_text_add(text, "the guest's own tables and %" PRIu64 " view%s, not %" PRIu64,
                         sets - 1, sets == 2 ? "" : "s", sets);
    ballast_text_add(text, "; Xen ends the guest when it is empty: raise shadow_memory");
}

/* Options that affect what Xen keeps for a guest beside its memory. */
static void say_limits(struct ballast_text *text, const struct ballast_breakdown *breakdown,
                       enum ballast_note note, uint64_t a, uint64_t b)
{
    switch (note) {
    case BALLAST_NOTE_ALTP2M:
        say_altp2m(text, a, b);
        break;
    case BALLAST_NOTE_VMTRACE:
        ballast_text_add(text,
                         "trace buffers take %" PRIu64 " KiB (vmtrace_buf_kb for each of %" PRIu64
                         " vCPUs), outside the guest's own memory%s",
                         a, b, breakdown->has_cost ? "" : ": need does not include them");
        break;
    case BALLAST_NOTE_OPTIONS:
        ballast_text_add(text,
                         "%s%s%s on Xen's command line: the heap that this takes per guest is "
                         "not included",
                         a ? "vpmu" : "", a && b ? " and " : "", b ? "argo" : "");
        break;
    case BALLAST_NOTE_LIMITS_ASSUMED:
        ballast_text_add(text,
                         "%" PRIu64 " grant and %" PRIu64
                         " maptrack frames are assumed, as Xen has "
                         "them unless its command line says otherwise "
                         "(gnttab_max_frames, gnttab_max_maptrack_frames)",
                         a, b);
        break;
    case BALLAST_NOTE_VMTRACE_IGNORED:
        ballast_text_add(text,
                         "vmtrace_buf_kb of %" PRIu64
                         " KiB has no effect: what starts the guest in this profile knows no trace "
                         "buffers",
                         a);
        break;
    default:
        break;
    }
}

static void add_note_text(struct ballast_text *text, const struct ballast_breakdown *breakdown,
                          enum ballast_note note, uint64_t a, uint64_t b)
{
    switch (note) {
    case BALLAST_NOTE_POD:
        say_pod(text, a, b);
        break;
    case BALLAST_NOTE_POOL_NOT_GIVEN:
        ballast_text_add(text,
                         "need includes a paging pool of %" PRIu64
                         " KiB that Xen never allocates for a PV guest",
                         a);
        break;
    case BALLAST_NOTE_VIDEO_UNBACKED:
        ballast_text_add(text,
                         "videoram takes %" PRIu64
                         " KiB off the guest, but it has no adapter: they stay unused",
                         a);
        break;
    case BALLAST_NOTE_VIDEO_LARGE:
        ballast_text_add(text, "video takes %" PRIu64 " of the %" PRIu64 " KiB of memory", a, b);
        break;
    case BALLAST_NOTE_VIDEO_IGNORED:
        ballast_text_add(text,
                         "videoram of %" PRIu64
                         " KiB is included, but cirrus on qemu-xen-traditional "
                         "has %" PRIu64 " KiB",
                         a, b);
        break;
    case BALLAST_NOTE_SHIM_TAKES_GUEST:
        ballast_text_add(text, "the PV shim lives in the guest's own memory: its kernel sees less");
        break;
    case BALLAST_NOTE_SHIM_ADDED:
        ballast_text_add(text, "%" PRIu64 " KiB are added inside the domain for the PV shim", a);
        break;
    case BALLAST_NOTE_STUBDOMAIN:
        ballast_text_add(
            text, "need includes %" PRIu64 " KiB for the domain that runs its device model", a);
        break;
    case BALLAST_NOTE_NO_HAP:
        ballast_text_add(text,
                         "shadow paging: not every Xen is built with it (Debian's 4.17 and 4.20 "
                         "are not), and the guest cannot be built on one that is not");
        break;
    case BALLAST_NOTE_IOMMU_TABLES:
        ballast_text_add(text, "the IOMMU gets page tables of its own: %" PRIu64 " KiB", a);
        break;
    case BALLAST_NOTE_NO_MEMORY:
        ballast_text_add(text,
                         "neither memory nor maxmem is given: libxl falls back to %" PRIu64
                         " KiB, and without shadow_memory its own need has no bound; set memory",
                         a);
        break;
    case BALLAST_NOTE_NEED_TOO_SMALL:
        ballast_text_add(text,
                         "need may be too small: for a guest of %" PRIu64
                         " vCPUs Xen takes up to %" PRIu64 " KiB more",
                         a, b);
        break;
    case BALLAST_NOTE_NO_CLAIM:
        ballast_text_add(text, "claims are off: a build that runs out of memory fails half-way");
        break;
    case BALLAST_NOTE_SHADOW_IGNORED:
        ballast_text_add(text,
                         "shadow_memory of %" PRIu64 " KiB has no counterpart in this profile", a);
        break;
    case BALLAST_NOTE_NO_VCPUS:
        ballast_text_add(text,
                         "neither vcpus nor maxvcpus is given: libxl starts one vCPU, but its "
                         "paging pool lacks the %" PRIu64 " KiB of one",
                         a);
        break;
    case BALLAST_NOTE_POD_COST:
        say_pod_cost(text, breakdown, a);
        break;
    case BALLAST_NOTE_ALTP2M:
    case BALLAST_NOTE_VMTRACE:
    case BALLAST_NOTE_OPTIONS:
    case BALLAST_NOTE_LIMITS_ASSUMED:
    case BALLAST_NOTE_VMTRACE_IGNORED:
        say_limits(text, breakdown, note, a, b);
        break;
    case BALLAST_NOTE_NOT_WHOLE_MIB:
        ballast_text_add(text,
                         "libxl builds such a guest only of whole MiB, and fails with \"can't "
                         "allocate low memory\" for %" PRIu64
                         " KiB (maxmem less videoram): set maxmem to %" PRIu64 " KiB",
                         a, b);
        break;
    case BALLAST_NOTE_NOT_MEASURED: /* certainty.c has its text */
    case BALLAST_NOTES:
        break;
    }
}

size_t ballast_breakdown_note_text(const struct ballast_breakdown *breakdown,
                                   enum ballast_note note, char *buf, size_t size)
{
    struct ballast_text text = ballast_text_over(buf, size);
    uint64_t a, b;
    if (!ballast_breakdown_note(breakdown, note, &a, &b))
        return 0;
    if (note == BALLAST_NOTE_NOT_MEASURED)
        return ballast_certainty_text(breakdown, buf, size);
    add_note_text(&text, breakdown, note, a, b);
    return text.length;
}
