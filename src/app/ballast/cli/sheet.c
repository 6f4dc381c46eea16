/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/cli/sheet.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ballast/cli/output.h"
#include "app/ballast/cli/table.h"
#include "app/ballast/cli/values.h"
#include "core/base/units.h"
#include "core/model/host.h"

_Static_assert((int)CLI_COLUMNS <= (int)CLI_TABLE_COLUMNS, "all can be shown");

void cli_sheet_init(struct cli_sheet *sheet, const struct cli_column *columns, bool in_mib)
{
    *sheet = (struct cli_sheet){.columns = columns, .in_mib = in_mib};
}

void cli_sheet_release(struct cli_sheet *sheet)
{
    for (size_t i = 0; i < sheet->count; i++) {
        free(sheet->rows[i].name);
        for (size_t j = 0; j < CLI_COLUMNS; j++)
            free(sheet->rows[i].cell[j].text);
    }
    for (size_t i = 0; i < sheet->fact_count; i++)
        free(sheet->facts[i].name);
    free(sheet->rows);
    free(sheet->facts);
    *sheet = (struct cli_sheet){0};
}

void cli_sheet_row(struct cli_sheet *sheet, const char *name, uint32_t id)
{
    sheet->rows = xcheck(reallocarray(sheet->rows, sheet->count + 1, sizeof(*sheet->rows)));
    sheet->rows[sheet->count] =
        (struct cli_row){.name = xcheck(strdup(name)), .id = id, .at = sheet->count};
    sheet->count++;
    sheet->next = 0;
}

void cli_sheet_add(struct cli_sheet *sheet, uint64_t key, const char *format, ...)
{
    struct cli_cell *cell = &sheet->rows[sheet->count - 1].cell[sheet->next++];
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(&cell->text, format, arguments) < 0)
        cell->text = NULL;
    va_end(arguments);
    xcheck(cell->text);
    cell->key = key;
}

void cli_sheet_add_kib(struct cli_sheet *sheet, uint64_t kib)
{
    if (kib == BALLAST_NONE)
        cli_sheet_add(sheet, kib, "-");
    else if (kib >= CLI_NO_LIMIT_KIB && sheet->in_mib)
        cli_sheet_add(sheet, kib, "none");
    else
        cli_sheet_add(sheet, kib, "%" PRIu64, sheet->in_mib ? kib / BALLAST_MIB_KIB : kib);
}

void cli_sheet_fact(struct cli_sheet *sheet, const char *name, uint64_t value)
{
    sheet->facts = xcheck(reallocarray(sheet->facts, sheet->fact_count + 1, sizeof(*sheet->facts)));
    sheet->facts[sheet->fact_count++] =
        (struct cli_fact){.name = xcheck(strdup(name)), .value = value};
}

static int compare_cells(enum cli_column_kind kind, const struct cli_cell *x,
                         const struct cli_cell *y)
{
    if (kind == CLI_COLUMN_WORD)
        return strcmp(x->text, y->text);
    if (kind == CLI_COLUMN_NUMBER)
        return (x->key > y->key) - (x->key < y->key);
    /* What is not known is all ones: 0 here. */
    return (x->key + 1 < y->key + 1) - (x->key + 1 > y->key + 1);
}

static int compare_rows(const void *a, const void *b, void *context)
{
    const struct cli_choice *choice = context;
    const struct cli_row *x = a;
    const struct cli_row *y = b;
    int by = compare_cells(choice->columns[choice->sort].kind, &x->cell[choice->sort],
                           &y->cell[choice->sort]);
    if (by == 0)
        by = (x->at > y->at) - (x->at < y->at);
    return choice->reversed ? -by : by;
}

void cli_sheet_sort(struct cli_sheet *sheet, const struct cli_choice *choice)
{
    struct cli_choice by = *choice;
    if (choice->is_sorted && sheet->count > 1)
        qsort_r(sheet->rows, sheet->count, sizeof(*sheet->rows), compare_rows, &by);
}

static uint64_t sheet_sum_of(const struct cli_sheet *sheet, size_t column)
{
    uint64_t sum_kib = 0;
    for (size_t i = 0; i < sheet->count; i++) {
        uint64_t kib = sheet->rows[i].cell[column].key;
        sum_kib = ballast_add_ceil(sum_kib, kib == BALLAST_NONE ? 0 : kib);
    }
    return sum_kib;
}

const struct cli_row *cli_sheet_beyond(const struct cli_sheet *sheet,
                                       const struct cli_choice *choice, struct ballast_error *err)
{
    uint64_t sum_kib[CLI_COLUMNS] = {0};
    for (size_t i = 0; i < sheet->count; i++) {
        for (size_t j = 0; j < choice->count; j++) {
            size_t column = choice->shown[j];
            uint64_t kib = sheet->rows[i].cell[column].key;
            if (!sheet->columns[column].has_sum || kib == BALLAST_NONE)
                continue;
            if (ballast_kib_add(sum_kib[j], kib, &sum_kib[j], err) < 0)
                return &sheet->rows[i];
        }
    }
    return NULL;
}

static bool says_sum(const struct cli_column *column)
{
    return column->is_name && column->is_left;
}

static void add_sum(struct cli_table *table, const struct cli_sheet *sheet, size_t column)
{
    char word[40] = "sum";
    if (sheet->lacking > 0)
        (void)snprintf(word, sizeof(word), "sum without %zu", sheet->lacking);
    uint64_t kib = sheet_sum_of(sheet, column);
    if (!sheet->columns[column].has_sum)
        cli_table_add(table, "%s", says_sum(&sheet->columns[column]) ? word : " ");
    else if (sheet->in_mib)
        cli_table_add_mib(table, kib);
    else
        cli_table_add_kib(table, kib);
}

static void add_sums(struct cli_table *table, const struct cli_sheet *sheet,
                     const struct cli_choice *choice)
{
    bool any = false;
    for (size_t i = 0; i < choice->count; i++)
        any |= sheet->columns[choice->shown[i]].has_sum;
    /* Cells up to the last one that says something, so that no line ends in blanks. */
    size_t last = any ? choice->count : 0;
    while (last > 0 && !sheet->columns[choice->shown[last - 1]].has_sum &&
           !says_sum(&sheet->columns[choice->shown[last - 1]]))
        last--;
    for (size_t i = 0; i < last; i++)
        add_sum(table, sheet, choice->shown[i]);
    if (last > 0 && last < choice->count)
        cli_table_end_row(table);
}

void cli_sheet_print(const struct cli_sheet *sheet, const struct cli_choice *choice, bool sums)
{
    struct cli_table table;
    unsigned left = 0;
    for (size_t i = 0; i < choice->count && i < CLI_COLUMNS; i++)
        left |= (unsigned)sheet->columns[choice->shown[i]].is_left << i;
    cli_table_init(&table, choice->count, left);
    for (size_t i = 0; i < choice->count; i++)
        cli_table_add(&table, "%s", sheet->columns[choice->shown[i]].head);
    for (size_t i = 0; i < sheet->count; i++) {
        for (size_t j = 0; j < choice->count; j++)
            cli_table_add(&table, "%s", sheet->rows[i].cell[choice->shown[j]].text);
    }
    if (sums)
        add_sums(&table, sheet, choice);
    cli_table_print(&table);
    cli_table_release(&table);
}

/* A number may be used again, by a domain of another name. */
static const struct cli_row *find_row(const struct cli_sheet *sheet, const struct cli_row *row)
{
    for (size_t i = 0; i < sheet->count; i++) {
        if (sheet->rows[i].id == row->id && strcmp(sheet->rows[i].name, row->name) == 0)
            return &sheet->rows[i];
    }
    return NULL;
}

static bool print_row_changes(const struct cli_sheet *now, const struct cli_choice *choice,
                              const struct cli_row *before, const struct cli_row *row)
{
    const char *between = ": ";
    for (size_t i = 0; i < choice->count; i++) {
        const struct cli_column *column = &now->columns[choice->shown[i]];
        const char *was = before ? before->cell[choice->shown[i]].text : "";
        const char *is = row->cell[choice->shown[i]].text;
        if (column->is_name || column->kind == CLI_COLUMN_BAR || strcmp(was, is) == 0)
            continue;
        if (strcmp(between, ": ") == 0)
            printf("%s (%" PRIu32 ")%s", row->name, row->id, before ? "" : " is new");
        printf("%s%s %s%s%s", between, column->head, was, before ? " -> " : "", is);
        between = ", ";
    }
    if (strcmp(between, ", ") == 0)
        putchar('\n');
    return strcmp(between, ", ") == 0;
}

static size_t print_fact_changes(const struct cli_sheet *before, const struct cli_sheet *now)
{
    size_t count = 0;
    for (size_t i = 0; i < now->fact_count && i < before->fact_count; i++) {
        const struct cli_fact *was = &before->facts[i];
        const struct cli_fact *is = &now->facts[i];
        if (was->value == is->value)
            continue;
        printf("%s: %" PRIu64 " -> %" PRIu64 "\n", is->name, was->value, is->value);
        count++;
    }
    return count;
}

size_t cli_sheet_print_changes(const struct cli_sheet *before, const struct cli_sheet *now,
                               const struct cli_choice *choice)
{
    size_t count = 0;
    for (size_t i = 0; i < before->count; i++) {
        if (find_row(now, &before->rows[i]))
            continue;
        printf("%s (%" PRIu32 ") is gone\n", before->rows[i].name, before->rows[i].id);
        count++;
    }
    for (size_t i = 0; i < now->count; i++)
        count += print_row_changes(now, choice, find_row(before, &now->rows[i]), &now->rows[i]);
    return count + print_fact_changes(before, now);
}
