/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/hv/sim_state.h"

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

struct sim_state {
    unsigned char *map;
    size_t bytes; /* of the map */
    size_t most;
    unsigned next; /* the place that is written to */
    uint64_t number;
};

enum { PAGE = 4096 };

static struct place *place_at(const struct sim_state *state, unsigned which)
{
    return (struct place *)(state->map + which * (state->bytes / 2));
}

static int map_file(struct sim_state *state, const char *path, struct ballast_error *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    struct stat st;
    if (fd < 0)
        return ballast_fail(err, -errno, "%s: %s", path, strerror(errno));
    int rc = 0;
    /* posix_fallocate() would take all of it; a full disk is found out when pages are touched,
     * which is deadly. Images live beside sockets, in memory, and are small. */
    if (fstat(fd, &st) < 0 || (st.st_size != (off_t)state->bytes &&
                               (ftruncate(fd, 0) < 0 || ftruncate(fd, (off_t)state->bytes) < 0)))
        rc = ballast_fail(err, -errno, "%s: %s", path, strerror(errno));
    void *map =
        rc == 0 ? mmap(NULL, state->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
    if (rc == 0 && map == MAP_FAILED)
        rc = ballast_fail(err, -errno, "%s: %s", path, strerror(errno));
    close(fd);
    if (rc == 0)
        state->map = map;
    return rc;
}

int sim_state_open(const char *path, size_t most, struct sim_state **out, struct ballast_error *err)
{
    struct sim_state *state = calloc(1, sizeof(*state));
    if (!state)
        return ballast_fail(err, -ENOMEM, "out of memory");
    state->most = most;
    state->bytes = 2 * ((sizeof(struct place) + most + PAGE - 1) / PAGE * PAGE);
    int rc = map_file(state, path, err);
    if (rc < 0) {
        free(state);
        return rc;
    }
    uint64_t first = place_at(state, 0)->number;
    uint64_t second = place_at(state, 1)->number;
    state->next = first > second;
    state->number = first > second ? first : second;
    *out = state;
    return 0;
}

void sim_state_close(struct sim_state *state)
{
    if (!state)
        return;
    munmap(state->map, state->bytes);
    free(state);
}

const void *sim_state_image(const struct sim_state *state, unsigned age, size_t *size)
{
    const struct place *place = place_at(state, age == 0 ? !state->next : state->next);
    if (place->number == 0 || place->size > state->most)
        return NULL;
    *size = place->size;
    return place->data;
}

void *sim_state_begin(struct sim_state *state, size_t size)
{
    struct place *place = place_at(state, state->next);
    atomic_store(&place->number, 0);
    place->size = size;
    return place->data;
}

void sim_state_end(struct sim_state *state)
{
    atomic_store(&place_at(state, state->next)->number, ++state->number);
    state->next = !state->next;
}
