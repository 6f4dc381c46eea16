/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/keep.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/error.h"

/* In front of each place. A number of 0 is an image that is being written. */
struct place {
    _Atomic uint64_t number;
    uint64_t size;
    unsigned char data[];
};

struct keep {
    unsigned char *map;
    size_t bytes; /* of the map */
    size_t most;
    unsigned next; /* the place that is written to */
    uint64_t number;
};

enum { PAGE = 4096 };

static struct place *place_at(const struct keep *keep, unsigned which)
{
    return (struct place *)(keep->map + which * (keep->bytes / 2));
}

static int map_file(struct keep *keep, const char *path, struct ballast_error *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    struct stat st;
    if (fd < 0)
        return ballast_fail(err, -errno, "%s: %s", path, strerror(errno));
    int rc = 0;
    /* posix_fallocate() would take all of it; a full disk is found out when pages are touched,
     * which is deadly. Images live beside sockets, in memory, and are small. */
    if (fstat(fd, &st) < 0 || (st.st_size != (off_t)keep->bytes &&
                               (ftruncate(fd, 0) < 0 || ftruncate(fd, (off_t)keep->bytes) < 0)))
        rc = ballast_fail(err, -errno, "%s: %s", path, strerror(errno));
    void *map =
        rc == 0 ? mmap(NULL, keep->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
    if (rc == 0 && map == MAP_FAILED)
        rc = ballast_fail(err, -errno, "%s: %s", path, strerror(errno));
    close(fd);
    if (rc == 0)
        keep->map = map;
    return rc;
}

int keep_open(const char *path, size_t most, struct keep **out, struct ballast_error *err)
{
    struct keep *keep = calloc(1, sizeof(*keep));
    if (!keep)
        return ballast_fail(err, -ENOMEM, "out of memory");
    keep->most = most;
    keep->bytes = 2 * ((sizeof(struct place) + most + PAGE - 1) / PAGE * PAGE);
    int rc = map_file(keep, path, err);
    if (rc < 0) {
        free(keep);
        return rc;
    }
    uint64_t first = place_at(keep, 0)->number;
    uint64_t second = place_at(keep, 1)->number;
    keep->next = first > second;
    keep->number = first > second ? first : second;
    *out = keep;
    return 0;
}

void keep_close(struct keep *keep)
{
    if (!keep)
        return;
    munmap(keep->map, keep->bytes);
    free(keep);
}

const void *keep_image(const struct keep *keep, unsigned age, size_t *size)
{
    const struct place *place = place_at(keep, age == 0 ? !keep->next : keep->next);
    if (place->number == 0 || place->size > keep->most)
        return NULL;
    *size = place->size;
    return place->data;
}

void *keep_begin(struct keep *keep, size_t size)
{
    struct place *place = place_at(keep, keep->next);
    atomic_store(&place->number, 0);
    place->size = size;
    return place->data;
}

void keep_end(struct keep *keep)
{
    atomic_store(&place_at(keep, keep->next)->number, ++keep->number);
    keep->next = !keep->next;
}
