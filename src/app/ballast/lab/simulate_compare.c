/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Policies side by side. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/ballast/cli/output.h"
#include "app/ballast/cli/table.h"
#include "app/ballast/lab/simulate.h"
#include "core/base/units.h"

static void add_ratios(struct cli_compared *compared, const struct sim *sim)
{
    size_t count = sim_start_count(sim);
    if (compared->ratio_count + count > compared->ratio_room) {
        compared->ratio_room = 2 * (compared->ratio_count + count);
        compared->ratios =
            xcheck(reallocarray(compared->ratios, compared->ratio_room, sizeof(*compared->ratios)));
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t ratio = scenario_ratio_permyriad(sim_start_at(sim, i));
        if (ratio > 0)
            compared->ratios[compared->ratio_count++] = ratio;
    }
}

void cli_compare_add(struct cli_compared *compared, const struct cli_played *played)
{
    const struct sim_score *score = &played->score;
    const struct simulate_times *times = &played->times;
    uint64_t minimum_free_kib =
        compared->scenarios == 0
            ? score->minimum_free_kib
            : ballast_min_u64(compared->score.minimum_free_kib, score->minimum_free_kib);
    compared->scenarios++;
    compared->unmet += !played->met;
    compared->times.served += times->served;
    compared->times.feasible += times->feasible;
    compared->times.feasible_refused += times->feasible_refused;
    compared->times.infeasible_refused += times->infeasible_refused;
    compared->times.infeasible_waiting += times->infeasible_waiting;
    compared->score.shortfall_kibms += score->shortfall_kibms;
    compared->score.unavoidable_kibms += score->unavoidable_kibms;
    compared->score.idle_kibms += score->idle_kibms;
    compared->score.idle_short_kibms += score->idle_short_kibms;
    compared->score.below_min_ms += score->below_min_ms;
    compared->score.churn_kib += score->churn_kib;
    compared->score.target_writes += score->target_writes;
    compared->score.builds_died += score->builds_died;
    compared->score.guests_died += score->guests_died;
    compared->score.bad_grants += score->bad_grants;
    compared->score.minimum_free_kib = minimum_free_kib;
    add_ratios(compared, played->run.sim);
}

static int compare_results(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void add_ratio(struct cli_table *table, uint64_t permyriad)
{
    if (permyriad == 0)
        cli_table_add(table, "-");
    else
        cli_table_add(table, "%.2f", (double)permyriad / BALLAST_PERMYRIAD);
}

static void add_comparison_row(struct cli_table *table, struct cli_compared *compared)
{
    const struct sim_score *score = &compared->score;
    const struct simulate_times *times = &compared->times;
    size_t count = compared->ratio_count;
    if (count > 0)
        qsort(compared->ratios, count, sizeof(*compared->ratios), compare_results);
    cli_table_add(table, "%s", compared->policy->name);
    cli_table_add(table, "%zu/%zu", times->served, times->feasible);
    add_ratio(table, count > 0 ? compared->ratios[(count - 1) / 2] : 0);
    add_ratio(table, count > 0 ? compared->ratios[count - 1] : 0);
    cli_table_add(table, "%zu/%zu", times->infeasible_refused,
                  times->infeasible_refused + times->infeasible_waiting);
    cli_table_add(table, "%" PRIu64, score->builds_died + score->guests_died);
    cli_table_add(table, "%.1f", (double)score->shortfall_kibms / 1000 / (1 << 20));
    cli_table_add(table, "%.1f",
                  (double)(score->shortfall_kibms - score->unavoidable_kibms) / 1000 / (1 << 20));
    cli_table_add(table, "%.1f", (double)score->idle_kibms / 1000 / (1 << 20));
    cli_table_add(table, "%.1f", (double)score->idle_short_kibms / 1000 / (1 << 20));
    cli_table_add(table, "%.1f", (double)score->below_min_ms / 1000);
    cli_table_add(table, "%.1f", (double)score->churn_kib / (1 << 20));
    cli_table_add(table, "%" PRIu64, score->target_writes);
    cli_table_add(table, "%" PRIu64, score->minimum_free_kib / BALLAST_MIB_KIB);
    cli_table_add(table, "%zu", compared->unmet);
}

void cli_compare_print(struct cli_compared *compared, size_t count)
{
    static const char *const heads[][15] = {
        {"policy", "requests", "took / shortest", "", "infeasible", "killed", "shortfall",
         "avoidable", "idle", "idle while", "below min", "targets", "targets", "lowest", "not as"},
        {"", "served", "median", "worst", "refused", "", "GiB x s", "GiB x s", "GiB x s", "short",
         "guest s", "moved, GiB", "written", "free, MiB", "expected"}};
    struct cli_table table;
    cli_table_init(&table, 15, 1);
    for (size_t i = 0; i < 30; i++)
        cli_table_add(&table, "%s", heads[i / 15][i % 15]);
    for (size_t i = 0; i < count; i++)
        add_comparison_row(&table, &compared[i]);
    cli_table_print(&table);
    cli_table_release(&table);
}

void cli_compare_release(struct cli_compared *compared)
{
    free(compared->ratios);
    compared->ratios = NULL;
    compared->ratio_count = compared->ratio_room = 0;
}
