/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ballast/ballast.h>

#include "app/ballast/args.h"
#include "app/ballast/output.h"
#include "app/ballast/rundir.h"
#include "core/base/nearest.h"
#include "core/base/units.h"

const struct cli_command cli_commands[] = {
    {
        .name = "explain",
        .summary = "what a guest's memory is made of",
        .operands = "FILE... | DOMAIN... | --all",
        .text = "Reads guests from xl.cfg, libvirt domain XML or JSON files (- is standard input)\n"
                "and shows the memory breakdown of each: one guest as a diagram, several as a\n"
                "table. A guest whose device model runs in a stubdomain of its own is two guests.\n"
                "What is no file is a running domain: what it is now, what it was configured as,\n"
                "and what Xen says; several are a line each. --watch is for screen readers too.",
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
        .operands = "[GUEST...]",
        .text = "Shows where every page of a host is, in parts that always sum to all of it: Xen,\n"
                "the domains, what the host spends on them, what is promised, what is free, and\n"
                "what cannot be explained: as bars on a terminal, else as a table. The host is\n"
                "the running one, or --snapshot FILE. A domain whose GUEST file is given is\n"
                "divided into its segments; so is a running one whose configuration the\n"
                "toolstack has kept. --watch is for screen readers too.",
        .options = cli_host_options,
        .run = cli_host,
    },
    {
        .name = "plan",
        .summary = "what would be changed on a host now, and why",
        .operands = "",
        .text = "Says what the balancer would change on the host now, for whom and why, in the\n"
                "order in which it would be done. Nothing is changed. The host is the running\n"
                "one, a simulated one, or snapshots in a file: of several the\n"
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
        .name = "calibrate",
        .summary = "what this host takes for guests, found by building some",
        .operands = "",
        .text = "Builds guests that never run, measures what Xen takes for each to the page,\n"
                "destroys them, and tells where the profile of this Xen is wrong here. Nothing\n"
                "else may change on the host meanwhile: at the first surprise it ends. With\n"
                "--guests FILE it only measures the guests of that file.\n"
                "Exit status 0: the profile is right; 1: it is not.",
        .options = cli_calibrate_options,
        .run = cli_calibrate,
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
    {
        .name = "record",
        .summary = "write down what a host shows, a line a look",
        .operands = "",
        .text = "Looks at the host again and again and writes each time a snapshot in JSON, one\n"
                "line on standard output. What was recorded can be replayed ('ballast replay'),\n"
                "planned for ('ballast plan --host FILE') and decided on ('ballast decide').",
        .options = cli_record_options,
        .run = cli_record,
    },
    {
        .name = "replay",
        .summary = "run the balancer over what a host has shown",
        .operands = "RECORDING",
        .text = "Runs the loop that balances a real host over a recording, look by look: what it\n"
                "would have changed and why, and whether a law would have been broken. Guests do\n"
                "what they did when they were recorded. - is standard input.\n"
                "Exit status 0: no law is broken; 1: one is.",
        .options = cli_replay_options,
        .run = cli_replay,
    },
    {
        .name = "list",
        .summary = "the domains of the running host and what they hold",
        .operands = "",
        .text = "A line a domain: what it holds, its target and range, its maxima, its paging\n"
                "pool, and whether its balloon driver was seen; then the sums. On a terminal it\n"
                "is fewer columns, and a bar of what its memory is made of. --watch is for\n"
                "screen readers too: plain lines that say what has changed.",
        .options = cli_list_options,
        .run = cli_list,
    },
    {
        .name = "top",
        .summary = "the host and its guests on a screen that is kept up to date",
        .operands = "",
        .text = "Shows where the host's memory is, a line a guest with its parts as a bar, where\n"
                "it is on the way to and why, and what the balancer decides as it does. Targets,\n"
                "ranges and pauses are set from the keyboard, after a question; ? tells the keys.\n"
                "It needs a terminal; 'ballast list --watch' does without, for screen readers.",
        .options = cli_top_options,
        .run = cli_top,
    },
    {
        .name = "set-target",
        .summary = "give a running domain another size",
        .operands = "DOMAIN SIZE|+SIZE|-SIZE|auto",
        .text = "Sets the target of a domain's balloon, video memory included, and Xen's maximum\n"
                "with it, as 'xl mem-set' does. SIZE is in MiB, or has K, M, G or T at its end.\n"
                "Where a daemon runs it keeps that target, until 'auto' gives it back.\n"
                "Exit status 1: refused, or with --wait: not reached.",
        .options = cli_set_target_options,
        .run = cli_set_target,
    },
    {
        .name = "set-max",
        .summary = "give a running domain another maximum",
        .operands = "DOMAIN SIZE",
        .text = "Sets what a domain can ever have, as 'xl mem-max' does. SIZE is in MiB, or has\n"
                "K, M, G or T at its end. Exit status 1: refused.",
        .options = cli_set_max_options,
        .run = cli_set_max,
    },
    {
        .name = "set-range",
        .summary = "say within what a running domain may be moved",
        .operands = "DOMAIN MIN MAX",
        .text = "Sets the dynamic range of a domain, in which a balancer may move its target.\n"
                "Sizes are in MiB, or have K, M, G or T at their end. Exit status 1: refused.",
        .options = cli_set_range_options,
        .run = cli_set_range,
    },
    {
        .name = "free",
        .summary = "have running domains give memory to the host",
        .operands = "SIZE",
        .text = "Frees so much beyond what is kept for Xen: running domains give, within their\n"
                "dynamic ranges, until it is there, and are then kept from taking it back.\n"
                "Exit status 1: it cannot be, and who stopped where; nobody gives on.",
        .options = cli_free_options,
        .run = cli_free,
    },
    {
        .name = "doctor",
        .summary = "known traps of this host, with the remedy",
        .operands = "",
        .text = "Looks for what takes memory that was promised, kills guests or wastes memory,\n"
                "and says for each finding what was seen and what helps. Exit status 0: nothing\n"
                "worse than notes; 1: findings.",
        .options = cli_doctor_options,
        .run = cli_doctor,
    },
    {
        .name = "run",
        .summary = "start a guest, and make room for it",
        .operands = "GUEST [-- COMMAND...]",
        .text = "Predicts what the guest needs, has that reserved, which makes others give where\n"
                "it is not free, runs the COMMAND that starts it ('xl create GUEST', or 'virsh\n"
                "create GUEST' for libvirt XML), and binds the reservation to the new domain.\n"
                "Exit status: the command's; 1: it cannot be, and what would help; 126, 127: the\n"
                "command cannot be run.",
        .options = cli_run_options,
        .run = cli_run,
    },
    {
        .name = "reserve",
        .summary = "have free memory promised",
        .operands = "SIZE | MIN-MAX | GUEST",
        .text = "Has so much of the host's memory kept for a guest that is to be started; where\n"
                "it is not free, others give. It waits until it is there; Ctrl-C gives it back.\n"
                "SIZE is in MiB, or has K, M, G or T at its end. Exit status 1: refused.",
        .options = cli_reserve_options,
        .run = cli_reserve,
    },
    {
        .name = "bind",
        .summary = "say which domain a reservation is for",
        .operands = "ID DOMAIN",
        .text = "From then on the reservation lasts as long as the domain, and is spent as the\n"
                "domain takes its memory. Exit status 1: refused.",
        .options = cli_bind_options,
        .run = cli_bind,
    },
    {
        .name = "release",
        .summary = "give a reservation back",
        .operands = "ID",
        .text = "Whatever state it is in: what was promised is nobody's again, what was being\n"
                "freed goes back. Exit status 1: refused.",
        .options = cli_release_options,
        .run = cli_release,
    },
    {
        .name = "reservations",
        .summary = "who has been promised how much",
        .operands = "",
        .text = "A line a reservation, in the order of asking; sizes in MiB.",
        .options = cli_reservations_options,
        .run = cli_reservations,
    },
    {
        .name = "status",
        .summary = "how the daemon is",
        .operands = "",
        .text = "Whether it balances and by which policy, what is reserved, and what it has to\n"
                "complain about.",
        .options = cli_status_options,
        .run = cli_status,
    },
    {
        .name = "decisions",
        .summary = "what was decided, and why",
        .operands = "",
        .text = "A line a decision of the balancer, the last ones unless --since says more.",
        .options = cli_decisions_options,
        .run = cli_decisions,
    },
    {
        .name = "history",
        .summary = "what a guest held and needed, over time",
        .operands = "[DOMAIN]",
        .text = "Draws what a guest held, was told to hold and needed, and what happened; also of\n"
                "one that is gone, by its name or uuid. Without DOMAIN: what was free on the\n"
                "host, and promised. What is piped is a table.",
        .options = cli_history_options,
        .run = cli_history,
    },
    {
        .name = "why",
        .summary = "why a guest has the memory it has",
        .operands = "[DOMAIN]",
        .text = "Tells the last decisions about a guest, and what happened to it, as sentences\n"
                "with numbers, the oldest first; also of one that is gone, by its name or uuid.\n"
                "Without DOMAIN: of all, with what concerns the host.",
        .options = cli_why_options,
        .run = cli_why,
    },
    {
        .name = "metrics",
        .summary = "the daemon's figures for Prometheus",
        .operands = "",
        .text = "Writes how the daemon is and where the memory is, as metrics in OpenMetrics\n"
                "or the older text format. Where no daemon answers that is ballast_up 0, and\n"
                "the exit status 3.",
        .options = cli_metrics_options,
        .run = cli_metrics,
    },
    {
        .name = "policy",
        .summary = "show or choose the policy that balances",
        .operands = "[NAME]",
        .text = "Lists the policies, the one in use with a star; NAME balances by another one,\n"
                "also when the daemon is started again.",
        .options = cli_policy_options,
        .run = cli_policy,
    },
    {
        .name = "pause",
        .summary = "stop balancing",
        .operands = "[DOMAIN]",
        .text = "No target is changed any more, of one domain or of all. What is promised is\n"
                "still defended. A daemon that is started again balances.",
        .options = cli_pause_options,
        .run = cli_pause,
    },
    {
        .name = "resume",
        .summary = "go on balancing",
        .operands = "[DOMAIN]",
        .text = "All of it, or one domain; those that were paused alone stay so.",
        .options = cli_resume_options,
        .run = cli_resume,
    },
    {
        .name = "shares",
        .summary = "set the weight of a domain among the others",
        .operands = "DOMAIN N",
        .text = "1000 is usual, 2000 weighs twice as much, 0 leaves the domain alone. It is\n"
                "kept by the domain's uuid.",
        .options = cli_shares_options,
        .run = cli_shares,
    },
    {
        .name = "opt-out",
        .summary = "take a domain out of balancing, or back in",
        .operands = "DOMAIN on|off",
        .text = "With 'on' its target is never changed by the balancer; its limit still is\n"
                "held. It is kept by the domain's uuid.",
        .options = cli_opt_out_options,
        .run = cli_opt_out,
    },
    {
        .name = "sim-create",
        .summary = "build a guest on the daemon's simulated host",
        .operands = "GUEST",
        .text = "Does what 'xl create GUEST' does on a real host, where the daemon keeps a\n"
                "simulated one: it builds the guest at once, whatever is free, and ends when it\n"
                "is there. 'ballast run GUEST -- ballast sim-create GUEST' makes room first.",
        .options = cli_sim_create_options,
        .run = cli_sim_create,
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
        fprintf(out, "  %-11s %s\n", command->name, command->summary);
    fputs("  help        this, or 'help COMMAND'\n\n"
          "options:\n"
          "  --help     this, or after a command: its help\n"
          "  --version  the version\n"
          "  --run-dir DIR, before a command: where the daemon's sockets are, if not in\n"
          "             /run/ballast; so does BALLAST_RUN_DIR\n",
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

static int refuse_command(const char *word)
{
    struct ballast_nearest nearest = ballast_nearest_to(word);
    for (const struct cli_command *command = cli_commands; command->name; command++)
        ballast_nearest_try(&nearest, command->name);
    if (nearest.found) {
        cli_complain("there is no command '%s': did you mean '%s'?", word, nearest.found);
        return CLI_BAD;
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

/*
 * "--run-dir DIR" before the command is for all of them. How many words it took, or -1 when it is
 * wrong and that is told.
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
        cli_complain("--run-dir needs its DIR; see 'ballast help'");
        return -1;
    }
    if (setenv(CLI_RUN_DIR_ENV, dir, 1) < 0)
        cli_must(NULL);
    return *rest == '=' ? 1 : 2;
}

static int dispatch(int argc, char **argv)
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
