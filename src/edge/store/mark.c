/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The mark: how far the ledger must reach, in a file of its own, the number of the last durable
 * change. It is written after the change and not synced, so it never exceeds the ledger: not if the
 * process is killed, and not if the power fails, after which it may lag behind. A ledger that ends
 * before its mark has lost changes that were acknowledged. Two places are written alternately, so
 * that a torn write leaves the previous one.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/error.h"
#include "edge/store/internal.h"

enum { PLACES = 2 };

struct mark {
    char magic[8];
    uint64_t sequence;
    uint64_t sum;
};

static struct mark mark_of(uint64_t sequence)
{
    struct mark mark = {.sequence = sequence, .sum = store_mark_sum(sequence)};
    memcpy(mark.magic, "BLSTMARK", sizeof(mark.magic));
    return mark;
}

static int fail_mark(const struct store *store, int code, const char *what,
                     struct ballast_error *err)
{
    return ballast_fail(err, -code, "%s: %s: %s", store->mark_path, what, strerror(code));
}

/* Later writes never extend the file, and need no space. */
static int write_first_mark(const struct store *store, int fd, struct ballast_error *err)
{
    struct mark mark = mark_of(store->book.sequence);
    struct mark both[PLACES] = {mark, mark};
    ssize_t wrote = pwrite(fd, both, sizeof(both), 0);
    int code = wrote == (ssize_t)sizeof(both) ? 0 : wrote < 0 ? errno : ENOSPC;
    if (code == 0 && (fsync(fd) < 0 || fsync(store->directory) < 0))
        code = errno;
    if (code == 0)
        return 0;
    (void)unlink(store->mark_path);
    return fail_mark(store, code, "cannot be created", err);
}

/* The highest number in a place with a valid checksum; false: none is valid. */
static bool newest_mark(const struct mark *places, uint64_t *out)
{
    bool any = false;
    for (size_t i = 0; i < PLACES; i++) {
        struct mark right = mark_of(places[i].sequence);
        if (memcmp(&places[i], &right, sizeof(right)) != 0)
            continue;
        if (!any || places[i].sequence > *out)
            *out = places[i].sequence;
        any = true;
    }
    return any;
}

/* The power failed while it was created: nothing had been acknowledged since. */
static bool is_blank_mark(const struct mark *places)
{
    static const struct mark blank[PLACES];
    return memcmp(places, blank, sizeof(blank)) == 0;
}

static int hold_against(const struct store *store, int fd, struct ballast_error *err)
{
    struct mark places[PLACES];
    uint64_t sequence = 0;
    ssize_t got = pread(fd, places, sizeof(places), 0);
    if (got < 0)
        return fail_mark(store, errno, "cannot be read", err);
    if (got == (ssize_t)sizeof(places) && is_blank_mark(places))
        return write_first_mark(store, fd, err);
    if (got != (ssize_t)sizeof(places) || !newest_mark(places, &sequence))
        return ballast_fail(err, -EUCLEAN,
                            "%s: it is damaged, so the ledger may be incomplete: "
                            "check the reservations, then remove it",
                            store->mark_path);
    if (sequence <= store->book.sequence)
        return 0;
    return ballast_fail(err, -EUCLEAN,
                        "%s: its last %" PRIu64 " changes are missing (its WAL was damaged, cut "
                        "short or removed, or this is an older copy); it was not changed: put "
                        "both files back, or remove %s to go on without those changes",
                        store->path, sequence - store->book.sequence, store->mark_path);
}

/* A short file was being created when the process was killed. */
static int begin_or_hold(const struct store *store, int fd, struct ballast_error *err)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return fail_mark(store, errno, "cannot be examined", err);
    if (!S_ISREG(st.st_mode))
        return fail_mark(store, EINVAL, "it is not a regular file", err);
    bool short_one = st.st_size < (off_t)(PLACES * sizeof(struct mark));
    return short_one ? write_first_mark(store, fd, err) : hold_against(store, fd, err);
}

int store_mark_open(struct store *store, struct ballast_error *err)
{
    int fd = open(store->mark_path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail_mark(store, errno, "cannot be opened", err);
    int rc = begin_or_hold(store, fd, err);
    if (rc < 0)
        (void)close(fd);
    else
        store->mark_fd = fd;
    return rc;
}

void store_mark_set(const struct store *store)
{
    struct mark mark = mark_of(store->book.sequence);
    /* If it cannot be written it lags behind, which endangers no reservation. */
    off_t place = (off_t)(store->book.sequence % PLACES * sizeof(mark));
    if (store->mark_fd >= 0 && pwrite(store->mark_fd, &mark, sizeof(mark), place) < 0)
        return;
}
