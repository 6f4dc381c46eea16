/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The keys of an xl.cfg, so that none that may decide memory is passed over in silence. */
#ifndef EDGE_GUESTCFG_XL_KEYS_H
#define EDGE_GUESTCFG_XL_KEYS_H

#include "edge/guestcfg/place.h"
#include "edge/guestcfg/xl_file.h"

/*
 * Looks at every key of a file that libxlutil has read: -EINVAL for one that only a guest for Arm
 * has; what is not counted or not known becomes a remark.
 */
int guestcfg_xl_judge_keys(const struct guestcfg_xl_file *file, const char *data, size_t length,
                           struct guestcfg_remarks *remarks, struct ballast_error *err);

#endif
