/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/host/host_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/error.h"
#include "edge/snapshot/snapshot.h"

struct host_file {
    struct hv hv; /* first */
    struct snapshot snapshot;
};

static const struct host_file *host_file_of(const struct hv *hv)
{
    return (const struct host_file *)hv;
}

static int refresh_host_file(struct hv *hv, const struct ballast_host **out,
                             struct ballast_error *err)
{
    (void)err;
    *out = &host_file_of(hv)->snapshot.host;
    return 0;
}

static int refuse_change(const struct hv *hv, struct ballast_error *err)
{
    return ballast_fail(err, -EPERM, "%s: a file cannot be changed: use xen or sim[:SCENARIO]",
                        hv->name);
}

static int set_in_host_file(struct hv *hv, uint32_t domid, uint64_t target_kib, uint64_t maxmem_kib,
                            struct ballast_error *err)
{
    (void)domid;
    (void)target_kib;
    (void)maxmem_kib;
    return refuse_change(hv, err);
}

static void close_host_file(struct hv *hv)
{
    struct host_file *file = (struct host_file *)hv;
    snapshot_release(&file->snapshot);
    free(file);
}

static uint64_t host_file_lasts_usec(const struct hv *hv)
{
    (void)hv;
    return 0;
}

static uint64_t host_file_now_usec(const struct hv *hv)
{
    return host_file_of(hv)->snapshot.host.now_usec;
}

int host_file_open(const struct host_options *options, struct hv **out, struct ballast_error *err)
{
    static const struct hv_ops ops = {.name = "file",
                                      .refresh = refresh_host_file,
                                      .set = set_in_host_file,
                                      .close = close_host_file,
                                      .lasts_usec = host_file_lasts_usec,
                                      .now_usec = host_file_now_usec};
    const char *path = options->which;
    struct host_file *file = calloc(1, sizeof(*file));
    if (!file)
        return ballast_fail(err, -ENOMEM, "out of memory");
    file->hv.ops = &ops;
    (void)snprintf(file->hv.name, sizeof(file->hv.name), "%s", path);
    int rc = options->read_only ? snapshot_read(path, &file->snapshot, err)
                                : refuse_change(&file->hv, err);
    if (rc == 0 && !options->unchecked)
        rc = snapshot_check(&file->snapshot, path, err);
    if (rc < 0) {
        close_host_file(&file->hv);
        return rc;
    }
    if (file->snapshot.lacks && options->lacks)
        options->lacks(&file->snapshot, path);
    *out = &file->hv;
    return 0;
}
