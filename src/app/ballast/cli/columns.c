/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/cli/columns.h"

#include <string.h>

#include "app/ballast/cli/args.h"
#include "app/ballast/cli/output.h"
#include "core/base/text.h"

/* CLI_COLUMNS where there is none. */
static size_t find_column(const struct cli_column *columns, const char *word, size_t length)
{
    for (size_t i = 0; columns[i].word; i++) {
        if (strlen(columns[i].word) == length && strncmp(columns[i].word, word, length) == 0)
            return i;
    }
    return CLI_COLUMNS;
}

static int no_column(const struct cli_choice *choice, const struct cli_args *args,
                     const char *option, const char *word, size_t length)
{
    char text[CLI_MESSAGE];
    struct ballast_text list = ballast_text_over(text, sizeof(text));
    for (size_t i = 0; choice->columns[i].word; i++)
        ballast_text_add(&list, "%s%s", i > 0 ? ", " : "", choice->columns[i].word);
    return cli_args_wrong(args, "--%s: there is no column '%.*s'; there are %s", option,
                          (int)length, word, text);
}

int cli_choice_sort(struct cli_choice *choice, const struct cli_args *args)
{
    const char *word = args->value + (*args->value == '-');
    size_t found = find_column(choice->columns, word, strlen(word));
    if (found == CLI_COLUMNS)
        return no_column(choice, args, "sort", word, strlen(word));
    choice->is_sorted = true;
    choice->reversed = *args->value == '-';
    choice->sort = (unsigned char)found;
    return CLI_DONE;
}

int cli_choice_columns(struct cli_choice *choice, const struct cli_args *args)
{
    const char *word = args->value;
    unsigned seen = 0;
    choice->count = 0;
    for (;;) {
        size_t length = strcspn(word, ",");
        size_t found = find_column(choice->columns, word, length);
        if (found == CLI_COLUMNS)
            return no_column(choice, args, "columns", word, length);
        if (seen >> found & 1)
            return cli_args_wrong(args, "--columns: '%.*s' is listed twice", (int)length, word);
        if (choice->columns[found].kind == CLI_COLUMN_BAR && word[length] != '\0')
            return cli_args_wrong(args, "--columns: the bar can only be the last one");
        seen |= 1U << found;
        choice->shown[choice->count++] = (unsigned char)found;
        if (word[length] == '\0')
            return CLI_DONE;
        word += length + 1;
    }
}

void cli_choice_default(struct cli_choice *choice, const unsigned char *columns, size_t count)
{
    if (choice->count > 0)
        return;
    memcpy(choice->shown, columns, count);
    choice->count = count;
}

bool cli_choice_uses(const struct cli_choice *choice, size_t column)
{
    for (size_t i = 0; i < choice->count; i++) {
        if (choice->shown[i] == column)
            return true;
    }
    return choice->is_sorted && choice->sort == column;
}
