/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef EDGE_GUESTCFG_XL_HINT_H
#define EDGE_GUESTCFG_XL_HINT_H

#include <stdbool.h>
#include <stddef.h>

#include <ballast/error.h>

/*
 * Recognises common mistakes in a line that xl cannot parse: a size with a unit, True, a
 * configuration of xm. Fills *err as guestcfg_fail() does and returns true; false: not recognised.
 */
bool guestcfg_xl_hint(const char *name, const char *data, size_t length, unsigned line,
                      struct ballast_error *err);
/*
 * The MiB in a value with a unit or a decimal point: "512M", "4096.0", "1.5 GiB". false: not such a
 * value, or not whole MiB.
 */
bool guestcfg_meant_mib(const char *value, unsigned long long *out_mib);

#endif
