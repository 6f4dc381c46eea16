/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ballast/cli/output.h"
#include "app/ballast/cli/values.h"
#include "app/ballast/host/host_report.h"
#include "app/ballast/host/plan.h"
#include "core/base/units.h"

/* In new memory. */
static char *verdict_sentence(const struct cli_plan *plan, const struct balancer_verdict *verdict)
{
    const char *shown = plan->starts[verdict->request].shown;
    size_t size = balancer_verdict_text(verdict, shown, NULL, 0) + 1;
    char *text = xcheck(malloc(size));
    (void)balancer_verdict_text(verdict, shown, text, size);
    return text;
}

static void print_host(const struct cli_plan *plan)
{
    char total[CLI_SIZE];
    char free_memory[CLI_SIZE];
    char available[CLI_SIZE];
    cli_mib(plan->host->total_kib, total);
    cli_mib(plan->host->free_kib, free_memory);
    cli_mib(plan->output.available_kib, available);
    printf("host: %s MiB, %s MiB free, %s MiB available\npolicy: %s", total, free_memory, available,
           plan->policy->name);
    if (plan->snapshot_count > 1)
        printf(", which has seen the %zu snapshots before", plan->snapshot_count - 1);
    fputs("\n\n", stdout);
}

/* By which rules the starts were counted, once for those that were counted alike. */
static void print_profiles(const struct cli_plan *plan)
{
    const struct cli_start *last = NULL;
    for (size_t i = 0; i < plan->start_count; i++) {
        const struct cli_start *start = &plan->starts[i];
        bool is_new = *start->profile && (!last || strcmp(last->profile, start->profile) != 0 ||
                                          strcmp(last->why, start->why) != 0 ||
                                          strcmp(last->certainty.text, start->certainty.text) != 0);
        if (is_new)
            printf("need by profile %s: %s: %s\n", start->profile, start->why,
                   start->certainty.text);
        last = is_new ? start : last;
    }
    fputs(last ? "\n" : "", stdout);
}

static void print_set(const struct cli_plan *plan, const struct balancer_set *set)
{
    const struct ballast_domain *domain = cli_plan_domain(plan, set->id);
    char *text = cli_set_sentence(plan->host, set);
    printf("%s\n      ", text);
    free(text);
    if (set->target_kib != BALLAST_NONE)
        printf("target %" PRIu64 " -> %" PRIu64 " KiB", domain->target_kib, set->target_kib);
    if (set->target_kib != BALLAST_NONE && set->maxmem_kib != BALLAST_NONE)
        fputs(", ", stdout);
    if (set->maxmem_kib != BALLAST_NONE)
        printf("maximum %" PRIu64 " -> %" PRIu64 " KiB", domain->maxmem_kib, set->maxmem_kib);
    printf("; current %" PRIu64 " KiB\n", domain->tot_kib);
}

static void print_steps(const struct cli_plan *plan)
{
    const struct balancer_output *output = &plan->output;
    size_t step = 0;
    if (output->set_count + output->verdict_count == 0) {
        puts("nothing to change");
        return;
    }
    puts("in this order:");
    for (size_t i = 0; i < output->take_count; i++) {
        printf("%4zu  ", ++step);
        print_set(plan, &output->sets[i]);
    }
    for (size_t i = 0; i < output->verdict_count; i++) {
        char *text = verdict_sentence(plan, &output->verdicts[i]);
        printf("%4zu  %s\n", ++step, text);
        free(text);
    }
    for (size_t i = output->take_count; i < output->set_count; i++) {
        printf("%4zu  ", ++step);
        print_set(plan, &output->sets[i]);
    }
}

static void print_plan_report_donor(const struct cli_donor *donor)
{
    char pace[128];
    char *label = cli_domain_label(donor->domain);
    (void)pace_text(&donor->pace, pace, sizeof(pace));
    if (donor->stuck)
        printf("      %s: %" PRIu64 " KiB, but it is stuck\n", label, donor->reclaim_kib);
    else
        printf("      %s: up to %" PRIu64 " KiB, %s\n", label, donor->reclaim_kib, pace);
    free(label);
}

static void print_wait(const struct cli_plan *plan, const struct cli_outlook *outlook,
                       const struct cli_wait *wait)
{
    printf("\n%s needs %" PRIu64 " KiB and has to wait: %" PRIu64 " KiB are missing; ",
           wait->start->shown, wait->start->need_kib, wait->missing_kib);
    if (wait->wait.max_usec != BALLAST_NONE) {
        char text[96];
        (void)forecast_text(&wait->wait, text, sizeof(text));
        printf("%s\n", text);
    } else if (!plan->policy->squeezes) {
        printf("policy %s does not reclaim for it\n", plan->policy->name);
    } else {
        printf("the donors free %" PRIu64 " KiB\n", outlook->coming_kib);
    }
}

void cli_plan_text(const struct cli_plan *plan)
{
    struct cli_outlook outlook;
    cli_plan_look_ahead(plan, &outlook);
    print_host(plan);
    print_profiles(plan);
    print_steps(plan);
    for (size_t i = 0; i < outlook.wait_count; i++)
        print_wait(plan, &outlook, &outlook.waits[i]);
    if (outlook.wait_count > 0 && outlook.donor_count > 0)
        puts("  from");
    for (size_t i = 0; i < outlook.donor_count && outlook.wait_count > 0; i++)
        print_plan_report_donor(&outlook.donors[i]);
    if (plan->breakdown.overcounted_kib > 0 || plan->breakdown.deficit_kib > 0)
        putchar('\n');
    cli_host_sums(&plan->breakdown);
    cli_outlook_release(&outlook);
}

static struct json_object *change_json(uint64_t from_kib, uint64_t to_kib)
{
    struct json_object *change = cli_json_object();
    cli_json_kib(change, "from", from_kib);
    cli_json_kib(change, "to", to_kib);
    return change;
}

static struct json_object *set_plan_report_json(const struct cli_plan *plan,
                                                const struct balancer_set *set)
{
    const struct ballast_domain *domain = cli_plan_domain(plan, set->id);
    struct json_object *object = cli_json_object();
    cli_json_string(object, "step", "set");
    cli_json_kib(object, "domid", set->id);
    cli_json_string(object, "name", domain->name);
    cli_json_kib(object, "current_kib", domain->tot_kib);
    if (set->target_kib != BALLAST_NONE)
        cli_json_add(object, "target_kib", change_json(domain->target_kib, set->target_kib));
    if (set->maxmem_kib != BALLAST_NONE)
        cli_json_add(object, "xen_maximum_kib", change_json(domain->maxmem_kib, set->maxmem_kib));
    char *text = cli_set_sentence(plan->host, set);
    cli_json_string(object, "reason", balancer_reason_name(set->reason));
    cli_json_string(object, "why", text);
    free(text);
    return object;
}

static struct json_object *verdict_json(const struct cli_plan *plan,
                                        const struct balancer_verdict *verdict)
{
    const struct cli_start *start = &plan->starts[verdict->request];
    struct json_object *object = cli_json_object();
    cli_json_string(object, "step", verdict->granted ? "grant" : "refuse");
    cli_json_string(object, "name", start->shown);
    cli_json_kib(object, "need_kib", start->need_kib);
    if (*start->profile) {
        cli_json_string(object, "profile", start->profile);
        cli_json_string(object, "profile_why", start->why);
        cli_certainty_json(object, &start->certainty);
    }
    char *text = verdict_sentence(plan, verdict);
    cli_json_string(object, "reason", balancer_reason_name(verdict->reason));
    cli_json_string(object, "why", text);
    free(text);
    return object;
}

static struct json_object *steps_json(const struct cli_plan *plan)
{
    const struct balancer_output *output = &plan->output;
    struct json_object *steps = cli_json_array();
    for (size_t i = 0; i < output->take_count; i++)
        cli_json_append(steps, set_plan_report_json(plan, &output->sets[i]));
    for (size_t i = 0; i < output->verdict_count; i++)
        cli_json_append(steps, verdict_json(plan, &output->verdicts[i]));
    for (size_t i = output->take_count; i < output->set_count; i++)
        cli_json_append(steps, set_plan_report_json(plan, &output->sets[i]));
    return steps;
}

static struct json_object *waits_json(const struct cli_outlook *outlook)
{
    struct json_object *waits = cli_json_array();
    for (size_t i = 0; i < outlook->wait_count; i++) {
        const struct cli_wait *wait = &outlook->waits[i];
        struct json_object *object = cli_json_object();
        cli_json_string(object, "name", wait->start->shown);
        cli_json_kib(object, "need_kib", wait->start->need_kib);
        cli_json_kib(object, "missing_kib", wait->missing_kib);
        if (wait->wait.max_usec != BALLAST_NONE) {
            cli_json_seconds(object, "seconds_min", wait->wait.min_usec);
            cli_json_seconds(object, "seconds_max", wait->wait.max_usec);
        }
        cli_json_append(waits, object);
    }
    return waits;
}

static struct json_object *plan_report_donors_json(const struct cli_outlook *outlook)
{
    struct json_object *donors = cli_json_array();
    for (size_t i = 0; i < outlook->donor_count; i++) {
        const struct cli_donor *donor = &outlook->donors[i];
        struct json_object *object = cli_json_object();
        cli_json_kib(object, "domid", donor->domain->id);
        cli_json_string(object, "name", donor->domain->name);
        cli_json_kib(object, "reclaim_kib", donor->reclaim_kib);
        cli_json_kib(object, "rate_min_kib_per_sec", donor->pace.min_kib_per_sec);
        cli_json_kib(object, "rate_max_kib_per_sec", donor->pace.max_kib_per_sec);
        cli_json_string(object, "rate_basis", pace_basis_name(donor->pace.basis));
        cli_json_bool(object, "stuck", donor->stuck);
        cli_json_append(donors, object);
    }
    return donors;
}

void cli_plan_json(const struct cli_plan *plan)
{
    struct cli_outlook outlook;
    cli_plan_look_ahead(plan, &outlook);
    struct json_object *object = cli_json_object();
    cli_json_string(object, "policy", plan->policy->name);
    cli_json_seconds(object, "t", plan->host->now_usec);
    cli_json_kib(object, "snapshots", plan->snapshot_count);
    cli_json_kib(object, "total_kib", plan->host->total_kib);
    cli_json_add(object, "parts", cli_host_parts_json(&plan->breakdown));
    cli_json_kib(object, "overcounted_kib", plan->breakdown.overcounted_kib);
    cli_json_kib(object, "deficit_kib", plan->output.deficit_kib);
    cli_json_kib(object, "available_kib", plan->output.available_kib);
    cli_json_add(object, "steps", steps_json(plan));
    cli_json_add(object, "waiting", waits_json(&outlook));
    cli_json_add(object, "donors", plan_report_donors_json(&outlook));
    cli_json_print(object);
    cli_outlook_release(&outlook);
}
