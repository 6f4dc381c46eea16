/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Xen's tools/xl: xl.c (main, cmdtable_lookup), xl_vmcontrol.c (main_create), xl_saverestore.c. */
#include "app/ballast/starts/xl_words.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "app/ballast/cli/output.h"

/* xl takes any beginning of a command that only one has. */
static const struct {
    const char *name;
    size_t least;
    enum xl_word_kind kind;
} commands[] = {
    {"create", 2, XL_CREATE},
    {"restore", 3, XL_RESTORE},
    {"migrate-receive", 8, XL_RECEIVE},
};

static enum xl_word_kind kind_of_word(const char *word)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        size_t length = strlen(word);
        if (length >= commands[i].least && strncmp(word, commands[i].name, length) == 0)
            return commands[i].kind;
    }
    return XL_OTHER;
}

static const struct option create_longs[] = {
    {"dryrun", no_argument, NULL, 'n'},
    {"quiet", no_argument, NULL, 'q'},
    {"defconfig", required_argument, NULL, 'f'},
    {"vncviewer", no_argument, NULL, 'V'},
    {"vncviewer-autopass", no_argument, NULL, 'A'},
    {"ignore-global-affinity-masks", no_argument, NULL, 'i'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};
static const struct option restore_longs[] = {
    {"vncviewer", no_argument, NULL, 'V'},
    {"vncviewer-autopass", no_argument, NULL, 'A'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* What else there is (Remus, COLO) sends no plain stream; xl has it alone. */
static const struct option receive_longs[] = {
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* A copy that getopt may permute; its strings are not copied. */
static char **copy_words(char *const *words, int *count)
{
    int length = 0;
    while (words[length])
        length++;
    char **copy = xcheck(calloc((size_t)length + 1, sizeof(*copy)));
    memcpy(copy, words, (size_t)length * sizeof(*copy));
    *count = length;
    return copy;
}

/* Where no option forbids it, a start; `file` is what -f names. */
static bool options_start_guest(int count, char **words, const char *letters,
                                const struct option *longs, const char **file)
{
    int option;
    optind = 0;
    opterr = 0;
    while ((option = getopt_long(count, words, letters, longs, NULL)) != -1) {
        if (option == 'f')
            *file = optarg;
        if (option == 'n' || option == 'h' || option == '?')
            return false;
    }
    return true;
}

/* The operands are the file and assignments, in any order; a second file is wrong. */
static void take_create(int count, char **words, struct xl_words *out)
{
    if (!options_start_guest(count, words, "hFnqf:pcdeVAi", create_longs, &out->file))
        return;
    out->assignments = xcheck(calloc((size_t)count + 1, sizeof(*out->assignments)));
    for (int i = optind; i < count; i++) {
        if (strchr(words[i], '='))
            out->assignments[out->assignment_count++] = words[i];
        else if (out->file)
            return;
        else
            out->file = words[i];
    }
    if (out->file)
        out->kind = XL_CREATE;
}

/* [CONFIG] FILE: a configuration goes before the one in the file. */
static void take_restore(int count, char **words, struct xl_words *out)
{
    if (!options_start_guest(count, words, "hFcpdeVA", restore_longs, &out->file) ||
        (count - optind != 1 && count - optind != 2))
        return;
    out->file = words[optind];
    out->kind = XL_RESTORE;
}

static void take_receive(int count, char **words, struct xl_words *out)
{
    if (options_start_guest(count, words, "hFedp", receive_longs, &out->file) && optind == count)
        out->kind = XL_RECEIVE;
}

void xl_words_read(char *const *words, struct xl_words *out)
{
    *out = (struct xl_words){.kind = XL_OTHER};
    /* Before the command xl has only letters without arguments; N makes a dry run. */
    for (; *words && **words == '-'; words++) {
        if (strchr(*words, 'N'))
            return;
    }
    if (!*words)
        return;
    enum xl_word_kind kind = kind_of_word(*words);
    int count;
    char **copy = copy_words(words, &count);
    if (kind == XL_CREATE)
        take_create(count, copy, out);
    else if (kind == XL_RESTORE)
        take_restore(count, copy, out);
    else if (kind == XL_RECEIVE)
        take_receive(count, copy, out);
    free(copy);
}

void xl_words_release(struct xl_words *words)
{
    free(words->assignments);
    *words = (struct xl_words){.kind = XL_OTHER};
}
