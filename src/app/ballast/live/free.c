/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/live/free.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/ballast/access/host_access_daemon.h"
#include "app/ballast/cli/command.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/cli/values.h"
#include "core/base/units.h"

/* Beyond what is kept for Xen, claimed and reserved. */
static uint64_t free_available_kib(const struct host_access *access)
{
    return ballast_sub_floor(ballast_host_available_kib(access->host),
                             host_access_daemon_reserved_kib(access->hv));
}

void cli_free_note(struct cli_freeing *freeing)
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
    freeing->before_kib = free_available_kib(access);
    freeing->after_kib = freeing->before_kib;
}

int cli_free_look(struct cli_freeing *freeing)
{
    int rc = host_access_refresh(&freeing->access);
    if (rc)
        return rc;
    freeing->after_kib = free_available_kib(&freeing->access);
    for (size_t i = 0; i < freeing->donor_count; i++) {
        struct cli_donor *donor = &freeing->donors[i];
        const struct cli_domain *now = host_access_by_id(&freeing->access, donor->id);
        donor->gone = !now;
        donor->after_kib = now ? now->is.tot_kib : 0;
    }
    return CLI_DONE;
}

static const char *free_why_not(const struct cli_freeing *freeing)
{
    return freeing->interrupted ? "interrupted, and no more is reclaimed" : freeing->refused_why;
}

/* The reasons of the protocol, with a daemon or without. */
static const char *free_reason_name(const struct cli_freeing *freeing)
{
    if (freeing->interrupted)
        return "interrupted";
    return freeing->freed ? balancer_reason_name(BALANCER_FITS) : freeing->refused;
}

static void print_free_donor(const struct cli_donor *donor, bool all)
{
    bool gave = donor->before_kib > donor->after_kib;
    bool stopped = donor->balloon_status == BALLOON_STUCK;
    if (donor->gone)
        printf("    domain %" PRIu32 " (%s) no longer runs; it had %" PRIu64 " KiB\n", donor->id,
               donor->name, donor->before_kib);
    else if (gave || (all && stopped))
        printf("    domain %" PRIu32 " (%s) freed %" PRIu64 " KiB: from %" PRIu64 " to %" PRIu64
               " KiB%s\n",
               donor->id, donor->name, ballast_sub_floor(donor->before_kib, donor->after_kib),
               donor->before_kib, donor->after_kib, stopped ? ", where it stopped" : "");
    else if (all)
        printf("    domain %" PRIu32 " (%s) freed nothing of its %" PRIu64 " KiB (%s)\n", donor->id,
               donor->name, donor->after_kib, balloon_status_name(donor->balloon_status));
}

static void print_free_all(const struct cli_freeing *freeing)
{
    char shown[CLI_SIZE];
    (void)snprintf(shown, sizeof(shown), "%" PRIu64 " KiB", freeing->need_kib);
    if (freeing->freed)
        printf("%s are free: %" PRIu64 " KiB beyond what is kept for Xen, %" PRIu64 " before\n",
               shown, freeing->after_kib, freeing->before_kib);
    else
        printf("%s cannot be freed: %s\n%" PRIu64 " KiB are free beyond what is kept for Xen, "
               "%" PRIu64 " before\n",
               shown, free_why_not(freeing), freeing->after_kib, freeing->before_kib);
    for (size_t i = 0; i < freeing->donor_count; i++)
        print_free_donor(&freeing->donors[i], !freeing->freed);
}

static struct json_object *donor_json(const struct cli_donor *donor)
{
    struct json_object *object = cli_json_object();
    bool has_floor = donor->last_stop_kib > 0;
    cli_json_kib(object, "domid", donor->id);
    cli_json_string(object, "name", donor->name);
    cli_json_kib(object, "before_kib", donor->before_kib);
    cli_json_kib(object, "after_kib", donor->gone ? BALLAST_NONE : donor->after_kib);
    cli_json_string(object, "balloon_status", balloon_status_name(donor->balloon_status));
    cli_json_kib(object, "floor_kib", has_floor ? donor->last_stop_kib : BALLAST_NONE);
    return object;
}

static struct json_object *head_json(const struct cli_freeing *freeing)
{
    struct json_object *object = cli_json_object();
    cli_json_kib(object, "size_kib", freeing->need_kib);
    cli_json_bool(object, "dry_run", freeing->dry);
    cli_json_kib(object, "available_before_kib", freeing->before_kib);
    return object;
}

static void print_free_json(const struct cli_freeing *freeing)
{
    struct json_object *object = head_json(freeing);
    struct json_object *domains = cli_json_array();
    cli_json_kib(object, "available_after_kib", freeing->after_kib);
    cli_json_bool(object, "freed", freeing->freed);
    cli_json_string(object, "reason", free_reason_name(freeing));
    cli_json_string(object, "why", freeing->freed ? NULL : free_why_not(freeing));
    for (size_t i = 0; i < freeing->donor_count; i++) {
        cli_json_append(domains, donor_json(&freeing->donors[i]));
    }
    cli_json_add(object, "domains", domains);
    cli_json_print(object);
}

void cli_free_print(const struct cli_freeing *freeing)
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

void cli_free_print_dry_json(const struct cli_freeing *freeing, struct json_object *asked,
                             bool can_be)
{
    struct json_object *object = head_json(freeing);
    cli_json_kib(object, "spare_kib", spare_kib(freeing));
    cli_json_bool(object, "can_be", can_be);
    cli_json_add(object, "asked_first", asked);
    cli_json_print(object);
}
