/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A recording: consecutive snapshots of one host, as `ballast record` writes them. It is read as a
 * whole and checked more strictly than a snapshot: each is consistent (ballast_host_check():
 * current and free memory are within the total), the total does not change, and time increases.
 */
#ifndef EDGE_SNAPSHOT_RECORDING_H
#define EDGE_SNAPSHOT_RECORDING_H

#include <stddef.h>

#include <ballast/error.h>

#include "core/model/host.h"
#include "edge/snapshot/snapshot.h"

struct recording {
    struct ballast_host *samples; /* `count` of them, in order of time */
    size_t count;                 /* at least 1 */
    struct snapshot *snapshots;   /* the memory of the samples */
};

/* All zeros is allowed too. */
void recording_release(struct recording *recording);

/*
 * "-" is standard input. -EINVAL: "file:line: ..." with what is wrong and what to write instead;
 * the errnos of file_read(), -ENOMEM. On failure *out is unchanged.
 */
int recording_read(const char *path, struct recording *out, struct ballast_error *err);
int recording_parse(const char *name, const char *data, size_t length, struct recording *out,
                    struct ballast_error *err);

#endif
