/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Texts of /proc, each reader on the same bytes. Whatever comes, what is known is within its
 * bounds, and a line that was cut counts as little as one that is not there.
 */
#include "check.h"

#include <stdbool.h>

#include "edge/proc/parse.h"

static struct ballast_pressure read_counts(const char *text, size_t size)
{
    struct ballast_pressure seen = {0};
    proc_parse_vmstat(text, size, &seen);
    MUST((seen.known & 3) == 0, "%x", seen.known);
    return seen;
}

static struct ballast_pressure read_averages(const char *text, size_t size)
{
    struct ballast_pressure seen = {0};
    proc_parse_pressure(text, size, &seen);
    MUST((seen.known & ~UINT32_C(3)) == 0, "%x", seen.known);
    for (int kind = 0; kind < 2; kind++)
        MUST(seen.values[kind] <= 10000, "%d", kind);
    return seen;
}

static bool is_same(const struct ballast_pressure *a, const struct ballast_pressure *b)
{
    return a->known == b->known && memcmp(a->values, b->values, sizeof(a->values)) == 0;
}

static size_t whole_lines(const char *text, size_t size)
{
    while (size > 0 && text[size - 1] != '\n')
        size--;
    return size;
}

static void check_meminfo(const char *text, size_t size, size_t whole)
{
    uint64_t total = 1;
    uint64_t available = 2;
    uint64_t again[2] = {1, 2};
    int rc = proc_parse_meminfo(text, size, &total, &available);
    MUST(rc == 0 ? total > 0 && available <= total : total == 1 && available == 2, "%d", rc);
    MUST(proc_parse_meminfo(text, whole, &again[0], &again[1]) == rc, "%d", rc);
    MUST(again[0] == total && again[1] == available, "%d", rc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    size_t whole = whole_lines(text, size);
    check_meminfo(text, size, whole);
    struct ballast_pressure a = read_counts(text, size);
    struct ballast_pressure b = read_counts(text, whole);
    MUST(is_same(&a, &b), "vmstat");
    a = read_averages(text, size);
    b = read_averages(text, whole);
    MUST(is_same(&a, &b), "pressure");
    return 0;
}
