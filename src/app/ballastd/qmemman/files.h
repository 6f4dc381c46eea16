/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The two files of qmemman's directory: do-not-membalance, which stops balancing where it is a
 * regular file, and qmemman-avail-mem, by which qubesd decides how many disposables to preload.
 */
#ifndef APP_BALLASTD_QMEMMAN_FILES_H
#define APP_BALLASTD_QMEMMAN_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct engine;
struct qmemman_conf;

struct qmemman_files {
    struct engine *engine;
    const struct qmemman_conf *conf;
    const char *dir;    /* "": none */
    uint64_t seen_usec; /* the last snapshot that was taken in */
    bool rests;
    bool written;
    bool failed; /* which has been logged */
    int64_t written_bytes;
    uint64_t written_usec;
};

/* After a sample. `sizes`: a client waits for guests to reach sizes. */
void qmemman_files_go_on(struct qmemman_files *files, bool sizes);

#endif
