/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/snapshot/snapshot.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/model/commandline.h"
#include "core/model/xen_release.h"
#include "edge/file/file.h"
#include "edge/json/json.h"

struct source {
    const struct json_object *object;
    struct json_at at;
    struct ballast_error *err;
};

void snapshot_release(struct snapshot *snapshot)
{
    free(snapshot->host.domains);
    free(snapshot->names);
    *snapshot = (struct snapshot){0};
}

static int absent_is_fine(int rc)
{
    return rc == -ENOENT ? 0 : rc;
}

static int require_number(const struct source *source, const char *key, uint64_t *out)
{
    int rc = json_get_u64(source->object, key, &source->at, out, source->err);
    if (rc == -ENOENT)
        return json_fail(source->err, &source->at, key, "missing: add it");
    return rc;
}

static int optional_number(const struct source *source, const char *key, uint64_t otherwise,
                           uint64_t *out)
{
    *out = otherwise;
    return absent_is_fine(json_get_u64(source->object, key, &source->at, out, source->err));
}

static int may_bool(const struct source *source, const char *key, bool otherwise, bool *out)
{
    *out = otherwise;
    return absent_is_fine(json_get_bool(source->object, key, &source->at, out, source->err));
}

/* The processor's vendor implies its virtualisation, unless the snapshot states it. */
static int read_caps(const struct source *host, const char *processor,
                     struct ballast_host_caps *out)
{
    struct json_object *object;
    *out = BALLAST_HOST_CAPS_ALL;
    out->vmx = ballast_processor_is_vmx(processor);
    int rc = json_get_object(host->object, "caps", &host->at, &object, host->err);
    if (rc < 0)
        return absent_is_fine(rc);
    struct source caps = {object, json_at_key(&host->at, "caps"), host->err};
    if ((rc = may_bool(&caps, "hap", true, &out->hap)) < 0 ||
        (rc = may_bool(&caps, "shadow", true, &out->shadow)) < 0 ||
        (rc = may_bool(&caps, "iommu", true, &out->iommu)) < 0)
        return rc;
    if ((rc = may_bool(&caps, "iommu_hap_pt_share", true, &out->iommu_hap_pt_share)) < 0)
        return rc;
    return may_bool(&caps, "vmx", out->vmx, &out->vmx);
}

/* Xen's command line; if only one of the two is given, the other is Xen's default. */
static int read_gnttab(const struct source *host, const char *xen_version,
                       struct ballast_host_caps *out)
{
    static const char *const keys[] = {"gnttab_max_frames", "gnttab_max_maptrack_frames"};
    uint64_t limits[] = {BALLAST_GNTTAB_MAX_FRAMES, BALLAST_GNTTAB_MAX_MAPTRACK_FRAMES};
    bool is_there = false;
    for (int i = 0; i < 2; i++) {
        int rc = json_get_u64(host->object, keys[i], &host->at, &limits[i], host->err);
        if (rc < 0 && rc != -ENOENT)
            return rc;
        if (rc == 0 && limits[i] > INT32_MAX)
            return json_fail(host->err, &host->at, keys[i], "at most %d is possible", INT32_MAX);
        is_there |= rc == 0;
    }
    if (is_there)
        ballast_caps_set_gnttab(out, (uint32_t)limits[0], (uint32_t)limits[1], xen_version);
    return 0;
}

/* The version selects the profile of the host, so an invalid one is refused. */
static int read_xen_version(const struct source *host, char out[BALLAST_XEN_VERSION])
{
    const char *word;
    struct ballast_error why;
    struct ballast_xen_release unused;
    int rc = json_get_string(host->object, "xen_version", &host->at, &word, host->err);
    if (rc < 0)
        return absent_is_fine(rc);
    if (ballast_xen_release_parse(word, &unused, &why) < 0)
        return json_fail(host->err, &host->at, "xen_version", "%s", why.text);
    if (strlen(word) >= BALLAST_XEN_VERSION)
        return json_fail(host->err, &host->at, "xen_version", "longer than %d bytes: shorten it",
                         BALLAST_XEN_VERSION - 1);
    memcpy(out, word, strlen(word) + 1);
    ballast_text_make_showable(out);
    return 0;
}

static int read_processor(const struct source *host, char out[BALLAST_PROCESSOR])
{
    const char *word;
    int rc = json_get_string(host->object, "processor", &host->at, &word, host->err);
    if (rc < 0)
        return absent_is_fine(rc);
    if (strlen(word) >= BALLAST_PROCESSOR)
        return json_fail(host->err, &host->at, "processor", "longer than %d bytes: shorten it",
                         BALLAST_PROCESSOR - 1);
    memcpy(out, word, strlen(word) + 1);
    ballast_text_make_showable(out);
    return 0;
}

/* Of a snapshot of Xen that has neither this nor xen_kib: the least that such a host takes. */
static void estimate_xen_parts(struct ballast_host *out)
{
    const struct ballast_xen_facts facts = {
        .total_kib = out->total_kib,
        .version = out->xen_version,
        .vmx = out->caps.vmx,
        .iommu = out->caps.iommu,
    };
    if (*out->xen_version && out->xen_kib == 0)
        ballast_xen_memory(&facts, &out->xen_memory);
}

static int read_xen_parts(const struct source *host, struct ballast_host *out)
{
    struct json_object *object;
    struct ballast_xen_memory made = {.known = true};
    int rc = json_get_object(host->object, "xen_parts", &host->at, &object, host->err);
    if (rc == -ENOENT)
        estimate_xen_parts(out);
    if (rc < 0)
        return absent_is_fine(rc);
    struct source parts = {object, json_at_key(&host->at, "xen_parts"), host->err};
    for (int i = 0; rc == 0 && i < BALLAST_XEN_PARTS; i++)
        rc = optional_number(&parts, ballast_xen_part_about((enum ballast_xen_part)i)->word, 0,
                             &made.part_kib[i]);
    if (rc == 0)
        rc = optional_number(host, "unexplained_most_kib", 0, &made.unexplained_most_kib);
    if (rc == 0)
        out->xen_memory = made;
    return rc;
}

static int read_host(const struct source *top, struct ballast_host *out)
{
    struct json_object *object;
    int rc = json_get_object(top->object, "host", &top->at, &object, top->err);
    if (rc == -ENOENT)
        return json_fail(top->err, &top->at, "host", "missing: add it");
    if (rc < 0)
        return rc;
    struct source host = {object, json_at_key(&top->at, "host"), top->err};
    if ((rc = require_number(&host, "total_kib", &out->total_kib)) < 0 ||
        (rc = require_number(&host, "free_kib", &out->free_kib)) < 0 ||
        (rc = optional_number(&host, "claimed_kib", 0, &out->claimed_kib)) < 0 ||
        (rc = optional_number(&host, "reserved_claim_kib", 0, &out->reserved_claim_kib)) < 0 ||
        (rc = optional_number(&host, "parked_kib", 0, &out->parked_kib)) < 0 ||
        (rc = optional_number(&host, "slush_kib", 0, &out->slack_kib)) < 0 ||
        (rc = optional_number(&host, "scrub_kib", 0, &out->scrub_kib)) < 0 ||
        (rc = optional_number(&host, "xen_kib", 0, &out->xen_kib)) < 0 ||
        (rc = read_xen_version(&host, out->xen_version)) < 0 ||
        (rc = read_processor(&host, out->processor)) < 0)
        return rc;
    if ((rc = read_caps(&host, out->processor, &out->caps)) < 0 ||
        (rc = read_gnttab(&host, out->xen_version, &out->caps)) < 0)
        return rc;
    return read_xen_parts(&host, out);
}

static int read_state(const struct source *dom, struct ballast_domain *out)
{
    const char *word;
    out->state = BALLAST_DOMAIN_RUN;
    int rc = json_get_string(dom->object, "state", &dom->at, &word, dom->err);
    if (rc < 0)
        return absent_is_fine(rc);
    int state = ballast_domain_state_find(word);
    if (state < 0)
        return json_fail(dom->err, &dom->at, "state",
                         "invalid state '%.40s': use run, build, paused or migrating", word);
    out->state = (enum ballast_domain_state)state;
    return 0;
}

/* Other hypervisors have types of their own: they count as unknown. */
static enum ballast_domain_kind read_kind(const struct source *dom)
{
    struct json_object *type;
    if (!json_object_object_get_ex(dom->object, "type", &type) ||
        !json_object_is_type(type, json_type_string))
        return BALLAST_KIND_UNKNOWN;
    return ballast_domain_kind_find(json_object_get_string(type));
}

/* The state, id and name of a domain; the name refers to the document. */
static int read_identity(const struct source *dom, struct ballast_domain *out)
{
    uint64_t id;
    int rc = require_number(dom, "id", &id);
    if (rc < 0)
        return rc;
    if (id > UINT32_MAX)
        return json_fail(dom->err, &dom->at, "id", "%llu: at most %u is possible",
                         (unsigned long long)id, UINT32_MAX);
    out->id = (uint32_t)id;
    out->kind = read_kind(dom);
    out->name = "";
    if ((rc = absent_is_fine(
             json_get_string(dom->object, "name", &dom->at, &out->name, dom->err))) < 0 ||
        (rc = read_state(dom, out)) < 0 ||
        (rc = may_bool(dom, "dom0", out->id == 0, &out->is_dom0)) < 0)
        return rc;
    return may_bool(dom, "balloon", false, &out->has_balloon);
}

static int read_sizes(const struct source *dom, struct ballast_domain *out)
{
    int rc;
    if ((rc = require_number(dom, "tot_kib", &out->tot_kib)) < 0 ||
        (rc = optional_number(dom, "video_kib", 0, &out->video_kib)) < 0 ||
        (rc = optional_number(dom, "overhead_kib", 0, &out->overhead_kib)) < 0 ||
        (rc = optional_number(dom, "target_kib", out->tot_kib, &out->target_kib)) < 0 ||
        (rc = optional_number(dom, "dyn_min_kib", out->target_kib, &out->dynamic_min_kib)) < 0 ||
        (rc = optional_number(dom, "dyn_max_kib", out->target_kib, &out->dynamic_max_kib)) < 0 ||
        (rc = optional_number(dom, "static_max_kib", out->dynamic_max_kib, &out->static_max_kib)) <
            0 ||
        (rc = optional_number(dom, "maxmem_kib", out->static_max_kib, &out->maxmem_kib)) < 0)
        return rc;
    if ((rc = optional_number(dom, "pinned_kib", 0, &out->pinned_kib)) < 0)
        return rc;
    return optional_number(dom, "build_left_kib", 0, &out->build_left_kib);
}

static int read_pressure_value(const struct source *pressure, enum ballast_pressure_kind kind,
                               struct ballast_pressure *out)
{
    const char *key = ballast_pressure_name(kind);
    uint64_t most = ballast_pressure_most(kind);
    uint64_t value;
    int rc = json_get_u64(pressure->object, key, &pressure->at, &value, pressure->err);
    if (rc < 0)
        return absent_is_fine(rc);
    if (value > most)
        return json_fail(pressure->err, &pressure->at, key, "at most %" PRIu64 " is possible",
                         most);
    out->values[kind] = value;
    out->known |= UINT32_C(1) << kind;
    return 0;
}

static int read_pressure(const struct source *dom, struct ballast_pressure *out)
{
    struct json_object *object;
    int rc = json_get_object(dom->object, "pressure", &dom->at, &object, dom->err);
    if (rc < 0)
        return absent_is_fine(rc);
    struct source pressure = {object, json_at_key(&dom->at, "pressure"), dom->err};
    for (int kind = 0; kind < BALLAST_PRESSURES; kind++) {
        rc = read_pressure_value(&pressure, (enum ballast_pressure_kind)kind, out);
        if (rc < 0)
            return rc;
    }
    return absent_is_fine(
        json_get_seconds(object, "age", &pressure.at, &out->age_usec, pressure.err));
}

/* One of another version of this program counts as unknown, and so does none where there is a
 * report. */
static enum ballast_report_source read_source(const struct source *dom, bool reports)
{
    struct json_object *word;
    int source = -ENOENT;
    if (json_object_object_get_ex(dom->object, "report_source", &word) &&
        json_object_is_type(word, json_type_string))
        source = ballast_report_source_find(json_object_get_string(word));
    if (source > BALLAST_REPORT_UNKNOWN)
        return (enum ballast_report_source)source;
    return reports ? BALLAST_REPORT_UNKNOWN : BALLAST_REPORT_NONE;
}

static int read_report(const struct source *dom, struct ballast_domain *out)
{
    int rc;
    out->report_age_usec = BALLAST_NONE;
    if ((rc = optional_number(dom, "shares", BALLAST_DEFAULT_SHARES, &out->shares)) < 0 ||
        (rc = optional_number(dom, "used_kib", BALLAST_NONE, &out->used_kib)) < 0 ||
        (rc = optional_number(dom, "free_kib", BALLAST_NONE, &out->reported_free_kib)) < 0 ||
        (rc = optional_number(dom, "swap_kib", 0, &out->reported_swap_kib)) < 0 ||
        (rc = read_pressure(dom, &out->pressure)) < 0)
        return rc;
    out->report_source =
        read_source(dom, out->used_kib != BALLAST_NONE || out->reported_free_kib != BALLAST_NONE);
    return absent_is_fine(
        json_get_seconds(dom->object, "report_age", &dom->at, &out->report_age_usec, dom->err));
}

static int read_domain(const struct source *dom, struct ballast_domain *out)
{
    int rc;
    if (!json_object_is_type(dom->object, json_type_object))
        return json_fail(dom->err, &dom->at, NULL, "a domain must be a JSON object");
    if ((rc = read_identity(dom, out)) < 0 || (rc = read_sizes(dom, out)) < 0)
        return rc;
    return read_report(dom, out);
}

static int read_domains(const struct source *top, const struct json_object *doms,
                        struct snapshot *out)
{
    size_t count = json_object_array_length(doms);
    out->host.domains = count ? calloc(count, sizeof(*out->host.domains)) : NULL;
    if (count && !out->host.domains)
        return ballast_fail(top->err, -ENOMEM, "out of memory");
    out->host.domain_count = count;
    struct json_at at = json_at_key(&top->at, "doms");
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < count; i++) {
        struct source dom = {json_object_array_get_idx(doms, i), json_at_item(&at, i), top->err};
        rc = read_domain(&dom, &out->host.domains[i]);
    }
    return rc;
}

/* Copies the names of the domains, which refer to the document so far, and makes them printable. */
static int own_names(struct snapshot *snapshot, struct ballast_error *err)
{
    size_t size = 0;
    for (size_t i = 0; i < snapshot->host.domain_count; i++)
        size += strlen(snapshot->host.domains[i].name) + 1;
    snapshot->names = malloc(size ? size : 1);
    if (!snapshot->names)
        return ballast_fail(err, -ENOMEM, "out of memory");
    char *next = snapshot->names;
    for (size_t i = 0; i < snapshot->host.domain_count; i++) {
        const char *name = snapshot->host.domains[i].name;
        size_t length = strlen(name) + 1;
        snapshot->host.domains[i].name = memcpy(next, name, length);
        ballast_text_make_showable(next);
        next += length;
    }
    return 0;
}

static int check_snapshot_version(const struct source *top)
{
    uint64_t version;
    int rc = optional_number(top, "v", 1, &version);
    if (rc == 0 && version != 1)
        return json_fail(top->err, &top->at, "v", "%llu: use version 1",
                         (unsigned long long)version);
    return rc;
}

/* Sums need not match, but they must fit in 64 bits: the callers add these sizes. */
static int check_sum(const struct source *top, const struct ballast_host *host)
{
    struct ballast_error why;
    uint64_t unused;
    if (ballast_host_sum(host, &unused, &why) < 0)
        return json_fail(top->err, &top->at, NULL, "%s", why.text);
    return 0;
}

static int fill_snapshot(const struct source *top, struct snapshot *out)
{
    struct json_object *doms;
    int rc;
    if ((rc = check_snapshot_version(top)) < 0 ||
        (rc = absent_is_fine(
             json_get_seconds(top->object, "t", &top->at, &out->host.now_usec, top->err))) < 0 ||
        (rc = read_host(top, &out->host)) < 0)
        return rc;
    rc = json_get_array(top->object, "doms", &top->at, &doms, top->err);
    if (rc == 0)
        rc = read_domains(top, doms, out);
    if ((rc = absent_is_fine(rc)) < 0 || (rc = check_sum(top, &out->host)) < 0)
        return rc;
    return own_names(out, top->err);
}

int snapshot_from_json(const struct json_object *object, const struct json_at *at,
                       struct snapshot *out, struct ballast_error *err)
{
    struct source top = {object, *at, err};
    struct snapshot made = {0};
    if (!json_object_is_type(object, json_type_object))
        return json_fail(err, at, NULL, "a snapshot must be a JSON object");
    int rc = fill_snapshot(&top, &made);
    if (rc < 0)
        snapshot_release(&made);
    else
        *out = made;
    return rc;
}

int snapshot_next(struct json_reader *reader, struct snapshot *out, struct ballast_error *err)
{
    struct json_object *object;
    struct json_at at;
    int rc = json_next(reader, &object, &at, err);
    if (rc < 0 || !object)
        return rc;
    rc = snapshot_from_json(object, &at, out, err);
    json_object_put(object);
    return rc < 0 ? rc : 1;
}

size_t snapshot_lacks_text(const struct snapshot *snapshot, char *buf, size_t size)
{
    static const struct {
        unsigned bit;
        const char *what;
    } rows[] = {
        {SNAPSHOT_LACKS_DOMAINS, "its domains (append the output of `xl list`)"},
        {SNAPSHOT_LACKS_XEN, "the memory of Xen itself, of which a minimum is computed"},
        {SNAPSHOT_LACKS_PROCESSOR, "the processor"},
        {SNAPSHOT_LACKS_VERSION, "the version of Xen"},
        {SNAPSHOT_LACKS_CAPS, "the host's capabilities"},
    };
    struct ballast_text text = ballast_text_over(buf, size);
    const char *before = "it lacks ";
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (!(snapshot->lacks & rows[i].bit))
            continue;
        ballast_text_add(&text, "%s%s", before, rows[i].what);
        before = ", ";
    }
    if (snapshot->lacks & SNAPSHOT_WHOLE_MIB)
        ballast_text_add(&text, "%ssizes are whole MiB", text.length > 0 ? "; " : "");
    return text.length;
}

int snapshot_check(const struct snapshot *snapshot, const char *path, struct ballast_error *err)
{
    struct ballast_error why;
    int rc = ballast_host_check(&snapshot->host, &why);
    if (rc == 0)
        return 0;
    (void)ballast_fail(err, rc, "%s: %s", file_name(path), why.text);
    if (err)
        json_printable(err->text);
    return rc;
}
