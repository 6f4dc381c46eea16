/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by scenario*.c and core/sim/judge alone. */
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

/* -EINVAL: "FILE:LINE: WORD: PROBLEM: use RIGHT". */
int scenario_wrong(const struct scenario_line *line, const char *word, const char *problem,
                   const char *right, struct ballast_error *err);
/* Who reads `expect` statements; `bind` is called when all is read. */
struct scenario_expecting {
    int (*parse)(const struct scenario_line *line, struct scenario *out, struct ballast_error *err);
    int (*bind)(const char *file, struct scenario *scenario, struct ballast_error *err);
};

/* scenario_parse(); `expecting` NULL passes over what is expected. */
int scenario_parse_with(const char *file, const char *text, size_t size,
                        const struct scenario_expecting *expecting, struct scenario *out,
                        struct ballast_error *err);

#endif
