/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The loop: take events of xenstore, read /proc, write what is due, wait a second. The three
 * watches show what no sample does: that the guest's directory is another one (after a restore or a
 * migration, when the kernel watches again), and that another program reports what is free.
 */
#include "app/agent/agent.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "app/agent/rules.h"
#include "core/base/units.h"
#include "edge/proc/files.h"
#include "edge/xenbus/xenbus.h"

enum { UNREACHABLE = 3 };
/* ballastd samples once a second, so more would not be seen. */
#define PERIOD_USEC BALLAST_SEC_USEC
/* What is tried again within this time is not worth an advice. */
#define RETRY_SOON_USEC (10 * BALLAST_SEC_USEC)
/* So that the kernel wakes the guest for this program and for others at once. */
#define TIMER_SLACK_NSEC 100000000UL

/* data/updated: the sign of life of agents that report what is free (docs/toolstacks.md). */
static const char updated_path[] = "data/updated";
static const char own_path[] = "data/ballast";
enum { TOKEN_ALIVE = 'a', TOKEN_FREE = 'f', TOKEN_UPDATED = 'u' };
enum { VALUE_TEXT = 24 };

struct agent {
    const struct agent_options *options;
    struct proc_files files;
    struct xenbus bus;
    struct agent_rules rules;
    bool watches;           /* on this connection */
    uint64_t next_try_usec; /* after a watch was refused */
    /* What the log has already, until the report is accepted again. */
    bool logged_break;
    int logged_refusal;
    int logged_sample;
};

static volatile sig_atomic_t agent_ends;

static void note_signal(int number)
{
    (void)number;
    agent_ends = 1;
}

__attribute__((format(printf, 2, 3))) static void agent_log(int level, const char *format, ...)
{
    char line[512];
    va_list args;
    /* systemd's journal understands priorities; a log file of OpenRC or a terminal has none. */
    bool is_journal = getenv("JOURNAL_STREAM") && !isatty(STDERR_FILENO);
    (void)snprintf(line, sizeof(line), is_journal ? "<%d>" : "ballast-agent: ", level);
    size_t length = strlen(line);
    va_start(args, format);
    (void)vsnprintf(line + length, sizeof(line) - 1 - length, format, args);
    va_end(args);
    length = strlen(line);
    line[length] = '\n';
    ssize_t written = write(STDERR_FILENO, line, length + 1);
    (void)written;
}

static uint64_t boot_usec(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_BOOTTIME, &now);
    return (uint64_t)now.tv_sec * BALLAST_SEC_USEC + (uint64_t)now.tv_nsec / 1000;
}

/* Once, where other nodes are refused for the same reason, too. */
static void log_refusal(struct agent *agent, const char *path, int code)
{
    if (agent->logged_refusal == code || agent_rules_was_refused(&agent->rules, code))
        return;
    agent->logged_refusal = code;
    if (agent_rules_retry_usec(code) <= RETRY_SOON_USEC)
        agent_log(LOG_WARNING, "%s: xenstore does not take it now: %s; trying again", path,
                  strerror(-code));
    else
        agent_log(LOG_WARNING,
                  "%s: xenstore refuses it: %s: let the toolstack make 'data' writable for this "
                  "guest, and see its quota; trying again every 5 minutes",
                  path, strerror(-code));
}

/* The same break has several codes, by the call that sees it. */
static void log_break(struct agent *agent, int code)
{
    if (!agent->logged_break)
        agent_log(LOG_WARNING, "xenstore: the connection broke: %s; trying again", strerror(-code));
    agent->logged_break = true;
}

static void note_success(struct agent *agent)
{
    if (agent_rules_was_refused(&agent->rules, 0))
        return;
    if (agent->logged_break || agent->logged_refusal != 0)
        agent_log(LOG_INFO, "xenstore: it accepts the report again");
    agent->logged_break = false;
    agent->logged_refusal = 0;
}

static int watch_nodes(struct agent *agent)
{
    const struct {
        const char *path;
        char token;
    } watches[] = {
        {agent_node_path(AGENT_ALIVE), TOKEN_ALIVE},
        {agent_node_path(AGENT_FREE), TOKEN_FREE},
        {updated_path, TOKEN_UPDATED},
    };
    for (size_t i = 0; i < sizeof(watches) / sizeof(*watches); i++) {
        int rc = xenbus_watch_node(&agent->bus, watches[i].path, watches[i].token);
        if (rc)
            return rc;
    }
    return 0;
}

/* A new connection; whether this was the agent's own directory before is not known. */
static int connect_agent(struct agent *agent, struct ballast_error *err)
{
    int rc = xenbus_open(agent->options->xenbus, &agent->bus, err);
    agent_rules_forget(&agent->rules);
    agent->watches = false;
    return rc;
}

static bool is_set(uint32_t events, char token)
{
    return events & UINT32_C(1) << (token - 'a');
}

static bool is_written_value(const struct agent_written *written, const char *text)
{
    char own[VALUE_TEXT];
    (void)snprintf(own, sizeof(own), "%" PRIu64, written->value);
    return written->there && strcmp(own, text) == 0;
}

/* The sign of life is gone or another one: what the guest's directory has is not this report. */
static void check_alive(struct agent *agent)
{
    char text[VALUE_TEXT];
    const struct agent_written *written = &agent->rules.nodes[AGENT_ALIVE];
    int rc = xenbus_read_node(&agent->bus, agent_node_path(AGENT_ALIVE), text, sizeof(text));
    if (xenbus_is_open(&agent->bus) && written->there && (rc || !is_written_value(written, text)))
        agent_rules_forget(&agent->rules);
}

static void note_foreign(struct agent *agent, const char *path, uint64_t now_usec)
{
    if (agent_rules_note_foreign(&agent->rules, now_usec))
        agent_log(LOG_INFO, "%s: another program writes it, so it reports the free memory", path);
}

/*
 * A value that is not the last one written here is another program's; but where the sign of life
 * was there before this process wrote one, it is from a run that was killed.
 */
static void check_free(struct agent *agent, uint64_t now_usec)
{
    char text[VALUE_TEXT];
    const char *path = agent_node_path(AGENT_FREE);
    struct agent_written *written = &agent->rules.nodes[AGENT_FREE];
    int rc = xenbus_read_node(&agent->bus, path, text, sizeof(text));
    if (rc == -ENOENT)
        written->there = false;
    /* A longer value is another program's, too. */
    if (rc && rc != -E2BIG)
        return;
    if (rc == 0 && is_written_value(written, text))
        return;
    if (!written->there &&
        xenbus_read_node(&agent->bus, agent_node_path(AGENT_ALIVE), text, sizeof(text)) == 0 &&
        now_usec >= agent->rules.foreign_until_usec)
        return;
    note_foreign(agent, path, now_usec);
}

static void check_updated(struct agent *agent, uint64_t now_usec)
{
    char text[64];
    int rc = xenbus_read_node(&agent->bus, updated_path, text, sizeof(text));
    /* A longer text is one, too. */
    if (rc == 0 || rc == -E2BIG)
        note_foreign(agent, updated_path, now_usec);
}

static void take_events(struct agent *agent, uint64_t now_usec)
{
    uint32_t events = xenbus_take_events(&agent->bus);
    if (is_set(events, TOKEN_UPDATED))
        check_updated(agent, now_usec);
    if (is_set(events, TOKEN_FREE))
        check_free(agent, now_usec);
    if (is_set(events, TOKEN_ALIVE))
        check_alive(agent);
}

static void write_due(struct agent *agent, const struct agent_values *values, uint64_t now_usec)
{
    char text[VALUE_TEXT];
    bool written = false;
    for (unsigned i = 0; i < AGENT_NODES; i++) {
        enum agent_node node = (enum agent_node)i;
        const char *path = agent_node_path(node);
        if (!agent_rules_is_due(&agent->rules, values, node, now_usec))
            continue;
        (void)snprintf(text, sizeof(text), "%" PRIu64, values->values[node]);
        int rc = xenbus_write_node(&agent->bus, path, text);
        if (rc && !xenbus_is_open(&agent->bus)) {
            log_break(agent, rc);
            return;
        }
        if (rc) {
            log_refusal(agent, path, rc);
            agent_rules_note_refused(&agent->rules, node, rc, now_usec);
            continue;
        }
        agent_rules_note_written(&agent->rules, node, values->values[node], now_usec);
        written = true;
    }
    if (written)
        note_success(agent);
}

static void report_sample(struct agent *agent, uint64_t now_usec)
{
    struct ballast_error err = {0};
    struct proc_sample sample;
    struct agent_values values;
    int rc = proc_files_read(&agent->files, &sample, &err);
    if (rc && rc != agent->logged_sample)
        agent_log(LOG_WARNING, "%s", err.text);
    agent->logged_sample = rc;
    if (rc)
        return;
    agent_values_of(&sample, now_usec, &values);
    agent_rules_note_total(&agent->rules, &values, now_usec);
    write_due(agent, &values, now_usec);
}

/* Connects and watches, where that is not done, and sees what is there before the first write. */
static int prepare_bus(struct agent *agent, uint64_t now_usec)
{
    int rc = xenbus_is_open(&agent->bus) ? 0 : connect_agent(agent, NULL);
    if (rc || agent->watches)
        return rc;
    rc = watch_nodes(agent);
    agent->watches = rc == 0;
    if (rc == 0)
        check_updated(agent, now_usec);
    if (rc == 0)
        check_free(agent, now_usec);
    return rc;
}

static void run_turn(struct agent *agent, uint64_t now_usec)
{
    if (xenbus_is_open(&agent->bus) && agent->watches)
        take_events(agent, now_usec);
    if (now_usec < agent->next_try_usec)
        return;
    int rc = prepare_bus(agent, now_usec);
    if (rc == 0) {
        report_sample(agent, now_usec);
        return;
    }
    if (xenbus_is_open(&agent->bus)) {
        log_refusal(agent, own_path, rc);
        agent->next_try_usec = now_usec + agent_rules_retry_usec(rc);
    } else {
        log_break(agent, rc);
    }
    xenbus_close(&agent->bus);
}

/* No report stays that nobody keeps true any more. */
static void withdraw_report(struct agent *agent)
{
    if (xenbus_is_open(&agent->bus))
        (void)xenbus_remove_node(&agent->bus, own_path);
    if (xenbus_is_open(&agent->bus) && agent->rules.nodes[AGENT_FREE].there)
        (void)xenbus_remove_node(&agent->bus, agent_node_path(AGENT_FREE));
    xenbus_close(&agent->bus);
}

static void catch_end_signals(void)
{
    /* Without SA_RESTART: a signal ends the wait. */
    struct sigaction ends = {.sa_handler = note_signal};
    (void)sigaction(SIGTERM, &ends, NULL);
    (void)sigaction(SIGINT, &ends, NULL);
    struct sigaction hangup;
    /* Ignored: by nohup. */
    if (sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler != SIG_IGN)
        (void)sigaction(SIGHUP, &ends, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
}

int agent_run(const struct agent_options *options)
{
    static struct agent agent;
    struct ballast_error err = {0};
    agent = (struct agent){.options = options, .bus = {.fd = -1}};
    catch_end_signals();
    int rc = proc_files_open(options->proc, options->sys, &agent.files, &err);
    if (rc == 0)
        rc = connect_agent(&agent, &err);
    if (rc) {
        agent_log(LOG_ERR, "%s", err.text);
        return UNREACHABLE;
    }
    (void)prctl(PR_SET_TIMERSLACK, TIMER_SLACK_NSEC);
    while (!agent_ends) {
        run_turn(&agent, boot_usec());
        /* Not for what xenstore has to say: a program that writes there all the time costs nothing.
         */
        (void)poll(NULL, 0, PERIOD_USEC / 1000);
    }
    withdraw_report(&agent);
    proc_files_close(&agent.files);
    return 0;
}
