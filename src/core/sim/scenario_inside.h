/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared only by scenario*.c and core/sim/score. */
#ifndef CORE_SIM_SCENARIO_INSIDE_H
#define CORE_SIM_SCENARIO_INSIDE_H

#include "core/sim/scenario.h"

enum { SCENARIO_WORDS = 64 };

/* One statement, split into words. */
struct scenario_line {
    const char *file;
    unsigned number;
    char *words[SCENARIO_WORDS];
    size_t count;
};

/* -EINVAL: "FILE:LINE: WORD: PROBLEM: use RIGHT". */
int scenario_wrong(const struct scenario_line *line, const char *word, const char *problem,
                   const char *right, struct ballast_error *err);
/* The reader of `expect` statements; `bind` is called at the end of the text. */
struct scenario_expecting {
    int (*parse)(const struct scenario_line *line, struct scenario *out, struct ballast_error *err);
    int (*bind)(const char *file, struct scenario *scenario, struct ballast_error *err);
};

/* Like scenario_parse(); with `expecting` NULL, expectations are ignored. */
int scenario_parse_with(const char *file, const char *text, size_t size,
                        const struct scenario_expecting *expecting, struct scenario *out,
                        struct ballast_error *err);

#endif
