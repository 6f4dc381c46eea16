/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A run as people read it, and as programs do. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ballast/cli/output.h"
#include "app/ballast/cli/table.h"
#include "app/ballast/cli/values.h"
#include "app/ballast/lab/simulate.h"
#include "core/base/units.h"

enum { WORD = 32 };

static void format_seconds(uint64_t usec, char out[WORD])
{
    if (usec == BALLAST_NONE)
        (void)snprintf(out, WORD, "never");
    else
        (void)snprintf(out, WORD, "%" PRIu64 ".%" PRIu64 " s", usec / BALLAST_SEC_USEC,
                       usec / (BALLAST_SEC_USEC / 10) % 10);
}

static void format_ratio(uint64_t permyriad, char out[WORD])
{
    if (permyriad == 0)
        (void)snprintf(out, WORD, "-");
    else
        (void)snprintf(out, WORD, "%" PRIu64 ".%02" PRIu64, permyriad / BALLAST_PERMYRIAD,
                       permyriad % BALLAST_PERMYRIAD / 100);
}

/* GiB x s with one decimal. */
static void gib_seconds(uint64_t kibms, char out[WORD])
{
    uint64_t tenths = kibms / 100 >> 20;
    (void)snprintf(out, WORD, "%" PRIu64 ".%" PRIu64, tenths / 10, tenths % 10);
}

static const char *answer_of(const struct sim_start *start)
{
    switch (start->state) {
    case SIM_START_COMING:
        return "not arrived";
    case SIM_START_WAITING:
        return "waiting";
    case SIM_START_REFUSED:
        return start->gave_up ? "no answer" : "refused";
    case SIM_START_GRANTED:
        return "granted";
    case SIM_START_BUILDING:
        return "being built";
    case SIM_START_BUILT:
        return "built";
    case SIM_START_DIED:
        return "died building";
    default:
        return "";
    }
}

static uint64_t took_usec(const struct sim_start *start)
{
    return start->state == SIM_START_COMING || start->state == SIM_START_WAITING
               ? BALLAST_NONE
               : start->answered_usec - start->arrived_usec;
}

static void add_run_report_start(struct cli_table *table, const struct sim_start *start)
{
    char words[4][WORD];
    char need[CLI_SIZE];
    cli_mib(start->is->need_kib, need);
    format_seconds(start->is->arrives_usec, words[0]);
    format_seconds(start->shortest_usec, words[1]);
    format_seconds(took_usec(start), words[2]);
    format_ratio(scenario_ratio_permyriad(start), words[3]);
    cli_table_add(table, "  %s", start->is->guest.name);
    cli_table_add(table, "%s", need);
    cli_table_add(table, "%s", words[0]);
    cli_table_add(table, "%s", words[1]);
    cli_table_add(table, "%s", words[2]);
    cli_table_add(table, "%s", words[3]);
    cli_table_add(table, "%s", answer_of(start));
}

static void print_starts(const struct sim *sim)
{
    static const char *const heads[] = {"  start", "needs, MiB", "arrives", "shortest",
                                        "took",    "ratio",      "answer"};
    struct cli_table table;
    if (sim_start_count(sim) == 0)
        return;
    cli_table_init(&table, 7, 1U << 6 | 1);
    for (size_t i = 0; i < 7; i++)
        cli_table_add(&table, "%s", heads[i]);
    for (size_t i = 0; i < sim_start_count(sim); i++)
        add_run_report_start(&table, sim_start_at(sim, i));
    cli_table_print(&table);
    cli_table_release(&table);
}

static void print_score(const struct sim_score *score)
{
    char shortfall[WORD];
    char unavoidable[WORD];
    char idle[WORD];
    char idle_short[WORD];
    char churn[CLI_SIZE];
    char least[CLI_SIZE];
    gib_seconds(score->shortfall_kibms, shortfall);
    gib_seconds(score->unavoidable_kibms, unavoidable);
    gib_seconds(score->idle_kibms, idle);
    gib_seconds(score->idle_short_kibms, idle_short);
    cli_mib(score->churn_kib, churn);
    cli_mib(score->minimum_free_kib, least);
    printf("  shortfall %s GiB x s, %s of it unavoidable; idle %s GiB x s, %s of it during a "
           "shortfall\n",
           shortfall, unavoidable, idle, idle_short);
    printf("  %" PRIu64 " targets written, %s MiB moved; lowest free memory %s MiB\n",
           score->target_writes, churn, least);
    if (score->builds_died + score->guests_died + score->bad_grants > 0)
        printf("  killed: %" PRIu64 " builds and %" PRIu64 " guests; %" PRIu64
               " grants of memory that was not free\n",
               score->builds_died, score->guests_died, score->bad_grants);
    if (score->below_min_ms > 0)
        printf("  below their dynamic minimum: %.1f guest-seconds\n",
               (double)score->below_min_ms / 1e3);
}

static void report_expectation(void *arg, bool met, const char *text)
{
    bool quiet = *(bool *)arg;
    if (!met || !quiet)
        printf("  %s %s\n", met ? "as expected:" : "NOT AS EXPECTED:", text);
}

void cli_simulate_print(const struct cli_played *played, bool quiet)
{
    printf("%s, policy %s: %s\n", played->name, played->run.policy->name,
           played->scenario->sentence);
    print_starts(played->run.sim);
    print_score(&played->score);
    simulate_run_check(&played->run, report_expectation, &quiet);
}

/* Times that are not are left out. */
static void add_time(struct json_object *object, const char *key, uint64_t usec)
{
    if (usec != BALLAST_NONE)
        cli_json_kib(object, key, usec);
}

static struct json_object *start_json(const struct sim_start *start)
{
    struct json_object *object = cli_json_object();
    uint64_t permyriad = scenario_ratio_permyriad(start);
    cli_json_string(object, "name", start->is->guest.name);
    cli_json_string(object, "answer", answer_of(start));
    cli_json_kib(object, "need_kib", start->is->need_kib);
    cli_json_kib(object, "arrived_usec", start->is->arrives_usec);
    add_time(object, "shortest_usec", start->shortest_usec);
    add_time(object, "took_usec", took_usec(start));
    if (permyriad > 0)
        cli_json_kib(object, "ratio_permyriad", permyriad);
    cli_json_bool(object, "feasible", start->feasible);
    return object;
}

static struct json_object *score_json(const struct sim_score *score)
{
    const struct {
        const char *key;
        uint64_t value;
    } figures[] = {
        {"shortfall_kibms", score->shortfall_kibms},
        {"unavoidable_kibms", score->unavoidable_kibms},
        {"idle_kibms", score->idle_kibms},
        {"idle_short_kibms", score->idle_short_kibms},
        {"below_min_ms", score->below_min_ms},
        {"churn_kib", score->churn_kib},
        {"target_writes", score->target_writes},
        {"maxmem_writes", score->maxmem_writes},
        {"wrong_asks", score->wrong_asks},
        {"builds_died", score->builds_died},
        {"guests_died", score->guests_died},
        {"bad_grants", score->bad_grants},
        {"minimum_free_kib", score->minimum_free_kib},
        {"elapsed_usec", score->elapsed_usec},
    };
    struct json_object *object = cli_json_object();
    for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++)
        cli_json_kib(object, figures[i].key, figures[i].value);
    return object;
}

static void add_expectation(void *arg, bool met, const char *text)
{
    struct json_object *object = cli_json_object();
    cli_json_string(object, "text", text);
    cli_json_bool(object, "met", met);
    cli_json_append(arg, object);
}

static struct json_object *guests_json(const struct sim *sim)
{
    struct json_object *guests = cli_json_array();
    for (size_t i = 0; i < sim_domain_count(sim); i++) {
        struct sim_domain_view view;
        struct json_object *object = cli_json_object();
        sim_domain_view(sim, i, &view);
        cli_json_kib(object, "id", view.id);
        cli_json_string(object, "name", view.name);
        cli_json_bool(object, "alive", view.alive);
        cli_json_kib(object, "tot_kib", view.tot_kib);
        cli_json_kib(object, "target_kib", view.target_kib);
        cli_json_kib(object, "shortfall_kibms", view.shortfall_kibms);
        cli_json_kib(object, "target_writes", view.target_writes);
        cli_json_append(guests, object);
    }
    return guests;
}

void cli_simulate_json(const struct cli_played *played)
{
    struct json_object *object = cli_json_object();
    struct json_object *starts = cli_json_array();
    struct json_object *expected = cli_json_array();
    for (size_t i = 0; i < sim_start_count(played->run.sim); i++)
        cli_json_append(starts, start_json(sim_start_at(played->run.sim, i)));
    simulate_run_check(&played->run, add_expectation, expected);
    cli_json_string(object, "scenario", played->name);
    cli_json_string(object, "policy", played->run.policy->name);
    cli_json_bool(object, "met", played->met);
    cli_json_add(object, "requests", starts);
    cli_json_add(object, "score", score_json(&played->score));
    cli_json_add(object, "guests", guests_json(played->run.sim));
    cli_json_add(object, "expected", expected);
    cli_json_print(object);
}
