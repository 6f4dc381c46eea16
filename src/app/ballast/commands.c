/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ballast/ballast.h>

#include "app/ballast/args.h"
#include "app/ballast/output.h"
#include "core/base/units.h"

const struct cli_command cli_commands[] = {
    {
        .name = "explain",
        .summary = "what a guest's memory is made of",
        .operands = "FILE...",
        .text = "Reads guests from xl.cfg, libvirt domain XML or JSON files (- is standard input)\n"
                "and shows the memory breakdown of each: one guest as a diagram, several as a\n"
                "table. A guest whose device model runs in a stubdomain of its own is two guests.",
        .options = cli_explain_options,
        .run = cli_explain,
    },
    {
        .name = "fits",
        .summary = "would these guests start on that host",
        .operands = "--host HOST.json GUEST...",
        .text = "Says for each guest, in this order, whether it would start on the host as it\n"
                "is, if others give some of their memory (who, and how much), or not at all.\n"
                "Exit status 0: all fit as it is; 1: not all of them do.",
        .options = cli_fits_options,
        .run = cli_fits,
    },
    {
        .name = "host",
        .summary = "what a host's memory is made of",
        .operands = "--snapshot FILE [GUEST...]",
        .text = "Shows where every page of a host is, in parts that always sum to all of it: Xen,\n"
                "the domains, what the host spends on them, what is promised, what is free, and\n"
                "what cannot be explained. Where the GUEST files of domains are given, these are\n"
                "divided into their segments.",
        .options = cli_host_options,
        .run = cli_host,
    },
    {
        .name = "plan",
        .summary = "what would be changed on a host now, and why",
        .operands = "--host FILE",
        .text = "Says what the balancer would change on the host now, for whom and why, in the\n"
                "order in which it would be done. Nothing is changed. Of several snapshots the\n"
                "last one is planned for; those before it show how guests behave. A start that\n"
                "waits for memory is --start web.cfg or --start web=4G; there may be several.\n"
                "Exit status 0: a plan, also one without changes; 1: a start can never fit.",
        .options = cli_plan_options,
        .run = cli_plan,
    },
    {
        .name = "decide",
        .summary = "what to do now with a host's memory, a line a tick",
        .operands = "--stdio",
        .text = "Reads a JSON object a line, a host as it is now and the starts that wait, and\n"
                "answers each with one: targets and limits to set, starts that may go on, and\n"
                "those that cannot. It is for simulators and toolstacks, and changes nothing.",
        .options = cli_decide_options,
        .run = cli_decide,
    },
    {
        .name = "profiles",
        .summary = "the sets of rules that figures can follow",
        .operands = "",
        .text = "Lists the profiles that --profile takes, the default one first.",
        .options = cli_profiles_options,
        .run = cli_profiles,
    },
    {
        .name = "simulate",
        .summary = "play a scenario through a simulated host",
        .operands = "SCENARIO...",
        .text = "Plays each scenario (see docs/scenarios.md) through a simulated host and says\n"
                "how long starts took against the least possible, who was short, and what did\n"
                "not come as the scenario expects. Exit status 0: all did; 1: not all.",
        .options = cli_simulate_options,
        .run = cli_simulate,
    },
    {.name = NULL},
};

static const struct cli_command *find(const char *name)
{
    for (const struct cli_command *command = cli_commands; command->name; command++) {
        if (strcmp(command->name, name) == 0)
            return command;
    }
    return NULL;
}

static void print_overview(FILE *out)
{
    fputs("usage: ballast COMMAND [OPTION]... [ARGUMENT]...\n\n"
          "Knows every page of a Xen host: what guests take, and what starting them costs.\n\n"
          "commands:\n",
          out);
    for (const struct cli_command *command = cli_commands; command->name; command++)
        fprintf(out, "  %-10s %s\n", command->name, command->summary);
    fputs("  help       this, or 'help COMMAND'\n\n"
          "options:\n"
          "  --help     this, or after a command: its help\n"
          "  --version  the version\n",
          out);
}

static void print_command(const struct cli_command *command)
{
    printf("usage: ballast %s [OPTION]... %s\n\n%s\n\noptions:\n", command->name, command->operands,
           command->text);
    for (const struct cli_option *option = command->options; option->name; option++) {
        char word[64];
        (void)snprintf(word, sizeof(word), "--%s%s%s", option->name, option->argument ? " " : "",
                       option->argument ? option->argument : "");
        printf("  %-18s %s\n", word, option->help);
    }
    printf("  %-18s this\n\nMore: man ballast-%s\n", "--help", command->name);
}

/* How many letters must be put in, taken out or changed to make `a` of `b`; both short. */
static size_t distance(const char *a, const char *b)
{
    enum { MOST = 16 };
    size_t row[MOST + 1];
    size_t length = strlen(b);
    if (length > MOST)
        return MOST;
    for (size_t j = 0; j <= length; j++)
        row[j] = j;
    for (size_t i = 0; a[i]; i++) {
        size_t corner = row[0]++;
        for (size_t j = 0; j < length; j++) {
            size_t changed = corner + (a[i] != b[j]);
            corner = row[j + 1];
            row[j + 1] = ballast_min_u64(changed, ballast_min_u64(corner, row[j]) + 1);
        }
    }
    return row[length];
}

static int refuse_command(const char *word)
{
    for (const struct cli_command *command = cli_commands; command->name; command++) {
        if (distance(word, command->name) <= 2) {
            cli_complain("there is no command '%s': did you mean '%s'?", word, command->name);
            return CLI_BAD;
        }
    }
    cli_complain("there is no %s '%s'; see 'ballast help'", *word == '-' ? "option" : "command",
                 word);
    return CLI_BAD;
}

static int help(const char *word)
{
    const struct cli_command *command = word ? find(word) : NULL;
    if (word && !command)
        return refuse_command(word);
    if (command)
        print_command(command);
    else
        print_overview(stdout);
    return CLI_DONE;
}

/* Before anything else is read: whoever asks for help gets no error instead. */
static bool asks_for_help(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0)
            return true;
    }
    return false;
}

static int dispatch(int argc, char **argv)
{
    if (argc < 2) {
        print_overview(stderr);
        return CLI_BAD;
    }
    if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0)
        return help(argc > 2 ? argv[2] : NULL);
    if (strcmp(argv[1], "--version") == 0) {
        printf("ballast %s\n", ballast_version());
        return CLI_DONE;
    }
    const struct cli_command *command = find(argv[1]);
    if (!command)
        return refuse_command(argv[1]);
    if (asks_for_help(argc - 1, argv + 1))
        return help(command->name);
    struct cli_args args;
    cli_args_begin(&args, command, argc - 1, argv + 1);
    return command->run(&args);
}

int cli_main(int argc, char **argv)
{
    return cli_finish(dispatch(argc, argv));
}
