/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/access/host_access_daemon.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "app/ballast/cli/command.h"
#include "app/ballast/cli/fields.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/client/pages.h"
#include "core/base/error.h"
#include "core/base/units.h"
#include "core/model/guest.h"
#include "core/model/host.h"
#include "core/policy/host_state.h"

/* How often the daemon is asked again when it has looked between two answers. */
enum { LOOKS = 4 };

struct host_access_daemon {
    struct hv hv;
    struct cli_daemon daemon;
    struct json_object *host; /* what they answered last; the names below are in there */
    struct json_object *domains;
    struct ballast_host is;
};

static struct host_access_daemon *daemon_host_of(const struct hv *hv)
{
    return (struct host_access_daemon *)hv;
}

static uint64_t daemon_host_or_else(uint64_t kib, uint64_t otherwise)
{
    return kib == BALLAST_NONE ? otherwise : kib;
}

static void fill_daemon_host_report(const struct json_object *object, struct ballast_domain *out)
{
    const struct json_object *pressure = json_field(object, "pressure");
    int source = ballast_report_source_find(json_field_string(object, "report_source"));
    out->used_kib = json_field_u64(object, "used_kib");
    out->reported_free_kib = json_field_u64(object, "reported_free_kib");
    out->reported_swap_kib = json_field_sum(object, "reported_swap_kib");
    out->report_age_usec = json_field_u64(object, "report_age_usec");
    if (source >= 0)
        out->report_source = (enum ballast_report_source)source;
    else if (out->used_kib != BALLAST_NONE)
        out->report_source = BALLAST_REPORT_UNKNOWN; /* of a daemon of another version */
    for (int kind = 0; kind < BALLAST_PRESSURES; kind++) {
        const char *key = ballast_pressure_name((enum ballast_pressure_kind)kind);
        uint64_t value = json_field_u64(pressure, key);
        if (value == BALLAST_NONE)
            continue;
        out->pressure.known |= UINT32_C(1) << kind;
        out->pressure.values[kind] = value;
    }
    out->pressure.age_usec = json_field_sum(pressure, "age_usec");
}

static void fill_daemon_host_domain(const struct json_object *object, struct ballast_domain *out)
{
    int state = ballast_domain_state_find(json_field_string(object, "state"));
    uint64_t tot_kib = json_field_sum(object, "current_kib");
    uint64_t target_kib = daemon_host_or_else(json_field_u64(object, "target_kib"), tot_kib);
    uint64_t most_kib = daemon_host_or_else(json_field_u64(object, "dynamic_max_kib"), target_kib);
    *out = (struct ballast_domain){
        .id = (uint32_t)json_field_sum(object, "domid"),
        .name = json_field_string(object, "name"),
        .state = state < 0 ? BALLAST_DOMAIN_RUN : (enum ballast_domain_state)state,
        .kind = ballast_domain_kind_find(json_field_string(object, "type")),
        .is_dom0 = json_field_bool(object, "dom0"),
        .has_balloon = json_field_bool(object, "balloon"),
        .tot_kib = tot_kib,
        .video_kib = json_field_sum(json_field(object, "segments"), "video"),
        .overhead_kib = json_field_sum(object, "overhead_kib"),
        .target_kib = target_kib,
        .maxmem_kib = json_field_u64(object, "xen_maximum_kib"),
        .dynamic_min_kib =
            daemon_host_or_else(json_field_u64(object, "dynamic_min_kib"), target_kib),
        .dynamic_max_kib = most_kib,
        .static_max_kib = daemon_host_or_else(json_field_u64(object, "static_max_kib"), most_kib),
        .pod_entries_kib = json_field_sum(object, "pod_entries_kib"),
        .pod_cache_kib = json_field_sum(object, "pod_cache_kib"),
        .pinned_kib = json_field_sum(object, "pinned_kib"),
        .shares = daemon_host_or_else(json_field_u64(object, "shares"), BALLAST_DEFAULT_SHARES),
    };
    fill_daemon_host_report(object, out);
}

static uint64_t part_kib(const struct host_access_daemon *access, const char *word)
{
    return json_field_sum(json_field(access->host, "parts"), word);
}

/* A daemon of another version may not have it. */
static void fill_daemon_host_xen(const struct json_object *host, struct ballast_xen_memory *out)
{
    const struct json_object *parts = json_field(host, "xen_parts");
    out->known = json_object_is_type(parts, json_type_object);
    out->unexplained_most_kib = json_field_sum(host, "unexplained_most_kib");
    for (int i = 0; out->known && i < BALLAST_XEN_PARTS; i++)
        out->part_kib[i] =
            json_field_sum(parts, ballast_xen_part_about((enum ballast_xen_part)i)->word);
}

static void fill_daemon_host(struct host_access_daemon *access)
{
    static const char *const free_parts[] = {"claimed", "reserved", "slack", "scrub", "free"};
    size_t count = json_object_array_length(access->domains);
    uint64_t free_kib = 0;
    for (size_t i = 0; i < sizeof(free_parts) / sizeof(free_parts[0]); i++)
        free_kib = ballast_add_ceil(free_kib, part_kib(access, free_parts[i]));
    free(access->is.domains);
    access->is = (struct ballast_host){
        .now_usec = json_field_sum(access->host, "now_usec"),
        .total_kib = json_field_sum(access->host, "total_kib"),
        .free_kib = free_kib,
        .scrub_kib = part_kib(access, "scrub"),
        .claimed_kib = part_kib(access, "claimed"),
        .reserved_claim_kib = json_field_sum(access->host, "reserved_claim_kib"),
        .parked_kib = json_field_sum(access->host, "parked_kib"),
        .xen_kib = part_kib(access, "xen"),
        .slack_kib = part_kib(access, "slack"),
        .caps = BALLAST_HOST_CAPS_ALL,
        .domains = xcheck(calloc(count + 1, sizeof(struct ballast_domain))),
        .domain_count = count,
    };
    cli_field_host_facts(access->host, &access->is);
    fill_daemon_host_xen(access->host, &access->is.xen_memory);
    for (size_t i = 0; i < count; i++)
        fill_daemon_host_domain(json_object_array_get_idx(access->domains, i),
                                &access->is.domains[i]);
}

/* The domains, and the host after them: 0, or what a call returns. */
static int ask_daemon_host(struct host_access_daemon *access)
{
    struct json_object *host = NULL;
    struct json_object *domains = NULL;
    int rc = cli_pages(&access->daemon, &cli_list_of_domains, cli_params(), &domains);
    if (!rc)
        rc = cli_daemon_call(&access->daemon, "host", NULL, &host);
    if (rc) {
        json_object_put(domains);
        return rc;
    }
    json_object_put(access->host);
    json_object_put(access->domains);
    access->host = host;
    access->domains = domains;
    return 0;
}

/* The daemon may have looked between two answers; then they are of two moments, and it is asked
 * again. One that looks all the time is taken as it is. */
static int refresh_daemon_host(struct hv *hv, const struct ballast_host **out,
                               struct ballast_error *err)
{
    struct host_access_daemon *access = daemon_host_of(hv);
    struct json_object *before = NULL;
    int rc = cli_daemon_call(&access->daemon, "host", NULL, &before);
    for (int looks = 1; !rc; looks++) {
        rc = ask_daemon_host(access);
        if (rc || looks == LOOKS ||
            json_field_sum(before, "now_usec") == json_field_sum(access->host, "now_usec"))
            break;
        json_object_put(before);
        before = json_object_get(access->host);
    }
    json_object_put(before);
    if (rc)
        return ballast_fail(err, -EIO, "the daemon's host: the daemon did not describe it");
    fill_daemon_host(access);
    *out = &access->is;
    return 0;
}

/* A caller that changes something calls the method, whose answer has more. */
static int set_daemon_host(struct hv *hv, uint32_t domid, uint64_t target_kib, uint64_t maxmem_kib,
                           struct ballast_error *err)
{
    (void)hv;
    (void)domid;
    (void)target_kib;
    (void)maxmem_kib;
    return ballast_fail(err, -ENOTSUP, "the daemon's host: it is read-only here: call the method");
}

static void close_it(struct hv *hv)
{
    struct host_access_daemon *access = daemon_host_of(hv);
    cli_daemon_close(&access->daemon);
    json_object_put(access->host);
    json_object_put(access->domains);
    free(access->is.domains);
    free(access);
}

static const struct hv_ops daemon_ops = {
    .name = "daemon", .refresh = refresh_daemon_host, .set = set_daemon_host, .close = close_it};

struct hv *host_access_daemon_new(struct cli_daemon *daemon)
{
    struct host_access_daemon *access = xcheck(calloc(1, sizeof(*access)));
    access->hv.ops = &daemon_ops;
    access->daemon = *daemon;
    *daemon = (struct cli_daemon){0};
    return &access->hv;
}

struct cli_daemon *host_access_daemon_of(struct hv *hv)
{
    return hv->ops == &daemon_ops ? &daemon_host_of(hv)->daemon : NULL;
}

uint64_t host_access_daemon_reserved_kib(const struct hv *hv)
{
    return hv->ops == &daemon_ops ? part_kib(daemon_host_of(hv), "reserved") : 0;
}

uint64_t host_access_daemon_headroom_kib(const struct hv *hv, uint64_t *missing_kib)
{
    const struct json_object *host = hv->ops == &daemon_ops ? daemon_host_of(hv)->host : NULL;
    *missing_kib = json_field_sum(host, "headroom_missing_kib");
    return json_field_sum(host, "headroom_kib");
}

const char *host_access_daemon_state(const struct hv *hv, uint64_t *unneeded_kib)
{
    const struct json_object *host = hv->ops == &daemon_ops ? daemon_host_of(hv)->host : NULL;
    int state = host_state_find(json_field_string(host, "state"));
    *unneeded_kib = json_field_sum(host, "unneeded_kib");
    return state < 0 ? NULL : host_state_name((enum host_state)state);
}

const struct json_object *host_access_daemon_domains(const struct hv *hv)
{
    return hv->ops == &daemon_ops ? daemon_host_of(hv)->domains : NULL;
}

uint64_t host_access_daemon_extra_internal_kib(const struct hv *hv, size_t i)
{
    const struct json_object *domain = json_object_array_get_idx(daemon_host_of(hv)->domains, i);
    return json_field_sum(json_field(domain, "segments"), "extra_internal");
}

bool host_access_daemon_hotplugs(const struct hv *hv, size_t i)
{
    const struct json_object *domain = json_object_array_get_idx(daemon_host_of(hv)->domains, i);
    return json_field_bool(domain, "hotplugs");
}

const char *host_access_daemon_malformed(const struct hv *hv, size_t i)
{
    const struct json_object *domain = json_object_array_get_idx(daemon_host_of(hv)->domains, i);
    const char *path = json_field_string(domain, "malformed_node");
    /* As our nodes are spelled: it is shown to people as it is. */
    bool is_path = *path && path[strspn(path, "abcdefghijklmnopqrstuvwxyz_-/")] == '\0';
    return is_path ? path : NULL;
}

/* NULL: it was not there. */
static const struct json_object *find_daemon_host_domain(const struct hv *hv, uint32_t domid)
{
    for (size_t i = 0; i < json_object_array_length(daemon_host_of(hv)->domains); i++) {
        const struct json_object *domain =
            json_object_array_get_idx(daemon_host_of(hv)->domains, i);
        if (json_field_sum(domain, "domid") == domid)
            return domain;
    }
    return NULL;
}

static void show_field(const struct json_object *object, const char *key, char *out, size_t size)
{
    char *shown = cli_field_shown(object, key);
    (void)snprintf(out, size, "%s", shown);
    free(shown);
}

uint64_t host_access_daemon_floor(const struct hv *hv, uint32_t domid, char *why, size_t size)
{
    const struct json_object *domain = find_daemon_host_domain(hv, domid);
    why[0] = '\0';
    if (!domain)
        return 0;
    show_field(domain, "floor_why", why, size);
    return json_field_sum(domain, "floor_kib");
}

void host_access_daemon_pinned_by(const struct hv *hv, uint32_t domid, char *out, size_t size)
{
    const struct json_object *domain = find_daemon_host_domain(hv, domid);
    out[0] = '\0';
    if (domain && json_field_sum(domain, "pinned_kib") > 0)
        show_field(domain, "pinned_by", out, size);
}

void host_access_daemon_why(const struct hv *hv, uint32_t domid, char *out, size_t size)
{
    const struct json_object *domain = find_daemon_host_domain(hv, domid);
    const struct json_object *why = domain ? json_field(domain, "why") : NULL;
    out[0] = '\0';
    if (why)
        show_field(why, "message", out, size);
}
