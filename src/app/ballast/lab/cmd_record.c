/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ballast record */
#include <errno.h>
#include <stdio.h>

#include "app/ballast/access/host_access.h"
#include "app/ballast/cli/args.h"
#include "app/ballast/cli/interrupt.h"
#include "app/ballast/cli/output.h"
#include "core/base/units.h"
#include "edge/snapshot/snapshot.h"

/* A sample costs a real host a hundredth of that. */
#define SHORTEST_USEC UINT64_C(10000)

enum { OPTION_HOST, OPTION_INTERVAL, OPTION_FOR };

static const struct cli_option record_options[] = {
    [OPTION_HOST] = {"host", "WHAT", CLI_HOST_HELP},
    [OPTION_INTERVAL] = {"interval", "T", "sample every T (default 1s)"},
    [OPTION_FOR] = {"for", "T", "stop after T (default: at Ctrl-C)"},
    {NULL, NULL, NULL},
};

struct record {
    const char *host;
    uint64_t interval_usec;
    uint64_t for_usec;  /* BALLAST_NONE: until it is interrupted */
    uint64_t last_usec; /* of the host's clock, when it was written last; BALLAST_NONE: never */
};

static int set_record_option(struct record *record, struct cli_args *args, int option)
{
    int rc = CLI_DONE;
    if (option == CLI_ARGS_BAD)
        return CLI_BAD;
    if (option == OPTION_HOST)
        record->host = args->value;
    else if (option == OPTION_INTERVAL)
        rc = cli_args_time(args, &record->interval_usec);
    else if (option == OPTION_FOR)
        rc = cli_args_time(args, &record->for_usec);
    if (rc == CLI_DONE && record->interval_usec < SHORTEST_USEC)
        rc = cli_args_wrong(args, "--interval %s: use 10ms or more", args->value);
    return rc;
}

static int parse_record(struct record *record, struct cli_args *args)
{
    int option;
    while ((option = cli_args_next(args)) != CLI_ARGS_END) {
        int rc = set_record_option(record, args, option);
        if (rc)
            return rc;
    }
    return cli_args_no_operands(args, NULL);
}

static int sample_record(struct host_access *access, struct record *record)
{
    struct ballast_error err;
    int rc = host_access_refresh(access);
    /* A daemon at rest samples seldom, and shows the same sample until then. */
    if (rc || access->host->now_usec == record->last_usec)
        return rc;
    record->last_usec = access->host->now_usec;
    rc = snapshot_write_json(stdout, access->host, &err);
    if (rc == -EINVAL) {
        cli_error("record: the sample cannot be written: %s", err.text);
        return CLI_UNREACHABLE;
    }
    /* A reader behind a pipe is to have each sample at once; cli_finish() tells failures. */
    return rc < 0 || fflush(stdout) != 0 ? CLI_UNREACHABLE : CLI_DONE;
}

/* Samples are due at whole intervals from the first one on, however long each of them takes. */
static int run_record(struct host_access *access, struct record *record)
{
    uint64_t begin_usec = hv_now_usec(access->hv);
    uint64_t due_usec = begin_usec;
    int rc = sample_record(access, record);
    while (rc == CLI_DONE && !cli_interrupted()) {
        uint64_t seen_usec = hv_now_usec(access->hv);
        while (due_usec <= seen_usec)
            due_usec = ballast_add_ceil(due_usec, record->interval_usec);
        if (ballast_sub_floor(due_usec, begin_usec) > record->for_usec)
            break;
        rc = host_access_wait(access, due_usec - seen_usec);
        if (rc == CLI_DONE && !cli_interrupted())
            rc = sample_record(access, record);
    }
    return rc;
}

static int record_main(struct cli_args *args)
{
    struct record record = {
        .interval_usec = BALLAST_SEC_USEC, .for_usec = BALLAST_NONE, .last_usec = BALLAST_NONE};
    struct host_access access;
    int rc = parse_record(&record, args);
    if (!rc)
        rc = host_access_open(&access, record.host, false);
    if (rc)
        return rc;
    /* A file has one sample, and a scenario has an end. */
    uint64_t lasts_usec = hv_lasts_usec(access.hv);
    if (record.for_usec == BALLAST_NONE || lasts_usec == 0)
        record.for_usec = lasts_usec;
    cli_interrupt_catch();
    rc = run_record(&access, &record);
    host_access_close(&access);
    return rc;
}

const struct cli_command cmd_record = {
    .name = "record",
    .summary = "record samples of a host, one per line",
    .operands = "",
    .text = "Samples the host at even intervals and writes each sample as a snapshot in JSON,\n"
            "one per line, to standard output. Use the recording with 'ballast replay',\n"
            "'ballast plan --host FILE' or 'ballast decide'.",
    .options = record_options,
    .run = record_main,
};
