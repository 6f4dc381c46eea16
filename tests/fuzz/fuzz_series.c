/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Packed samples as a faulty disk may return them. Accepted ones ascend within their place, their
 * parts reach their total, and packing them again gives the same; so do merged ones.
 */
#include <stdlib.h>
#include <string.h>

#include "core/series/series.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct series_place place = {1200, 10, 60};

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void check_rising(const struct series_bucket *buckets, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct series_bucket *bucket = &buckets[i];
        uint64_t sum_kib = 0;
        check(i == 0 || bucket->at_sec > buckets[i - 1].at_sec);
        for (size_t s = 0; s < SERIES; s++)
            check(bucket->value[s].min_kib <= bucket->value[s].mean_kib &&
                  bucket->value[s].mean_kib <= bucket->value[s].max_kib &&
                  bucket->value[s].max_kib <= SERIES_MOST_KIB);
        for (size_t part = 0; part < SERIES_PARTS; part++)
            sum_kib += bucket->parts.part_kib[part];
        check(bucket->has_parts ? bucket->parts.total_kib <= sum_kib : sum_kib == 0);
    }
}

static bool is_same(const struct series_bucket *a, const struct series_bucket *b)
{
    return a->at_sec == b->at_sec && a->weight == b->weight && a->has_parts == b->has_parts &&
           memcmp(a->value, b->value, sizeof(a->value)) == 0 &&
           memcmp(&a->parts, &b->parts, sizeof(a->parts)) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct series_bucket buckets[SERIES_SLOTS];
    static struct series_bucket again[SERIES_SLOTS];
    static uint8_t bytes[SERIES_PACK_MOST];
    size_t count = 0;
    size_t count_again = 0;
    if (series_unpack(&place, data, size, buckets, &count, NULL) < 0)
        return 0;
    check(count <= place.slots);
    check_rising(buckets, count);
    size_t packed = series_pack(&place, buckets, count, bytes);
    check(packed <= SERIES_PACK_MOST);
    check(series_unpack(&place, bytes, packed, again, &count_again, NULL) == 0);
    check(count_again == count);
    for (size_t i = 0; i < count; i++)
        check(is_same(&buckets[i], &again[i]));
    count = series_thin(buckets, count, 60, buckets);
    check_rising(buckets, count);
    return 0;
}
