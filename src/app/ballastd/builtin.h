/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The simulated host of `--host sim`, as a scenario. */
#ifndef APP_BALLASTD_BUILTIN_H
#define APP_BALLASTD_BUILTIN_H

extern const char daemon_builtin_scenario[];

#endif
