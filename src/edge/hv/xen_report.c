/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/hv/xen_report.h"

#include <string.h>

#include "core/base/units.h"

#define MEMINFO_NODES XEN_NODES_FROM_TO(XEN_NODE_MEMINFO, XEN_NODE_SWAPINFO)

void xen_report_begin(struct xen_report *report)
{
    *report = (struct xen_report){.meminfo_usec = BALLAST_NONE,
                                  .free_usec = BALLAST_NONE,
                                  .pressure_usec = BALLAST_NONE,
                                  .others_usec = BALLAST_NONE,
                                  .read_usec = BALLAST_NONE};
}

uint32_t xen_report_waiting(const struct xen_report *report, uint64_t now_usec)
{
    bool is_early = report->read_usec != BALLAST_NONE &&
                    ballast_sub_floor(now_usec, report->read_usec) < XEN_REPORT_EVERY_USEC;
    return is_early ? XEN_NODES_REPORTED : 0;
}

static uint64_t less_video(uint64_t tot_kib, uint64_t videoram_kib)
{
    return videoram_kib == BALLAST_NONE ? tot_kib : ballast_sub_floor(tot_kib, videoram_kib);
}

/*
 * It came between two samples, and what the guest held then is not known: the more of the two
 * counts. Use that is too high costs memory, use that is too low costs the guest.
 */
static void take_free(struct xen_report *report, uint64_t held_kib)
{
    report->free_of_kib = ballast_max_u64(report->held_kib, held_kib);
}

/* An event for a directory stands for all its nodes, whether they are there or not. */
static bool shows_others(uint32_t written)
{
    return (written & XEN_NODES_UNREAD) && (written & XEN_NODES_IN_DATA) != XEN_NODES_IN_DATA;
}

void xen_report_take(struct xen_report *report, const struct xen_report_nodes *nodes,
                     const struct xen_said *before, const struct xen_said *now, uint64_t tot_kib,
                     uint64_t now_usec)
{
    uint64_t held_kib = less_video(tot_kib, now->videoram_kib);
    uint32_t written = nodes->written & ~nodes->waiting;
    bool wrote_free =
        (written & XEN_NODE_BIT(XEN_NODE_MEMINFO_FREE)) || before->free_kib != now->free_kib;
    bool shows_alive = (written & XEN_NODES_IN_BALLAST) || before->alive != now->alive ||
                       memcmp(before->pressure, now->pressure, sizeof(now->pressure)) != 0;
    if ((written & MEMINFO_NODES) || before->used_kib != now->used_kib ||
        before->swap_kib != now->swap_kib)
        report->meminfo_usec = now_usec;
    if (wrote_free)
        take_free(report, held_kib);
    if (shows_others(written))
        report->others_usec = now_usec;
    report->of_others = report->others_usec != BALLAST_NONE &&
                        now_usec - report->others_usec < XEN_REPORT_OTHERS_USEC;
    if (wrote_free || (written & XEN_NODES_UNREAD) || (shows_alive && !report->of_others))
        report->free_usec = now_usec;
    if (shows_alive)
        report->pressure_usec = now_usec;
    report->held_kib = nodes->waiting ? ballast_max_u64(report->held_kib, held_kib) : held_kib;
    if (nodes->read & XEN_NODES_REPORTED)
        report->read_usec = now_usec;
}

static bool shows_meminfo(const struct xen_report *report, const struct xen_said *said)
{
    if (said->used_kib == BALLAST_NONE)
        return false;
    return said->free_kib == BALLAST_NONE ||
           ballast_sub_floor(report->free_usec, report->meminfo_usec) <= XEN_REPORT_SILENT_USEC;
}

static void show_meminfo(const struct xen_report *report, const struct xen_said *said,
                         struct hv_domain *out)
{
    out->report_source = BALLAST_REPORT_MEMINFO;
    out->used_kib = said->used_kib;
    out->used_since_usec = report->meminfo_usec;
    if (said->swap_kib != BALLAST_NONE)
        out->reported_swap_kib = ballast_min_u64(said->swap_kib, said->used_kib);
}

/* Both move by what was ballooned since the report: one that claims more than it held still does.
 */
static void show_free(const struct xen_report *report, const struct xen_said *said,
                      struct hv_domain *out)
{
    uint64_t held_kib = less_video(out->tot_kib, out->videoram_kib);
    uint64_t given_kib = ballast_sub_floor(report->free_of_kib, held_kib);
    uint64_t got_kib = ballast_sub_floor(held_kib, report->free_of_kib);
    out->report_source = said->alive == BALLAST_NONE || report->of_others
                             ? BALLAST_REPORT_GUEST_AGENT
                             : BALLAST_REPORT_BALLAST_AGENT;
    out->used_kib = ballast_sub_floor(report->free_of_kib, said->free_kib);
    out->reported_free_kib =
        ballast_add_ceil(ballast_sub_floor(said->free_kib, given_kib), got_kib);
    out->used_since_usec = report->free_usec;
}

static void show_pressure(const struct xen_said *said, struct ballast_pressure *out)
{
    for (unsigned kind = 0; kind < BALLAST_PRESSURES && said->alive != BALLAST_NONE; kind++) {
        if (said->pressure[kind] == BALLAST_NONE)
            continue;
        out->known |= UINT32_C(1) << kind;
        out->values[kind] = said->pressure[kind];
    }
}

void xen_report_show(const struct xen_report *report, const struct xen_said *said,
                     struct hv_domain *out)
{
    if (shows_meminfo(report, said))
        show_meminfo(report, said, out);
    else if (said->free_kib != BALLAST_NONE)
        show_free(report, said, out);
    show_pressure(said, &out->pressure);
    out->pressure_since_usec = report->pressure_usec;
    for (unsigned node = 0; node < XEN_NODES && !out->malformed; node++) {
        if (said->malformed & XEN_NODE_BIT(node))
            out->malformed = xen_node_path((enum xen_node)node);
    }
}
