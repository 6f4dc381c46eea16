/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Checks the keys of an xl.cfg, so that none that may cost memory is ignored silently. */
#ifndef EDGE_GUESTCFG_XL_KEYS_H
#define EDGE_GUESTCFG_XL_KEYS_H

#include "edge/guestcfg/place.h"
#include "edge/guestcfg/xl_file.h"

/*
 * Checks every key of a file that libxlutil has read. Keys that are unknown or not counted become
 * remarks. -EINVAL: a key that only Arm guests have.
 */
int guestcfg_xl_check_keys(const struct guestcfg_xl_file *file, const char *data, size_t length,
                           struct guestcfg_remarks *remarks, struct ballast_error *err);

#endif
