/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a guest writes into its nodes of xenstore, between samples. The input is a list of writes: a
 * byte for the node, one for the length of its value, the value; a node that is none is a sample.
 * Whatever comes, numbers are within their bounds, use is at most what the guest ever held or
 * claimed, and each value is read as a strict reader would.
 */
#include "check.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "core/base/units.h"
#include "edge/hv/xen_report.h"

struct guest {
    struct xen_said said;
    struct xen_said before;
    struct xen_report report;
    uint32_t written;
    uint64_t now_usec;
    uint64_t most_held_kib;
};

/* The same by other means: what strtoull() takes, written again, is the text but for zeros. */
static uint64_t read_strictly(const char *text, size_t length, uint64_t most)
{
    char copy[32];
    if (length == 0 || length > 20 || strspn(text, "0123456789") < length)
        return BALLAST_NONE;
    memcpy(copy, text, length);
    copy[length] = '\0';
    errno = 0;
    unsigned long long value = strtoull(copy, NULL, 10);
    return errno != 0 || value > most ? BALLAST_NONE : value;
}

static void check_event(const char *path)
{
    uint32_t domid;
    uint32_t nodes = xen_event_nodes(path, &domid);
    MUST((nodes & ~XEN_NODES_ALL) == 0, "%x", nodes);
    MUST(nodes == 0 || domid <= UINT16_MAX, "%u", domid);
}

static void write_node(struct guest *guest, enum xen_node node, const char *value, size_t length)
{
    xen_decode_node(&guest->said, node, value, length);
    guest->written |= XEN_NODE_BIT(node);
    if (node == XEN_NODE_MEMINFO_FREE)
        MUST(guest->said.free_kib == read_strictly(value, length, XEN_MOST_KIB), "%.*s",
             (int)length, value);
    if (node == XEN_NODE_STALLS)
        MUST(guest->said.pressure[BALLAST_PRESSURE_STALLS] ==
                 read_strictly(value, length, INT64_MAX),
             "%.*s", (int)length, value);
    check_event(value);
}

static void check_use(const struct guest *guest, const struct ballast_domain *shown)
{
    bool reports = shown->report_source != BALLAST_REPORT_NONE;
    uint64_t most_kib =
        shown->report_source == BALLAST_REPORT_MEMINFO ? XEN_MOST_KIB : guest->most_held_kib;
    MUST(reports == (shown->used_kib != BALLAST_NONE), "%d", (int)shown->report_source);
    MUST(!reports || shown->used_kib <= most_kib, "%ju", (uintmax_t)shown->used_kib);
    MUST(!reports || shown->report_age_usec <= guest->now_usec, "its age");
    MUST(shown->reported_swap_kib == 0 || shown->reported_swap_kib <= shown->used_kib, "swap");
    MUST(shown->reported_free_kib == BALLAST_NONE ||
             shown->reported_free_kib <= XEN_MOST_KIB + guest->most_held_kib,
         "%ju", (uintmax_t)shown->reported_free_kib);
}

static void check_pressure(const struct guest *guest, const struct ballast_domain *shown)
{
    MUST(shown->pressure.known == 0 || guest->said.alive != BALLAST_NONE, "no agent");
    MUST(shown->pressure.known < UINT32_C(1) << BALLAST_PRESSURES, "%x", shown->pressure.known);
    for (int i = 0; i < BALLAST_PRESSURES; i++)
        MUST(shown->pressure.values[i] <= ballast_pressure_most((enum ballast_pressure_kind)i),
             "%d: %ju", i, (uintmax_t)shown->pressure.values[i]);
}

static void sample_guest(struct guest *guest, uint64_t tot_kib, bool waits)
{
    struct hv_domain domain;
    struct ballast_domain shown;
    struct xen_report_nodes nodes = {.read = guest->written, .written = guest->written};
    const struct xen_counted counted = {.id = 7, .tot_kib = tot_kib, .max_kib = tot_kib};
    if (waits)
        nodes.waiting = guest->written & XEN_NODES_REPORTED;
    guest->now_usec += tot_kib;
    guest->most_held_kib = ballast_max_u64(guest->most_held_kib, tot_kib);
    xen_report_take(&guest->report, &nodes, &guest->before, &guest->said, tot_kib, guest->now_usec);
    guest->before = guest->said;
    guest->written = nodes.waiting;
    xen_know(&counted, &guest->said, &domain);
    xen_report_show(&guest->report, &guest->said, &domain);
    xen_show(&domain, XEN_MOST_KIB, guest->now_usec, &shown);
    MUST((domain.malformed != NULL) == (guest->said.malformed != 0), "%x", guest->said.malformed);
    check_use(guest, &shown);
    check_pressure(guest, &shown);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct guest guest = {.now_usec = BALLAST_SEC_USEC};
    xen_said_nothing(&guest.said);
    guest.before = guest.said;
    xen_report_begin(&guest.report);
    for (size_t at = 0; size - at >= 2;) {
        size_t node = data[at];
        size_t length = ballast_min_u64(data[at + 1], size - at - 2);
        char value[UINT8_MAX + 1];
        memcpy(value, data + at + 2, length);
        value[length] = '\0';
        if (node < XEN_NODES)
            write_node(&guest, (enum xen_node)node, value, length);
        else
            sample_guest(&guest, (uint64_t)data[at + 1] << 20 | (length ? (uint8_t)value[0] : 0),
                         node % 2);
        at += 2 + length;
    }
    sample_guest(&guest, 1 << 20, false);
    return 0;
}
