/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/alone.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/ballastd/engine/clock.h"
#include "app/ballastd/engine/log.h"
#include "app/ballastd/systemd.h"
#include "core/base/error.h"
#include "core/base/units.h"
#include "edge/lock/lock.h"

/*
 * A command has an end: `ballast free` takes 120 s, and 3 s to let memory arrive, where it is not
 * told otherwise.
 */
#define WAIT_USEC  (150 * BALLAST_SEC_USEC)
#define RETRY_USEC (BALLAST_SEC_USEC / 10)

static int refuse_busy(const struct lock_holder *holder, struct ballast_error *err)
{
    if (strcmp(holder->what, LOCK_DAEMON) == 0)
        return ballast_fail(err, -EBUSY, "%s: ballastd %ld is running already: stop it first",
                            holder->path, (long)holder->pid);
    return ballast_fail(err, -EBUSY,
                        "%s: process %ld (%s) is still changing this host's memory: wait for its "
                        "end, or end it",
                        holder->path, (long)holder->pid, holder->pid ? holder->what : "unknown");
}

/* Only said once, however long it takes. */
static void say_waiting(const struct lock_holder *holder)
{
    engine_log(LOG_NOTICE,
               "waiting for process %ld (%s), which is changing this host's memory and holds %s",
               (long)holder->pid, holder->pid ? holder->what : "unknown", holder->path);
    systemd_notify("STATUS=waiting for process %ld (%s)\nEXTEND_TIMEOUT_USEC=%llu",
                   (long)holder->pid, holder->pid ? holder->what : "unknown",
                   (unsigned long long)(WAIT_USEC + BALLAST_SEC_USEC));
}

static int take_lock(const char *dir, struct ballast_error *err)
{
    struct lock_holder holder;
    uint64_t until_usec = clock_real_usec() + WAIT_USEC;
    bool said = false;
    int fd;
    while ((fd = lock_take(dir, LOCK_DAEMON, &holder, err)) == -EWOULDBLOCK) {
        bool is_daemon = strcmp(holder.what, LOCK_DAEMON) == 0;
        if (is_daemon || clock_real_usec() >= until_usec)
            return refuse_busy(&holder, err);
        /* One that has just taken it says who it is a moment later. */
        if (!said && holder.pid > 0) {
            said = true;
            say_waiting(&holder);
        }
        (void)usleep(RETRY_USEC);
    }
    return fd;
}

/* For people and scripts; nothing here reads it. */
static void write_pid(const char *run_dir)
{
    char path[LOCK_PATH];
    (void)snprintf(path, sizeof(path), "%s/ballastd.pid", run_dir);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
    if (fd < 0 || dprintf(fd, "%ld\n", (long)getpid()) < 0)
        engine_log(LOG_WARNING, "%s: %s, ignoring", path, strerror(errno));
    if (fd >= 0)
        (void)close(fd);
}

int alone_in_run_dir(struct alone *alone, const char *run_dir, struct ballast_error *err)
{
    int fd = take_lock(run_dir, err);
    if (fd < 0)
        return fd;
    alone->run_fd = fd;
    write_pid(run_dir);
    return 0;
}

int alone_on_xen(struct alone *alone, struct ballast_error *err)
{
    struct lock_holder holder;
    int fd = lock_take(LOCK_XEN_DIR, LOCK_DAEMON, &holder, err);
    /* The same directory, by whatever name. */
    if (fd == -EWOULDBLOCK && holder.pid == getpid())
        return 0;
    if (fd == -EWOULDBLOCK)
        fd = take_lock(LOCK_XEN_DIR, err);
    if (fd < 0)
        return fd;
    alone->xen_fd = fd;
    return 0;
}

void alone_end(struct alone *alone)
{
    if (alone->xen_fd >= 0)
        (void)close(alone->xen_fd);
    if (alone->run_fd >= 0)
        (void)close(alone->run_fd);
    *alone = ALONE_NONE;
}
