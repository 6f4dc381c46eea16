/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/history/past.h"

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

int64_t cli_past_offset(uint64_t now_usec)
{
    struct timespec wall;
    (void)clock_gettime(CLOCK_REALTIME, &wall);
    return (int64_t)wall.tv_sec * (int64_t)BALLAST_SEC_USEC + wall.tv_nsec / 1000 -
           (int64_t)now_usec;
}

void cli_past_time(uint64_t usec, int64_t offset_usec, char out[CLI_PAST_TIME])
{
    struct timespec wall;
    struct tm parts;
    (void)clock_gettime(CLOCK_REALTIME, &wall);
    time_t when = (time_t)(((int64_t)usec + offset_usec) / (int64_t)BALLAST_SEC_USEC);
    bool today = wall.tv_sec - when < 20 * 3600;
    out[0] = '\0';
    if (localtime_r(&when, &parts))
        (void)strftime(out, CLI_PAST_TIME, today ? "%H:%M:%S" : "%Y-%m-%d %H:%M:%S", &parts);
}

static uint64_t number_at(const struct json_object *object, const char *key, size_t i)
{
    struct json_object *value = cli_field_at(object, key, i);
    bool right = json_object_is_type(value, json_type_int) && json_object_get_int64(value) >= 0;
    return right ? json_object_get_uint64(value) : 0;
}

static uint64_t value_at(const struct json_object *answer, const char *series, const char *kind,
                         size_t i)
{
    return number_at(cli_field(answer, series), kind, i);
}

static uint64_t time_at(const struct json_object *answer, const char *key, size_t i)
{
    struct json_object *value = cli_field_at(answer, key, i);
    return value ? json_object_get_uint64(value) : 0;
}

/* Where they are not known all are 0, and total_kib too. */
static void fill_parts(struct cli_past *past, size_t i, size_t at)
{
    const struct json_object *parts = cli_field(past->answer, "parts");
    for (int part = 0; part < BALLAST_PARTS; part++)
        past->part_kib[part][at] =
            number_at(parts, ballast_host_part_word((enum ballast_host_part)part), i);
    past->total_kib[at] = number_at(past->answer, "total_kib", i);
    past->has_parts |= past->total_kib[at] > 0;
}

/* A point that stands for longer than a step is in all of them, unless a finer one is there. */
static void fill(struct cli_past *past, size_t i)
{
    static const char *const names[2][3] = {{"actual_kib", "target_kib", "need_kib"},
                                            {"free_kib", "promised_kib", "deficit_kib"}};
    const char *const *name = names[past->is_host];
    const struct json_object *answer = past->answer;
    uint64_t begin = time_at(answer, "time_usec", i);
    uint64_t end = time_at(answer, "end_usec", i);
    uint64_t next = time_at(answer, "time_usec", i + 1);
    if (next > begin && next < end)
        end = next;
    for (size_t at = 0; at < past->steps; at++) {
        if (past->usec[at] < begin || past->usec[at] >= end)
            continue;
        past->actual_kib[at] = value_at(answer, name[0], "mean", i);
        past->least_kib[at] = value_at(answer, name[0], "min", i);
        past->peak_kib[at] = value_at(answer, name[0], "max", i);
        past->target_kib[at] = value_at(answer, name[1], "mean", i);
        past->need_kib[at] = value_at(answer, name[2], "mean", i);
        if (past->total_kib)
            fill_parts(past, i, at);
        past->known++;
    }
}

static void take(struct cli_past *past)
{
    const struct json_object *domain = cli_field(past->answer, "domain");
    uint64_t until_usec = cli_field_sum(past->answer, "until_usec");
    past->is_host = !domain;
    past->gone = domain && !cli_field(domain, "domid");
    past->name = domain ? cli_field_shown(domain, "name") : cli_shown("host");
    past->from_usec = cli_field_sum(past->answer, "from_usec");
    past->step_usec = ballast_max_u64(cli_field_sum(past->answer, "step_usec"), 1);
    uint64_t steps =
        ballast_div_up(ballast_sub_floor(until_usec, past->from_usec), past->step_usec);
    past->steps = (size_t)ballast_max_u64(ballast_min_u64(steps, STEPS_MOST), 2);
    uint64_t **const arrays[] = {&past->usec,     &past->actual_kib, &past->least_kib,
                                 &past->peak_kib, &past->target_kib, &past->need_kib};
    for (size_t i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++)
        *arrays[i] = cli_must(calloc(past->steps, sizeof(uint64_t)));
    /* An older daemon tells no parts. */
    if (past->is_host && cli_field(past->answer, "parts")) {
        past->total_kib = cli_must(calloc(past->steps, sizeof(uint64_t)));
        for (size_t i = 0; i < BALLAST_PARTS; i++)
            past->part_kib[i] = cli_must(calloc(past->steps, sizeof(uint64_t)));
    }
    for (size_t i = 0; i < past->steps; i++)
        past->usec[i] = past->from_usec + i * past->step_usec;
    size_t count = ballast_min_u64(cli_field_count(past->answer, "time_usec"), STEPS_MOST);
    for (size_t i = 0; i < count; i++)
        fill(past, i);
}

int cli_past_events(struct cli_daemon *daemon, const char *domain, uint64_t since_usec,
                    uint64_t most, struct json_object **answer)
{
    struct json_object *params = cli_params();
    if (domain)
        cli_params_domain(params, "domain", domain);
    cli_params_u64(params, "since_usec", since_usec);
    cli_params_u64(params, "most", most);
    return cli_daemon_call(daemon, "why", params, answer);
}

int cli_past_ask(struct cli_daemon *daemon, const struct cli_past_wanted *wanted,
                 struct cli_past *out)
{
    struct json_object *params = cli_params();
    struct json_object *events = NULL;
    *out = (struct cli_past){0};
    if (wanted->domain)
        cli_params_domain(params, "domain", wanted->domain);
    cli_params_u64(params, "since_usec", wanted->since_usec);
    cli_params_u64(params, "points", wanted->points);
    int rc = cli_daemon_call(daemon, "history", params, &out->answer);
    if (rc)
        return rc;
    out->offset_usec = cli_past_offset(cli_field_sum(out->answer, "now_usec"));
    take(out);
    rc = cli_past_events(daemon, wanted->domain, wanted->since_usec, wanted->events, &events);
    out->events = json_object_get(cli_field(events, "events"));
    out->more_events = cli_field_bool(events, "more");
    json_object_put(events);
    return rc;
}

void cli_past_release(struct cli_past *past)
{
    uint64_t *const arrays[] = {past->usec,     past->actual_kib, past->least_kib,
                                past->peak_kib, past->target_kib, past->need_kib};
    for (size_t i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++)
        free(arrays[i]);
    for (size_t i = 0; i < BALLAST_PARTS; i++)
        free(past->part_kib[i]);
    free(past->total_kib);
    free(past->name);
    json_object_put(past->answer);
    json_object_put(past->events);
    *past = (struct cli_past){0};
}
