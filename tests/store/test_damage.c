/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Damage and disks. A ledger with any one byte changed, or cut anywhere, is refused and left as it
 * is, or gives exactly what was in it. On a disk that is really full, or read-only, promises are
 * refused, what is there stays, and when there is room again all goes on by itself.
 *
 *   test_damage SEED: which bytes, beyond the first 400; the seeds are those of tests/seeds/list
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../ledger/twin.h"
#include "core/model/host.h"
#include "edge/store/internal.h"
#include "world.h"

enum { FLIPS = 3000, RECORDS = 64, MOST_BYTES = 1 << 18, SKIP = 77 };

static char directory[256];
static char path[300];

static struct {
    struct ledger_reservation records[RECORDS];
    size_t count;
    uint64_t next_id;
} was;

static char image[MOST_BYTES];
static size_t image_size;

static int remember(void *context, const struct ledger_reservation *record,
                    struct ballast_error *err)
{
    (void)context;
    (void)err;
    CHECK(was.count < RECORDS, "too many");
    was.records[was.count++] = *record;
    return 0;
}

static int compare(void *context, const struct ledger_reservation *record,
                   struct ballast_error *err)
{
    size_t *at = context;
    (void)err;
    CHECK(*at < was.count && twin_same(record, &was.records[*at]), "another reservation");
    ++*at;
    return 0;
}

static size_t read_file(char *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, out, MOST_BYTES);
    CHECK(got >= 0 && got < MOST_BYTES, "%s", path);
    close(fd);
    return (size_t)got;
}

static void write_file(const char *bytes, size_t size)
{
    int fd = open(path, O_WRONLY | O_TRUNC | O_CREAT | O_CLOEXEC, 0600);
    CHECK(fd >= 0 && write(fd, bytes, size) == (ssize_t)size, "%s", path);
    close(fd);
}

static void make(void)
{
    struct world w;
    struct ballast_error err = {0};
    world_directory(directory, sizeof(directory));
    snprintf(path, sizeof(path), "%s/ledger.db", directory);
    CHECK(world_open(&w, directory, 5, &err) == 0, "%s", err.text);
    while (w.moves < 200)
        world_step(&w);
    CHECK(store_load(w.store, remember, NULL, &err) == 0, "%s", err.text);
    was.next_id = ledger_next_id(w.ledger);
    world_close(&w);
    image_size = read_file(image);
}

/* Whether it was refused. */
static bool judge(const char *damaged, size_t size, const char *what, size_t at)
{
    static char after[MOST_BYTES];
    struct store *store = NULL;
    struct ballast_error err = {0};
    int rc = store_open(directory, &store, &err);
    if (rc < 0) {
        CHECK(rc == -EUCLEAN || rc == -EPROTO, "%s at %zu: %d %s", what, at, rc, err.text);
        CHECK(strstr(err.text, path), "%s at %zu: %s", what, at, err.text);
        CHECK(read_file(after) == size && memcmp(after, damaged, size) == 0,
              "%s at %zu: it was written to", what, at);
        return true;
    }
    size_t count = 0;
    uint64_t next_id = 0;
    rc = store_load(store, compare, &count, &err);
    CHECK(rc == 0 && count == was.count, "%s at %zu: %zu reservations: %s", what, at, count,
          err.text);
    CHECK(store_next_id(store, &next_id, &err) == 0 && next_id == was.next_id, "%s at %zu", what,
          at);
    store_close(store);
    return false;
}

static void clean(void)
{
    char wal[310];
    snprintf(wal, sizeof(wal), "%s-wal", path);
    (void)unlink(wal);
    snprintf(wal, sizeof(wal), "%s-journal", path);
    (void)unlink(wal);
}

static void flip(uint64_t random)
{
    static char damaged[MOST_BYTES];
    unsigned long refused = 0;
    for (unsigned long i = 0; i < FLIPS; i++) {
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
        /* The header and what describes the tables, then anywhere. */
        size_t at = i < 400 ? i : (size_t)(random >> 33) % image_size;
        memcpy(damaged, image, image_size);
        damaged[at] ^= (char)(1u << (random >> 20) % 8);
        if (i % 3 == 0)
            damaged[at] = (char)(random >> 40);
        write_file(damaged, image_size);
        refused += judge(damaged, image_size, "flipped", at);
        clean();
    }
    printf("%d bytes changed: %lu times refused, else all was there\n", FLIPS, refused);
    CHECK(refused > FLIPS / 20, "nothing was damaged");
}

static void cut(void)
{
    unsigned long refused = 0;
    unsigned long cuts = 0;
    for (size_t size = 0; size < image_size; size += 509, cuts++) {
        write_file(image, size);
        refused += judge(image, size, "cut", size);
        clean();
    }
    printf("%lu times cut short: %lu times refused\n", cuts, refused);
    CHECK(refused == cuts, "a part was taken for the whole");
    write_file(image, image_size);
    CHECK(!judge(image, image_size, "whole", 0), "the good copy was refused");
}

/* In a name space of its own, so that nothing stays mounted; false where that is not allowed. */
static bool mount_small(void)
{
    if (unshare(CLONE_NEWNS) < 0 && unshare(CLONE_NEWNS | CLONE_NEWUSER) < 0)
        return false;
    (void)mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
    return mount("none", directory, "tmpfs", 0, "size=4m,mode=0700") == 0;
}

static void fill_up(const char *filler)
{
    static const char block[4096];
    int fd = open(filler, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    CHECK(fd >= 0, "%s", filler);
    while (write(fd, block, sizeof(block)) > 0)
        ;
    close(fd);
}

static void full(void)
{
    struct world w;
    struct ballast_error err = {0};
    char filler[300];
    snprintf(filler, sizeof(filler), "%s/filler", directory);
    fill_up(filler);
    int rc = world_open(&w, directory, 3, &err);
    CHECK(rc == -ENOSPC, "%d %s", rc, err.text);
    CHECK(unlink(filler) == 0, "filler");
    CHECK(world_open(&w, directory, 3, &err) == 0, "%s", err.text);
    while (w.moves < 10)
        world_step(&w);
    for (int round = 0; round < 4; round++) {
        fill_up(filler);
        unsigned long refused = w.refused;
        for (int i = 0; i < 300; i++)
            world_step(&w);
        /* Later there may be room for some more in the WAL, which has been longer. */
        CHECK(round > 0 || (w.refused > refused && w.rc == -ENOSPC), "nothing was refused");
        CHECK(unlink(filler) == 0, "filler");
        unsigned long moves = w.moves;
        refused = w.refused;
        while (w.moves < moves + 20 && w.refused == refused)
            world_step(&w);
        CHECK(w.refused == refused, "it did not recover");
    }
    printf("full disk: %lu transitions done, %lu refused\n", w.moves, w.refused);
    fill_up(filler);
    for (int i = 0; i < 300; i++)
        world_step(&w);
    world_reopen(&w, directory);
    world_close(&w);
}

static void read_only(void)
{
    struct store *store = NULL;
    struct ballast_error err = {0};
    CHECK(mount(NULL, directory, NULL, MS_REMOUNT | MS_RDONLY, NULL) == 0, "%s", strerror(errno));
    int rc = store_open(directory, &store, &err);
    CHECK(rc == -EROFS && strstr(err.text, "ledger.db"), "%d %s", rc, err.text);
    CHECK(mount(NULL, directory, NULL, MS_REMOUNT, "size=4m") == 0, "%s", strerror(errno));
    CHECK(store_open(directory, &store, &err) == 0, "%s", err.text);
    store_close(store);
}

static void on_a_small_disk(void)
{
    world_directory(directory, sizeof(directory));
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        if (!mount_small())
            _exit(SKIP);
        full();
        read_only();
        fflush(NULL);
        _exit(0);
    }
    int status = 0;
    CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status), "status %#x", (unsigned)status);
    CHECK(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == SKIP, "on a small disk");
    puts(WEXITSTATUS(status) == 0 ? "full and read-only disk: refused, kept, recovered"
                                  : "full and read-only disk: SKIPPED, no mount is allowed here");
    world_remove(directory);
}

int main(int argc, char **argv)
{
    CHECK(argc == 2, "use: test_damage SEED");
    make();
    flip(strtoull(argv[1], NULL, 10));
    cut();
    world_remove(directory);
    on_a_small_disk();
    return 0;
}
