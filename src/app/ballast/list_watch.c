/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/list_watch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ballast/output.h"
#include "core/base/units.h"

struct row {
    uint32_t id;
    char *name;
    char *cell[CLI_LIST_COLUMNS];
};

struct cli_list_seen {
    enum cli_list_column columns[CLI_LIST_COLUMNS];
    size_t column_count;
    uint64_t free_mib;
    struct row *rows;
    size_t count;
};

struct cli_list_seen *cli_list_see(const struct cli_door *door, const enum cli_list_column *columns,
                                   size_t count)
{
    struct cli_list_seen *seen = cli_must(calloc(1, sizeof(*seen)));
    seen->free_mib = door->host->free_kib / BALLAST_MIB_KIB;
    for (size_t i = 0; i < count; i++) {
        if (columns[i] != CLI_LIST_BAR && columns[i] != CLI_LIST_ID && columns[i] != CLI_LIST_NAME)
            seen->columns[seen->column_count++] = columns[i];
    }
    seen->rows = cli_must(calloc(door->count + 1, sizeof(*seen->rows)));
    for (; seen->count < door->count; seen->count++) {
        const struct cli_domain *domain = &door->domains[seen->count];
        struct row *row = &seen->rows[seen->count];
        char text[CLI_LIST_CELL];
        row->id = domain->is.id;
        row->name = cli_must(strdup(domain->shown));
        for (size_t i = 0; i < seen->column_count; i++) {
            cli_list_cell(door, domain, NULL, seen->columns[i], false, text);
            row->cell[i] = cli_must(strdup(text));
        }
    }
    return seen;
}

void cli_list_forget(struct cli_list_seen *seen)
{
    for (size_t i = 0; seen && i < seen->count; i++) {
        free(seen->rows[i].name);
        for (size_t j = 0; j < seen->column_count; j++)
            free(seen->rows[i].cell[j]);
    }
    if (seen)
        free(seen->rows);
    free(seen);
}

/* A number may be given anew: then it is another name as well. */
static const struct row *find(const struct cli_list_seen *seen, const struct row *row)
{
    for (size_t i = 0; i < seen->count; i++) {
        if (seen->rows[i].id == row->id && strcmp(seen->rows[i].name, row->name) == 0)
            return &seen->rows[i];
    }
    return NULL;
}

static bool tell_row(const struct cli_list_seen *seen, const struct row *before,
                     const struct row *now)
{
    const char *between = ": ";
    for (size_t i = 0; i < seen->column_count; i++) {
        if (before && strcmp(before->cell[i], now->cell[i]) == 0)
            continue;
        if (strcmp(between, ": ") == 0)
            printf("%s (%" PRIu32 ")%s", now->name, now->id, before ? "" : " is new");
        printf("%s%s %s%s%s", between, cli_list_head(seen->columns[i]),
               before ? before->cell[i] : "", before ? " -> " : "", now->cell[i]);
        between = ", ";
    }
    if (strcmp(between, ", ") == 0)
        putchar('\n');
    return strcmp(between, ", ") == 0;
}

size_t cli_list_tell(const struct cli_list_seen *before, const struct cli_list_seen *now)
{
    size_t told = 0;
    for (size_t i = 0; i < before->count; i++) {
        if (find(now, &before->rows[i]))
            continue;
        printf("%s (%" PRIu32 ") is gone\n", before->rows[i].name, before->rows[i].id);
        told++;
    }
    for (size_t i = 0; i < now->count; i++)
        told += tell_row(now, find(before, &now->rows[i]), &now->rows[i]);
    if (before->free_mib != now->free_mib) {
        printf("free: %" PRIu64 " -> %" PRIu64 "\n", before->free_mib, now->free_mib);
        told++;
    }
    return told;
}
