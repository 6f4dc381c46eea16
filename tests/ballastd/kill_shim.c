/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Preloaded into a process, kills it with SIGKILL at its N-th writing act. An act is a call that
 * changes a file, a directory or what a peer sees, counted before it is carried out, and the first
 * store into a piece of a shared mapping since two others were written to: pieces are kept
 * write-protected, and a fault is the act.
 *
 *   KILL_SHIM_AT=N     which one; without it nothing is killed
 *   KILL_SHIM_TORN=1   of a write of several bytes, half of them are written first
 *   KILL_SHIM_LOG=FILE the names of all acts, in order; the one that was killed at is the last
 */
/* Both names of each call are defined, not one as the other. */
#undef _FILE_OFFSET_BITS
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define SHIM __attribute__((visibility("default")))

/* An image of the simulated host has three of them or more, so that its last store is an act. */
enum { PIECE = 8192, MAPS = 4 };

struct mapping {
    unsigned char *begin;
    size_t bytes;
    unsigned char *open[2]; /* pieces that may be written to: a store may lie across two */
};

static struct mapping maps[MAPS];
static size_t map_count;
static uint64_t acts;
static uint64_t fatal_act;
static bool torn;
static int log_fd = -1;

__attribute__((constructor)) static void begin(void)
{
    const char *at = getenv("KILL_SHIM_AT");
    const char *path = getenv("KILL_SHIM_LOG");
    torn = getenv("KILL_SHIM_TORN") != NULL;
    fatal_act = at ? strtoull(at, NULL, 10) : 0;
    if (path)
        log_fd = (int)syscall(SYS_openat, AT_FDCWD, path,
                              O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
}

static void die(void)
{
    syscall(SYS_kill, getpid(), SIGKILL);
}

/* true: this is the act. */
static bool is_fatal(const char *name)
{
    if (log_fd >= 0) {
        char line[32];
        size_t length = strlen(name);
        memcpy(line, name, length);
        line[length] = '\n';
        syscall(SYS_write, log_fd, line, length + 1);
    }
    return ++acts == fatal_act;
}

static void act(const char *name)
{
    if (is_fatal(name))
        die();
}

SHIM ssize_t write(int fd, const void *data, size_t length)
{
    if (is_fatal("write")) {
        if (torn && length > 1)
            syscall(SYS_write, fd, data, length / 2);
        die();
    }
    return syscall(SYS_write, fd, data, length);
}

static ssize_t write_at(int fd, const void *data, size_t length, off_t at)
{
    if (is_fatal("pwrite")) {
        if (torn && length > 1)
            syscall(SYS_pwrite64, fd, data, length / 2, at);
        die();
    }
    return syscall(SYS_pwrite64, fd, data, length, at);
}

SHIM ssize_t pwrite(int fd, const void *data, size_t length, off_t at)
{
    return write_at(fd, data, length, at);
}

SHIM ssize_t pwrite64(int fd, const void *data, size_t length, off64_t at)
{
    return write_at(fd, data, length, at);
}

SHIM ssize_t writev(int fd, const struct iovec *parts, int count)
{
    act("writev");
    return syscall(SYS_writev, fd, parts, count);
}

SHIM ssize_t send(int fd, const void *data, size_t length, int flags)
{
    act("send");
    return syscall(SYS_sendto, fd, data, length, flags, NULL, 0);
}

SHIM ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    act("sendmsg");
    return syscall(SYS_sendmsg, fd, message, flags);
}

SHIM int fsync(int fd)
{
    act("fsync");
    return (int)syscall(SYS_fsync, fd);
}

SHIM int fdatasync(int fd)
{
    act("fdatasync");
    return (int)syscall(SYS_fdatasync, fd);
}

SHIM int msync(void *begin_at, size_t length, int flags)
{
    act("msync");
    return (int)syscall(SYS_msync, begin_at, length, flags);
}

SHIM int ftruncate(int fd, off_t length)
{
    act("ftruncate");
    return (int)syscall(SYS_ftruncate, fd, length);
}

SHIM int ftruncate64(int fd, off64_t length)
{
    act("ftruncate");
    return (int)syscall(SYS_ftruncate, fd, length);
}

SHIM int rename(const char *from, const char *to)
{
    act("rename");
    return (int)syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to);
}

SHIM int unlink(const char *path)
{
    act("unlink");
    return (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

SHIM int mkdir(const char *path, mode_t mode)
{
    act("mkdir");
    return (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
}

SHIM int chmod(const char *path, mode_t mode)
{
    act("chmod");
    return (int)syscall(SYS_fchmodat, AT_FDCWD, path, mode);
}

SHIM int chown(const char *path, uid_t uid, gid_t gid)
{
    act("chown");
    return (int)syscall(SYS_fchownat, AT_FDCWD, path, uid, gid, 0);
}

SHIM int fchown(int fd, uid_t uid, gid_t gid)
{
    act("fchown");
    return (int)syscall(SYS_fchown, fd, uid, gid);
}

SHIM int bind(int fd, const struct sockaddr *address, socklen_t length)
{
    act("bind");
    return (int)syscall(SYS_bind, fd, address, length);
}

static int open_file(const char *path, int flags, mode_t mode)
{
    if (flags & (O_CREAT | O_TRUNC))
        act("open");
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

SHIM int open(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
    va_end(args);
    return open_file(path, flags, mode);
}

SHIM int open64(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
    va_end(args);
    return open_file(path, flags, mode);
}

/* Shared mappings */

static size_t piece_bytes(const struct mapping *map, const unsigned char *piece)
{
    size_t left = (size_t)(map->begin + map->bytes - piece);
    return left < PIECE ? left : PIECE;
}

static void written_to(int number, siginfo_t *info, void *context)
{
    unsigned char *at = info->si_addr;
    (void)context;
    for (size_t i = 0; i < map_count; i++) {
        struct mapping *map = &maps[i];
        if (at < map->begin || at >= map->begin + map->bytes)
            continue;
        unsigned char *piece = map->begin + (size_t)(at - map->begin) / PIECE * PIECE;
        act("store");
        if (map->open[1])
            syscall(SYS_mprotect, map->open[1], piece_bytes(map, map->open[1]), PROT_READ);
        map->open[1] = map->open[0];
        map->open[0] = piece;
        syscall(SYS_mprotect, piece, piece_bytes(map, piece), PROT_READ | PROT_WRITE);
        return;
    }
    /* A fault of the process's own: it comes again, and is deadly. */
    signal(number, SIG_DFL);
}

static void guard(void *begin_at, size_t bytes)
{
    struct sigaction action = {.sa_sigaction = written_to, .sa_flags = SA_SIGINFO};
    if (map_count == MAPS)
        abort();
    maps[map_count++] = (struct mapping){.begin = begin_at, .bytes = bytes};
    sigaction(SIGSEGV, &action, NULL);
    syscall(SYS_mprotect, begin_at, bytes, PROT_READ);
}

static void *map_it(void *where, size_t bytes, int prot, int flags, int fd, off64_t at)
{
    void *map = (void *)syscall(SYS_mmap, where, bytes, prot, flags, fd, at);
    if (map != MAP_FAILED && fd >= 0 && (flags & MAP_SHARED) && (prot & PROT_WRITE))
        guard(map, bytes);
    return map;
}

SHIM void *mmap(void *where, size_t bytes, int prot, int flags, int fd, off_t at)
{
    return map_it(where, bytes, prot, flags, fd, at);
}

SHIM void *mmap64(void *where, size_t bytes, int prot, int flags, int fd, off64_t at)
{
    return map_it(where, bytes, prot, flags, fd, at);
}
