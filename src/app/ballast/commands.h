/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The commands of `ballast`: one row each in commands.c, one file each beside it. What a row says
 * is what help prints, what options are accepted, and what its man page must agree with.
 */
#ifndef APP_BALLAST_COMMANDS_H
#define APP_BALLAST_COMMANDS_H

#include <stddef.h>

enum {
    CLI_DONE = 0,
    CLI_NO = 1,          /* the answer is no */
    CLI_BAD = 2,         /* usage or bad input */
    CLI_UNREACHABLE = 3, /* what is outside could not be reached: a host, or the output */
};

struct cli_option {
    const char *name;     /* without the dashes; NULL ends a list */
    const char *argument; /* its name in help, or NULL: the option takes none */
    const char *help;
};

struct cli_args;

struct cli_command {
    const char *name; /* NULL ends the table */
    const char *summary;
    const char *operands; /* for the usage line */
    const char *text;     /* what help says before the options */
    const struct cli_option *options;
    int (*run)(struct cli_args *args); /* the exit status */
};

extern const struct cli_command cli_commands[];

/* The whole program; returns its exit status. */
int cli_main(int argc, char **argv);

int cli_decide(struct cli_args *args);
int cli_bind(struct cli_args *args);
int cli_calibrate(struct cli_args *args);
int cli_decisions(struct cli_args *args);
int cli_metrics(struct cli_args *args);
int cli_opt_out(struct cli_args *args);
int cli_pause(struct cli_args *args);
int cli_policy(struct cli_args *args);
int cli_release(struct cli_args *args);
int cli_reservations(struct cli_args *args);
int cli_reserve(struct cli_args *args);
int cli_resume(struct cli_args *args);
int cli_run(struct cli_args *args);
int cli_shares(struct cli_args *args);
int cli_sim_create(struct cli_args *args);
int cli_status(struct cli_args *args);
int cli_top(struct cli_args *args);
int cli_doctor(struct cli_args *args);
int cli_explain(struct cli_args *args);
int cli_fits(struct cli_args *args);
int cli_free(struct cli_args *args);
int cli_list(struct cli_args *args);
int cli_history(struct cli_args *args);
int cli_host(struct cli_args *args);
int cli_plan(struct cli_args *args);
int cli_profiles(struct cli_args *args);
int cli_record(struct cli_args *args);
int cli_replay(struct cli_args *args);
int cli_set_max(struct cli_args *args);
int cli_set_range(struct cli_args *args);
int cli_set_target(struct cli_args *args);
int cli_simulate(struct cli_args *args);
int cli_why(struct cli_args *args);
extern const struct cli_option cli_decide_options[];
extern const struct cli_option cli_bind_options[];
extern const struct cli_option cli_calibrate_options[];
extern const struct cli_option cli_decisions_options[];
extern const struct cli_option cli_metrics_options[];
extern const struct cli_option cli_opt_out_options[];
extern const struct cli_option cli_pause_options[];
extern const struct cli_option cli_policy_options[];
extern const struct cli_option cli_release_options[];
extern const struct cli_option cli_reservations_options[];
extern const struct cli_option cli_reserve_options[];
extern const struct cli_option cli_resume_options[];
extern const struct cli_option cli_run_options[];
extern const struct cli_option cli_shares_options[];
extern const struct cli_option cli_sim_create_options[];
extern const struct cli_option cli_status_options[];
extern const struct cli_option cli_top_options[];
extern const struct cli_option cli_doctor_options[];
extern const struct cli_option cli_explain_options[];
extern const struct cli_option cli_fits_options[];
extern const struct cli_option cli_free_options[];
extern const struct cli_option cli_list_options[];
extern const struct cli_option cli_history_options[];
extern const struct cli_option cli_host_options[];
extern const struct cli_option cli_plan_options[];
extern const struct cli_option cli_profiles_options[];
extern const struct cli_option cli_record_options[];
extern const struct cli_option cli_replay_options[];
extern const struct cli_option cli_set_max_options[];
extern const struct cli_option cli_set_range_options[];
extern const struct cli_option cli_set_target_options[];
extern const struct cli_option cli_simulate_options[];
extern const struct cli_option cli_why_options[];

#endif
