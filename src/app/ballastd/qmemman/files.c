/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/qmemman/files.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/ballastd/engine/engine.h"
#include "app/ballastd/engine/log.h"
#include "app/ballastd/engine/overlay.h"
#include "app/ballastd/qmemman/preference.h"
#include "core/base/error.h"
#include "core/base/units.h"
#include "core/model/host.h"
#include "core/policy/balancer.h"
#include "edge/qmemman/qmemman.h"

#define STOP_FILE  "do-not-membalance"
#define AVAIL_FILE "qmemman-avail-mem"

/* So much less or more is worth a write, which wakes those who watch the file. */
#define WORTH_BYTES (INT64_C(16) << 20)

/* do-not-membalance */

static bool is_stopped(const char *dir)
{
    char path[PATH_MAX];
    struct stat found;
    (void)snprintf(path, sizeof(path), "%s/" STOP_FILE, dir);
    return stat(path, &found) == 0 && S_ISREG(found.st_mode);
}

static void stop_or_go_on(struct qmemman_files *files, bool sizes)
{
    bool rests = is_stopped(files->dir);
    if (rests != files->rests)
        engine_log(LOG_NOTICE,
                   rests ? "balancing: stops while %s/" STOP_FILE " is there, but for requests"
                         : "balancing: %s/" STOP_FILE " is gone, goes on",
                   files->dir);
    files->rests = rests;
    engine_rest(files->engine, rests && !sizes);
}

/* qmemman-avail-mem */

static bool counts_as_donor(struct engine *engine, uint32_t domid)
{
    struct domain_estimate estimate;
    return balancer_estimate(engine_balancer(engine), domid, &estimate) < 0 ||
           (estimate.balloon_status != BALLOON_STUCK &&
            estimate.balloon_status != BALLOON_NO_DRIVER);
}

/* What is available, and what guests have beyond what they prefer, or lack. */
static int64_t available_bytes(const struct qmemman_files *files)
{
    const struct ballast_host *host = overlay_snapshot(engine_overlay(files->engine));
    int64_t kib = (int64_t)engine_available_kib(files->engine);
    for (size_t i = 0; i < host->domain_count; i++) {
        const struct ballast_domain *domain = &host->domains[i];
        uint64_t preferred_kib = qmemman_preferred_kib(files->conf, domain);
        if (preferred_kib != BALLAST_NONE && counts_as_donor(files->engine, domain->id))
            kib += (int64_t)ballast_max_u64(domain->tot_kib, domain->target_kib) -
                   (int64_t)preferred_kib;
    }
    return kib * 1024;
}

/* Others may write to the directory: nothing of theirs is followed or written to. */
static int replace_file(const char *dir, const char *text, struct ballast_error *err)
{
    static const char new_name[] = AVAIL_FILE ".tmp";
    int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir_fd < 0)
        return ballast_fail(err, -errno, "%s: %s", dir, strerror(errno));
    (void)unlinkat(dir_fd, new_name, 0);
    int fd = openat(dir_fd, new_name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    size_t length = strlen(text);
    if (fd >= 0)
        errno = ENOSPC; /* where it is not written as a whole */
    bool done = fd >= 0 && fchmod(fd, 0644) == 0 && write(fd, text, length) == (ssize_t)length &&
                renameat(dir_fd, new_name, dir_fd, AVAIL_FILE) == 0;
    int rc = done ? 0 : ballast_fail(err, -errno, "%s/" AVAIL_FILE ": %s", dir, strerror(errno));
    if (fd >= 0)
        (void)close(fd);
    (void)close(dir_fd);
    return rc;
}

static bool is_worth_a_write(const struct qmemman_files *files, int64_t bytes, uint64_t now_usec)
{
    int64_t apart =
        bytes > files->written_bytes ? bytes - files->written_bytes : files->written_bytes - bytes;
    return now_usec >= ballast_add_ceil(files->written_usec, BALLAST_SEC_USEC) &&
           (!files->written || apart >= WORTH_BYTES);
}

static void write_available(struct qmemman_files *files, uint64_t now_usec)
{
    char text[QMEMMAN_AVAIL_TEXT];
    struct ballast_error err;
    int64_t bytes = available_bytes(files);
    if (!is_worth_a_write(files, bytes, now_usec))
        return;
    qmemman_avail_text(bytes, text);
    int rc = replace_file(files->dir, text, &err);
    if (rc < 0 && !files->failed)
        engine_log(LOG_WARNING, "%s, ignoring: qubesd preloads disposables without a limit",
                   err.text);
    files->failed = rc < 0;
    files->written = rc == 0;
    files->written_bytes = bytes;
    files->written_usec = now_usec;
}

void qmemman_files_go_on(struct qmemman_files *files, bool sizes)
{
    const struct ballast_host *host = overlay_snapshot(engine_overlay(files->engine));
    if (files->dir[0] == '\0' || !host || !engine_is_ready(files->engine) ||
        host->now_usec == files->seen_usec)
        return;
    files->seen_usec = host->now_usec;
    stop_or_go_on(files, sizes);
    write_available(files, host->now_usec);
}
