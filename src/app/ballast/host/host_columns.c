/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/host/host_columns.h"

#include <inttypes.h>
#include <stdlib.h>

#include "app/ballast/cli/output.h"

enum {
    DOMAIN,
    ID,
    NAME,
    STATE,
    CURRENT,
    GUEST,
    VIDEO,
    EXTRA_INTERNAL,
    OVERHEAD,
    SHADOW,
    IOMMU,
    EXTRA_EXTERNAL,
    OTHER,
    COLUMNS
};

#define SIZE .kind = CLI_COLUMN_SIZE
#define WORD .kind = CLI_COLUMN_WORD

const struct cli_column cli_host_columns[COLUMNS + 1] = {
    [DOMAIN] = {"domain", "domain", .kind = CLI_COLUMN_NUMBER, .is_left = true, .is_name = true},
    [ID] = {"id", "id", .kind = CLI_COLUMN_NUMBER, .is_name = true},
    [NAME] = {"name", "name", WORD, .is_left = true, .is_name = true},
    [STATE] = {"state", "state", WORD, .is_left = true},
    [CURRENT] = {"current", "current", SIZE},
    [GUEST] = {"guest", "guest", SIZE},
    [VIDEO] = {"video", "video", SIZE},
    [EXTRA_INTERNAL] = {"extra_internal", "extra internal", SIZE},
    [OVERHEAD] = {"overhead", "overhead", SIZE},
    [SHADOW] = {"shadow", "shadow", SIZE},
    [IOMMU] = {"iommu", "iommu", SIZE},
    [EXTRA_EXTERNAL] = {"extra_external", "extra external", SIZE},
    [OTHER] = {"other", "other", SIZE},
};

static void add_segment(struct cli_sheet *sheet, const struct ballast_domain_parts *parts,
                        enum ballast_segment segment)
{
    cli_sheet_add_kib(sheet, parts->is_split ? parts->segment_kib[segment] : BALLAST_NONE);
}

static void add_host_row_domain(struct cli_sheet *sheet, const struct ballast_domain *domain,
                                const struct ballast_domain_parts *parts)
{
    char *shown = cli_shown(domain->name);
    char *label = cli_domain_label(domain);
    cli_sheet_row(sheet, shown, domain->id);
    cli_sheet_add(sheet, domain->id, "%s", label);
    cli_sheet_add(sheet, domain->id, "%" PRIu32, domain->id);
    cli_sheet_add(sheet, 0, "%s", shown);
    cli_sheet_add(sheet, 0, "%s", ballast_domain_state_name(domain->state));
    cli_sheet_add_kib(sheet, parts->tot_kib);
    add_segment(sheet, parts, BALLAST_GUEST);
    add_segment(sheet, parts, BALLAST_VIDEO);
    add_segment(sheet, parts, BALLAST_EXTRA_INTERNAL);
    cli_sheet_add(sheet, parts->overhead_kib, "%s%" PRIu64, parts->is_estimated ? "~" : "",
                  parts->overhead_kib);
    add_segment(sheet, parts, BALLAST_SHADOW);
    add_segment(sheet, parts, BALLAST_IOMMU);
    add_segment(sheet, parts, BALLAST_EXTRA_EXTERNAL);
    cli_sheet_add_kib(sheet, parts->other_overhead_kib);
    free(label);
    free(shown);
}

void cli_host_fill(const struct cli_host *host, struct cli_sheet *out)
{
    cli_sheet_init(out, cli_host_columns, false);
    for (size_t i = 0; i < host->host->domain_count; i++)
        add_host_row_domain(out, &host->host->domains[i], &host->parts[i]);
    for (int i = 0; i < BALLAST_PARTS; i++)
        cli_sheet_fact(out, ballast_host_part_name((enum ballast_host_part)i),
                       host->breakdown.part_kib[i]);
}

void cli_host_choose(const struct cli_host *host, struct cli_choice *choice)
{
    static const unsigned char plain[] = {DOMAIN, STATE, CURRENT, OVERHEAD};
    static const unsigned char divided[] = {DOMAIN, STATE,          CURRENT,  GUEST,
                                            VIDEO,  EXTRA_INTERNAL, OVERHEAD, SHADOW,
                                            IOMMU,  EXTRA_EXTERNAL, OTHER};
    bool segments = false;
    for (size_t i = 0; i < host->host->domain_count; i++)
        segments |= host->parts[i].is_split;
    if (segments)
        cli_choice_default(choice, divided, sizeof(divided));
    else
        cli_choice_default(choice, plain, sizeof(plain));
}
