/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How much of its range a new guest gets: squeezed lets all guests that can move stand at the same
 * part of their ranges, the new one included (squeeze.ml, Proportional).
 */
#ifndef APP_BALLASTD_SQUEEZED_SHARE_H
#define APP_BALLASTD_SQUEEZED_SHARE_H

#include <stdint.h>

struct ballast_host;

/* In whole pages, between the two, which are whole pages with min <= max. */
uint64_t squeezed_share_kib(const struct ballast_host *host, uint64_t available_kib,
                            uint64_t min_kib, uint64_t max_kib);

#endif
