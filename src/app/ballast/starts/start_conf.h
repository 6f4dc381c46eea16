/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hook.conf: how long starts that others begin wait for memory, and what else becomes of them. */
#ifndef APP_BALLAST_STARTS_START_CONF_H
#define APP_BALLAST_STARTS_START_CONF_H

#include <stdbool.h>
#include <stdint.h>

#define START_CONF_PATH "/etc/ballast/hook.conf"

struct start_conf {
    uint64_t wait_usec;     /* for memory; 1 s to 24 h */
    bool refuses_undecided; /* a start is refused where no daemon can decide; false: it goes on */
};

/*
 * The settings of one section ("libvirt" or "xl") of that file; NULL: the usual one, which may be
 * missing. A file with a fault is reported on stderr and counts as empty: a start does not fail
 * for it.
 */
void start_conf_read(const char *command, const char *path, const char *section,
                     struct start_conf *out);

#endif
