/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/host/host_report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/ballast/cli/output.h"
#include "app/ballast/cli/table.h"
#include "app/ballast/cli/values.h"
#include "core/base/units.h"
#include "core/draw/bars.h"
#include "core/draw/palette.h"
#include "core/model/breakdown.h"

enum {
    MOST_DOMAINS = 20, /* with a bar of their own */
};

static void print_host_parts_title(const struct cli_host *host)
{
    char total[CLI_SIZE];
    char available[CLI_SIZE];
    cli_mib(host->breakdown.total_kib, total);
    cli_mib(host->breakdown.part_kib[BALLAST_PART_FREE], available);
    printf("host: %s MiB, %zu domains, %s MiB available\n\n", total, host->host->domain_count,
           available);
}

void cli_host_sums(const struct ballast_host_breakdown *breakdown)
{
    if (breakdown->overcounted_kib > 0)
        printf("note: the parts sum to %" PRIu64 " KiB more than the host has: the snapshot is not "
               "of one moment, or wrong\n",
               breakdown->overcounted_kib);
    if (breakdown->deficit_kib > 0)
        printf("note: slack, claims and reservations are %" PRIu64 " KiB more than is free\n",
               breakdown->deficit_kib);
}

static void print_unexplained_note(const struct ballast_host_breakdown *breakdown)
{
    uint64_t most_kib = breakdown->unexplained_most_kib;
    if (most_kib > 0 && breakdown->part_kib[BALLAST_PART_UNEXPLAINED] > most_kib)
        printf("note: more is unexplained than the %" PRIu64 " KiB that Xen's other allocations "
               "should take: see ballast-host(1)\n",
               most_kib);
}

static void print_host_parts_notes(const struct cli_host *host)
{
    cli_host_sums(&host->breakdown);
    if (host->host->reserved_claim_kib > 0)
        printf("note: %" PRIu64 " KiB of what is reserved are claimed in Xen\n",
               host->host->reserved_claim_kib);
    if (host->host->parked_kib > 0)
        printf("note: %" PRIu64 " KiB of the overhead are what the domains cost that hold these "
               "claims, at most\n",
               host->host->parked_kib);
    if (host->breakdown.estimated_kib > 0)
        printf("note: %" PRIu64
               " KiB of the overhead are not measured but the most that configurations "
               "allow\n",
               host->breakdown.estimated_kib);
    if (host->headroom_kib > 0)
        printf("note: %" PRIu64 " KiB of what is available are headroom, left for starts that do "
               "not ask; %" PRIu64 " KiB of it are missing\n",
               host->headroom_kib, host->headroom_missing_kib);
    if (host->state)
        printf("note: memory is %s: %" PRIu64 " KiB are unneeded\n", host->state,
               host->unneeded_kib);
    if (host->breakdown.part_kib[BALLAST_PART_XEN] == 0)
        puts("note: the snapshot does not have Xen's own memory, which is part of unexplained");
    print_unexplained_note(&host->breakdown);
}

static int larger_first(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x < y) - (x > y);
}

/* The size from which on a domain has a bar of its own. */
static uint64_t bar_from_kib(const struct ballast_host *host)
{
    if (host->domain_count <= MOST_DOMAINS)
        return 0;
    uint64_t *sizes = xcheck(calloc(host->domain_count, sizeof(*sizes)));
    size_t count = 0;
    for (size_t i = 0; i < host->domain_count; i++) {
        if (!host->domains[i].is_dom0)
            sizes[count++] = host->domains[i].tot_kib;
    }
    qsort(sizes, count, sizeof(*sizes), larger_first);
    uint64_t from_kib = count > MOST_DOMAINS ? sizes[MOST_DOMAINS - 1] : 0;
    free(sizes);
    return from_kib;
}

/* The bars of one host; the labels are owned. */
struct bars {
    struct draw_bar bar[BALLAST_PARTS + MOST_DOMAINS + 1];
    char *label[BALLAST_PARTS + MOST_DOMAINS + 1];
    size_t count;
};

static void add_host_parts_bar(struct bars *bars, enum ballast_host_part part, char *label,
                               uint64_t kib)
{
    const struct draw_look *look = draw_part_look(part);
    bars->label[bars->count] = xcheck(label);
    bars->bar[bars->count++] =
        (struct draw_bar){.label = label, .kib = kib, .fill = look->glyph, .ink = look->ink};
}

static void add_domains(struct bars *bars, const struct ballast_host *host,
                        const struct cli_sheet *order)
{
    uint64_t from_kib = bar_from_kib(host);
    size_t shown = 0;
    size_t others = 0;
    uint64_t others_kib = 0;
    for (size_t i = 0; i < order->count; i++) {
        const struct ballast_domain *domain = &host->domains[order->rows[i].at];
        if (domain->is_dom0)
            continue;
        if (domain->tot_kib < from_kib || shown == MOST_DOMAINS) {
            others++;
            others_kib += domain->tot_kib; /* no more than all domains, which did not overflow */
            continue;
        }
        char *label = *domain->name ? cli_shown(domain->name) : cli_domain_label(domain);
        add_host_parts_bar(bars, BALLAST_PART_DOMAINS, label, domain->tot_kib);
        shown++;
    }
    char *label = NULL;
    if (others == 0)
        return;
    if (asprintf(&label, "%zu other domains", others) < 0)
        label = NULL;
    add_host_parts_bar(bars, BALLAST_PART_DOMAINS, label, others_kib);
}

static const char *how_it_is_known(enum ballast_xen_part_sure sure)
{
    switch (sure) {
    case BALLAST_XEN_BY_FORMULA:
        return "";
    case BALLAST_XEN_AT_LEAST:
        return "at least: ";
    case BALLAST_XEN_BY_BUILD:
        return "Debian's build: ";
    }
    return "";
}

/* Nothing if it is not known. */
static void print_xen_parts(const struct ballast_host_breakdown *breakdown)
{
    struct cli_table table;
    if (!breakdown->xen_is_known)
        return;
    cli_table_init(&table, 3, 1 | 4);
    cli_table_add(&table, "xen");
    cli_table_add(&table, "KiB");
    cli_table_add(&table, "what");
    for (int i = 0; i < BALLAST_XEN_PARTS; i++) {
        const struct ballast_xen_part_about *about =
            ballast_xen_part_about((enum ballast_xen_part)i);
        if (breakdown->xen_part_kib[i] == 0)
            continue;
        cli_table_add(&table, "%s", about->word);
        cli_table_add_kib(&table, breakdown->xen_part_kib[i]);
        cli_table_add(&table, "%s%s", how_it_is_known(about->sure), about->what);
    }
    putchar('\n');
    cli_table_print(&table);
    cli_table_release(&table);
}

void cli_host_bars(const struct cli_host *host, const struct cli_sheet *domains, bool colour)
{
    const struct ballast_host_breakdown *breakdown = &host->breakdown;
    struct bars bars = {.count = 0};
    for (int i = 0; i < BALLAST_PARTS; i++) {
        enum ballast_host_part part = (enum ballast_host_part)i;
        uint64_t kib = breakdown->part_kib[i];
        bool always = part == BALLAST_PART_FREE || part == BALLAST_PART_UNEXPLAINED;
        if (part == BALLAST_PART_DOMAINS)
            add_domains(&bars, host->host, domains);
        else if (kib > 0 || always)
            add_host_parts_bar(&bars, part, cli_shown(ballast_host_part_name(part)), kib);
    }
    size_t size = draw_bars(bars.bar, bars.count, breakdown->total_kib, colour, NULL, 0) + 1;
    char *text = xcheck(malloc(size));
    (void)draw_bars(bars.bar, bars.count, breakdown->total_kib, colour, text, size);
    print_host_parts_title(host);
    fputs(text, stdout);
    puts("\na letter per part, as in 'ballast top'; : is less than a column; sizes in KiB");
    print_xen_parts(breakdown);
    print_host_parts_notes(host);
    free(text);
    for (size_t i = 0; i < bars.count; i++)
        free(bars.label[i]);
}

static void add_host_parts_size(struct cli_table *table, const char *word, uint64_t kib)
{
    char mib[CLI_SIZE];
    cli_mib(kib, mib);
    cli_table_add(table, "%s", word);
    cli_table_add_kib(table, kib);
    cli_table_add(table, "%s", mib);
}

static void print_parts(const struct ballast_host_breakdown *breakdown)
{
    struct cli_table table;
    cli_table_init(&table, 3, 1);
    cli_table_add(&table, "part");
    cli_table_add(&table, "KiB");
    cli_table_add(&table, "MiB");
    for (int i = 0; i < BALLAST_PARTS; i++)
        add_host_parts_size(&table, ballast_host_part_name((enum ballast_host_part)i),
                            breakdown->part_kib[i]);
    if (breakdown->overcounted_kib > 0) {
        cli_table_add(&table, "overcounted");
        cli_table_add(&table, "-%" PRIu64, breakdown->overcounted_kib);
        cli_table_end_row(&table);
    }
    add_host_parts_size(&table, "total", breakdown->total_kib);
    cli_table_print(&table);
    cli_table_release(&table);
}

void cli_host_table(const struct cli_host *host, const struct cli_sheet *domains,
                    const struct cli_choice *choice)
{
    print_host_parts_title(host);
    print_parts(&host->breakdown);
    print_xen_parts(&host->breakdown);
    if (domains->count > 0) {
        putchar('\n');
        cli_sheet_print(domains, choice, false);
    }
    puts("\nsizes in KiB");
    print_host_parts_notes(host);
}

struct json_object *cli_host_parts_json(const struct ballast_host_breakdown *breakdown)
{
    struct json_object *parts = cli_json_object();
    for (int i = 0; i < BALLAST_PARTS; i++)
        cli_json_kib(parts, ballast_host_part_name((enum ballast_host_part)i),
                     breakdown->part_kib[i]);
    return parts;
}

static struct json_object *xen_parts_json(const struct ballast_host_breakdown *breakdown)
{
    struct json_object *parts = breakdown->xen_is_known ? cli_json_object() : NULL;
    for (int i = 0; i < BALLAST_XEN_PARTS && parts; i++)
        cli_json_kib(parts, ballast_xen_part_about((enum ballast_xen_part)i)->word,
                     breakdown->xen_part_kib[i]);
    return parts;
}

static struct json_object *domain_json(const struct ballast_domain *domain,
                                       const struct ballast_domain_parts *parts)
{
    struct json_object *object = cli_json_object();
    cli_json_kib(object, "domid", domain->id);
    cli_json_string(object, "name", domain->name);
    cli_json_bool(object, "dom0", domain->is_dom0);
    cli_json_string(object, "state", ballast_domain_state_name(domain->state));
    cli_json_kib(object, "current_kib", parts->tot_kib);
    cli_json_kib(object, "overhead_kib", parts->overhead_kib);
    cli_json_bool(object, "estimated", parts->is_estimated);
    if (!parts->is_split)
        return object;
    struct json_object *segments = cli_json_object();
    for (int i = 0; i < BALLAST_BALLOON; i++)
        cli_json_kib(segments, ballast_segment_name((enum ballast_segment)i),
                     parts->segment_kib[i]);
    cli_json_kib(segments, "other", parts->other_overhead_kib);
    cli_json_add(object, "segments", segments);
    return object;
}

void cli_host_json(const struct cli_host *host, const struct cli_sheet *domains,
                   const char *unknown_xen)
{
    const struct ballast_host_breakdown *breakdown = &host->breakdown;
    struct json_object *object = cli_json_object();
    cli_json_seconds(object, "t", host->host->now_usec);
    cli_json_kib(object, "total_kib", breakdown->total_kib);
    cli_json_add(object, "parts", cli_host_parts_json(breakdown));
    cli_json_add(object, "xen_parts", xen_parts_json(breakdown));
    cli_json_kib(object, "unexplained_most_kib",
                 breakdown->unexplained_most_kib > 0 ? breakdown->unexplained_most_kib
                                                     : BALLAST_NONE);
    cli_json_kib(object, "overcounted_kib", breakdown->overcounted_kib);
    cli_json_kib(object, "deficit_kib", breakdown->deficit_kib);
    cli_json_kib(object, "reserved_claim_kib", host->host->reserved_claim_kib);
    cli_json_kib(object, "parked_kib", host->host->parked_kib);
    cli_json_kib(object, "estimated_kib", breakdown->estimated_kib);
    cli_json_kib(object, "headroom_kib", host->headroom_kib);
    cli_json_kib(object, "headroom_missing_kib", host->headroom_missing_kib);
    cli_json_string(object, "state", host->state);
    cli_json_kib(object, "unneeded_kib", host->state ? host->unneeded_kib : BALLAST_NONE);
    cli_json_string(object, "unknown_xen", unknown_xen);
    struct json_object *array = cli_json_array();
    for (size_t i = 0; i < domains->count; i++) {
        size_t at = domains->rows[i].at;
        cli_json_append(array, domain_json(&host->host->domains[at], &host->parts[at]));
    }
    cli_json_add(object, "domains", array);
    cli_json_print(object);
}
