/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by the scenario*.c files alone. */
#ifndef CORE_SIM_SCENARIO_INSIDE_H
#define CORE_SIM_SCENARIO_INSIDE_H

#include "core/sim/scenario.h"

enum { SCENARIO_WORDS = 64 };

/* One statement, cut into words. */
struct scenario_line {
    const char *file;
    unsigned number;
    char *words[SCENARIO_WORDS];
    size_t count;
};

/* -EINVAL: "FILE:LINE: WORD: PROBLEM; RIGHT would be right". */
int scenario_wrong(const struct scenario_line *line, const char *word, const char *problem,
                   const char *right, struct ballast_error *err);
/* An `expect` statement. Names are looked up when all is read: see scenario_expect_bind(). */
int scenario_expect_parse(const struct scenario_line *line, struct scenario *out,
                          struct ballast_error *err);
/* Finds the guests and starts that expectations name. */
int scenario_expect_bind(const char *file, struct scenario *scenario, struct ballast_error *err);

#endif
