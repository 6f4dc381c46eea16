/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/live/free.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <json-c/json.h>

#include "app/ballast/access/host_access_daemon.h"
#include "app/ballast/cli/command.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/cli/values.h"
#include "app/tick/book.h"
#include "core/base/units.h"

/* Beyond what is kept for Xen and, where a daemon says so, beyond what is promised. */
static uint64_t available_kib(const struct host_access *access)
{
    uint64_t promised_kib = access->is_daemon ? host_access_daemon_reserved_kib(access->hv) : 0;
    return ballast_sub_floor(ballast_host_available_kib(access->host), promised_kib);
}

void cli_free_remember(struct cli_freeing *freeing)
{
    const struct host_access *access = &freeing->access;
    freeing->donors = xcheck(calloc(access->count + 1, sizeof(*freeing->donors)));
    for (size_t i = 0; i < access->count; i++) {
        const struct cli_domain *domain = &access->domains[i];
        struct cli_donor *donor = &freeing->donors[freeing->donor_count++];
        *donor = (struct cli_donor){.id = domain->is.id, .before_kib = domain->is.tot_kib};
        donor->after_kib = donor->before_kib;
        (void)snprintf(donor->name, sizeof(donor->name), "%s", domain->shown);
    }
    freeing->before_kib = available_kib(access);
    freeing->after_kib = freeing->before_kib;
    freeing->began_usec = access->host->now_usec;
    freeing->request = (struct balancer_request){
        .id = 1,
        .need_kib = freeing->need_kib,
        .arrived_usec = freeing->began_usec,
        .deadline_usec = ballast_add_ceil(freeing->began_usec, freeing->timeout_usec),
    };
}

int cli_free_look(struct cli_freeing *freeing)
{
    int rc = host_access_refresh(&freeing->access);
    if (rc)
        return rc;
    freeing->after_kib = available_kib(&freeing->access);
    for (size_t i = 0; i < freeing->donor_count; i++) {
        struct cli_donor *donor = &freeing->donors[i];
        const struct cli_domain *now = host_access_by_id(&freeing->access, donor->id);
        donor->gone = !now;
        donor->after_kib = now ? now->is.tot_kib : 0;
    }
    return CLI_DONE;
}

static bool free_is_granted(const struct cli_freeing *freeing)
{
    return freeing->answered && freeing->verdict.granted;
}

static void why_not(const struct cli_freeing *freeing, char text[CLI_MESSAGE])
{
    const struct balancer_verdict *verdict = &freeing->verdict;
    if (*freeing->refused)
        (void)snprintf(text, CLI_MESSAGE, "%s", freeing->refused_why);
    else if (!freeing->answered)
        (void)snprintf(text, CLI_MESSAGE, "interrupted; every domain stays where it is");
    else
        (void)tick_refusal_text(verdict, text, CLI_MESSAGE);
}

/* The daemon's words, whoever did it. */
static const char *reason_name(const struct cli_freeing *freeing)
{
    if (*freeing->refused)
        return freeing->refused;
    if (!freeing->answered)
        return "interrupted";
    enum balancer_reason reason = freeing->verdict.reason;
    return freeing->verdict.granted ? balancer_reason_name(reason) : tick_refusal_name(reason);
}

static void print_free_donor(const struct cli_donor *donor, bool all)
{
    bool gave = donor->before_kib > donor->after_kib;
    bool stopped = donor->estimate.balloon_status == BALLOON_STUCK;
    if (donor->gone)
        printf("    domain %" PRIu32 " (%s) is gone, and held %" PRIu64 " KiB\n", donor->id,
               donor->name, donor->before_kib);
    else if (gave || (all && stopped))
        printf("    domain %" PRIu32 " (%s) gave %" PRIu64 " KiB: from %" PRIu64 " to %" PRIu64
               " KiB%s\n",
               donor->id, donor->name, ballast_sub_floor(donor->before_kib, donor->after_kib),
               donor->before_kib, donor->after_kib, stopped ? ", where it stopped" : "");
    else if (all)
        printf("    domain %" PRIu32 " (%s) gave nothing of its %" PRIu64 " KiB (%s)\n", donor->id,
               donor->name, donor->after_kib, balloon_status_name(donor->estimate.balloon_status));
}

static void print_free_all(const struct cli_freeing *freeing)
{
    char text[CLI_MESSAGE];
    char shown[CLI_SIZE];
    (void)snprintf(shown, sizeof(shown), "%" PRIu64 " KiB", freeing->need_kib);
    if (free_is_granted(freeing))
        printf("%s are free: %" PRIu64 " KiB beyond what is kept for Xen, %" PRIu64 " before\n",
               shown, freeing->after_kib, freeing->before_kib);
    else {
        why_not(freeing, text);
        printf("%s cannot be freed: %s\n%" PRIu64 " KiB are free beyond what is kept for Xen, "
               "%" PRIu64 " before\n",
               shown, text, freeing->after_kib, freeing->before_kib);
    }
    for (size_t i = 0; i < freeing->donor_count; i++)
        print_free_donor(&freeing->donors[i], !free_is_granted(freeing));
}

static struct json_object *donor_json(const struct cli_donor *donor)
{
    struct json_object *object = xcheck(json_object_new_object());
    bool has_floor = donor->estimate.last_stop.kib > 0;
    cli_json_kib(object, "domid", donor->id);
    cli_json_string(object, "name", donor->name);
    cli_json_kib(object, "before_kib", donor->before_kib);
    cli_json_kib(object, "after_kib", donor->gone ? BALLAST_NONE : donor->after_kib);
    cli_json_string(object, "balloon_status", balloon_status_name(donor->estimate.balloon_status));
    cli_json_kib(object, "floor_kib", has_floor ? donor->estimate.last_stop.kib : BALLAST_NONE);
    return object;
}

static struct json_object *head_json(const struct cli_freeing *freeing)
{
    struct json_object *object = xcheck(json_object_new_object());
    cli_json_kib(object, "size_kib", freeing->need_kib);
    cli_json_bool(object, "dry_run", freeing->dry);
    cli_json_kib(object, "available_before_kib", freeing->before_kib);
    return object;
}

static void print_free_json(const struct cli_freeing *freeing)
{
    char text[CLI_MESSAGE];
    struct json_object *object = head_json(freeing);
    struct json_object *domains = xcheck(json_object_new_array());
    why_not(freeing, text);
    cli_json_kib(object, "available_after_kib", freeing->after_kib);
    cli_json_bool(object, "freed", free_is_granted(freeing));
    cli_json_string(object, "reason", reason_name(freeing));
    cli_json_string(object, "why", free_is_granted(freeing) ? NULL : text);
    for (size_t i = 0; i < freeing->donor_count; i++) {
        if (json_object_array_add(domains, donor_json(&freeing->donors[i])) < 0)
            xcheck(NULL);
    }
    cli_json_add(object, "domains", domains);
    cli_json_print(object);
}

void cli_free_tell(const struct cli_freeing *freeing)
{
    if (freeing->json)
        print_free_json(freeing);
    else
        print_free_all(freeing);
}

static uint64_t spare_kib(const struct cli_freeing *freeing)
{
    uint64_t sum_kib = 0;
    const struct ballast_host *host = freeing->access.host;
    for (size_t i = 0; i < host->domain_count; i++)
        sum_kib = ballast_add_ceil(sum_kib, ballast_domain_spare_kib(&host->domains[i]));
    return sum_kib;
}

static struct json_object *set_free_json(const struct cli_freeing *freeing,
                                         const struct balancer_set *set)
{
    const struct cli_domain *domain = host_access_by_id(&freeing->access, set->id);
    struct json_object *object = xcheck(json_object_new_object());
    cli_json_kib(object, "domid", set->id);
    cli_json_string(object, "name", domain ? domain->is.name : NULL);
    cli_json_kib(object, "current_kib", domain ? domain->is.tot_kib : BALLAST_NONE);
    cli_json_kib(object, "target_kib", set->target_kib);
    cli_json_string(object, "reason", balancer_reason_name(set->reason));
    return object;
}

void cli_free_tell_dry_json(const struct cli_freeing *freeing, struct json_object *asked,
                            bool can_be)
{
    struct json_object *object = head_json(freeing);
    cli_json_kib(object, "spare_kib", spare_kib(freeing));
    cli_json_bool(object, "can_be", can_be);
    cli_json_add(object, "asked_first", asked);
    cli_json_print(object);
}

static void tell_dry_json(const struct cli_freeing *freeing, const struct balancer_output *decided,
                          bool can_be)
{
    struct json_object *sets = xcheck(json_object_new_array());
    for (size_t i = 0; i < decided->set_count; i++) {
        if (decided->sets[i].target_kib == BALLAST_NONE)
            continue;
        if (json_object_array_add(sets, set_free_json(freeing, &decided->sets[i])) < 0)
            xcheck(NULL);
    }
    cli_free_tell_dry_json(freeing, sets, can_be);
}

static void print_dry(const struct cli_freeing *freeing, const struct balancer_output *decided,
                      bool can_be)
{
    printf("%" PRIu64 " KiB are to be freed; %" PRIu64 " KiB are free beyond what is kept for "
           "Xen, and domains can give %" PRIu64 " KiB down to their dynamic minima\n",
           freeing->need_kib, freeing->before_kib, spare_kib(freeing));
    if (!can_be)
        puts("that is not enough");
    for (size_t i = 0; can_be && i < decided->set_count; i++) {
        const struct balancer_set *set = &decided->sets[i];
        const struct cli_domain *domain = host_access_by_id(&freeing->access, set->id);
        if (domain && set->target_kib != BALLAST_NONE)
            printf("    domain %" PRIu32 " (%s) would be asked first: from %" PRIu64 " to %" PRIu64
                   " KiB\n",
                   set->id, domain->shown, domain->is.tot_kib, set->target_kib);
    }
}

bool cli_free_tell_dry(const struct cli_freeing *freeing, const struct balancer_output *decided)
{
    bool refused = decided->verdict_count > 0 && !decided->verdicts[0].granted;
    bool enough = ballast_add_ceil(freeing->before_kib, spare_kib(freeing)) >= freeing->need_kib;
    bool can_be = !refused && enough;
    if (freeing->json)
        tell_dry_json(freeing, decided, can_be);
    else
        print_dry(freeing, decided, can_be);
    return can_be;
}
