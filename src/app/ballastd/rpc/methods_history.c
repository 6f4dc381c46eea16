/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "app/ballastd/rpc/methods.h"
#include "app/ballastd/engine/overlay.h"
#include "app/ballastd/engine/recorder.h"
#include "app/ballastd/rpc/build.h"
#include "app/ballastd/rpc/encode.h"
#include "core/base/units.h"
#include "core/base/uuid.h"
#include "core/model/host_breakdown.h"

enum { POINTS_MOST = 1000, EVENTS_MOST = 512 };
#define DAY_USEC (86400 * BALLAST_SEC_USEC)

struct asked {
    struct recorder_whom whom;
    uint8_t uuid[LEDGER_UUID];
    uint64_t domid; /* BALLAST_NONE: it is gone */
};

/* The domain with that number now; earlier domains with the number do not count. */
static bool ask_by_domid(struct call *call, struct asked *asked, uint32_t domid)
{
    size_t at;
    if (!overlay_snapshot(engine_overlay(call->engine)) ||
        overlay_find(engine_overlay(call->engine), domid, &at) < 0) {
        call_fail(call, WIRE_NOT_FOUND,
                  "there is no domain %" PRIu32 "; one that is gone has a name or a uuid", domid);
        return false;
    }
    memcpy(asked->uuid, overlay_domain(engine_overlay(call->engine), at)->uuid, LEDGER_UUID);
    asked->whom.uuid = asked->uuid;
    return true;
}

static void find_present(struct engine *engine, struct asked *asked)
{
    const struct ballast_host *host = overlay_snapshot(engine_overlay(engine));
    asked->domid = BALLAST_NONE;
    for (size_t i = 0; host && i < host->domain_count; i++) {
        if (memcmp(overlay_domain(engine_overlay(engine), i)->uuid, asked->whom.last.uuid,
                   LEDGER_UUID) == 0)
            asked->domid = host->domains[i].id;
    }
}

/* false: the call has failed. */
static bool find_whom(struct call *call, struct asked *asked)
{
    struct wire_domain_name name;
    *asked = (struct asked){.domid = BALLAST_NONE};
    asked->whom.all = !wire_param_domain(call->params, "domain", &name);
    if (!asked->whom.all && name.is_number && !ask_by_domid(call, asked, name.domid))
        return false;
    if (!asked->whom.all && !name.is_number) {
        if (ballast_uuid_parse(name.name, asked->uuid) == 0)
            asked->whom.uuid = asked->uuid;
        else
            asked->whom.name = name.name;
    }
    int rc = recorder_find(engine_recorder(call->engine), &asked->whom);
    if (rc == -ENOMEM) {
        call_fail(call, WIRE_UNAVAILABLE, "out of memory");
        return false;
    }
    if (rc < 0) {
        call_fail(call, WIRE_NOT_FOUND, "nothing is known of %s",
                  name.is_number ? "it" : name.name);
        return false;
    }
    find_present(call->engine, asked);
    return true;
}

static void add_whom(struct call *call, const struct asked *asked)
{
    struct json_object *domain = asked->whom.all ? NULL : build_object();
    char uuid[37];
    if (domain) {
        ballast_uuid_text(asked->whom.last.uuid, uuid);
        encode_text(domain, "name", asked->whom.last.name);
        encode_text(domain, "uuid", uuid);
        encode_u64(domain, "domid", asked->domid);
    }
    build_add(call->result, "domain", domain);
    encode_u64(call->result, "now_usec", engine_now_usec(call->engine));
}

struct columns {
    struct json_object *time;
    struct json_object *end;
    struct json_object *of[SERIES][3];
};

static struct columns make_columns(struct json_object *result, bool host)
{
    static const char *const names[2][SERIES] = {{"current_kib", "target_kib", "need_kib"},
                                                 {"free_kib", "reserved_kib", "deficit_kib"}};
    static const char *const kinds[] = {"min", "mean", "max"};
    struct columns columns = {.time = build_in(result, "time_usec", build_array()),
                              .end = build_in(result, "end_usec", build_array())};
    for (size_t i = 0; i < SERIES; i++) {
        struct json_object *object = build_in(result, names[host][i], build_object());
        for (size_t kind = 0; kind < 3; kind++)
            columns.of[i][kind] = build_in(object, kinds[kind], build_array());
    }
    return columns;
}

static void add_number(struct json_object *array, uint64_t number)
{
    build_append(array, build_u64(number));
}

struct part_columns {
    struct json_object *total;
    struct json_object *overcounted;
    struct json_object *of[BALLAST_PARTS];
};

static struct part_columns make_part_columns(struct json_object *result)
{
    struct part_columns columns = {.total = build_in(result, "total_kib", build_array()),
                                   .overcounted =
                                       build_in(result, "overcounted_kib", build_array())};
    struct json_object *parts = build_in(result, "parts", build_object());
    for (int i = 0; i < BALLAST_PARTS; i++)
        columns.of[i] =
            build_in(parts, ballast_host_part_name((enum ballast_host_part)i), build_array());
    return columns;
}

/* A number, or null if the parts are unknown. */
static void add_known(struct json_object *array, bool known, uint64_t number)
{
    build_append(array, known ? build_u64(number) : NULL);
}

static void add_parts(struct part_columns *columns, const struct series_bucket *bucket)
{
    const struct series_parts *parts = &bucket->parts;
    uint64_t sum_kib = 0;
    for (size_t i = 0; i < BALLAST_PARTS; i++) {
        sum_kib += parts->part_kib[i];
        add_known(columns->of[i], bucket->has_parts, parts->part_kib[i]);
    }
    add_known(columns->total, bucket->has_parts, parts->total_kib);
    add_known(columns->overcounted, bucket->has_parts,
              ballast_sub_floor(sum_kib, parts->total_kib));
}

static void add_points(struct json_object *result, const struct series_view *view, bool host)
{
    struct columns columns = make_columns(result, host);
    struct part_columns parts;
    if (host)
        parts = make_part_columns(result);
    for (size_t i = 0; i < view->points; i++) {
        struct series_bucket bucket;
        uint64_t until_sec;
        if (!series_view_at(view, i, &bucket, &until_sec))
            continue;
        add_number(columns.time, bucket.at_sec * BALLAST_SEC_USEC);
        add_number(columns.end, until_sec * BALLAST_SEC_USEC);
        for (size_t s = 0; s < SERIES; s++) {
            add_number(columns.of[s][0], bucket.value[s].min_kib);
            add_number(columns.of[s][1], bucket.value[s].mean_kib);
            add_number(columns.of[s][2], bucket.value[s].max_kib);
        }
        if (host)
            add_parts(&parts, &bucket);
    }
}

void method_history(struct call *call)
{
    struct asked asked;
    struct ballast_error err;
    struct series_view view;
    uint64_t now_usec = engine_now_usec(call->engine);
    uint64_t since_usec = wire_param_u64(call->params, "since_usec", DAY_USEC);
    uint64_t until_usec = wire_param_u64(call->params, "until_usec", 0);
    uint64_t points = ballast_min_u64(wire_param_u64(call->params, "points", 240), POINTS_MOST);
    if (since_usec <= until_usec) {
        call_fail(call, WIRE_INVALID_PARAMS, "since_usec: use more than until_usec");
        return;
    }
    if (!find_whom(call, &asked))
        return;
    uint64_t from_sec = ballast_sub_floor(now_usec, since_usec) / BALLAST_SEC_USEC;
    uint64_t until_sec = ballast_sub_floor(now_usec, until_usec) / BALLAST_SEC_USEC + 1;
    int rc = series_view_begin(&view, from_sec, until_sec, (size_t)points, &err);
    if (rc == 0)
        rc = recorder_read(engine_recorder(call->engine), &asked.whom, &view, &err);
    if (rc < 0) {
        call_fail(call, WIRE_UNAVAILABLE, "%s", err.text);
    } else {
        call->result = build_object();
        add_whom(call, &asked);
        encode_u64(call->result, "from_usec", from_sec * BALLAST_SEC_USEC);
        encode_u64(call->result, "until_usec", until_sec * BALLAST_SEC_USEC);
        encode_u64(call->result, "step_usec", view.step_sec * BALLAST_SEC_USEC);
        add_points(call->result, &view, asked.whom.all);
    }
    series_view_release(&view);
}

void method_events(struct call *call)
{
    struct asked asked;
    struct ballast_error err;
    struct history_event *events = NULL;
    bool more = false;
    uint64_t since_usec = wire_param_u64(call->params, "since_usec", BALLAST_NONE);
    struct history_wanted wanted = {
        .before = wire_param_u64(call->params, "before", BALLAST_NONE),
        .after = wire_param_u64(call->params, "after", 0),
        .reason = wire_param_string(call->params, "reason", NULL),
        .since_usec = ballast_sub_floor(engine_now_usec(call->engine), since_usec),
        .most = ballast_min_u64(wire_param_u64(call->params, "most", 256), EVENTS_MOST)};
    if (!find_whom(call, &asked))
        return;
    int count =
        recorder_events(engine_recorder(call->engine), &asked.whom, &wanted, &events, &more, &err);
    if (count < 0) {
        call_fail(call, WIRE_UNAVAILABLE, "%s", err.text);
        return;
    }
    struct json_object *array = build_array();
    for (int i = 0; i < count; i++)
        build_append(array, encode_event(&events[i]));
    free(events);
    call->result = build_object();
    add_whom(call, &asked);
    build_add(call->result, "events", array);
    encode_bool(call->result, "more", more);
}
