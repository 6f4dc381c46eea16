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
 * A command has an end, but --timeout may put it off for as long as its user likes. systemd is
 * asked for so much time, and again before it is over.
 */
#define EXTEND_USEC (150 * BALLAST_SEC_USEC)
#define AGAIN_USEC  (EXTEND_USEC / 2)
#define RETRY_USEC  (BALLAST_SEC_USEC / 10)

static int refuse_second_daemon(const struct lock_holder *holder, struct ballast_error *err)
{
    return ballast_fail(err, -EBUSY, "%s: ballastd %ld is running already: stop it first",
                        holder->path, (long)holder->pid);
}

/* Only logged once, however long it takes. */
static void say_waiting(const struct lock_holder *holder, bool first)
{
    if (first)
        engine_log(
            LOG_NOTICE,
            "waiting for process %ld (%s), which is changing this host's memory and holds %s",
            (long)holder->pid, holder->what, holder->path);
    systemd_notify("STATUS=waiting for process %ld (%s)\nEXTEND_TIMEOUT_USEC=%llu",
                   (long)holder->pid, holder->what,
                   (unsigned long long)(EXTEND_USEC + BALLAST_SEC_USEC));
}

/* The kernel releases the lock of a command that dies. */
static int take_lock(const char *dir, struct ballast_error *err)
{
    struct lock_holder holder;
    uint64_t said_usec = 0;
    int fd;
    while ((fd = lock_take(dir, LOCK_DAEMON, &holder, err)) == -EWOULDBLOCK) {
        uint64_t now_usec = clock_real_usec();
        if (strcmp(holder.what, LOCK_DAEMON) == 0)
            return refuse_second_daemon(&holder, err);
        /* A program that has just taken it writes its name a moment later. */
        if (holder.pid > 0 && (said_usec == 0 || now_usec - said_usec >= AGAIN_USEC)) {
            say_waiting(&holder, said_usec == 0);
            said_usec = now_usec;
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
