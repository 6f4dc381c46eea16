/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/cli/table.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ballast/cli/output.h"

void cli_table_init(struct cli_table *table, size_t columns, unsigned left)
{
    *table = (struct cli_table){.columns = columns, .left = left};
}

void cli_table_release(struct cli_table *table)
{
    for (size_t i = 0; i < table->at; i++)
        free(table->cells[i]);
    free(table->cells);
    *table = (struct cli_table){0};
}

/* Takes the text over. */
static void add_cell(struct cli_table *table, char *text)
{
    if (table->at == table->rows * table->columns) {
        size_t cells = ++table->rows * table->columns;
        table->cells = xcheck(reallocarray(table->cells, cells, sizeof(char *)));
    }
    table->cells[table->at++] = text;
}

void cli_table_add(struct cli_table *table, const char *format, ...)
{
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        text = NULL;
    va_end(arguments);
    add_cell(table, xcheck(text));
}

void cli_table_add_kib(struct cli_table *table, uint64_t kib)
{
    cli_table_add(table, "%" PRIu64, kib);
}

void cli_table_end_row(struct cli_table *table)
{
    do
        add_cell(table, NULL);
    while (table->at < table->rows * table->columns);
}

/* In characters of UTF-8. */
static size_t table_width_of(const char *text)
{
    size_t width = 0;
    for (; text && *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

static void print_cell(const char *text, size_t width, bool left, bool last)
{
    size_t padding = width - table_width_of(text);
    const char *shown = text ? text : "";
    if (!left)
        printf("%*s%s", (int)padding, "", shown);
    else if (last)
        fputs(shown, stdout);
    else
        printf("%s%*s", shown, (int)padding, "");
}

static void print_row(const struct cli_table *table, char *const *row, const size_t *width)
{
    size_t last = table->columns;
    while (last > 0 && !row[last - 1])
        last--;
    for (size_t column = 0; column < last; column++) {
        if (column > 0)
            fputs("  ", stdout);
        print_cell(row[column], width[column], table->left >> column & 1, column + 1 == last);
    }
    putchar('\n');
}

void cli_table_print(const struct cli_table *table)
{
    size_t width[CLI_TABLE_COLUMNS] = {0};
    for (size_t i = 0; i < table->at; i++) {
        size_t here = table_width_of(table->cells[i]);
        if (here > width[i % table->columns])
            width[i % table->columns] = here;
    }
    for (size_t row = 0; row < table->rows; row++)
        print_row(table, &table->cells[row * table->columns], width);
}
