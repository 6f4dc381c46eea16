/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ballast/ballast.h>

#include "app/ballast/cli/args.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/cli/rundir.h"
#include "core/base/nearest.h"
#include "core/base/units.h"

static const struct cli_command *find_command(const char *name)
{
    for (size_t i = 0; cli_commands[i]; i++) {
        if (strcmp(cli_commands[i]->name, name) == 0)
            return cli_commands[i];
    }
    return NULL;
}

static void print_overview(FILE *out)
{
    fputs("usage: ballast COMMAND [OPTION]... [ARGUMENT]...\n\n"
          "Knows every page of a Xen host: what guests take, and what starting them costs.\n\n"
          "commands:\n",
          out);
    for (size_t i = 0; cli_commands[i]; i++)
        fprintf(out, "  %-12s %s\n", cli_commands[i]->name, cli_commands[i]->summary);
    fputs("  help         this, or 'help COMMAND'\n\n"
          "options:\n"
          "  -h, --help     this, or after a command: its help\n"
          "  -V, --version  the version\n"
          "  --run-dir DIR  before a command: where the daemon's sockets are, if not in\n"
          "                 /run/ballast; so does BALLAST_RUN_DIR\n",
          out);
}

/* "-w, --watch[=T]", "--host WHAT" */
static void show_option(const struct cli_option *option, char *buf, size_t size)
{
    char letter[] = {'-', option->letter, ',', ' ', '\0'};
    const char *argument = option->argument ? option->argument : "";
    if (*argument == '[')
        (void)snprintf(buf, size, "%s--%s[=%s", option->letter ? letter : "", option->name,
                       argument + 1);
    else
        (void)snprintf(buf, size, "%s--%s%s%s", option->letter ? letter : "", option->name,
                       *argument ? " " : "", argument);
}

static void print_command(const struct cli_command *command)
{
    printf("usage: ballast %s [OPTION]... %s\n\n%s\n\noptions:\n", command->name, command->operands,
           command->text);
    for (const struct cli_option *option = command->options; option->name; option++) {
        char shown[64];
        show_option(option, shown, sizeof(shown));
        printf("  %-18s %s\n", shown, option->help);
    }
    printf("  %-18s this\n\nMore: man ballast-%s\n", "-h, --help", command->name);
}

static int refuse_command(const char *word)
{
    struct ballast_nearest nearest = ballast_nearest_to(word);
    for (size_t i = 0; cli_commands[i]; i++)
        ballast_nearest_try(&nearest, cli_commands[i]->name);
    if (nearest.found) {
        cli_error("there is no command '%s': did you mean '%s'?", word, nearest.found);
        return CLI_BAD;
    }
    cli_error("there is no %s '%s'; see 'ballast help'", *word == '-' ? "option" : "command", word);
    return CLI_BAD;
}

static int print_help(const char *word)
{
    const struct cli_command *command = word ? find_command(word) : NULL;
    if (word && !command)
        return refuse_command(word);
    if (command)
        print_command(command);
    else
        print_overview(stdout);
    return CLI_DONE;
}

/* A word a line for a shell to choose from; no other output is meant for programs that complete. */
static int complete_words(const char *command_name, const char *option_name)
{
    const struct cli_command *command = command_name ? find_command(command_name) : NULL;
    for (size_t i = 0; !command_name && cli_commands[i]; i++)
        puts(cli_commands[i]->name);
    if (!command)
        return command_name ? CLI_BAD : CLI_DONE;
    for (const struct cli_option *option = command->options; option->name; option++) {
        if (!option_name)
            printf("--%s\n", option->name);
        else if (strcmp(option_name + strspn(option_name, "-"), option->name) == 0)
            for (size_t i = 0; option->value && option->value(i); i++)
                puts(option->value(i));
    }
    if (!option_name)
        puts("--help");
    return CLI_DONE;
}

/* Before anything else is read: a request for help gets no error instead. */
static bool asks_for_help(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    }
    return false;
}

/*
 * "--run-dir DIR" before the command is for all of them. How many words it took, or -1 when it is
 * wrong and that is printed.
 */
static int take_run_dir(int argc, char **argv)
{
    static const char word[] = "--run-dir";
    bool here = argc > 1 && strncmp(argv[1], word, strlen(word)) == 0;
    const char *rest = here ? argv[1] + strlen(word) : "-";
    if (*rest != '\0' && *rest != '=')
        return 0;
    const char *dir = *rest == '=' ? rest + 1 : argc > 2 ? argv[2] : "";
    if (*dir == '\0') {
        cli_error("--run-dir needs its DIR; see 'ballast help'");
        return -1;
    }
    if (setenv(CLI_RUN_DIR_ENV, dir, 1) < 0)
        xcheck(NULL);
    return *rest == '=' ? 1 : 2;
}

static int dispatch_command(int argc, char **argv)
{
    int taken = take_run_dir(argc, argv);
    if (taken < 0)
        return CLI_BAD;
    argc -= taken;
    argv += taken;
    if (argc < 2) {
        print_overview(stderr);
        return CLI_BAD;
    }
    if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0 ||
        strcmp(argv[1], "-h") == 0)
        return print_help(argc > 2 ? argv[2] : NULL);
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
        printf("ballast %s\n", ballast_version());
        return CLI_DONE;
    }
    if (strcmp(argv[1], "--complete") == 0)
        return complete_words(argc > 2 ? argv[2] : NULL, argc > 3 ? argv[3] : NULL);
    const struct cli_command *command = find_command(argv[1]);
    if (!command)
        return refuse_command(argv[1]);
    if (asks_for_help(argc - 1, argv + 1))
        return print_help(command->name);
    struct cli_args args;
    cli_args_begin(&args, command, argc - 1, argv + 1);
    return command->run(&args);
}

int cli_main(int argc, char **argv)
{
    return cli_finish(dispatch_command(argc, argv));
}
