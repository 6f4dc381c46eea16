/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/hv/xen_log.h"

#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 5, 0))) static void keep_message(struct xentoollog_logger *logger,
                                                               xentoollog_level level, int errnoval,
                                                               const char *context,
                                                               const char *format, va_list al)
{
    struct xen_log *log = (struct xen_log *)logger;
    char line[XEN_LOG_LINE];
    (void)context;
    if (level < XTL_ERROR)
        return;
    vsnprintf(line, sizeof(line), format, al);
    line[strcspn(line, "\r\n")] = '\0';
    if (errnoval > 0)
        snprintf(log->last, sizeof(log->last), "%.180s: %s", line, strerror(errnoval));
    else
        memcpy(log->last, line, sizeof(line));
}

static void no_progress(struct xentoollog_logger *logger, const char *context,
                        const char *doing_what, int percent, unsigned long done,
                        unsigned long total)
{
    (void)logger;
    (void)context;
    (void)doing_what;
    (void)percent;
    (void)done;
    (void)total;
}

/* It lives in its owner's struct: nothing to free. */
static void keep_alive(struct xentoollog_logger *logger)
{
    (void)logger;
}

void xen_log_init(struct xen_log *log)
{
    *log = (struct xen_log){
        .logger = {.vmessage = keep_message, .progress = no_progress, .destroy = keep_alive}};
}

void xen_log_forget(struct xen_log *log)
{
    log->last[0] = '\0';
}
