/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The texts of Linux below /proc that say how much memory a guest could free, and how much it
 * lacks: bytes to figures, no I/O. What is not understood is unknown, never guessed. A line counts
 * only with its line end, so that a text that was cut says nothing false.
 */
#ifndef EDGE_PROC_PARSE_H
#define EDGE_PROC_PARSE_H

#include <stddef.h>
#include <stdint.h>

#include "core/model/host.h"

/*
 * meminfo: MemTotal, and MemAvailable or, before Linux 3.14, MemFree; at most the total. -EBADMSG:
 * one of them is missing or is not a size in kB; the outputs are then as they were.
 */
int proc_parse_meminfo(const char *text, size_t length, uint64_t *total_kib,
                       uint64_t *available_kib);

/*
 * vmstat: refaults (workingset_refault, since Linux 5.9 _anon and _file), pswpin, the sum of
 * allocstall and allocstall_ZONE, oom_kill (since 4.13). Sets what is there in *out, and leaves the
 * rest; sums that do not fit are UINT64_MAX.
 */
void proc_parse_vmstat(const char *text, size_t length, struct ballast_pressure *out);

/* pressure/memory: avg10 of some and full as permyriad. Sets what is there in *out, likewise. */
void proc_parse_pressure(const char *text, size_t length, struct ballast_pressure *out);

#endif
