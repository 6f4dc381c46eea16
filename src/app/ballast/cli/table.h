/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A table of text: the first column to the left, figures to the right, each column as wide as its
 * widest cell. Out of memory ends the program.
 */
#ifndef APP_BALLAST_CLI_TABLE_H
#define APP_BALLAST_CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CLI_TABLE_COLUMNS = 24 };

struct cli_table {
    size_t columns;
    size_t rows;
    char **cells;  /* rows x columns; NULL: empty */
    size_t at;     /* the next cell */
    unsigned left; /* bit by column: set to the left */
};

/* `left`: bit i set puts column i to the left. */
void cli_table_init(struct cli_table *table, size_t columns, unsigned left);
void cli_table_release(struct cli_table *table);
/* The next cell, from left to right, then the next row. */
__attribute__((format(printf, 2, 3))) void cli_table_add(struct cli_table *table,
                                                         const char *format, ...);
void cli_table_add_kib(struct cli_table *table, uint64_t kib);
/* Leaves the rest of the row empty; at the beginning of one: an empty row. */
void cli_table_end_row(struct cli_table *table);
/* To standard output. */
void cli_table_print(const struct cli_table *table);

#endif
