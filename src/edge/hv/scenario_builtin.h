/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The simulated host of `--host sim`, the daemon's and the commands', as a scenario. */
#ifndef EDGE_HV_SCENARIO_BUILTIN_H
#define EDGE_HV_SCENARIO_BUILTIN_H

extern const char scenario_builtin[];

#endif
