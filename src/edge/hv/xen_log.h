/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What Xen's libraries want to print: kept, not printed. The last complaint goes into our own error
 * text, and everything else nowhere.
 */
#ifndef EDGE_HV_XEN_LOG_H
#define EDGE_HV_XEN_LOG_H

#include <xentoollog.h>

enum { XEN_LOG_LINE = 256 };

struct xen_log {
    struct xentoollog_logger logger; /* first: the libraries hand this back */
    char last[XEN_LOG_LINE]; /* one line, "" when there was no complaint since the last forget */
};

void xen_log_init(struct xen_log *log);
void xen_log_forget(struct xen_log *log);

#endif
