/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The files of Linux that proc/parse.h reads, kept open, since they are read again each second. */
#ifndef EDGE_PROC_FILES_H
#define EDGE_PROC_FILES_H

#include <stdbool.h>
#include <stdint.h>

#include <ballast/error.h>

#include "core/model/host.h"

/* -1 in place of a descriptor: this kernel has no such file. */
struct proc_files {
    int meminfo;
    int vmstat;
    int pressure;
    char balloon[256]; /* the directory of the balloon driver below /sys */
};

struct proc_sample {
    uint64_t total_kib;
    uint64_t available_kib; /* what the guest could free without swapping */
    struct ballast_pressure pressure;
    bool has_balloon; /* the kernel's balloon driver is there */
};

/*
 * Opens those below `proc` and `sys` ("/proc", "/sys"). 0; or the errno of meminfo, without which
 * there is nothing to report; -ENAMETOOLONG.
 */
int proc_files_open(const char *proc, const char *sys, struct proc_files *out,
                    struct ballast_error *err);
/* Reads all of them. 0; -EBADMSG or the errno of a read of meminfo. */
int proc_files_read(const struct proc_files *files, struct proc_sample *out,
                    struct ballast_error *err);
void proc_files_close(struct proc_files *files);

#endif
