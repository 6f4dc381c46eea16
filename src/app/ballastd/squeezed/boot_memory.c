/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/squeezed/boot_memory.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ballastd/engine/log.h"
#include "core/base/units.h"
#include "core/model/host.h"
#include "edge/file/file.h"

/* xen-api, ocaml/squeezed/src/memory_server.ml: decimal bytes, for the whole boot. */
#define SQUEEZEDS "/var/run/nonpersistent/xapi/boot_time_memory"
#define OURS      "squeezed-boot-memory"

enum { MOST_DIGITS = 64 };

/* 0: the file is missing, cannot be read, or is not a positive number. */
static int64_t read_bytes_file(const char *path)
{
    char *data = NULL;
    size_t length = 0;
    char text[MOST_DIGITS + 1] = "";
    if (file_read(path, FILE_REGULAR, MOST_DIGITS, &data, &length, NULL) < 0)
        return 0;
    memcpy(text, data, length);
    free(data);
    char *end;
    errno = 0;
    long long bytes = strtoll(text, &end, 10);
    return errno == 0 && bytes > 0 && end[strspn(end, "\n")] == '\0' ? bytes : 0;
}

/* A file written in part reads as another number, so it is renamed when it is complete. */
static void keep_bytes(const char *path, int64_t bytes)
{
    char new_path[512];
    (void)snprintf(new_path, sizeof(new_path), "%s.new", path);
    FILE *file = fopen(new_path, "we");
    bool kept = file && fprintf(file, "%" PRId64, bytes) > 0;
    if (file && fclose(file) != 0)
        kept = false;
    if (!kept || rename(new_path, path) < 0)
        engine_log(LOG_WARNING, "%s: %s, ignoring: what was free at boot is computed again", path,
                   strerror(errno));
}

static int64_t bytes_now(const struct ballast_host *host)
{
    uint64_t kib = host->free_kib;
    for (size_t i = 0; i < host->domain_count; i++) {
        kib = ballast_add_ceil(kib, host->domains[i].tot_kib);
        kib = ballast_add_ceil(kib, host->domains[i].overhead_kib);
    }
    kib = ballast_min_u64(kib, host->total_kib) / BALLAST_PAGE_KIB * BALLAST_PAGE_KIB;
    return (int64_t)(kib * 1024);
}

int64_t squeezed_boot_bytes(const struct ballast_host *host, const char *run_dir, bool is_machine)
{
    char path[256];
    (void)snprintf(path, sizeof(path), "%.200s/" OURS, run_dir);
    int64_t bytes = is_machine ? read_bytes_file(SQUEEZEDS) : 0;
    if (bytes == 0)
        bytes = read_bytes_file(path);
    if (bytes > 0 || !host)
        return bytes;
    bytes = bytes_now(host);
    keep_bytes(path, bytes);
    return bytes;
}
