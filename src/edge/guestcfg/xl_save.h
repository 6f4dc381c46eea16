/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What `xl save` writes and `xl migrate` sends: a header, the guest's configuration, and then its
 * memory, which is not read (Xen's tools/xl/xl.h, struct save_file_header).
 */
#ifndef EDGE_GUESTCFG_XL_SAVE_H
#define EDGE_GUESTCFG_XL_SAVE_H

#include <stdbool.h>
#include <stddef.h>

#include "edge/guestcfg/guestcfg.h"

/* Whether the bytes begin as such a file does; fewer than GUESTCFG_SAVE_HEAD never do. */
bool guestcfg_is_xl_save(const char *data, size_t length);

#endif
