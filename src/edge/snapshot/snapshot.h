/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A host snapshot as JSON, in the shape that `ballast decide` reads a line of:
 *
 *   {"v":1,"t":12.3,
 *    "host":{"total_kib":..,"free_kib":..,"claimed_kib":..,"slush_kib":..,"scrub_kib":..,"xen_kib":..,
 *            "caps":{"hap":true,"shadow":true,"iommu":true,"iommu_hap_pt_share":true,"vmx":false},
 *            "gnttab_max_frames":64,"gnttab_max_maptrack_frames":1024,
 *            "xen_version":"4.17.7","processor":"GenuineIntel-6-55-4"},
 *    "doms":[{"id":3,"name":"web","dom0":false,"state":"run","balloon":true,"tot_kib":..,
 *             "overhead_kib":..,"target_kib":..,"maxmem_kib":..,"dyn_min_kib":..,"dyn_max_kib":..,
 *             "static_max_kib":..,"build_left_kib":..,"used_kib":..,"free_kib":..,"report_age":1.2,
 *             "shares":1000,"type":"hvm","video_kib":..}]}
 *
 * Only host.total_kib and host.free_kib, and a domain's id and tot_kib, must be there. What the
 * host leaves out is 0, each of caps true but vmx; gnttab_*, version and processor are not known.
 * What a domain leaves out: state run, no dom0 (id 0 is), no balloon, target = tot, dyn_min =
 * dyn_max = target, static_max = dyn_max, maxmem = static_max, shares 1000, no report; null is the
 * same as absent. Unknown keys are ignored. What is no character in a name, or would steer a
 * terminal, becomes '?'.
 *
 * A snapshot of a running host is not one moment, so the readers take one whose sums do not close
 * or whose ranges contradict themselves (but not one whose sums leave 64 bits); snapshot_check() is
 * for those who do not.
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

/* What a host that came as the text of another program does not say; bits. */
enum {
    SNAPSHOT_LACKS_DOMAINS = 1,
    SNAPSHOT_LACKS_XEN = 2, /* what Xen itself takes */
    SNAPSHOT_LACKS_PROCESSOR = 4,
    SNAPSHOT_LACKS_VERSION = 8,
    SNAPSHOT_LACKS_CAPS = 16,
    SNAPSHOT_WHOLE_MIB = 32, /* sizes are rounded down to them */
};

/* A host with the memory behind its strings and domains. */
struct snapshot {
    struct ballast_host host;
    char *names;
    unsigned lacks; /* 0 of JSON, where what is absent was chosen by whoever wrote it */
};

/* A snapshot that is all zeros is fine too. */
void snapshot_release(struct snapshot *snapshot);

/*
 * The host of a file: a snapshot as JSON, the last one of a recording, or what `xl info` prints
 * (xl_info.h); "-" is standard input. Errors as edge/json/json.h: "file:line:
 * doms[2].tot_kib: ...". On failure *out is as it was.
 */
int snapshot_read(const char *path, struct snapshot *out, struct ballast_error *err);
int snapshot_parse(const char *name, const char *data, size_t length, struct snapshot *out,
                   struct ballast_error *err);
/* The next of several, one behind the other: 1; 0 at the end of the data, with *out as it was. */
int snapshot_next(struct json_reader *reader, struct snapshot *out, struct ballast_error *err);
/* From a document that is parsed already; `at` says where it stands. *out does not refer to it. */
int snapshot_from_json(const struct json_object *object, const struct json_at *at,
                       struct snapshot *out, struct ballast_error *err);
/* Half a sentence of what it lacks, "" where that is nothing; the length as ballast_text has it. */
size_t snapshot_lacks_text(const struct snapshot *snapshot, char *buf, size_t size);
/* What ballast_host_check() says of it, after "path: " ("-" is standard input). */
int snapshot_check(const struct snapshot *snapshot, const char *path, struct ballast_error *err);

/*
 * The host as one line, with its end: read again it is the same host, except that bytes of names
 * which are no text, or would steer a terminal, are question marks. -EINVAL, with nothing written,
 * for what cannot be said: a size of UINT64_MAX where that is not "none", or a time beyond 2^51 us.
 * The errno of a stream that failed; what was written then is part of the line.
 */
int snapshot_write_json(FILE *out, const struct ballast_host *host, struct ballast_error *err);

#endif
