/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What qmemman lets a guest prefer: a factor of the use that it reports (qubes/qmemman/algo.py,
 * pref_mem()). Qubes' programs know memory by that.
 */
#ifndef APP_BALLASTD_QMEMMAN_PREFERENCE_H
#define APP_BALLASTD_QMEMMAN_PREFERENCE_H

#include <stdint.h>

struct ballast_domain;
struct qmemman_conf;

/* BALLAST_NONE: it does not report, or has no range. */
uint64_t qmemman_preferred_kib(const struct qmemman_conf *conf,
                               const struct ballast_domain *domain);

#endif
