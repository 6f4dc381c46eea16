/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ballast decide --stdio: the balancer for any program that can write a line of JSON. A line is
 * read and checked in full before it is answered, so a bad one changes nothing.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <json-c/json.h>

#include "app/ballast/cli/args.h"
#include "app/ballast/cli/lines.h"
#include "app/ballast/cli/output.h"
#include "core/base/error.h"
#include "core/base/units.h"
#include "core/policy/balancer.h"
#include "core/policy/policy.h"
#include "edge/json/json.h"
#include "edge/snapshot/snapshot.h"

enum { OPTION_STDIO, OPTION_POLICY };

static const struct cli_option decide_options[] = {
    [OPTION_STDIO] = {"stdio", NULL, "read standard input, write standard output (required)"},
    [OPTION_POLICY] = {"policy", "NAME", "decide by this policy", .value = cli_any_policy_name},
    {NULL, NULL, NULL},
};

enum {
    MOST_BYTES = 16 << 20, /* of a line: ten thousand domains take a quarter of it */
    MOST_REQUESTS = 10000, /* the balancer sorts by insertion: a tenth of a second at worst */
};

struct decide {
    struct balancer *balancer;
    struct cli_lines lines;
    struct balancer_request *requests; /* in the order of the line; the id is the index */
    struct json_object **ids;          /* theirs as they came; they belong to the line's document */
    size_t request_count;
    size_t request_room;
};

static void print_decide_error(const char *text)
{
    struct json_object *string = xcheck(json_object_new_string(text));
    printf("{\"error\":%s}\n",
           json_object_to_json_string_ext(string, JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(string);
}

static const char *as_it_came(struct json_object *id)
{
    return json_object_to_json_string_ext(id,
                                          JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
}

/* 4096.0 is what some languages write for 4096; the readers of files are stricter. */
static void make_whole(struct json_object *object, const char *const *keys)
{
    for (; *keys; keys++) {
        struct json_object *value;
        if (!json_object_object_get_ex(object, *keys, &value) ||
            !json_object_is_type(value, json_type_double))
            continue;
        double number = json_object_get_double(value);
        /* Past 2^53 a double may be off. */
        if (number >= 0 && number <= (double)(UINT64_C(1) << 53) &&
            (double)(uint64_t)number == number)
            json_object_object_add(object, *keys, xcheck(json_object_new_uint64((uint64_t)number)));
    }
}

/* What is no pressure, whole or in part. */
static void drop_bad_pressure(struct json_object *dom)
{
    struct json_at nowhere = {.name = ""};
    struct json_object *pressure;
    uint64_t value;
    if (json_get_object(dom, "pressure", &nowhere, &pressure, NULL) < 0) {
        json_object_object_del(dom, "pressure");
        return;
    }
    for (int i = 0; i < BALLAST_PRESSURES; i++) {
        enum ballast_pressure_kind kind = (enum ballast_pressure_kind)i;
        const char *const keys[] = {ballast_pressure_name(kind), NULL};
        make_whole(pressure, keys);
        if (json_get_u64(pressure, keys[0], &nowhere, &value, NULL) < 0 ||
            value > ballast_pressure_most(kind))
            json_object_object_del(pressure, keys[0]);
    }
    if (json_get_seconds(pressure, "age", &nowhere, &value, NULL) < 0)
        json_object_object_del(pressure, "age");
}

/* Law 6: what a guest says of itself can cost only that guest, not the whole line. */
static void drop_nonsense(struct json_object *dom)
{
    static const char *const sizes[] = {"used_kib", "free_kib", "swap_kib"};
    struct json_at nowhere = {.name = ""};
    uint64_t unused;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        if (json_get_u64(dom, sizes[i], &nowhere, &unused, NULL) == -EINVAL)
            json_object_object_del(dom, sizes[i]);
    }
    if (json_get_seconds(dom, "report_age", &nowhere, &unused, NULL) == -EINVAL)
        json_object_object_del(dom, "report_age");
    drop_bad_pressure(dom);
}

/* What is not an object or array is left to the reader of snapshots, which says what is wrong. */
static void tidy_decide(const struct json_object *object, const struct json_at *at)
{
    static const char *const of_host[] = {"total_kib",          "free_kib",   "claimed_kib",
                                          "slush_kib",          "scrub_kib",  "xen_kib",
                                          "reserved_claim_kib", "parked_kib", NULL};
    static const char *const of_dom[] = {
        "id",         "tot_kib",     "video_kib",   "overhead_kib",   "target_kib",
        "maxmem_kib", "dyn_min_kib", "dyn_max_kib", "static_max_kib", "build_left_kib",
        "used_kib",   "free_kib",    "swap_kib",    "shares",         NULL};
    struct json_object *host;
    struct json_object *doms;
    if (json_get_object(object, "host", at, &host, NULL) == 0) {
        make_whole(host, of_host);
        /* No policy uses what Xen itself consists of. */
        json_object_object_del(host, "xen_parts");
        json_object_object_del(host, "unexplained_most_kib");
    }
    if (json_get_array(object, "doms", at, &doms, NULL) < 0)
        return;
    for (size_t i = 0; i < json_object_array_length(doms); i++) {
        struct json_object *dom = json_object_array_get_idx(doms, i);
        if (!json_object_is_type(dom, json_type_object))
            continue;
        make_whole(dom, of_dom);
        drop_nonsense(dom);
    }
}

static int read_id(struct json_object *object, const struct json_at *at, struct json_object **out,
                   struct ballast_error *err)
{
    struct json_object *id = NULL;
    if (!json_object_object_get_ex(object, "id", &id) ||
        (!json_object_is_type(id, json_type_string) && !json_object_is_type(id, json_type_int) &&
         !json_object_is_type(id, json_type_double)))
        return json_fail(err, at, "id", "missing or of another type: use a string or a number");
    /* json-c brings what is beyond 64 bits to their end: it could not be given back. */
    if (json_object_is_type(id, json_type_int) &&
        (json_object_get_uint64(id) == UINT64_MAX || json_object_get_int64(id) == INT64_MIN))
        return json_fail(err, at, "id", "a number beyond 64 bits: make it a string");
    *out = id;
    return 0;
}

static int read_decide_request(struct json_object *object, const struct json_at *at,
                               uint64_t now_usec, struct balancer_request *request,
                               struct ballast_error *err)
{
    if (!json_object_is_type(object, json_type_object))
        return json_fail(err, at, NULL, "a request must be a JSON object");
    static const char *const sizes[] = {"need_kib", NULL};
    make_whole(object, sizes);
    request->arrived_usec = now_usec;
    request->deadline_usec = BALLAST_NONE;
    int rc = json_get_u64(object, "need_kib", at, &request->need_kib, err);
    if (rc == -ENOENT)
        return json_fail(err, at, "need_kib", "missing: add it");
    if (rc < 0)
        return rc;
    rc = json_get_seconds(object, "arrived", at, &request->arrived_usec, err);
    if (rc < 0 && rc != -ENOENT)
        return rc;
    /* Nothing arrives in the future. */
    request->arrived_usec = ballast_min_u64(request->arrived_usec, now_usec);
    rc = json_get_seconds(object, "deadline", at, &request->deadline_usec, err);
    return rc == -ENOENT ? 0 : rc;
}

static void make_decide_room(struct decide *decide, size_t count)
{
    if (count <= decide->request_room)
        return;
    decide->requests = xcheck(reallocarray(decide->requests, count, sizeof(*decide->requests)));
    decide->ids = xcheck(reallocarray(decide->ids, count, sizeof(struct json_object *)));
    decide->request_room = count;
}

static int read_requests(struct decide *decide, const struct json_object *object,
                         const struct json_at *at, uint64_t now_usec, struct ballast_error *err)
{
    struct json_object *reqs;
    decide->request_count = 0;
    int rc = json_get_array(object, "reqs", at, &reqs, err);
    if (rc < 0)
        return rc == -ENOENT ? 0 : rc;
    size_t count = json_object_array_length(reqs);
    if (count > MOST_REQUESTS)
        return json_fail(err, at, "reqs", "%zu requests: use at most %d", count, MOST_REQUESTS);
    make_decide_room(decide, count);
    struct json_at array_at = json_at_key(at, "reqs");
    for (size_t i = 0; i < count; i++) {
        struct json_object *item = json_object_array_get_idx(reqs, i);
        struct json_at item_at = json_at_item(&array_at, i);
        struct balancer_request *request = &decide->requests[i];
        request->id = i;
        if ((rc = read_decide_request(item, &item_at, now_usec, request, err)) < 0 ||
            (rc = read_id(item, &item_at, &decide->ids[i], err)) < 0)
            return rc;
    }
    decide->request_count = count;
    return 0;
}

static void print_sets(const struct balancer_output *output)
{
    fputs("{\"set\":[", stdout);
    for (size_t i = 0; i < output->set_count; i++) {
        const struct balancer_set *set = &output->sets[i];
        printf("%s{\"id\":%" PRIu32, i ? "," : "", set->id);
        if (set->target_kib != BALLAST_NONE)
            printf(",\"target_kib\":%" PRIu64, set->target_kib);
        if (set->maxmem_kib != BALLAST_NONE)
            printf(",\"maxmem_kib\":%" PRIu64, set->maxmem_kib);
        putchar('}');
    }
}

static void print_grants(const struct decide *decide, const struct balancer_output *output)
{
    fputs("],\"grant\":[", stdout);
    const char *comma = "";
    for (size_t i = 0; i < output->verdict_count; i++) {
        const struct balancer_verdict *verdict = &output->verdicts[i];
        if (!verdict->granted)
            continue;
        printf("%s{\"id\":%s,\"claim\":%s}", comma, as_it_came(decide->ids[verdict->request]),
               verdict->claim ? "true" : "false");
        comma = ",";
    }
}

static void print_refusal(struct json_object *id, const struct balancer_verdict *verdict)
{
    char why[BALLAST_ERROR_TEXT];
    (void)balancer_verdict_text(verdict, "it", why, sizeof(why));
    struct json_object *string = xcheck(json_object_new_string(why));
    printf("{\"id\":%s,\"why\":%s}", as_it_came(id),
           json_object_to_json_string_ext(string, JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(string);
}

static void print_refusals(const struct decide *decide, const struct balancer_output *output)
{
    fputs("],\"fail\":[", stdout);
    const char *comma = "";
    for (size_t i = 0; i < output->verdict_count; i++) {
        const struct balancer_verdict *verdict = &output->verdicts[i];
        if (verdict->granted)
            continue;
        fputs(comma, stdout);
        print_refusal(decide->ids[verdict->request], verdict);
        comma = ",";
    }
    fputs("]}\n", stdout);
}

static int decide_snapshot(struct decide *decide, const struct json_object *object,
                           const struct json_at *at, const struct snapshot *snapshot,
                           struct ballast_error *err)
{
    int rc = read_requests(decide, object, at, snapshot->host.now_usec, err);
    if (rc < 0)
        return rc;
    struct balancer_input input = {
        .host = &snapshot->host,
        .requests = decide->requests,
        .request_count = decide->request_count,
    };
    struct balancer_output output;
    struct ballast_error why;
    rc = balancer_decide(decide->balancer, &input, &output, &why);
    if (rc < 0)
        return json_fail(err, at, NULL, "%s", why.text);
    print_sets(&output);
    print_grants(decide, &output);
    print_refusals(decide, &output);
    return 0;
}

static int decide_tick(struct decide *decide, const struct json_object *object,
                       const struct json_at *at, struct ballast_error *err)
{
    uint64_t now_usec;
    int rc = json_get_seconds(object, "t", at, &now_usec, err);
    if (rc == -ENOENT)
        return json_fail(err, at, "t", "missing: add the time of the snapshot");
    if (rc < 0)
        return rc;
    tidy_decide(object, at);
    struct snapshot snapshot;
    rc = snapshot_from_json(object, at, &snapshot, err);
    if (rc < 0)
        return rc;
    rc = decide_snapshot(decide, object, at, &snapshot, err);
    snapshot_release(&snapshot);
    return rc;
}

/* The one document of a line; nothing may follow it. */
static int parse_decide(const struct decide *decide, const char *line, size_t length,
                        struct json_object **out, struct json_at *at, struct ballast_error *err)
{
    struct json_reader reader = json_reader_over("<stdin>", line, length);
    reader.line = decide->lines.count;
    struct json_object *object;
    struct json_object *second = NULL;
    struct json_at behind;
    int rc = json_next(&reader, &object, at, err);
    if (rc < 0)
        return rc;
    if (!object || !json_object_is_type(object, json_type_object))
        rc = ballast_fail(err, -EINVAL, "<stdin>:%u: not a JSON object: write one object per line",
                          decide->lines.count);
    else if ((rc = json_next(&reader, &second, &behind, err)) == 0 && second)
        rc =
            json_fail(err, &behind, NULL, "a second object on the line: write one object per line");
    json_object_put(second);
    if (rc < 0)
        json_object_put(object);
    else
        *out = object;
    return rc;
}

/* One line; *end: it was the last one. */
static int take_line(struct decide *decide, const char *line, size_t length, bool *end,
                     struct ballast_error *err)
{
    struct json_object *object;
    struct json_at at;
    int rc = parse_decide(decide, line, length, &object, &at, err);
    if (rc < 0)
        return rc;
    rc = json_get_bool(object, "end", &at, end, err);
    if (rc == -ENOENT || (rc == 0 && !*end))
        rc = decide_tick(decide, object, &at, err);
    json_object_put(object);
    return rc;
}

static int serve_decide(struct decide *decide)
{
    bool end = false;
    while (!end) {
        const char *line;
        size_t length;
        struct ballast_error err;
        int rc = cli_lines_next(&decide->lines, &line, &length);
        if (rc == 0)
            break;
        if (rc < 0 && rc != -EFBIG) {
            cli_error("standard input: %s", strerror(-rc));
            return CLI_UNREACHABLE;
        }
        if (rc == -EFBIG)
            rc = ballast_fail(&err, rc, "<stdin>:%u: too long: use at most %d bytes per line",
                              decide->lines.count, MOST_BYTES);
        else
            rc = take_line(decide, line, length, &end, &err);
        if (rc < 0)
            print_decide_error(err.text);
        /* The reader of the answers is gone. */
        if (fflush(stdout) != 0)
            break;
    }
    return CLI_DONE; /* cli_finish() reports output that was lost */
}

static int decide_main(struct cli_args *args)
{
    const char *name = NULL;
    bool stdio = false;
    int option;
    while ((option = cli_args_next(args)) != CLI_ARGS_END) {
        if (option == CLI_ARGS_BAD)
            return CLI_BAD;
        stdio |= option == OPTION_STDIO;
        if (option == OPTION_POLICY)
            name = args->value;
    }
    if (cli_args_no_operands(args, NULL))
        return CLI_BAD;
    if (!stdio)
        return cli_args_wrong(args, "--stdio is missing: add it");
    const struct policy *policy = cli_args_any_policy(args, name);
    if (!policy)
        return CLI_BAD;

    struct decide decide = {.balancer = xcheck(balancer_new(policy, NULL))};
    cli_lines_begin(&decide.lines, STDIN_FILENO, MOST_BYTES);
    int status = serve_decide(&decide);
    cli_lines_release(&decide.lines);
    free(decide.ids);
    free(decide.requests);
    balancer_free(decide.balancer);
    return status;
}

const struct cli_command cmd_decide = {
    .name = "decide",
    .summary = "decide what to do with a host's memory, for programs",
    .operands = "--stdio",
    .text = "Reads a JSON object per line, a snapshot of a host with its requests, and\n"
            "answers each with one: targets and maxima to set, requests to grant and to\n"
            "refuse. It is for simulators and toolstacks, and changes nothing.",
    .options = decide_options,
    .run = decide_main,
};
