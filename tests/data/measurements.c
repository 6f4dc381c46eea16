/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * measurements FOLDER: how far each profile is from what others measured and published.
 *
 * Prints mean and largest error a profile and asserts every one of these figures, so that a change
 * of a profile's arithmetic shows. The expected errors were computed apart from Ballast, from the
 * sources of the profiles (tests/golden/guests.tsv names them). They are a statement, not a praise.
 *
 *   qubes       need less what a paused start took (tests/data/qubes.tsv)
 *   vcpus       growth of the overhead span with vCPUs less the measured growth, both passes
 *   pagetables  the same with memory
 *   openstack   rows of XAPI's own model that a profile meets to the MiB, as PV or as HVM
 *
 * The overhead span, since need of libxl jumps by 2 MiB. "pool given": with shadow_memory as the
 * toolstack that was measured sets it, where libxl's default is another one.
 *
 * An exact profile that is given the pool must be within 1 MiB of each of the seven guests, the
 * grain of what was published, and within 1 page a vCPU of the slope of both passes.
 */
#include <ballast/ballast.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SETS = 4, MOST_ROWS = 64, MOST_COLUMNS = 4 };
enum { QUBES, VCPUS_1, VCPUS_2, PAGETABLES };

struct table {
    size_t rows;
    uint64_t cell[MOST_ROWS * 2][MOST_COLUMNS];
};

struct errors {
    uint64_t mean_kib; /* of the absolute errors, rounded down */
    uint64_t over_kib; /* largest over-estimate */
    uint64_t under_kib;
};

static const struct expected {
    const char *profile;
    bool pool_given;
    struct errors sets[SETS];
} expected[] = {
    {"libxl", false, {{6290, 1024, 14336}, {885, 0, 1688}, {888, 0, 1696}, {1052732, 0, 4195820}}},
    {"libxl", true, {{2486, 3072, 0}, {885, 0, 1688}, {888, 0, 1696}, {2108, 0, 2148}}},
    {"libxl-4.14", false, {{2486, 3072, 0}, {885, 0, 1688}, {888, 0, 1696}, {2108, 0, 2148}}},
    {"libxl-4.20",
     false,
     {{6290, 1024, 14336}, {885, 0, 1688}, {888, 0, 1696}, {1052732, 0, 4195820}}},
    {"libxl-4.20", true, {{2486, 3072, 0}, {885, 0, 1688}, {888, 0, 1696}, {2108, 0, 2148}}},
    {"xapi", false, {{3218, 4096, 0}, {2428, 5480, 280}, {2382, 5472, 280}, {2108, 0, 2148}}},
    {"xapi-2025", false, {{2194, 3072, 0}, {885, 0, 1688}, {888, 0, 1696}, {2108, 0, 2148}}},
    {"xen-4.14", false, {{394, 1272, 0}, {134, 224, 188}, {136, 0, 192}, {2108, 0, 2148}}},
    {"xen-4.17", false, {{7925, 0, 16520}, {134, 224, 188}, {136, 0, 192}, {1052732, 0, 4195820}}},
    {"xen-4.17", true, {{261, 376, 520}, {134, 224, 188}, {136, 0, 192}, {2108, 0, 2148}}},
    {"xen-4.18", true, {{267, 368, 528}, {134, 224, 188}, {136, 0, 192}, {2108, 0, 2148}}},
    {"xen-4.19", true, {{273, 360, 536}, {134, 224, 188}, {136, 0, 192}, {2108, 0, 2148}}},
    {"xen-4.20", true, {{273, 360, 536}, {134, 224, 188}, {136, 0, 192}, {2108, 0, 2148}}},
};

static struct ballast_breakdown *breakdown;

static void stop(const char *what, const char *why)
{
    fprintf(stderr, "measurements: %s: %s\n", what, why);
    exit(2);
}

static void read_table(const char *folder, const char *name, struct table *out)
{
    char path[1024], line[512];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "r");
    if (!file)
        stop(path, "cannot be read");
    memset(out, 0, sizeof(*out));
    while (fgets(line, sizeof(line), file)) {
        if (line[0] == '#')
            continue;
        char *at = line;
        for (int i = 0; i < MOST_COLUMNS && *at; i++)
            out->cell[out->rows][i] = strtoull(at, &at, 10);
        if (++out->rows == MOST_ROWS * 2)
            stop(path, "more rows than fit");
    }
    fclose(file);
}

struct ask {
    enum ballast_guest_type type;
    uint64_t memory_kib, maxmem_kib, vcpus;
    uint64_t shadow_kib; /* BALLAST_UNSET: the profile's own rule */
};

static void evaluate(const char *profile, const struct ask *ask)
{
    struct ballast_guest *guest = ballast_guest_new(ask->type, "measured");
    struct ballast_error err = {0};
    if (!guest || ballast_guest_set(guest, BALLAST_MEMORY, ask->memory_kib, &err) < 0 ||
        ballast_guest_set(guest, BALLAST_MAXMEM, ask->maxmem_kib, &err) < 0 ||
        ballast_guest_set(guest, BALLAST_VCPUS, ask->vcpus, &err) < 0 ||
        ballast_guest_set(guest, BALLAST_SHADOW_MEMORY, ask->shadow_kib, &err) < 0 ||
        ballast_breakdown_evaluate(breakdown, ballast_profile_find(profile), guest, NULL, &err) < 0)
        stop(profile, err.text);
    ballast_guest_free(guest);
}

static int64_t overhead_kib(const char *profile, const struct ask *ask)
{
    evaluate(profile, ask);
    return (int64_t)ballast_breakdown_span_kib(breakdown, BALLAST_OVERHEAD);
}

/* XAPI's pool: 256 pages a vCPU and 2 a MiB, in whole MiB. */
static uint64_t xapi_pool_kib(uint64_t vcpus, uint64_t mib)
{
    return (256 * vcpus + 2 * mib + 255) / 256 * 1024;
}

static struct ask hvm(uint64_t mib, uint64_t vcpus, bool pool_given)
{
    return (struct ask){BALLAST_HVM, mib * 1024, mib * 1024, vcpus,
                        pool_given ? xapi_pool_kib(vcpus, mib) : BALLAST_UNSET};
}

static int64_t qubes_error(const struct expected *of, const uint64_t *row)
{
    struct ask ask = {BALLAST_PVH, row[0] * 1024, row[1] * 1024, row[2],
                      of->pool_given ? 1024 * row[2] + 8 * row[1] : BALLAST_UNSET};
    evaluate(of->profile, &ask);
    return (int64_t)ballast_breakdown_need_kib(breakdown) - (int64_t)(row[3] * 1024);
}

static int64_t vcpus_error(const struct expected *of, const uint64_t *row)
{
    struct ask one = hvm(1024, 1, of->pool_given), more = hvm(1024, 1 + row[1], of->pool_given);
    int64_t growth_kib = overhead_kib(of->profile, &more) - overhead_kib(of->profile, &one);
    return growth_kib - (int64_t)(row[2] * 4);
}

static int64_t pagetables_error(const struct expected *of, const uint64_t *row)
{
    struct ask least = hvm(128, 1, of->pool_given), more = hvm(row[0], 1, of->pool_given);
    int64_t growth_kib = overhead_kib(of->profile, &more) - overhead_kib(of->profile, &least);
    return growth_kib - (int64_t)(row[1] * 4);
}

static struct errors summarise(const int64_t *errors_kib, size_t count)
{
    struct errors sum = {0};
    for (size_t i = 0; i < count; i++) {
        uint64_t size_kib = (uint64_t)llabs(errors_kib[i]);
        uint64_t *largest = errors_kib[i] > 0 ? &sum.over_kib : &sum.under_kib;
        sum.mean_kib += size_kib;
        if (size_kib > *largest)
            *largest = size_kib;
    }
    sum.mean_kib /= count;
    return sum;
}

static struct errors errors_on(const struct expected *of, int set, const struct table *tables)
{
    static int64_t (*const error_of[SETS])(const struct expected *, const uint64_t *) = {
        [QUBES] = qubes_error,
        [VCPUS_1] = vcpus_error,
        [VCPUS_2] = vcpus_error,
        [PAGETABLES] = pagetables_error,
    };
    const struct table *table = &tables[set == VCPUS_2 ? VCPUS_1 : set];
    int64_t errors_kib[MOST_ROWS];
    size_t count = 0;
    for (size_t i = 0; i < table->rows; i++) {
        bool other_pass =
            (set == VCPUS_1 || set == VCPUS_2) && table->cell[i][0] != (set == VCPUS_1 ? 1 : 2);
        if (other_pass)
            continue;
        if (count == MOST_ROWS)
            stop(of->profile, "more rows than fit");
        errors_kib[count++] = error_of[set](of, table->cell[i]);
    }
    return summarise(errors_kib, count);
}

/* Growth a vCPU over a pass, times its vCPUs: the profile's less the measured one, in pages. */
static int64_t slope_error_pages(const struct expected *of, const struct table *table,
                                 uint64_t pass, int64_t *vcpus)
{
    int64_t first_kib = 0, last_kib = 0, first = -1, last = -1;
    for (size_t i = 0; i < table->rows; i++) {
        const uint64_t *row = table->cell[i];
        if (row[0] != pass)
            continue;
        last = (int64_t)row[1];
        last_kib = vcpus_error(of, row);
        if (first < 0) {
            first = last;
            first_kib = last_kib;
        }
    }
    *vcpus = last - first;
    return (last_kib - first_kib) / 4;
}

static unsigned state_exact(const struct expected *of, const struct table *tables)
{
    unsigned faults = 0;
    if (strncmp(of->profile, "xen-", 4) != 0 || !of->pool_given)
        return 0;
    for (uint64_t pass = 1; pass <= 2; pass++) {
        int64_t vcpus;
        int64_t pages = slope_error_pages(of, &tables[VCPUS_1], pass, &vcpus);
        printf("%s, pass %" PRIu64 ": slope off by %" PRId64 " pages over %" PRId64 " vCPUs\n",
               of->profile, pass, pages, vcpus);
        faults += llabs(pages) > vcpus;
    }
    for (size_t i = 0; i < tables[QUBES].rows; i++)
        faults += llabs(qubes_error(of, tables[QUBES].cell[i])) > 1024;
    return faults;
}

static unsigned state_profile(const struct expected *of, const struct table *tables)
{
    unsigned faults = 0;
    printf("%-10s %-5s", of->profile, of->pool_given ? "given" : "own");
    for (int set = 0; set < SETS; set++) {
        struct errors got = errors_on(of, set, tables);
        printf("  %8" PRIu64 " %+6" PRId64 " %+9" PRId64, got.mean_kib, (int64_t)got.over_kib,
               -(int64_t)got.under_kib);
        faults += memcmp(&got, &of->sets[set], sizeof(got)) != 0;
    }
    printf("%s\n", faults ? "  <- not as expected" : "");
    return faults;
}

/* Rows whose overhead the profile gives for a PV or for an HVM guest of that size. */
static unsigned openstack_met(const char *profile, const struct table *table)
{
    unsigned met = 0;
    for (size_t i = 0; i < table->rows; i++) {
        const uint64_t *row = table->cell[i];
        bool one = false;
        for (int hvm_too = 0; hvm_too < 2; hvm_too++) {
            struct ask ask = {hvm_too ? BALLAST_HVM : BALLAST_PV, row[0], row[0], row[1],
                              BALLAST_UNSET};
            evaluate(profile, &ask);
            one = one || ballast_breakdown_need_kib(breakdown) -
                                 ballast_breakdown_span_kib(breakdown, BALLAST_ACTUAL_TARGET) ==
                             row[2] * 1024;
        }
        met += one;
    }
    return met;
}

static unsigned state_openstack(const struct table *table)
{
    static const struct {
        const char *profile;
        unsigned met;
    } want[] = {{"xapi-2025", 26}, {"xapi", 10}};
    unsigned faults = 0;
    /* Ten rows can only be HVM; today's PV model, 1 MiB more up to 6 vCPUs, meets these. */
    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
        unsigned met = openstack_met(want[i].profile, table);
        printf("openstack: %s meets %u of %zu rows\n", want[i].profile, met, table->rows);
        faults += met != want[i].met || table->rows != 26;
    }
    return faults;
}

int main(int argc, char **argv)
{
    breakdown = ballast_breakdown_new();
    if (argc != 2 || !breakdown)
        stop("usage", "measurements FOLDER");
    static struct table tables[SETS], openstack;
    read_table(argv[1], "qubes.tsv", &tables[QUBES]);
    read_table(argv[1], "xapi-vcpus.tsv", &tables[VCPUS_1]);
    read_table(argv[1], "xapi-pagetables.tsv", &tables[PAGETABLES]);
    read_table(argv[1], "openstack.tsv", &openstack);
    unsigned faults =
        tables[QUBES].rows != 7 || tables[VCPUS_1].rows != 95 || tables[PAGETABLES].rows != 6;
    printf("error in KiB       %-26s%-26s%-26s%s\n", "  qubes (7)", "  vcpus, pass 1 (47)",
           "  vcpus, pass 2 (48)", "  pagetables (6)");
    printf("profile    pool ");
    for (int set = 0; set < SETS; set++)
        printf("  %8s %6s %9s", "mean", "over", "under");
    printf("\n");
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
        faults += state_profile(&expected[i], tables);
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
        faults += state_exact(&expected[i], tables);
    faults += state_openstack(&openstack);
    ballast_breakdown_free(breakdown);
    return faults > 0;
}
