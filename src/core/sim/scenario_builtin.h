/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The simulated host of `--host sim`, for the daemon and the commands, as a scenario. */
#ifndef CORE_SIM_SCENARIO_BUILTIN_H
#define CORE_SIM_SCENARIO_BUILTIN_H

extern const char scenario_builtin[];

#endif
