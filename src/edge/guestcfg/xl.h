/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef EDGE_GUESTCFG_XL_H
#define EDGE_GUESTCFG_XL_H

#include "edge/guestcfg/place.h"
#include "edge/guestcfg/xl_file.h"

/*
 * Reads vnuma=, after memory, maxmem, vcpus and maxvcpus. -EINVAL where xl or libxl would refuse
 * it.
 */
int guestcfg_xl_vnuma(const struct guestcfg_xl_file *file, struct guestcfg_draft *draft,
                      struct ballast_error *err);

#endif
