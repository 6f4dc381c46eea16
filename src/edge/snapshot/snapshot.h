/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A host snapshot as JSON, in the format of one line of `ballast decide`'s input:
 *
 *   {"v":1,"t":12.3,
 *    "host":{"total_kib":..,"free_kib":..,"claimed_kib":..,"slush_kib":..,"scrub_kib":..,"xen_kib":..,
 *            "caps":{"hap":true,"shadow":true,"iommu":true,"iommu_hap_pt_share":true,"vmx":false},
 *            "gnttab_max_frames":64,"gnttab_max_maptrack_frames":1024,
 *            "xen_version":"4.17.7","processor":"GenuineIntel-6-55-4",
 *            "xen_parts":{"frame_table":..,"machine_to_physical":..,...},"unexplained_most_kib":..},
 *    "doms":[{"id":3,"name":"web","dom0":false,"state":"run","balloon":true,"tot_kib":..,
 *             "overhead_kib":..,"target_kib":..,"maxmem_kib":..,"dyn_min_kib":..,"dyn_max_kib":..,
 *             "static_max_kib":..,"build_left_kib":..,"used_kib":..,"free_kib":..,"report_age":1.2,
 *             "swap_kib":..,"report_source":"ballast-agent",
 *             "pressure":{"psi_some_permyriad":..,"psi_full_permyriad":..,"refaults":..,
 *                         "swapins":..,"stalls":..,"oom_kills":..,"age":1.2},
 *             "shares":1000,"type":"hvm","video_kib":..}]}
 *
 * Required are host.total_kib and host.free_kib, and a domain's id and tot_kib. Defaults of the
 * host: sizes 0, each of caps true except vmx; gnttab_*, version and processor unknown. Defaults of
 * a domain: state run, not dom0 (unless its id is 0), no balloon, target = tot, dyn_min = dyn_max =
 * target, static_max = dyn_max, maxmem = static_max, shares 1000, no report; null means absent.
 * xen_parts (KiB, all optional) is what Xen itself takes, see core/model/xen_memory.h; where it and
 * xen_kib are missing but xen_version is there, the least that such a host takes.
 * Unknown keys are ignored. Bytes in a name that are not characters, or would control a terminal,
 * become '?'.
 *
 * A snapshot of a running host is not taken at one moment, so the readers accept one whose sums do
 * not match or whose ranges are inconsistent (but not one whose sums exceed 64 bits);
 * snapshot_check() is for callers that do not.
 */
#ifndef EDGE_SNAPSHOT_SNAPSHOT_H
#define EDGE_SNAPSHOT_SNAPSHOT_H

#include <stddef.h>
#include <stdio.h>

#include <ballast/error.h>

#include "core/model/host.h"

struct json_object;
struct json_at;
struct json_reader;

/* What is missing in a host that came as another program's text; bits. */
enum {
    SNAPSHOT_LACKS_DOMAINS = 1,
    SNAPSHOT_LACKS_XEN = 2, /* the memory of Xen itself */
    SNAPSHOT_LACKS_PROCESSOR = 4,
    SNAPSHOT_LACKS_VERSION = 8,
    SNAPSHOT_LACKS_CAPS = 16,
    SNAPSHOT_WHOLE_MIB = 32, /* sizes are rounded down to MiB */
};

/* A host with the memory of its strings and domains. */
struct snapshot {
    struct ballast_host host;
    char *names;
    unsigned lacks; /* 0 for JSON, whose absent keys are the writer's choice */
};

/* All zeros is allowed too. */
void snapshot_release(struct snapshot *snapshot);

/*
 * The host of a file: a snapshot as JSON, the last one of a recording, or the output of `xl info`
 * (xl_info.h); "-" is standard input. Errors as in edge/json/json.h: "file:line: doms[2].tot_kib:
 * ...". On failure *out is unchanged.
 */
int snapshot_read(const char *path, struct snapshot *out, struct ballast_error *err);
int snapshot_parse(const char *name, const char *data, size_t length, struct snapshot *out,
                   struct ballast_error *err);
/* The next of several consecutive snapshots: 1; 0 at the end of the data, with *out unchanged. */
int snapshot_next(struct json_reader *reader, struct snapshot *out, struct ballast_error *err);
/* From a parsed document; `at` is its place. *out does not refer to it. */
int snapshot_from_json(const struct json_object *object, const struct json_at *at,
                       struct snapshot *out, struct ballast_error *err);
/* A phrase about what it lacks, "" if nothing; returns the length like ballast_text. */
size_t snapshot_lacks_text(const struct snapshot *snapshot, char *buf, size_t size);
/* The error of ballast_host_check(), after "path: " ("-" is standard input). */
int snapshot_check(const struct snapshot *snapshot, const char *path, struct ballast_error *err);

/*
 * Writes the host as one line, with a newline. Reading it returns the same host, except that bytes
 * of names that are not text, or would control a terminal, are question marks. -EINVAL, with
 * nothing written, for values without a representation: a size of UINT64_MAX where that does not
 * mean "none", or a time beyond 2^51 us. The errno of a stream that failed; then part of the line
 * may be written.
 */
int snapshot_write_json(FILE *out, const struct ballast_host *host, struct ballast_error *err);

#endif
