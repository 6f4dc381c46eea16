/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a transition costs until it is on disk, in an empty ledger and in one of 10,000
 * reservations, and beside it what the disk takes for as much without a database.
 *
 *   bench_store [DIRECTORY [TRANSITIONS]]: on the disk of that directory; the present one
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/ledger/ledger.h"
#include "core/model/host.h"
#include "edge/store/store.h"
#include "measure.h"

enum { MOVES = 3000, MOST = 100000, RESERVATIONS = 10000 };

static uint64_t nsec[MOST];

static void die(const char *what)
{
    fprintf(stderr, "bench_store: %s\n", what);
    exit(1);
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void report(const char *what, size_t count)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += nsec[i];
    qsort(nsec, count, sizeof(nsec[0]), compare);
    printf("%-34s %9.0f %10.3f %10.3f %10.3f\n", what, (double)count * 1e9 / (double)sum,
           (double)nsec[count / 2] / 1e6, (double)nsec[count * 99 / 100] / 1e6,
           (double)nsec[count - 1] / 1e6);
}

/* Two frames of a WAL and an fdatasync: the least that a transition can cost there. */
static void disk_alone(const char *directory, size_t count)
{
    static char bytes[2 * 4120];
    char path[4096];
    snprintf(path, sizeof(path), "%s/raw", directory);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        die("no file can be made");
    for (size_t i = 0; i < count; i++) {
        uint64_t begin = measure_nsec();
        memset(bytes, (int)i, sizeof(bytes));
        off_t at = (off_t)(i % 128 * sizeof(bytes));
        if (pwrite(fd, bytes, sizeof(bytes), at) < 0 || fdatasync(fd) < 0)
            die("the disk fails");
        nsec[i] = measure_nsec() - begin;
    }
    close(fd);
    unlink(path);
    report("pwrite of 8 KiB and fdatasync", count);
}

static struct ledger *restored(struct store *store)
{
    struct ledger_options options = LEDGER_OPTIONS_DEFAULT;
    options.journal = store_journal;
    options.context = store;
    options.max_closed = LEDGER_MOST_CLOSED;
    struct ledger *ledger = NULL;
    struct ballast_error err = {0};
    if (store_next_id(store, &options.next_id, &err) < 0 || ledger_new(&options, &ledger, &err) < 0)
        die(err.text);
    return ledger;
}

static uint64_t ask(struct ledger *ledger, uint64_t now_usec)
{
    struct ledger_request request = {.owner = "bench",
                                     .label = "a guest",
                                     .min_kib = 1048576,
                                     .max_kib = 1048576,
                                     .lease_usec = BALLAST_NONE,
                                     .deadline_usec = BALLAST_NONE};
    struct ledger_verdict out;
    struct ballast_error err = {0};
    if (ledger_ask(ledger, &request, now_usec, &out, &err) < 0)
        die(err.text);
    return out.id;
}

/* One of the life of a reservation: asked, granted, bound, gone. */
static void move(struct ledger *ledger, size_t i, uint64_t now_usec)
{
    static uint64_t id;
    struct ledger_free host = {.free_kib = LEDGER_MOST_KIB};
    struct ledger_domain domain = {.domid = 1 + (uint32_t)(i / 4)};
    struct ledger_verdict out = {.reason = LEDGER_OK};
    struct ballast_error err = {0};
    int rc = 0;
    if (i % 4 == 0)
        id = ask(ledger, now_usec);
    else if (i % 4 == 1)
        rc = ledger_grant(ledger, id, &host, now_usec, &out, &err);
    else if (i % 4 == 2)
        rc = ledger_bind(ledger, id, NULL, &domain, 0, 0, now_usec, &out, &err);
    else
        rc = ledger_domain_gone(ledger, &domain, now_usec, &out, &err);
    if (rc < 0 || out.reason != LEDGER_OK)
        die(rc < 0 ? err.text : ledger_reason_name(out.reason));
}

static void moves(struct ledger *ledger, const char *what, size_t count, uint64_t *now_usec)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t begin = measure_nsec();
        move(ledger, i, ++*now_usec);
        nsec[i] = measure_nsec() - begin;
    }
    report(what, count);
}

static void fill(struct ledger *ledger, uint64_t *now_usec)
{
    for (size_t i = 0; i < RESERVATIONS; i++)
        (void)ask(ledger, ++*now_usec);
}

static int nothing(void *context, const struct ledger_reservation *record,
                   struct ballast_error *err)
{
    (void)record;
    (void)err;
    ++*(size_t *)context;
    return 0;
}

static void opening(const char *directory)
{
    struct store *store = NULL;
    struct ballast_error err = {0};
    size_t count = 0;
    uint64_t begin = measure_nsec();
    if (store_open(directory, &store, &err) < 0)
        die(err.text);
    uint64_t opened = measure_nsec();
    if (store_load(store, nothing, &count, &err) < 0)
        die(err.text);
    uint64_t loaded = measure_nsec();
    if (store_trim(store, 256, &err) < 0)
        die(err.text);
    printf("open and verify %zu: %.1f ms, load: %.1f ms, trim: %.1f ms\n", count,
           (double)(opened - begin) / 1e6, (double)(loaded - opened) / 1e6,
           (double)(measure_nsec() - loaded) / 1e6);
    store_close(store);
}

static void away(const char *directory)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/ledger.db", directory);
    unlink(path);
    rmdir(directory);
}

int main(int argc, char **argv)
{
    size_t count = argc > 2 ? strtoul(argv[2], NULL, 10) : MOVES;
    char directory[2048];
    snprintf(directory, sizeof(directory), "%s/bench-store-XXXXXX", argc > 1 ? argv[1] : ".");
    if (count == 0 || count > MOST || !mkdtemp(directory))
        die("usage: bench_store [DIRECTORY [TRANSITIONS]]");
    struct store *store = NULL;
    struct ballast_error err = {0};
    printf("one transition, durable\n%-34s %9s %10s %10s %10s\n", "", "a second", "median ms",
           "99th ms", "worst ms");
    disk_alone(directory, count);
    if (store_open(directory, &store, &err) < 0)
        die(err.text);
    struct ledger *ledger = restored(store);
    uint64_t now_usec = 1;
    moves(ledger, "in an empty ledger", count, &now_usec);
    fill(ledger, &now_usec);
    moves(ledger, "in one of 10,000 reservations", count, &now_usec);
    store_close(store);
    ledger_free(ledger);
    opening(directory);
    away(directory);
    return 0;
}
