/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A table before it is shown: every cell of every row as text and as what it sorts by. It can be
 * sorted, printed with chosen columns, and compared with an earlier one. Out of memory ends the
 * program.
 */
#ifndef APP_BALLAST_CLI_SHEET_H
#define APP_BALLAST_CLI_SHEET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ballast/error.h>

#include "app/ballast/cli/columns.h"

struct cli_cell {
    char *text; /* NULL: empty */
    uint64_t key;
};

struct cli_row {
    char *name;
    uint32_t id; /* with the name: which guest it is */
    size_t at;   /* the how manieth it was added as */
    struct cli_cell cell[CLI_COLUMNS];
};

/* Something beside the rows that may change. */
struct cli_fact {
    char *name;
    uint64_t value;
};

struct cli_sheet {
    const struct cli_column *columns;
    bool in_mib; /* sizes are shown in MiB, rounded down, not in KiB */
    struct cli_row *rows;
    size_t count;
    size_t lacking; /* rows that are expected, and of which nothing is known */
    size_t next;    /* column of the last row */
    struct cli_fact *facts;
    size_t fact_count;
};

void cli_sheet_init(struct cli_sheet *sheet, const struct cli_column *columns, bool in_mib);
void cli_sheet_release(struct cli_sheet *sheet); /* one that is all zero is fine too */

/* A new row; its cells are added from the first column on, all of them. */
void cli_sheet_row(struct cli_sheet *sheet, const char *name, uint32_t id);
/* `key` is what sorts sizes, numbers and bars. */
__attribute__((format(printf, 3, 4))) void cli_sheet_add(struct cli_sheet *sheet, uint64_t key,
                                                         const char *format, ...);
/* "-" for BALLAST_NONE. */
void cli_sheet_add_kib(struct cli_sheet *sheet, uint64_t kib);
void cli_sheet_fact(struct cli_sheet *sheet, const char *name, uint64_t value);

/* Unless it was asked for, as rows were added; equals too. */
void cli_sheet_sort(struct cli_sheet *sheet, const struct cli_choice *choice);
/* The chosen columns; `sums`: and a row with the sums of what is known. */
void cli_sheet_print(const struct cli_sheet *sheet, const struct cli_choice *choice, bool sums);
/* The row with which a sum of those would leave 64 bits, and the error of that; NULL: none. */
const struct cli_row *cli_sheet_beyond(const struct cli_sheet *sheet,
                                       const struct cli_choice *choice, struct ballast_error *err);
/*
 * What has changed in the chosen columns, a line for each row that is new, gone or another, and for
 * each fact; how many lines.
 */
size_t cli_sheet_print_changes(const struct cli_sheet *before, const struct cli_sheet *now,
                               const struct cli_choice *choice);

#endif
