/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one way to a host: what --host names, opened behind hv.h. */
#ifndef APP_HOST_HOST_H
#define APP_HOST_HOST_H

#include <stdbool.h>

#include <ballast/error.h>

#include "edge/hv/hv.h"
#include "edge/hv/sim_live.h"
#include "edge/hv/xen.h"

struct snapshot;

enum host_kind {
    HOST_XEN,  /* "xen", or nothing */
    HOST_SIM,  /* "sim", the built-in one, or "sim:SCENARIO" */
    HOST_FILE, /* all else: a snapshot, the last one of a recording, or what `xl info` prints */
};

enum host_kind host_kind_of(const char *which);

struct host_options {
    const char *which;           /* as --host has it; NULL: xen */
    bool read_only;              /* nothing is changed */
    bool unchecked;              /* a file may contradict itself */
    enum xen_way way;            /* xen_options */
    struct sim_live_options sim; /* how a simulated one runs; `which` has its scenario */
    /* Called for a file that came from another program and lacks something; NULL: that is not
     * reported. */
    void (*lacks)(const struct snapshot *snapshot, const char *path);
};

/*
 * The errors of xen_open(), sim_live_open(), snapshot_read() and snapshot_check(); -EPERM for a
 * file that is to be changed. The text is the cause; `options` may go afterwards.
 */
int host_open(const struct host_options *options, struct hv **out, struct ballast_error *err);

#endif
