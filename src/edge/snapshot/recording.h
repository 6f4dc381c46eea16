/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A recording: snapshots of one host, one behind the other, as `ballast record` writes them. It is
 * read as a whole and held to more than a snapshot alone: each could be true
 * (ballast_host_check(): what is held and free is within the total), the total stays, time rises.
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
    struct snapshot *snapshots;   /* the memory behind them */
};

/* One that is all zeros is fine too. */
void recording_release(struct recording *recording);

/*
 * "-" is standard input. -EINVAL: "file:line: ..." with what is wrong and what to write instead;
 * the errnos of file_read(), -ENOMEM. On failure *out is as it was.
 */
int recording_read(const char *path, struct recording *out, struct ballast_error *err);
int recording_parse(const char *name, const char *data, size_t length, struct recording *out,
                    struct ballast_error *err);

#endif
