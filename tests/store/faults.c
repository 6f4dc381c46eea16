/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "faults.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default")))

/* What brings a file back to what it was before one call. */
struct undo {
    int file;
    bool resized;
    off_t offset;
    off_t size_before;
    size_t length;
    char *before;
};

enum { FILES = 64, UNDOS = 8192 };

static struct fault_plan plan;
static unsigned long calls;
static bool struck;
static bool struck_sync;
/* A file stays open as long as the program lives: its name may change. */
static struct {
    dev_t device;
    ino_t inode;
    int fd;
} files[FILES];
static int file_count;
static struct undo undos[UNDOS];
static int undo_count;

void faults_set(const struct fault_plan *given)
{
    plan = *given;
    calls = 0;
    struck = false;
    struck_sync = false;
}

unsigned long faults_calls(void)
{
    return calls;
}

bool faults_struck(void)
{
    return struck;
}

bool faults_struck_sync(void)
{
    return struck_sync;
}

static bool records(void)
{
    return plan.fault == FAULT_POWER || plan.fault == FAULT_POWER_SOME;
}

/* -1: nothing to keep an account of. */
static int file_of(int fd)
{
    struct stat st;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return -1;
    for (int i = 0; i < file_count; i++) {
        if (files[i].device == st.st_dev && files[i].inode == st.st_ino)
            return i;
    }
    if (file_count == FILES)
        abort();
    files[file_count].device = st.st_dev;
    files[file_count].inode = st.st_ino;
    files[file_count].fd = fcntl(fd, F_DUPFD_CLOEXEC, 500);
    return file_count++;
}

/* Before `length` bytes at `offset` change, or the size does. */
static void keep(int fd, off_t offset, size_t length, bool resized)
{
    int file = records() ? file_of(fd) : -1;
    if (file < 0)
        return;
    struct stat st;
    if (fstat(fd, &st) < 0 || undo_count == UNDOS)
        abort();
    if (resized)
        length = st.st_size > offset ? (size_t)(st.st_size - offset) : 0;
    struct undo undo = {file, resized, offset, st.st_size, length, calloc(1, length + 1)};
    if (!undo.before || syscall(SYS_pread64, files[file].fd, undo.before, length, offset) < 0)
        abort();
    undos[undo_count++] = undo;
}

static void synced(int fd)
{
    int file = records() ? file_of(fd) : -1;
    int kept = 0;
    for (int i = 0; i < undo_count; i++) {
        if (undos[i].file == file)
            free(undos[i].before);
        else
            undos[kept++] = undos[i];
    }
    undo_count = kept;
}

static void undo_one(const struct undo *undo, bool all)
{
    int fd = files[undo->file].fd;
    if (undo->length > 0)
        (void)syscall(SYS_pwrite64, fd, undo->before, undo->length, undo->offset);
    if (all || undo->resized)
        (void)syscall(SYS_ftruncate, fd, undo->size_before);
}

static void lose_power(bool all)
{
    for (int i = undo_count - 1; i >= 0; i--) {
        plan.seed = plan.seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
        if (all || plan.seed >> 63)
            undo_one(&undos[i], all);
    }
}

static void die(void)
{
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

enum verdict { GO_ON, FAIL, HALF };

/* Counts a call; FAIL: it is to fail; HALF: it is to do half, then to fail or to die. */
static enum verdict count(bool is_write, bool is_sync)
{
    if (plan.fault == FAULT_NONE || (plan.fault == FAULT_SYNC && !is_sync))
        return GO_ON;
    calls++;
    bool error = plan.fault <= FAULT_SYNC;
    if (calls < plan.at || calls >= plan.at + (error ? plan.times : 1))
        return GO_ON;
    struck = true;
    struck_sync = struck_sync || !is_write;
    if (error) {
        errno = plan.code;
        return plan.fault == FAULT_SHORT && is_write ? HALF : FAIL;
    }
    if (plan.fault == FAULT_TORN && is_write)
        return HALF;
    if (records())
        lose_power(plan.fault == FAULT_POWER);
    die();
    return FAIL;
}

EXPORTED ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t offset);
EXPORTED ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t offset)
{
    enum verdict verdict = count(true, false);
    if (verdict == FAIL)
        return -1;
    keep(fd, offset, size, false);
    if (verdict == GO_ON)
        return syscall(SYS_pwrite64, fd, bytes, size, offset);
    int code = errno;
    (void)syscall(SYS_pwrite64, fd, bytes, size / 2, offset);
    if (plan.fault == FAULT_TORN)
        die();
    errno = code;
    return -1;
}

EXPORTED int fdatasync(int fd)
{
    if (count(false, true) != GO_ON)
        return -1;
    synced(fd);
    return (int)syscall(SYS_fdatasync, fd);
}

EXPORTED int fsync(int fd)
{
    if (count(false, true) != GO_ON)
        return -1;
    synced(fd);
    return (int)syscall(SYS_fsync, fd);
}

EXPORTED int ftruncate64(int fd, off64_t size) __THROW;
EXPORTED int ftruncate64(int fd, off64_t size)
{
    if (count(false, false) != GO_ON)
        return -1;
    keep(fd, size, 0, true);
    return (int)syscall(SYS_ftruncate, fd, size);
}

EXPORTED int rename(const char *from, const char *to)
{
    return count(false, false) != GO_ON ? -1 : (int)syscall(SYS_rename, from, to);
}

EXPORTED int unlink(const char *path)
{
    return count(false, false) != GO_ON ? -1 : (int)syscall(SYS_unlink, path);
}
