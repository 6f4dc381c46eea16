/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which guests a calibration builds. */
#ifndef APP_BALLAST_LAB_PROBE_SHAPES_H
#define APP_BALLAST_LAB_PROBE_SHAPES_H

#include <stdbool.h>
#include <stddef.h>

#include "core/model/guest.h"

struct cli_probe_shape {
    struct ballast_guest guest;
    bool may_be_refused; /* by xl: not every host has nested virtualisation */
};

/*
 * In the order in which they are to be built: large ones first, so that Xen's own heap has grown
 * when the others come, and each size three times. The array is the caller's, for free().
 */
void cli_probe_shapes(struct cli_probe_shape **out, size_t *count);

#endif
