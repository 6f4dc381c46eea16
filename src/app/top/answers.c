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
#include "edge/json/field.h"

static void answer_text(const struct json_object *object, const char *key, char *out, size_t size)
{
    top_shown(json_field_string(object, key), out, size);
}

void top_take_status(struct top_host *host, const struct json_object *status)
{
    answer_text(status, "host", host->name, sizeof(host->name));
    answer_text(status, "policy", host->policy, sizeof(host->policy));
    host->paused = json_field_bool(status, "paused");
    size_t alerts = json_field_count(status, "alerts");
    host->alert[0] = '\0';
    if (alerts > 0)
        answer_text(json_field_at(status, "alerts", 0), "message", host->alert,
                    sizeof(host->alert));
}

void top_take_host(struct top_host *host, const struct json_object *answer)
{
    host->now_usec = json_field_sum(answer, "now_usec");
    host->total_kib = json_field_sum(answer, "total_kib");
    host->overcounted_kib = json_field_sum(answer, "overcounted_kib");
    host->deficit_kib = json_field_sum(answer, "deficit_kib");
    answer_text(answer, "state", host->state, sizeof(host->state));
    for (int i = 0; i < BALLAST_PARTS; i++)
        host->part_kib[i] = json_field_sum(json_field(answer, "parts"),
                                           ballast_host_part_name((enum ballast_host_part)i));
}

static void take_segments(struct top_guest *guest, const struct json_object *segments)
{
    guest->is_divided = json_object_is_type(segments, json_type_object);
    for (int i = 0; i < BALLAST_SEGMENTS; i++)
        guest->segment_kib[i] =
            json_field_sum(segments, ballast_segment_name((enum ballast_segment)i));
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
        .id = (uint32_t)json_field_sum(domain, "domid"),
        .is_dom0 = json_field_bool(domain, "dom0"),
        .has_balloon = json_field_bool(domain, "balloon"),
        .opted_out = json_field_bool(domain, "opted_out"),
        .paused = json_field_bool(domain, "paused"),
        .current_kib = json_field_sum(domain, "current_kib"),
        .target_kib = json_field_u64(domain, "target_kib"),
        .xen_maximum_kib = json_field_u64(domain, "xen_maximum_kib"),
        .dynamic_min_kib = json_field_u64(domain, "dynamic_min_kib"),
        .dynamic_max_kib = json_field_u64(domain, "dynamic_max_kib"),
        .static_max_kib = json_field_u64(domain, "static_max_kib"),
        .overhead_kib = json_field_u64(domain, "overhead_kib"),
        .need_kib = json_field_u64(domain, "need_kib"),
        .used_kib = json_field_u64(domain, "used_kib"),
        .shares = json_field_u64(domain, "shares"),
        .pinned_kib = json_field_u64(domain, "pinned_kib"),
    };
    answer_text(domain, "pinned_by", guest->pinned_by, sizeof(guest->pinned_by));
    answer_text(domain, "uuid", guest->uuid, sizeof(guest->uuid));
    answer_text(domain, "name", guest->name, sizeof(guest->name));
    answer_text(domain, "state", guest->state, sizeof(guest->state));
    answer_text(domain, "balloon_status", guest->balloon_status, sizeof(guest->balloon_status));
    take_type(guest, json_field_string(domain, "type"));
    take_segments(guest, json_field(domain, "segments"));
    answer_text(json_field(domain, "why"), "message", guest->why, sizeof(guest->why));
}

int top_take_domains(struct top_host *host, const struct json_object *answer, bool *more)
{
    size_t count = json_field_count(answer, "domains");
    struct top_guest *guests =
        reallocarray(host->guests, host->count + count + 1, sizeof(*host->guests));
    *more = false;
    if (!guests)
        return -ENOMEM;
    host->guests = guests;
    for (size_t i = 0; i < count; i++)
        take_domain(&guests[host->count++], json_field_at(answer, "domains", i));
    *more = count > 0 && json_field_bool(answer, "more");
    return 0;
}

void top_take_reservations(struct top_host *host, const struct json_object *answer)
{
    host->open_reservations = json_field_count(answer, "reservations");
    host->missing_kib = 0;
    for (size_t i = 0; i < host->open_reservations; i++)
        host->missing_kib = ballast_max_u64(
            host->missing_kib,
            json_field_sum(json_field_at(answer, "reservations", i), "missing_kib"));
}

static bool is_bad(const char *what)
{
    return strstr(what, "-failed") || strcmp(what, "refuse") == 0 || strcmp(what, "alert") == 0;
}

void top_take_event(struct top_host *host, const struct json_object *from)
{
    struct top_event event = {.number = json_field_u64(from, "number"),
                              .time_usec = json_field_sum(from, "time_usec"),
                              .bad = is_bad(json_field_string(from, "what"))};
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
    size_t count = json_field_count(answer, "events");
    for (size_t i = 0; i < count; i++)
        top_take_event(host, json_field_at(answer, "events", i));
}
