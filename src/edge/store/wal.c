/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether a WAL ends where a crash can have ended it. SQLite reads its frames up to the first
 * invalid one, where each checksum covers all frames before. What a crash leaves after that one
 * belongs to the change that was being written, or to one that failed before it. The checksums of a
 * change that was started after another one was complete continue from that one's end: if both are
 * found after the first bad frame they were durable, and what precedes them was damaged. The format
 * is in SQLite's "Database File Format", section 4.
 */
#include <byteswap.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/error.h"
#include "edge/store/internal.h"

enum { HEADER_BYTES = 32, FRAME_BYTES = 24, LEAST_PAGE = 512, MOST_PAGE = 65536 };
#define MAGIC UINT32_C(0x377f0682) /* its last bit: checksums use big-endian words */

struct sum {
    uint32_t a;
    uint32_t b;
};

struct wal {
    int fd;
    bool big_endian;
    uint32_t page;
    unsigned char salts[8];
    unsigned char *frame;  /* the current one, followed by its page */
    struct sum before;     /* the checksum in the previous frame, or in the header */
    bool committed_before; /* the previous frame is valid and ends a change */
};

static uint32_t word_at(const unsigned char *bytes, size_t at)
{
    uint32_t word;
    memcpy(&word, bytes + at, sizeof(word));
    return be32toh(word);
}

static struct sum extend_sum(const struct wal *wal, struct sum sum, const unsigned char *bytes,
                             size_t size)
{
    for (size_t at = 0; at < size; at += 8) {
        uint32_t first = word_at(bytes, at);
        uint32_t second = word_at(bytes, at + 4);
        sum.a += (wal->big_endian ? first : bswap_32(first)) + sum.b;
        sum.b += (wal->big_endian ? second : bswap_32(second)) + sum.a;
    }
    return sum;
}

static bool matches_sum(const unsigned char *bytes, size_t at, struct sum sum)
{
    return word_at(bytes, at) == sum.a && word_at(bytes, at + 4) == sum.b;
}

/* false: without a valid header nothing can be checked. */
static bool read_header(struct wal *wal)
{
    unsigned char header[HEADER_BYTES];
    if (pread(wal->fd, header, sizeof(header), 0) != (ssize_t)sizeof(header))
        return false;
    uint32_t magic = word_at(header, 0);
    wal->big_endian = magic & 1;
    wal->page = word_at(header, 8);
    if ((magic & ~UINT32_C(1)) != MAGIC || wal->page < LEAST_PAGE || wal->page > MOST_PAGE ||
        (wal->page & (wal->page - 1)) != 0)
        return false;
    memcpy(wal->salts, header + 16, sizeof(wal->salts));
    wal->before = extend_sum(wal, (struct sum){0, 0}, header, 24);
    return matches_sum(header, 24, wal->before);
}

static struct sum sum_of_frame(const struct wal *wal, struct sum from)
{
    from = extend_sum(wal, from, wal->frame, 8);
    return extend_sum(wal, from, wal->frame + FRAME_BYTES, wal->page);
}

/* Reads the frames; the number of the first bad one that durable changes follow. */
static uint64_t find_damage(struct wal *wal)
{
    size_t size = FRAME_BYTES + wal->page;
    uint64_t bad = 0;
    for (uint64_t i = 0;; i++) {
        off_t at = HEADER_BYTES + (off_t)(i * size);
        if (pread(wal->fd, wal->frame, size, at) != (ssize_t)size)
            return 0;
        bool ours = memcmp(wal->frame + 8, wal->salts, sizeof(wal->salts)) == 0;
        struct sum sum = sum_of_frame(wal, wal->before);
        bool follows = ours && matches_sum(wal->frame, 16, sum);
        if (follows && bad > 0 && wal->committed_before)
            return bad;
        if (!follows && bad == 0)
            bad = i + 1;
        /* A partly overwritten frame can contain anything: only a complete one counts. */
        wal->committed_before = follows && word_at(wal->frame, 4) != 0;
        wal->before = (struct sum){word_at(wal->frame, 16), word_at(wal->frame, 20)};
    }
}

int store_wal_check(const struct store *store, struct ballast_error *err)
{
    struct wal wal = {.fd = open(store->wal_path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
    if (wal.fd < 0)
        return errno == ENOENT ? 0
                               : ballast_fail(err, -errno, "%s: cannot be opened: %s",
                                              store->wal_path, strerror(errno));
    uint64_t bad = 0;
    int rc = 0;
    if (read_header(&wal)) {
        wal.frame = malloc(FRAME_BYTES + wal.page);
        if (wal.frame)
            bad = find_damage(&wal);
        else
            rc = ballast_fail(err, -ENOMEM, "out of memory");
        free(wal.frame);
    }
    (void)close(wal.fd);
    if (bad > 0)
        return store_corrupt(store->path, err,
                             "frame %" PRIu64 " of its WAL is not as it was written, and later "
                             "changes follow it",
                             bad);
    return rc;
}
