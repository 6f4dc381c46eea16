/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/explain/overview.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/ballast/access/host_access.h"
#include "app/ballast/cli/command.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/explain/segment_bar.h"
#include "core/base/error.h"
#include "core/model/host.h"

enum {
    ID,
    NAME,
    TYPE,
    STATE,
    PROFILE,
    TARGET,
    SEGMENT,                           /* and enum ballast_segment */
    SPAN = SEGMENT + BALLAST_SEGMENTS, /* and enum ballast_span */
    NEED = SPAN + BALLAST_SPANS,
    BAR,
    COLUMNS
};

_Static_assert((int)COLUMNS <= (int)CLI_COLUMNS, "each has its place");

#define WORD .kind = CLI_COLUMN_WORD, .is_left = true
#define SUMMED(word, head)                                                                         \
    {                                                                                              \
        word, head, .kind = CLI_COLUMN_SIZE, .has_sum = true                                       \
    }

const struct cli_column cli_overview_columns[COLUMNS + 1] = {
    [ID] = {"id", "id", .kind = CLI_COLUMN_NUMBER, .is_name = true},
    [NAME] = {"name", "name", WORD, .is_name = true},
    [TYPE] = {"type", "type", WORD},
    [STATE] = {"state", "state", WORD},
    [PROFILE] = {"profile", "profile", WORD},
    [TARGET] = SUMMED("target", "target"),
    [SEGMENT + BALLAST_SHADOW] = SUMMED("shadow", "shadow"),
    [SEGMENT + BALLAST_IOMMU] = SUMMED("iommu", "iommu"),
    [SEGMENT + BALLAST_EXTRA_EXTERNAL] = SUMMED("extra_external", "extra external"),
    [SEGMENT + BALLAST_EXTRA_INTERNAL] = SUMMED("extra_internal", "extra internal"),
    [SEGMENT + BALLAST_VIDEO] = SUMMED("video", "video"),
    [SEGMENT + BALLAST_GUEST] = SUMMED("guest", "guest"),
    [SEGMENT + BALLAST_BALLOON] = SUMMED("balloon", "balloon"),
    [SPAN + BALLAST_OVERHEAD] = SUMMED("overhead", "overhead"),
    [SPAN + BALLAST_STATIC_MAXIMUM] = SUMMED("static_maximum", "static maximum"),
    [SPAN + BALLAST_BUILD_START] = SUMMED("build_start", "build start"),
    [SPAN + BALLAST_BUILD_MAXIMUM] = SUMMED("build_maximum", "build maximum"),
    [SPAN + BALLAST_ACTUAL_TARGET] = SUMMED("actual_target", "actual target"),
    [SPAN + BALLAST_XEN_MAXIMUM] = SUMMED("xen_maximum", "xen maximum"),
    [SPAN + BALLAST_FOOTPRINT] = SUMMED("footprint", "footprint"),
    [NEED] = SUMMED("need", "need"),
    [BAR] = {"bar", "memory", .kind = CLI_COLUMN_BAR, .is_left = true},
};

static void add_who(struct cli_sheet *sheet, const struct cli_overview_line *line)
{
    const struct cli_domain *domain = line->domain;
    cli_sheet_row(sheet, line->shown, domain ? domain->is.id : 0);
    if (domain)
        cli_sheet_add(sheet, domain->is.id, "%" PRIu32, domain->is.id);
    else
        cli_sheet_add(sheet, BALLAST_NONE, "-");
    cli_sheet_add(sheet, 0, "%s", line->shown);
    cli_sheet_add(sheet, 0, "%s", line->type);
    cli_sheet_add(sheet, 0, "%s", domain ? cli_domain_state_name(domain) : "-");
    cli_sheet_add(sheet, 0, "%s", line->profile_name);
    cli_sheet_add_kib(sheet, domain ? domain->whole_target_kib : BALLAST_NONE);
}

void cli_overview_add(struct cli_sheet *sheet, const struct cli_overview_line *line, bool colour)
{
    const struct ballast_breakdown *breakdown = line->breakdown;
    char bar[CLI_SEGMENT_BAR] = "";
    add_who(sheet, line);
    for (int i = 0; i < BALLAST_SEGMENTS; i++)
        cli_sheet_add_kib(
            sheet, breakdown ? ballast_breakdown_segment_kib(breakdown, (enum ballast_segment)i)
                             : BALLAST_NONE);
    for (int i = 0; i < BALLAST_SPANS; i++)
        cli_sheet_add_kib(sheet, breakdown
                                     ? ballast_breakdown_span_kib(breakdown, (enum ballast_span)i)
                                     : BALLAST_NONE);
    cli_sheet_add_kib(sheet, breakdown ? ballast_breakdown_need_kib(breakdown) : BALLAST_NONE);
    if (breakdown)
        cli_segment_bar(breakdown, colour, bar);
    cli_sheet_add(
        sheet, breakdown ? ballast_breakdown_span_kib(breakdown, BALLAST_FOOTPRINT) : BALLAST_NONE,
        "%s", bar);
}

/* The profile they all follow, or NULL. */
static const char *common_profile(const struct cli_sheet *sheet)
{
    for (size_t i = 1; i < sheet->count; i++) {
        if (strcmp(sheet->rows[i].cell[PROFILE].text, sheet->rows[0].cell[PROFILE].text) != 0)
            return NULL;
    }
    return sheet->count > 0 && *sheet->rows[0].cell[PROFILE].text
               ? sheet->rows[0].cell[PROFILE].text
               : NULL;
}

/* On a terminal of 80 columns a bar instead of some figures that can be seen in it. */
void cli_overview_choose(const struct cli_sheet *sheet, bool running, struct cli_choice *choice)
{
    static const unsigned char guests[2][COLUMNS] = {
        {NAME, TYPE, SPAN + BALLAST_OVERHEAD, SEGMENT + BALLAST_VIDEO, SEGMENT + BALLAST_GUEST,
         SEGMENT + BALLAST_BALLOON, SPAN + BALLAST_FOOTPRINT, NEED},
        {NAME, TYPE, SPAN + BALLAST_OVERHEAD, SPAN + BALLAST_FOOTPRINT, NEED}};
    static const unsigned char domains[2][COLUMNS] = {
        {ID, NAME, TYPE, STATE, SPAN + BALLAST_OVERHEAD, SEGMENT + BALLAST_VIDEO,
         SEGMENT + BALLAST_GUEST, SEGMENT + BALLAST_BALLOON, SPAN + BALLAST_FOOTPRINT, TARGET},
        {ID, NAME, STATE, SPAN + BALLAST_OVERHEAD, SEGMENT + BALLAST_GUEST,
         SPAN + BALLAST_FOOTPRINT}};
    static const size_t counts[2][2] = {{8, 5}, {10, 6}};
    if (choice->count > 0)
        return;
    bool terminal = isatty(STDOUT_FILENO);
    cli_choice_default(choice, running ? domains[terminal] : guests[terminal],
                       counts[running][terminal]);
    if (!running && !common_profile(sheet))
        choice->shown[choice->count++] = PROFILE;
    if (terminal)
        choice->shown[choice->count++] = BAR;
}

void cli_overview_choose_changing(struct cli_choice *choice)
{
    static const unsigned char changing[] = {
        STATE,
        TARGET,
        SEGMENT + BALLAST_SHADOW,
        SEGMENT + BALLAST_IOMMU,
        SEGMENT + BALLAST_EXTRA_EXTERNAL,
        SEGMENT + BALLAST_EXTRA_INTERNAL,
        SEGMENT + BALLAST_VIDEO,
        SEGMENT + BALLAST_GUEST,
        SEGMENT + BALLAST_BALLOON,
        SPAN + BALLAST_FOOTPRINT,
    };
    cli_choice_default(choice, changing, sizeof(changing));
}

int cli_overview_print(const struct cli_sheet *sheet, bool running, const struct cli_choice *choice)
{
    struct ballast_error err;
    const char *profile = common_profile(sheet);
    const struct cli_row *beyond = cli_sheet_beyond(sheet, choice, &err);
    if (beyond) {
        cli_error("the sum up to %s: %s", beyond->name, err.text);
        return CLI_BAD;
    }
    printf("%zu %s%s%s%s%s, sizes in KiB\n\n", sheet->count, running ? "domain" : "guest",
           sheet->count == 1 ? "" : "s", running ? " as now" : "", profile ? ", profile " : "",
           profile ? profile : "");
    cli_sheet_print(sheet, choice, sheet->count > 1 || sheet->lacking > 0);
    if (choice->shown[choice->count - 1] == BAR)
        cli_segment_bar_legend();
    return CLI_DONE;
}
