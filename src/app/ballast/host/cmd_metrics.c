/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ballast metrics */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <json-c/json.h>

#include "app/ballast/cli/fields.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/client/daemon_request.h"
#include "app/ballast/client/pages.h"
#include "edge/metrics/metrics.h"

enum { OPTION_FORMAT = 0, OPTION_TEXTFILE, OPTION_RUN_DIR };

static const struct cli_option metrics_options[] = {
    [OPTION_FORMAT] = {"format", "NAME", "openmetrics (the default) or text, the older format"},
    [OPTION_TEXTFILE] = {"textfile", "FILE", "write FILE in one step, for node_exporter"},
    [OPTION_RUN_DIR] = {"run-dir", "DIR", CLI_RUN_DIR_HELP},
    {NULL, NULL, NULL},
};

struct answers {
    struct json_object *status;
    struct json_object *host;
    struct json_object *domains;
    struct json_object *reservations;
};

static void put_metrics_text(struct answers *answers)
{
    json_object_put(answers->status);
    json_object_put(answers->host);
    json_object_put(answers->domains);
    json_object_put(answers->reservations);
}

/* A daemon that has not read its host or its ledger yet says no, which is a metric too. */
static int ask_metrics_host(struct cli_daemon *daemon, struct json_object **host)
{
    struct wire_message answer = {.kind = WIRE_RESPONSE};
    int rc = cli_daemon_ask(daemon, "host", NULL, &answer);
    if (!rc && !answer.error_code) {
        *host = answer.result;
        answer.result = NULL;
    }
    wire_message_release(&answer);
    return rc;
}

static int ask_metrics(struct cli_daemon *daemon, struct answers *answers)
{
    struct json_object *open = cli_params();
    cli_params_bool(open, "open", true);
    int rc = cli_daemon_call(daemon, "status", NULL, &answers->status);
    if (!rc)
        rc = ask_metrics_host(daemon, &answers->host);
    if (!rc && answers->host)
        rc = cli_pages(daemon, &cli_list_of_domains, cli_params(), &answers->domains);
    if (!rc && answers->host)
        rc = cli_pages(daemon, &cli_list_of_reservations, json_object_get(open),
                       &answers->reservations);
    json_object_put(open);
    return rc;
}

static int put_in_place(const char *path, const char *temporary, const char *text, size_t length)
{
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0)
        return -errno;
    /* Whatever the umask is: the exporter is another user. */
    int rc = fchmod(fd, 0644) < 0 ? -errno : 0;
    while (rc == 0 && length > 0) {
        ssize_t done = write(fd, text, length);
        if (done > 0) {
            text += done;
            length -= (size_t)done;
        } else if (done == 0 || errno != EINTR) {
            rc = done == 0 ? -EIO : -errno;
        }
    }
    if (close(fd) < 0 && rc == 0)
        rc = -errno;
    if (rc == 0 && rename(temporary, path) < 0)
        rc = -errno;
    if (rc < 0)
        (void)unlink(temporary);
    return rc;
}

/* A reader sees the old one or the new one; the other name does not end as those it reads do. */
static int write_file(const char *path, const char *text, size_t length)
{
    char *temporary = NULL;
    if (asprintf(&temporary, "%s.%d.new", path, (int)getpid()) < 0)
        xcheck(NULL);
    int rc = put_in_place(path, temporary, text, length);
    free(temporary);
    if (rc == 0)
        return CLI_DONE;
    cli_error("metrics: %s: cannot write it: %s", path, strerror(-rc));
    return CLI_UNREACHABLE;
}

static int print_metrics(const struct metrics_input *input, enum metrics_format format,
                         const char *textfile)
{
    char *text = NULL;
    size_t length = 0;
    int rc = CLI_DONE;
    if (metrics_write(input, format, &text, &length, NULL) < 0)
        xcheck(NULL);
    if (textfile)
        rc = write_file(textfile, text, length);
    else
        (void)fwrite(text, 1, length, stdout);
    free(text);
    return rc;
}

static int run_metrics(const char *run_dir, enum metrics_format format, const char *textfile)
{
    struct cli_daemon daemon;
    struct answers answers = {0};
    int rc = cli_daemon_open(&daemon, "metrics", run_dir, CLI_DAEMON_READS);
    if (!rc)
        rc = ask_metrics(&daemon, &answers);
    /* Of a daemon that ended meanwhile the metrics say that it is down. */
    struct metrics_input input = {.hello = rc ? NULL : wire_client_hello(daemon.client),
                                  .status = rc ? NULL : answers.status,
                                  .host = rc ? NULL : answers.host,
                                  .domains = rc ? NULL : answers.domains,
                                  .reservations = rc ? NULL : answers.reservations};
    int printed = print_metrics(&input, format, textfile);
    cli_daemon_close(&daemon);
    put_metrics_text(&answers);
    return rc ? rc : printed;
}

static int metrics_main(struct cli_args *args)
{
    enum metrics_format format = METRICS_OPENMETRICS;
    const char *format_word = NULL;
    const char *textfile = NULL;
    const char *run_dir = NULL;
    int option;
    while ((option = cli_args_next(args)) != CLI_ARGS_END) {
        if (option == CLI_ARGS_BAD)
            return CLI_BAD;
        if (option == OPTION_FORMAT)
            format_word = args->value;
        else if (option == OPTION_TEXTFILE)
            textfile = args->value;
        else
            run_dir = args->value;
    }
    int rc = cli_args_no_operands(args, NULL);
    if (rc)
        return rc;
    if (textfile && !*textfile)
        return cli_args_wrong(args, "--textfile needs its FILE");
    /* node_exporter reads nothing else. */
    if (textfile || (format_word && strcmp(format_word, "text") == 0))
        format = METRICS_TEXT;
    else if (format_word && strcmp(format_word, "openmetrics") != 0)
        return cli_args_wrong(args, "--format: invalid format '%s': use openmetrics or text",
                              format_word);
    if (textfile && format_word && strcmp(format_word, "text") != 0)
        return cli_args_wrong(args, "--textfile: its format is always text: leave out --format");
    return run_metrics(run_dir, format, textfile);
}

const struct cli_command cmd_metrics = {
    .name = "metrics",
    .summary = "print the daemon's metrics for Prometheus",
    .operands = "",
    .text = "Prints the state of the daemon and of the host's memory as OpenMetrics or in the\n"
            "older text format. If no daemon answers, it prints ballast_up 0 and the exit\n"
            "status is 3.",
    .options = metrics_options,
    .run = metrics_main,
};
