/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/cli/args.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ballast/cli/output.h"
#include "app/ballast/cli/time.h"
#include "core/base/nearest.h"
#include "core/base/quantity.h"
#include "core/peers/peers.h"

/* Beyond every character, so that an index is never taken for a short option. */
enum { FIRST_INDEX = 256 };

/* `-o json` is --json, as with other programs; commands that have --table take `-o table`. */
#define FORM_LETTER  'o'
#define FORM_LETTERS "o:"

static int find_option(const struct cli_command *command, const char *name)
{
    for (int i = 0; command->options[i].name; i++) {
        if (strcmp(command->options[i].name, name) == 0)
            return i;
    }
    return CLI_ARGS_BAD;
}

/* As getopt has it, which is also how many colons tell it of a letter. */
static int argument_kind(const struct cli_option *option)
{
    if (!option->argument)
        return no_argument;
    return *option->argument == '[' ? optional_argument : required_argument;
}

void cli_args_begin(struct cli_args *args, const struct cli_command *command, int argc, char **argv)
{
    *args = (struct cli_args){.command = command, .argc = argc, .argv = argv};
    size_t used = 0;
    args->letters[used++] = ':';
    for (int i = 0; command->options[i].name && i < CLI_MAX_OPTIONS; i++) {
        const struct cli_option *option = &command->options[i];
        int has_arg = argument_kind(option);
        args->longs[i] =
            (struct option){.name = option->name, .has_arg = has_arg, .val = FIRST_INDEX + i};
        if (!option->letter)
            continue;
        args->letters[used++] = option->letter;
        for (int colons = 0; colons < has_arg; colons++)
            args->letters[used++] = ':';
    }
    if (find_option(command, "json") >= 0)
        (void)strcpy(args->letters + used, FORM_LETTERS);
    optind = 1;
    opterr = 0;
}

int cli_args_wrong(const struct cli_args *args, const char *format, ...)
{
    char text[CLI_MESSAGE];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    cli_error("%s: %s; see 'ballast help %s'", args->command->name, text, args->command->name);
    return CLI_BAD;
}

/* "--jsn" or "--hst=x": the name up to its value is what may be near to another. */
static void refuse_long(const struct cli_args *args, const char *given)
{
    char name[BALLAST_NEAREST_LENGTH + 2];
    (void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(given + 2, "="), given + 2);
    struct ballast_nearest nearest = ballast_nearest_to(name);
    for (const struct cli_option *option = args->command->options; option->name; option++)
        ballast_nearest_try(&nearest, option->name);
    if (nearest.found)
        (void)cli_args_wrong(args, "there is no option %s: did you mean --%s?", given,
                             nearest.found);
    else
        (void)cli_args_wrong(args, "there is no option %s, or it is ambiguous", given);
}

static int refuse_option(const struct cli_args *args)
{
    if (optopt >= FIRST_INDEX)
        (void)cli_args_wrong(args, "--%s takes no argument",
                             args->command->options[optopt - FIRST_INDEX].name);
    else if (optopt > 0)
        (void)cli_args_wrong(args, "there is no option -%c", optopt);
    else
        refuse_long(args, args->argv[optind - 1]);
    return CLI_ARGS_BAD;
}

/* The option of a letter or of what stands for a long one; CLI_ARGS_BAD: there is none. */
static int option_index(const struct cli_args *args, int found)
{
    if (found >= FIRST_INDEX)
        return found - FIRST_INDEX;
    for (int i = 0; args->command->options[i].name; i++) {
        if (args->command->options[i].letter == found)
            return i;
    }
    return CLI_ARGS_BAD;
}

static int take_form(struct cli_args *args)
{
    bool is_form = strcmp(args->value, "json") == 0 || strcmp(args->value, "table") == 0;
    bool has_table = find_option(args->command, "table") >= 0;
    int option = is_form ? find_option(args->command, args->value) : CLI_ARGS_BAD;
    if (option < 0)
        (void)cli_args_wrong(args, "-o %s: use -o json%s", args->value,
                             has_table ? " or -o table" : "");
    args->value = NULL;
    args->option = option;
    return option;
}

int cli_args_next(struct cli_args *args)
{
    int found = getopt_long(args->argc, args->argv, args->letters, args->longs, NULL);
    if (found == -1)
        return CLI_ARGS_END;
    if (found == ':' && optopt == FORM_LETTER && option_index(args, optopt) < 0) {
        (void)cli_args_wrong(args, "'-o': no form is given: use -o json");
        return CLI_ARGS_BAD;
    }
    if (found == ':') {
        const struct cli_option *option = &args->command->options[option_index(args, optopt)];
        (void)cli_args_wrong(args, "--%s needs its %s", option->name, option->argument);
        return CLI_ARGS_BAD;
    }
    if (found == '?')
        return refuse_option(args);
    args->value = optarg;
    args->option = option_index(args, found);
    return found == FORM_LETTER && args->option < 0 ? take_form(args) : args->option;
}

int cli_args_time(const struct cli_args *args, uint64_t *out_usec)
{
    struct ballast_error err;
    if (ballast_time_parse(args->value, out_usec, &err) < 0)
        return cli_args_wrong(args, "--%s: %s", args->command->options[args->option].name,
                              err.text);
    return CLI_DONE;
}

int cli_args_span(const struct cli_args *args, uint64_t *out_usec)
{
    int rc = cli_args_time(args, out_usec);
    if (!rc && *out_usec == 0)
        return cli_args_wrong(args, "--%s 0: use a time above 0, such as 1h",
                              args->command->options[args->option].name);
    return rc;
}

bool cli_args_number(const char *word, uint64_t least, uint64_t most, uint64_t *out)
{
    char *end;
    errno = 0;
    unsigned long long number = strtoull(word, &end, 10);
    if (*word < '0' || *word > '9' || *end || errno || number < least || number > most)
        return false;
    *out = number;
    return true;
}

char **cli_args_operands(const struct cli_args *args, size_t *count)
{
    *count = (size_t)(args->argc - optind);
    return args->argv + optind;
}

int cli_args_no_operands(const struct cli_args *args, const char *instead)
{
    if (optind >= args->argc)
        return CLI_DONE;
    char *shown = cli_shown(args->argv[optind]);
    int rc = cli_args_wrong(args, "unexpected argument '%s'%s%s", shown, instead ? ": " : "",
                            instead ? instead : "");
    free(shown);
    return rc;
}

const char *cli_colour_name(size_t i)
{
    static const char *const names[] = {"auto", "always", "never", NULL};
    return names[i];
}

const char *cli_policy_name(size_t i)
{
    const struct policy *policy = policy_at(i);
    return policy ? policy->name : NULL;
}

const char *cli_any_policy_name(size_t i)
{
    const struct policy *policy = peers_policy_at(i);
    return policy ? policy->name : NULL;
}

int cli_args_colour(const struct cli_args *args, bool *out)
{
    if (cli_colour(args->value, out) < 0)
        return cli_args_wrong(args, "--color: invalid value '%s': use auto, always or never",
                              args->value);
    return CLI_DONE;
}

static int refuse_policy(const struct cli_args *args, const char *name,
                         const char *(*name_at)(size_t i))
{
    char names[256] = "";
    for (size_t i = 0; name_at(i); i++) {
        size_t used = strlen(names);
        (void)snprintf(names + used, sizeof(names) - used, "%s%s", i ? ", " : "", name_at(i));
    }
    return cli_args_wrong(args, "there is no policy '%s': there are %s", name, names);
}

int cli_args_no_policy(const struct cli_args *args, const char *name)
{
    return refuse_policy(args, name, cli_policy_name);
}

const struct policy *cli_args_any_policy(const struct cli_args *args, const char *name)
{
    const struct policy *policy = peers_policy_find(name);
    if (!policy)
        (void)refuse_policy(args, name, cli_any_policy_name);
    return policy;
}
