/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef EDGE_GUESTCFG_XL_HINT_H
#define EDGE_GUESTCFG_XL_HINT_H

#include <stdbool.h>
#include <stddef.h>

#include <ballast/error.h>

/*
 * What people mean by a line that is no xl.cfg, where that is known: a size with a unit, True, a
 * configuration of xm's. Fills *err as guestcfg_fail() and returns true; false: nothing is known.
 */
bool guestcfg_xl_hint(const char *name, const char *data, size_t length, unsigned line,
                      struct ballast_error *err);
/*
 * The MiB that a value with a unit, or with a point, stands for: "512M", "4096.0", "1.5 GiB".
 * false: none, or not whole ones.
 */
bool guestcfg_meant_mib(const char *value, unsigned long long *out_mib);

#endif
