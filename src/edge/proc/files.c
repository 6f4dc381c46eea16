/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/proc/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/error.h"
#include "edge/proc/parse.h"

/* Three times what vmstat of Linux 6.1 has; what is beyond is not read. */
enum { PROC_TEXT = 16384 };

static int open_below(const char *folder, const char *name)
{
    char path[256];
    int length = snprintf(path, sizeof(path), "%s/%s", folder, name);
    if (length < 0 || (size_t)length >= sizeof(path))
        return -ENAMETOOLONG;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int proc_files_open(const char *proc, const char *sys, struct proc_files *out,
                    struct ballast_error *err)
{
    struct proc_files files = {-1, -1, -1, ""};
    int length =
        snprintf(files.balloon, sizeof(files.balloon), "%s/devices/system/xen_memory", sys);
    if (length < 0 || (size_t)length >= sizeof(files.balloon))
        return ballast_fail(err, -ENAMETOOLONG, "%s: the path is too long: use a shorter one", sys);
    files.meminfo = open_below(proc, "meminfo");
    if (files.meminfo < 0)
        return ballast_fail(err, files.meminfo, "%s/meminfo: %s: mount proc there", proc,
                            strerror(-files.meminfo));
    files.vmstat = open_below(proc, "vmstat");
    files.pressure = open_below(proc, "pressure/memory");
    *out = files;
    return 0;
}

/* From its beginning; the kernel makes the text again. A file of /proc comes in pieces. */
static ssize_t read_from_start(int fd, char *text, size_t size)
{
    size_t length = 0;
    while (length < size) {
        ssize_t got = pread(fd, text + length, size - length, (off_t)length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            break;
        length += (size_t)got;
    }
    return (ssize_t)length;
}

int proc_files_read(const struct proc_files *files, struct proc_sample *out,
                    struct ballast_error *err)
{
    char text[PROC_TEXT];
    struct proc_sample sample = {0};
    ssize_t length = read_from_start(files->meminfo, text, sizeof(text));
    int rc = length < 0 ? (int)length
                        : proc_parse_meminfo(text, (size_t)length, &sample.total_kib,
                                             &sample.available_kib);
    if (rc)
        return ballast_fail(err, rc,
                            "meminfo: %s: a kernel of Linux shows MemTotal and MemFree there",
                            strerror(-rc));
    length = files->vmstat < 0 ? 0 : read_from_start(files->vmstat, text, sizeof(text));
    if (length > 0)
        proc_parse_vmstat(text, (size_t)length, &sample.pressure);
    /* A kernel that keeps no pressure (psi=0) has the file and refuses to read it. */
    length = files->pressure < 0 ? 0 : read_from_start(files->pressure, text, sizeof(text));
    if (length > 0)
        proc_parse_pressure(text, (size_t)length, &sample.pressure);
    sample.has_balloon = access(files->balloon, F_OK) == 0;
    *out = sample;
    return 0;
}

static void close_if_open(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void proc_files_close(struct proc_files *files)
{
    close_if_open(&files->meminfo);
    close_if_open(&files->vmstat);
    close_if_open(&files->pressure);
}
