/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/snapshot/snapshot.h"

#include <errno.h>
#include <inttypes.h>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/base/units.h"

/*
 * The reader takes seconds as a double: up to this (71 years) every microsecond survives rounding.
 */
#define USEC_MAX (UINT64_C(1) << 51)

struct field {
    const char *key;
    uint64_t value;
};

/* The required fields, in the order of writing. */
enum { HOST_FIELDS = 8, DOMAIN_FIELDS = 9 };

static void host_fields(const struct ballast_host *host, struct field out[HOST_FIELDS])
{
    const struct field fields[HOST_FIELDS] = {
        {"total_kib", host->total_kib},     {"free_kib", host->free_kib},
        {"claimed_kib", host->claimed_kib}, {"reserved_claim_kib", host->reserved_claim_kib},
        {"parked_kib", host->parked_kib},   {"slush_kib", host->slack_kib},
        {"scrub_kib", host->scrub_kib},     {"xen_kib", host->xen_kib},
    };
    for (size_t i = 0; i < HOST_FIELDS; i++)
        out[i] = fields[i];
}

static void domain_fields(const struct ballast_domain *domain, struct field out[DOMAIN_FIELDS])
{
    const struct field fields[DOMAIN_FIELDS] = {
        {"tot_kib", domain->tot_kib},
        {"overhead_kib", domain->overhead_kib},
        {"target_kib", domain->target_kib},
        {"maxmem_kib", domain->maxmem_kib},
        {"dyn_min_kib", domain->dynamic_min_kib},
        {"dyn_max_kib", domain->dynamic_max_kib},
        {"static_max_kib", domain->static_max_kib},
        {"build_left_kib", domain->build_left_kib},
        {"shares", domain->shares},
    };
    for (size_t i = 0; i < DOMAIN_FIELDS; i++)
        out[i] = fields[i];
}

static int check_fields(const struct field *fields, size_t count, struct ballast_error *err)
{
    for (size_t i = 0; i < count; i++) {
        if (fields[i].value == UINT64_MAX)
            return ballast_fail(err, -EINVAL, "%s: %" PRIu64 " cannot be written", fields[i].key,
                                fields[i].value);
    }
    return 0;
}

static int check_age(const char *key, uint64_t age_usec, struct ballast_error *err)
{
    return age_usec > USEC_MAX
               ? ballast_fail(err, -EINVAL, "%s: %" PRIu64 " us cannot be written", key, age_usec)
               : 0;
}

static int check_writable(const struct ballast_host *host, struct ballast_error *err)
{
    struct field of_host[HOST_FIELDS];
    host_fields(host, of_host);
    int rc = check_fields(of_host, HOST_FIELDS, err);
    if (rc == 0 && host->now_usec > USEC_MAX)
        rc = ballast_fail(err, -EINVAL, "t: %" PRIu64 " us cannot be written", host->now_usec);
    for (size_t i = 0; rc == 0 && i < host->domain_count; i++) {
        const struct ballast_domain *domain = &host->domains[i];
        struct field of_domain[DOMAIN_FIELDS];
        domain_fields(domain, of_domain);
        rc = check_fields(of_domain, DOMAIN_FIELDS, err);
        if (rc == 0 && domain->report_age_usec != BALLAST_NONE)
            rc = check_age("report_age", domain->report_age_usec, err);
        if (rc == 0 && domain->pressure.known != 0)
            rc = check_age("pressure.age", domain->pressure.age_usec, err);
    }
    return rc;
}

static void put_fields(FILE *out, const struct field *fields, size_t count, const char *before)
{
    for (size_t i = 0; i < count; i++) {
        (void)fprintf(out, "%s\"%s\":%" PRIu64, before, fields[i].key, fields[i].value);
        before = ",";
    }
}

static void put_flag(FILE *out, const char *before, const char *key, bool flag)
{
    (void)fprintf(out, "%s\"%s\":%s", before, key, flag ? "true" : "false");
}

static void put_seconds(FILE *out, const char *before, const char *key, uint64_t usec)
{
    (void)fprintf(out, "%s\"%s\":%" PRIu64 ".%06" PRIu64, before, key, usec / BALLAST_SEC_USEC,
                  usec % BALLAST_SEC_USEC);
}

/* JSON must be UTF-8, and the reader accepts no control character. */
static void write_name(FILE *out, const char *key, const char *name)
{
    (void)fprintf(out, ",\"%s\":\"", key);
    while (*name) {
        size_t length = ballast_text_character(name);
        if (length == 0)
            (void)fputc('?', out);
        else if (*name == '"' || *name == '\\')
            (void)fprintf(out, "\\%c", *name);
        else
            (void)fwrite(name, 1, length, out);
        name += length ? length : 1;
    }
    (void)fputc('"', out);
}

static void put_xen_parts(FILE *out, const struct ballast_xen_memory *memory)
{
    const char *before = ",\"xen_parts\":{";
    for (int i = 0; i < BALLAST_XEN_PARTS; i++) {
        (void)fprintf(out, "%s\"%s\":%" PRIu64, before,
                      ballast_xen_part_about((enum ballast_xen_part)i)->word, memory->part_kib[i]);
        before = ",";
    }
    (void)fprintf(out, "},\"unexplained_most_kib\":%" PRIu64, memory->unexplained_most_kib);
}

static void put_host(FILE *out, const struct ballast_host *host)
{
    struct field fields[HOST_FIELDS];
    host_fields(host, fields);
    put_seconds(out, "{\"v\":1,", "t", host->now_usec);
    (void)fputs(",\"host\":", out);
    put_fields(out, fields, HOST_FIELDS, "{");
    (void)fputs(",\"caps\":", out);
    put_flag(out, "{", "hap", host->caps.hap);
    put_flag(out, ",", "shadow", host->caps.shadow);
    put_flag(out, ",", "iommu", host->caps.iommu);
    put_flag(out, ",", "iommu_hap_pt_share", host->caps.iommu_hap_pt_share);
    if (host->caps.vmx != ballast_processor_is_vmx(host->processor))
        put_flag(out, ",", "vmx", host->caps.vmx);
    (void)fputc('}', out);
    if (host->caps.gnttab_known)
        (void)fprintf(out,
                      ",\"gnttab_max_frames\":%" PRIu32 ",\"gnttab_max_maptrack_frames\":%" PRIu32,
                      host->caps.gnttab_max_frames, host->caps.gnttab_max_maptrack_frames);
    if (*host->xen_version)
        write_name(out, "xen_version", host->xen_version);
    if (*host->processor)
        write_name(out, "processor", host->processor);
    if (host->xen_memory.known)
        put_xen_parts(out, &host->xen_memory);
    (void)fputc('}', out);
}

static void put_pressure(FILE *out, const struct ballast_pressure *pressure)
{
    (void)fputs(",\"pressure\":{", out);
    for (int i = 0; i < BALLAST_PRESSURES; i++) {
        enum ballast_pressure_kind kind = (enum ballast_pressure_kind)i;
        uint64_t value = ballast_pressure_value(pressure, kind);
        if (value != BALLAST_NONE)
            (void)fprintf(out, "\"%s\":%" PRIu64 ",", ballast_pressure_name(kind), value);
    }
    put_seconds(out, "", "age", pressure->age_usec);
    (void)fputc('}', out);
}

static void put_report(FILE *out, const struct ballast_domain *domain)
{
    enum ballast_report_source source = domain->report_source;
    if (domain->used_kib != BALLAST_NONE)
        (void)fprintf(out, ",\"used_kib\":%" PRIu64, domain->used_kib);
    if (domain->reported_free_kib != BALLAST_NONE)
        (void)fprintf(out, ",\"free_kib\":%" PRIu64, domain->reported_free_kib);
    if (domain->reported_swap_kib > 0)
        (void)fprintf(out, ",\"swap_kib\":%" PRIu64, domain->reported_swap_kib);
    if (domain->report_age_usec != BALLAST_NONE)
        put_seconds(out, ",", "report_age", domain->report_age_usec);
    if (source != BALLAST_REPORT_NONE && source != BALLAST_REPORT_UNKNOWN)
        (void)fprintf(out, ",\"report_source\":\"%s\"", ballast_report_source_name(source));
    if (domain->pressure.known != 0)
        put_pressure(out, &domain->pressure);
}

static void put_domain(FILE *out, const struct ballast_domain *domain)
{
    struct field fields[DOMAIN_FIELDS];
    domain_fields(domain, fields);
    (void)fprintf(out, "{\"id\":%" PRIu32, domain->id);
    write_name(out, "name", domain->name);
    put_flag(out, ",", "dom0", domain->is_dom0);
    (void)fprintf(out, ",\"state\":\"%s\"", ballast_domain_state_name(domain->state));
    if (domain->kind != BALLAST_KIND_UNKNOWN)
        (void)fprintf(out, ",\"type\":\"%s\"", ballast_domain_kind_name(domain->kind));
    put_flag(out, ",", "balloon", domain->has_balloon);
    put_fields(out, fields, DOMAIN_FIELDS, ",");
    if (domain->video_kib > 0)
        (void)fprintf(out, ",\"video_kib\":%" PRIu64, domain->video_kib);
    if (domain->pinned_kib > 0)
        (void)fprintf(out, ",\"pinned_kib\":%" PRIu64, domain->pinned_kib);
    put_report(out, domain);
    (void)fputc('}', out);
}

int snapshot_write_json(FILE *out, const struct ballast_host *host, struct ballast_error *err)
{
    int rc = check_writable(host, err);
    if (rc < 0)
        return rc;
    errno = 0;
    put_host(out, host);
    (void)fputs(",\"doms\":[", out);
    for (size_t i = 0; i < host->domain_count; i++) {
        (void)fputs(i ? "," : "", out);
        put_domain(out, &host->domains[i]);
    }
    (void)fputs("]}\n", out);
    if (ferror(out))
        return ballast_fail(err, errno > 0 ? -errno : -EIO, "the snapshot could not be written");
    return 0;
}
