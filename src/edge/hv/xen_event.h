/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What Xen reports by itself, through libxenevtchn and in no other file: that little memory is
 * free. VIRQ_ENOMEM is raised when what is free and not claimed falls to low_mem_virq_limit (64 MiB
 * where the command line says nothing else), and again at each half of it (common/page_alloc.c,
 * check_low_mem_virq). It is a global VIRQ: a domain can bind it once, the first program that asks.
 */
#ifndef EDGE_HV_XEN_EVENT_H
#define EDGE_HV_XEN_EVENT_H

#include <stdbool.h>

#include <ballast/error.h>

struct xen_event;

/*
 * -ENOTSUP: built without libxenevtchn; -EEXIST: another program has bound it; errnos of
 * /dev/xen/evtchn. Close it with xen_event_close(), which accepts NULL.
 */
int xen_event_open(struct xen_event **out, struct ballast_error *err);
void xen_event_close(struct xen_event *event);
/* Readable when Xen has reported it. */
int xen_event_fd(const struct xen_event *event);
/* Takes the report in. true: there was one since the last time. */
bool xen_event_received(struct xen_event *event);

#endif
