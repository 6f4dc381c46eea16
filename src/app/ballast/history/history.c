/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/history/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <json-c/json.h>

#include "app/ballast/cli/command.h"
#include "app/ballast/cli/fields.h"
#include "app/ballast/cli/output.h"
#include "core/base/units.h"
#include "core/model/host.h"

/* A daemon that answers with more than it was asked for must not make us fill our memory. */
enum { STEPS_MOST = 4096 };

int64_t cli_history_offset(uint64_t now_usec)
{
    struct timespec wall;
    (void)clock_gettime(CLOCK_REALTIME, &wall);
    return (int64_t)wall.tv_sec * (int64_t)BALLAST_SEC_USEC + wall.tv_nsec / 1000 -
           (int64_t)now_usec;
}

void cli_history_time(uint64_t usec, int64_t offset_usec, char out[CLI_HISTORY_TIME])
{
    struct timespec wall;
    struct tm parts;
    (void)clock_gettime(CLOCK_REALTIME, &wall);
    time_t when = (time_t)(((int64_t)usec + offset_usec) / (int64_t)BALLAST_SEC_USEC);
    bool today = wall.tv_sec - when < 20 * 3600;
    out[0] = '\0';
    if (localtime_r(&when, &parts))
        (void)strftime(out, CLI_HISTORY_TIME, today ? "%H:%M:%S" : "%Y-%m-%d %H:%M:%S", &parts);
}

static uint64_t number_at(const struct json_object *object, const char *key, size_t i)
{
    struct json_object *value = json_field_at(object, key, i);
    bool right = json_object_is_type(value, json_type_int) && json_object_get_int64(value) >= 0;
    return right ? json_object_get_uint64(value) : 0;
}

static uint64_t value_at(const struct json_object *answer, const char *series, const char *kind,
                         size_t i)
{
    return number_at(json_field(answer, series), kind, i);
}

static uint64_t time_at(const struct json_object *answer, const char *key, size_t i)
{
    struct json_object *value = json_field_at(answer, key, i);
    return value ? json_object_get_uint64(value) : 0;
}

/* Where they are not known all are 0, and total_kib too. */
static void fill_parts(struct cli_history *history, size_t i, size_t at)
{
    const struct json_object *parts = json_field(history->answer, "parts");
    for (int part = 0; part < BALLAST_PARTS; part++)
        history->part_kib[part][at] =
            number_at(parts, ballast_host_part_name((enum ballast_host_part)part), i);
    history->total_kib[at] = number_at(history->answer, "total_kib", i);
    history->has_parts |= history->total_kib[at] > 0;
}

/* A point that stands for longer than a step is in all of them, unless a finer one is there. */
static void fill_history_step(struct cli_history *history, size_t i)
{
    static const char *const names[2][3] = {{"current_kib", "target_kib", "need_kib"},
                                            {"free_kib", "reserved_kib", "deficit_kib"}};
    const char *const *name = names[history->is_host];
    const struct json_object *answer = history->answer;
    uint64_t begin = time_at(answer, "time_usec", i);
    uint64_t end = time_at(answer, "end_usec", i);
    uint64_t next = time_at(answer, "time_usec", i + 1);
    if (next > begin && next < end)
        end = next;
    for (size_t at = 0; at < history->steps; at++) {
        if (history->usec[at] < begin || history->usec[at] >= end)
            continue;
        history->current_kib[at] = value_at(answer, name[0], "mean", i);
        history->least_kib[at] = value_at(answer, name[0], "min", i);
        history->peak_kib[at] = value_at(answer, name[0], "max", i);
        history->target_kib[at] = value_at(answer, name[1], "mean", i);
        history->need_kib[at] = value_at(answer, name[2], "mean", i);
        if (history->total_kib)
            fill_parts(history, i, at);
        history->known++;
    }
}

static void take_history(struct cli_history *history)
{
    const struct json_object *domain = json_field(history->answer, "domain");
    uint64_t until_usec = json_field_sum(history->answer, "until_usec");
    history->is_host = !domain;
    history->gone = domain && !json_field(domain, "domid");
    history->name = domain ? cli_field_shown(domain, "name") : cli_shown("host");
    history->from_usec = json_field_sum(history->answer, "from_usec");
    history->step_usec = ballast_max_u64(json_field_sum(history->answer, "step_usec"), 1);
    uint64_t steps =
        ballast_div_up(ballast_sub_floor(until_usec, history->from_usec), history->step_usec);
    history->steps = (size_t)ballast_max_u64(ballast_min_u64(steps, STEPS_MOST), 2);
    uint64_t **const arrays[] = {&history->usec,     &history->current_kib, &history->least_kib,
                                 &history->peak_kib, &history->target_kib,  &history->need_kib};
    for (size_t i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++)
        *arrays[i] = xcheck(calloc(history->steps, sizeof(uint64_t)));
    /* An older daemon tells no parts. */
    if (history->is_host && json_field(history->answer, "parts")) {
        history->total_kib = xcheck(calloc(history->steps, sizeof(uint64_t)));
        for (size_t i = 0; i < BALLAST_PARTS; i++)
            history->part_kib[i] = xcheck(calloc(history->steps, sizeof(uint64_t)));
    }
    for (size_t i = 0; i < history->steps; i++)
        history->usec[i] = history->from_usec + i * history->step_usec;
    size_t count = ballast_min_u64(json_field_count(history->answer, "time_usec"), STEPS_MOST);
    for (size_t i = 0; i < count; i++)
        fill_history_step(history, i);
}

int cli_history_events(struct cli_daemon *daemon, const struct cli_history_which *which,
                       struct json_object **answer)
{
    struct json_object *params = cli_params();
    if (which->domain)
        cli_params_domain(params, "domain", which->domain);
    if (which->reason)
        cli_params_string(params, "reason", which->reason);
    cli_params_u64(params, "since_usec", which->since_usec);
    cli_params_u64(params, "most", which->most);
    return cli_daemon_call(daemon, "events", params, answer);
}

int cli_history_ask(struct cli_daemon *daemon, const struct cli_history_wanted *wanted,
                    struct cli_history *out)
{
    struct json_object *params = cli_params();
    struct json_object *events = NULL;
    *out = (struct cli_history){0};
    if (wanted->domain)
        cli_params_domain(params, "domain", wanted->domain);
    cli_params_u64(params, "since_usec", wanted->since_usec);
    cli_params_u64(params, "points", wanted->points);
    int rc = cli_daemon_call(daemon, "history", params, &out->answer);
    if (rc)
        return rc;
    out->offset_usec = cli_history_offset(json_field_sum(out->answer, "now_usec"));
    take_history(out);
    struct cli_history_which which = {
        .domain = wanted->domain, .since_usec = wanted->since_usec, .most = wanted->events};
    rc = cli_history_events(daemon, &which, &events);
    out->events = json_object_get(json_field(events, "events"));
    out->more_events = json_field_bool(events, "more");
    json_object_put(events);
    return rc;
}

void cli_history_release(struct cli_history *history)
{
    uint64_t *const arrays[] = {history->usec,     history->current_kib, history->least_kib,
                                history->peak_kib, history->target_kib,  history->need_kib};
    for (size_t i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++)
        free(arrays[i]);
    for (size_t i = 0; i < BALLAST_PARTS; i++)
        free(history->part_kib[i]);
    free(history->total_kib);
    free(history->name);
    json_object_put(history->answer);
    json_object_put(history->events);
    *history = (struct cli_history){0};
}
