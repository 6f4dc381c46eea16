/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A WAL that was damaged, cut short, emptied or removed is told from one that a crash has left. It
 * is cut at every boundary of a frame and between, each frame is changed in its header and in its
 * page, and each result is either refused, with nothing written, or exactly what was answered for.
 * Then the same as a power loss leaves it, where the mark says less than the ledger holds.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../ledger/twin.h"
#include "edge/store/internal.h"
#include "world.h"

enum { RECORDS = 128, MOST_BYTES = 1 << 22, HEADER = 32, FRAME = 4096 + 24, FILES = 3 };

static const char *const names[FILES] = {"ledger.db", "ledger.db-wal", "ledger.db-mark"};
enum { DB, WAL, MARK };

/* Three files, and what is in them. */
struct image {
    char *bytes[FILES];
    size_t sizes[FILES];
    bool there[FILES];
    struct ledger_reservation records[RECORDS];
    size_t count;
    uint64_t next_id;
};

static char directory[256];
static struct image last;   /* all that was answered for */
static struct image before; /* the same without the last change */
static struct image found;

static const char *path_of(size_t which)
{
    static char path[300];
    snprintf(path, sizeof(path), "%s/%s", directory, names[which]);
    return path;
}

static void take_files(struct image *out)
{
    for (size_t i = 0; i < FILES; i++) {
        if (!out->bytes[i])
            out->bytes[i] = malloc(MOST_BYTES);
        int fd = open(path_of(i), O_RDONLY | O_CLOEXEC);
        out->there[i] = fd >= 0;
        ssize_t got = fd >= 0 ? read(fd, out->bytes[i], MOST_BYTES) : 0;
        CHECK(got >= 0 && got < MOST_BYTES, "%s", names[i]);
        out->sizes[i] = (size_t)got;
        if (fd >= 0)
            close(fd);
    }
}

static void put_file(size_t which, const char *bytes, size_t size)
{
    int fd = open(path_of(which), O_WRONLY | O_TRUNC | O_CREAT | O_CLOEXEC, 0600);
    CHECK(fd >= 0 && write(fd, bytes, size) == (ssize_t)size, "%s", names[which]);
    close(fd);
}

static void put(const struct image *image)
{
    for (size_t i = 0; i < FILES; i++)
        put_file(i, image->bytes[i], image->sizes[i]);
}

static int remember(void *context, const struct ledger_reservation *record,
                    struct ballast_error *err)
{
    struct image *image = context;
    (void)err;
    CHECK(image->count < RECORDS, "too many");
    image->records[image->count++] = *record;
    return 0;
}

static void take(struct image *out, struct world *w)
{
    struct ballast_error err = {0};
    take_files(out);
    out->count = 0;
    CHECK(store_load(w->store, remember, out, &err) == 0, "%s", err.text);
    out->next_id = ledger_next_id(w->ledger);
}

static bool same(const struct image *a, const struct image *b)
{
    bool is_same = a->count == b->count && a->next_id == b->next_id;
    for (size_t i = 0; is_same && i < a->count; i++)
        is_same = twin_same(&a->records[i], &b->records[i]);
    return is_same;
}

/* So many moves; the files as they are while the daemon runs, which is how kill -9 leaves them. */
static void make(unsigned long moves)
{
    struct world w;
    struct ballast_error err = {0};
    CHECK(world_open(&w, directory, 5, &err) == 0, "%s", err.text);
    while (w.moves < moves) {
        unsigned long was = w.moves;
        take(&before, &w);
        while (w.moves == was)
            world_step(&w);
    }
    take(&last, &w);
    world_close(&w);
}

/* Opens it as it lies there: 0 refused and untouched, 1 all is there, 2 all but the last change. */
static int judge(const char *what, size_t at)
{
    static struct image is;
    struct store *store = NULL;
    struct ballast_error err = {0};
    take_files(&found);
    int rc = store_open(directory, &store, &err);
    if (rc < 0) {
        CHECK(rc == -EUCLEAN && strstr(err.text, "ledger.db"), "%s %zu: %d %s", what, at, rc,
              err.text);
        take_files(&is);
        for (size_t i = 0; i < FILES; i++)
            /* SQLite makes an empty WAL where there is none, which says the same. */
            CHECK(is.sizes[i] == found.sizes[i] &&
                      memcmp(is.bytes[i], found.bytes[i], is.sizes[i]) == 0,
                  "%s %zu: %s was written to", what, at, names[i]);
        return 0;
    }
    is.count = 0;
    CHECK(store_load(store, remember, &is, &err) == 0 &&
              store_next_id(store, &is.next_id, &err) == 0,
          "%s %zu: %s", what, at, err.text);
    store_close(store);
    CHECK(same(&is, &last) || same(&is, &before), "%s %zu: changes were lost without a word", what,
          at);
    return same(&is, &last) ? 1 : 2;
}

static void expect(int wanted, const char *what, size_t at)
{
    int is = judge(what, at);
    CHECK(is == wanted, "%s %zu: %d instead of %d", what, at, is, wanted);
}

/* The frame of the WAL behind which all of that image is there. */
static size_t frames_of(const struct image *image)
{
    size_t frames = 0;
    while (HEADER + (frames + 1) * FRAME <= image->sizes[WAL] &&
           memcmp(image->bytes[WAL] + HEADER + frames * FRAME + 8, image->bytes[WAL] + 16, 8) == 0)
        frames++;
    return frames;
}

/* Cut anywhere up to the end of what counts, with the mark as kill -9 leaves it. */
static void cut(void)
{
    size_t frames = frames_of(&last);
    size_t cuts = 0;
    for (size_t i = 0; i < frames; i++) {
        static const size_t within[] = {0, 1, 24, 2000, FRAME - 1};
        for (size_t j = 0; j < sizeof(within) / sizeof(within[0]); j++, cuts++) {
            put(&last);
            put_file(WAL, last.bytes[WAL], HEADER + i * FRAME + within[j]);
            expect(0, "cut in frame", i);
        }
    }
    for (size_t size = 0; size < HEADER; size += 8, cuts++) {
        put(&last);
        put_file(WAL, last.bytes[WAL], size);
        expect(0, "cut to", size);
    }
    put(&last);
    CHECK(unlink(path_of(WAL)) == 0, "no WAL");
    expect(0, "removed", 0);
    put(&last);
    put_file(WAL, last.bytes[WAL], HEADER + frames * FRAME);
    expect(1, "cut behind the end", frames);
    put(&last);
    expect(1, "whole", frames);
    printf("%zu frames, %zu times cut short: refused\n", frames, cuts);
}

static void change_one(size_t at)
{
    char was = last.bytes[WAL][at];
    last.bytes[WAL][at] = (char)(was ^ 0x10);
    put(&last);
    last.bytes[WAL][at] = was;
}

static void flip(void)
{
    size_t frames = frames_of(&last);
    for (size_t at = 0; at < HEADER; at++) {
        change_one(at);
        (void)judge("header", at);
    }
    for (size_t i = 0; i < frames; i++) {
        static const size_t within[] = {0, 4, 9, 17, 21, 24, 3000, FRAME - 1};
        for (size_t j = 0; j < sizeof(within) / sizeof(within[0]); j++) {
            change_one(HEADER + i * FRAME + within[j]);
            expect(0, "changed in frame", i);
        }
    }
    printf("%zu frames, each changed eight times: refused\n", frames);
}

static bool commits(size_t frame)
{
    uint32_t pages;
    memcpy(&pages, last.bytes[WAL] + HEADER + frame * FRAME + 4, sizeof(pages));
    return pages != 0;
}

/*
 * The power fails while the last change is written, whose frames may be there in any part, and the
 * mark is that of the change before it; with `stale`, that of a new ledger.
 */
static void lose_power(bool stale)
{
    struct image mark = before;
    uint64_t none[6] = {0, 0, store_mark_sum(0), 0, 0, store_mark_sum(0)};
    memcpy(&none[0], "BLSTMARK", 8);
    memcpy(&none[3], "BLSTMARK", 8);
    if (stale) {
        mark.bytes[MARK] = (char *)none;
        mark.sizes[MARK] = sizeof(none);
    }
    size_t from = frames_of(&before);
    size_t to = frames_of(&last);
    CHECK(from > 0 && from < to, "%zu %zu", from, to);
    for (size_t size = HEADER + from * FRAME; size < HEADER + to * FRAME; size += 103) {
        put(&last);
        put_file(MARK, mark.bytes[MARK], mark.sizes[MARK]);
        put_file(WAL, last.bytes[WAL], size);
        expect(2, "torn at", size);
    }
    for (size_t i = from; i < to; i++) {
        change_one(HEADER + i * FRAME + 100);
        put_file(MARK, mark.bytes[MARK], mark.sizes[MARK]);
        expect(2, "torn in frame", i);
    }
    /* What is before it was durable: that it is damaged is seen by two changes that are behind it.
     */
    size_t far = from - 1;
    while (far > 0 && !commits(far - 1))
        far--;
    for (size_t i = 0; i < far; i++) {
        change_one(HEADER + i * FRAME + 100);
        put_file(MARK, mark.bytes[MARK], mark.sizes[MARK]);
        expect(0, "changed long before, in frame", i);
    }
}

static void marks(void)
{
    put(&last);
    CHECK(unlink(path_of(MARK)) == 0, "no mark");
    expect(1, "without its mark", 0);
    /* One of its two places is enough, none is not, and no length of it stops the daemon. */
    for (size_t at = 0; at < last.sizes[MARK]; at++) {
        size_t other = (at + last.sizes[MARK] / 2) % last.sizes[MARK];
        put(&last);
        last.bytes[MARK][at] ^= 1;
        put_file(MARK, last.bytes[MARK], last.sizes[MARK]);
        expect(1, "mark changed at", at);
        last.bytes[MARK][other] ^= 1;
        put(&last);
        expect(0, "mark changed twice, at", at);
        last.bytes[MARK][other] ^= 1;
        last.bytes[MARK][at] ^= 1;
        put(&last);
        put_file(MARK, last.bytes[MARK], at);
        expect(1, "mark cut to", at);
    }
    put(&last);
    CHECK(unlink(path_of(DB)) == 0 && unlink(path_of(WAL)) == 0, "no ledger");
    CHECK(judge("all but the mark", 0) == 0, "a ledger that was is not made again");
    put(&last);
}

int main(void)
{
    world_directory(directory, sizeof(directory));
    make(60);
    cut();
    flip();
    lose_power(false);
    lose_power(true);
    marks();
    world_remove(directory);
    /* After the WAL has begun again from its front, with frames of an earlier time behind its end.
     */
    world_directory(directory, sizeof(directory));
    make(200);
    CHECK(frames_of(&last) * FRAME + HEADER < last.sizes[WAL], "it has not begun again");
    cut();
    flip();
    world_remove(directory);
    return 0;
}
