/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/top/answers.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "app/top/cells.h"
#include "core/base/units.h"
#include "core/model/guest.h"

static struct json_object *answer_member(const struct json_object *object, const char *key)
{
    struct json_object *value = NULL;
    if (json_object_is_type(object, json_type_object))
        (void)json_object_object_get_ex(object, key, &value);
    return value;
}

static uint64_t answer_number(const struct json_object *object, const char *key)
{
    const struct json_object *value = answer_member(object, key);
    if (!json_object_is_type(value, json_type_int) || json_object_get_int64(value) < 0)
        return BALLAST_NONE;
    return json_object_get_uint64(value);
}

static uint64_t answer_sum(const struct json_object *object, const char *key)
{
    uint64_t value = answer_number(object, key);
    return value == BALLAST_NONE ? 0 : value;
}

static bool answer_flag(const struct json_object *object, const char *key)
{
    const struct json_object *value = answer_member(object, key);
    return json_object_is_type(value, json_type_boolean) && json_object_get_boolean(value);
}

static const char *answer_string(const struct json_object *object, const char *key)
{
    struct json_object *value = answer_member(object, key);
    return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";
}

static void answer_text(const struct json_object *object, const char *key, char *out, size_t size)
{
    top_shown(answer_string(object, key), out, size);
}

/* An array's entry, NULL behind its end or unless it is an array. */
static const struct json_object *answer_entry(const struct json_object *object, const char *key,
                                              size_t i)
{
    const struct json_object *array = answer_member(object, key);
    bool there = json_object_is_type(array, json_type_array) && i < json_object_array_length(array);
    return there ? json_object_array_get_idx(array, i) : NULL;
}

static size_t answer_length(const struct json_object *object, const char *key)
{
    const struct json_object *array = answer_member(object, key);
    return json_object_is_type(array, json_type_array) ? json_object_array_length(array) : 0;
}

void top_take_status(struct top_host *host, const struct json_object *status)
{
    answer_text(status, "host", host->name, sizeof(host->name));
    answer_text(status, "policy", host->policy, sizeof(host->policy));
    host->paused = answer_flag(status, "paused");
    size_t alerts = answer_length(status, "alerts");
    host->alert[0] = '\0';
    if (alerts > 0)
        answer_text(answer_entry(status, "alerts", 0), "message", host->alert, sizeof(host->alert));
}

void top_take_host(struct top_host *host, const struct json_object *answer)
{
    host->now_usec = answer_sum(answer, "now_usec");
    host->total_kib = answer_sum(answer, "total_kib");
    host->overcounted_kib = answer_sum(answer, "overcounted_kib");
    host->deficit_kib = answer_sum(answer, "deficit_kib");
    for (int i = 0; i < BALLAST_PARTS; i++)
        host->part_kib[i] = answer_sum(answer_member(answer, "parts"),
                                       ballast_host_part_name((enum ballast_host_part)i));
}

static void take_segments(struct top_guest *guest, const struct json_object *segments)
{
    guest->is_divided = json_object_is_type(segments, json_type_object);
    for (int i = 0; i < BALLAST_SEGMENTS; i++)
        guest->segment_kib[i] = answer_sum(segments, ballast_segment_name((enum ballast_segment)i));
}

static void take_type(struct top_guest *guest, const char *word)
{
    for (int i = 0; i < BALLAST_GUEST_TYPES; i++) {
        if (strcmp(ballast_guest_type_name((enum ballast_guest_type)i), word) != 0)
            continue;
        guest->knows_type = true;
        guest->type = (enum ballast_guest_type)i;
    }
}

static void take_domain(struct top_guest *guest, const struct json_object *domain)
{
    *guest = (struct top_guest){
        .id = (uint32_t)answer_sum(domain, "domid"),
        .is_dom0 = answer_flag(domain, "dom0"),
        .has_balloon = answer_flag(domain, "balloon"),
        .opted_out = answer_flag(domain, "opted_out"),
        .paused = answer_flag(domain, "paused"),
        .current_kib = answer_sum(domain, "current_kib"),
        .target_kib = answer_number(domain, "target_kib"),
        .xen_maximum_kib = answer_number(domain, "xen_maximum_kib"),
        .dynamic_min_kib = answer_number(domain, "dynamic_min_kib"),
        .dynamic_max_kib = answer_number(domain, "dynamic_max_kib"),
        .static_max_kib = answer_number(domain, "static_max_kib"),
        .overhead_kib = answer_number(domain, "overhead_kib"),
        .need_kib = answer_number(domain, "need_kib"),
        .used_kib = answer_number(domain, "used_kib"),
        .shares = answer_number(domain, "shares"),
        .pinned_kib = answer_number(domain, "pinned_kib"),
    };
    answer_text(domain, "pinned_by", guest->pinned_by, sizeof(guest->pinned_by));
    answer_text(domain, "uuid", guest->uuid, sizeof(guest->uuid));
    answer_text(domain, "name", guest->name, sizeof(guest->name));
    answer_text(domain, "state", guest->state, sizeof(guest->state));
    answer_text(domain, "balloon_status", guest->balloon_status, sizeof(guest->balloon_status));
    take_type(guest, answer_string(domain, "type"));
    take_segments(guest, answer_member(domain, "segments"));
    answer_text(answer_member(domain, "why"), "message", guest->why, sizeof(guest->why));
}

int top_take_domains(struct top_host *host, const struct json_object *answer, bool *more)
{
    size_t count = answer_length(answer, "domains");
    struct top_guest *guests =
        reallocarray(host->guests, host->count + count + 1, sizeof(*host->guests));
    *more = false;
    if (!guests)
        return -ENOMEM;
    host->guests = guests;
    for (size_t i = 0; i < count; i++)
        take_domain(&guests[host->count++], answer_entry(answer, "domains", i));
    *more = count > 0 && answer_flag(answer, "more");
    return 0;
}

void top_take_reservations(struct top_host *host, const struct json_object *answer)
{
    host->open_reservations = answer_length(answer, "reservations");
    host->missing_kib = 0;
    for (size_t i = 0; i < host->open_reservations; i++)
        host->missing_kib = ballast_max_u64(
            host->missing_kib, answer_sum(answer_entry(answer, "reservations", i), "missing_kib"));
}

static bool is_bad(const char *what)
{
    return strstr(what, "-failed") || strcmp(what, "refuse") == 0 || strcmp(what, "alert") == 0;
}

void top_take_event(struct top_host *host, const struct json_object *from)
{
    struct top_event event = {.number = answer_number(from, "number"),
                              .time_usec = answer_sum(from, "time_usec"),
                              .bad = is_bad(answer_string(from, "what"))};
    if (event.number == BALLAST_NONE)
        return;
    answer_text(from, "name", event.text, TOP_NAME);
    size_t length = strlen(event.text);
    if (length > 0)
        length += (size_t)snprintf(event.text + length, sizeof(event.text) - length, ": ");
    answer_text(from, "message", event.text + length, sizeof(event.text) - length);
    top_host_add_event(host, &event);
}

void top_take_events(struct top_host *host, const struct json_object *answer)
{
    size_t count = answer_length(answer, "events");
    for (size_t i = 0; i < count; i++)
        top_take_event(host, answer_entry(answer, "events", i));
}
