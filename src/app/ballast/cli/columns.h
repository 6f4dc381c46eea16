/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The columns of a table: which are shown, and by which the rows are sorted. */
#ifndef APP_BALLAST_CLI_COLUMNS_H
#define APP_BALLAST_CLI_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>

struct cli_args;

enum cli_column_kind {
    CLI_COLUMN_WORD,   /* sorts from the first on */
    CLI_COLUMN_NUMBER, /* the same */
    CLI_COLUMN_SIZE,   /* from the largest on, what is not known last */
    CLI_COLUMN_BAR,    /* the same; it can only be shown as the last one */
};

struct cli_column {
    const char *word; /* what --columns and --sort take; NULL ends a list of columns */
    const char *head;
    enum cli_column_kind kind;
    bool is_left;
    bool is_name; /* names the row: by itself it is not a change */
    bool has_sum;
};

/* The most that a table can have. */
enum { CLI_COLUMNS = 24 };

struct cli_choice {
    const struct cli_column *columns; /* all there are */
    unsigned char shown[CLI_COLUMNS];
    size_t count; /* 0: nothing was chosen */
    bool is_sorted;
    bool reversed;
    unsigned char sort;
};

/* For the rows of the two options. */
#define CLI_SORT_HELP    "by that column, the largest first; -KEY: the other way"
#define CLI_COLUMNS_HELP "only these, in this order, with commas between"

/* Takes the argument of --sort, of --columns. CLI_BAD with a message that names all columns. */
int cli_choice_sort(struct cli_choice *choice, const struct cli_args *args);
int cli_choice_columns(struct cli_choice *choice, const struct cli_args *args);
/* What is shown where nothing was chosen. */
void cli_choice_default(struct cli_choice *choice, const unsigned char *columns, size_t count);
/* Whether it is shown or sorted by. */
bool cli_choice_uses(const struct cli_choice *choice, size_t column);

#endif
