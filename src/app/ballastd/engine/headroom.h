/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The headroom: memory that the balancer leaves free for starts that do not ask. Its size is that
 * of the configuration, or the need of the largest guest of a folder of guest files.
 */
#ifndef APP_BALLASTD_ENGINE_HEADROOM_H
#define APP_BALLASTD_ENGINE_HEADROOM_H

#include <stdbool.h>
#include <stdint.h>

#include "app/ballastd/engine/config.h"
#include "core/model/guest.h"

struct engine;
struct ballast_host;

struct headroom {
    uint64_t kib;                    /* in force */
    char guest[BALLAST_GUEST_NAME];  /* the one that it is for; "": the configuration has a size */
    char folder[ENGINE_CONFIG_PATH]; /* "": none is named */
    bool is_read;                    /* the folder, at least once */
    uint64_t stamp;                  /* of the folder as it was read last */
    uint64_t seen_usec;              /* on the real clock: when it was last compared */
};

/*
 * Sets that of the balancer, before a tick. Compares a folder once a second and reads it when it
 * has changed. What is wrong with a file is an alert, and costs that file; while the folder cannot
 * be opened, the headroom stays as it is.
 */
void headroom_refresh(struct engine *engine, const struct ballast_host *host);

#endif
