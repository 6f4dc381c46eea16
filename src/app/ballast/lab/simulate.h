/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What `ballast simulate` has run, and the shapes in which it is printed. */
#ifndef APP_BALLAST_LAB_SIMULATE_H
#define APP_BALLAST_LAB_SIMULATE_H

#include <stdbool.h>
#include <stdio.h>

#include "app/simulate/run.h"

struct cli_played {
    const char *path;
    char name[64]; /* of the file, without folders and extension */
    const struct scenario *scenario;
    struct simulate_run run;
    struct simulate_times times;
    struct sim_score score;
    bool met; /* all that was expected */
};

/* A line a start, the score, and a line for each expectation; only those not met when quiet. */
void cli_simulate_print(const struct cli_played *played, bool quiet);
/* An object on one line. */
void cli_simulate_json(const struct cli_played *played);
/* The picture of one run; false: it could not be written, errno says why. */
bool cli_simulate_svg(const struct cli_played *played, FILE *out);

/* Policies side by side over any number of scenarios: sums, and the ratios of all their starts. */
struct cli_compared {
    const struct policy *policy;
    size_t scenarios;
    size_t unmet; /* scenarios in which something expected did not come */
    struct simulate_times times;
    struct sim_score score;
    uint64_t *ratios;
    size_t ratio_count;
    size_t ratio_room;
};

void cli_compare_add(struct cli_compared *compared, const struct cli_played *played);
void cli_compare_print(struct cli_compared *compared, size_t count);
void cli_compare_release(struct cli_compared *compared);

#endif
