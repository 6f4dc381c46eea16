/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Preloaded into a program: its clock is that of the program that has mapped the file that
 * $CLOCK_PLAN names. While `stands_nsec` is not 0, that is the time, and whoever waits for a time
 * looks again soon, since another one can be set at any moment. How often the program has waited is
 * counted, and for how long it would.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { SOON_MSEC = 10, SEC_NSEC = 1000000000 };

struct plan {
    _Atomic uint64_t stands_nsec;
    _Atomic uint64_t waits;
    _Atomic int64_t wait_msec; /* the last one; -1: until something comes */
};

static struct plan *plan;

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("CLOCK_PLAN");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *map =
        fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(*plan), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map != MAP_FAILED)
        plan = map;
    if (fd >= 0)
        close(fd);
}

__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, struct timespec *now)
{
    uint64_t stands_nsec = plan ? atomic_load(&plan->stands_nsec) : 0;
    if (stands_nsec == 0 || (clock != CLOCK_MONOTONIC && clock != CLOCK_MONOTONIC_COARSE))
        return (int)syscall(SYS_clock_gettime, clock, now);
    now->tv_sec = (time_t)(stands_nsec / SEC_NSEC);
    now->tv_nsec = (long)(stands_nsec % SEC_NSEC);
    return 0;
}

__attribute__((visibility("default"))) int poll(struct pollfd *fds, nfds_t count, int msec)
{
    if (!plan)
        return (int)syscall(SYS_poll, fds, count, msec);
    atomic_store(&plan->wait_msec, msec);
    atomic_fetch_add(&plan->waits, 1);
    if (atomic_load(&plan->stands_nsec) != 0 && msec > SOON_MSEC)
        msec = SOON_MSEC;
    return (int)syscall(SYS_poll, fds, count, msec);
}
