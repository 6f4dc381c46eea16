/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "core/base/units.h"
#include "core/series/series.h"

static void widen_range(struct series_fold *fold, size_t i, uint64_t min_kib, uint64_t max_kib)
{
    fold->of[i].min_kib = fold->begun ? ballast_min_u64(fold->of[i].min_kib, min_kib) : min_kib;
    fold->of[i].max_kib = fold->begun ? ballast_max_u64(fold->of[i].max_kib, max_kib) : max_kib;
}

void series_fold_sample(struct series_fold *fold, const uint64_t kib[SERIES], uint64_t weight)
{
    for (size_t i = 0; i < SERIES; i++) {
        uint64_t value = ballast_min_u64(kib[i], SERIES_MOST_KIB);
        widen_range(fold, i, value, value);
        fold->of[i].sum += (unsigned __int128)value * weight;
        fold->of[i].last_kib = value;
    }
    fold->weight += weight;
    fold->begun = true;
}

void series_fold_parts(struct series_fold *fold, const struct series_parts *parts, uint64_t weight)
{
    struct series_parts cut;
    uint64_t sum_kib = 0;
    for (size_t i = 0; i < SERIES_PARTS; i++) {
        cut.part_kib[i] = ballast_min_u64(parts->part_kib[i], SERIES_MOST_KIB);
        sum_kib += cut.part_kib[i];
        fold->parts.sum[i] += (unsigned __int128)cut.part_kib[i] * weight;
    }
    cut.total_kib = ballast_min_u64(ballast_min_u64(parts->total_kib, sum_kib), SERIES_MOST_KIB);
    fold->parts.total_sum += (unsigned __int128)cut.total_kib * weight;
    fold->parts.weight += weight;
    fold->parts.begun = true;
    fold->parts.last = cut;
}

void series_fold_bucket(struct series_fold *fold, const struct series_bucket *bucket)
{
    for (size_t i = 0; i < SERIES; i++) {
        const struct series_value *value = &bucket->value[i];
        widen_range(fold, i, value->min_kib, value->max_kib);
        fold->of[i].sum += (unsigned __int128)value->mean_kib * bucket->weight;
        fold->of[i].last_kib = value->mean_kib;
    }
    fold->weight += bucket->weight;
    fold->begun = true;
    if (bucket->has_parts)
        series_fold_parts(fold, &bucket->parts, bucket->weight);
}

static uint64_t weighted_mean(unsigned __int128 sum, uint64_t weight)
{
    return (uint64_t)((sum + weight / 2) / weight);
}

/*
 * The boundaries between the parts are rounded, not the parts: so each is off by less than one KiB,
 * and together they are their rounded sum, which is the total's unless they are overcounted.
 */
static void end_parts(const struct series_fold *fold, struct series_parts *out)
{
    unsigned __int128 below = 0;
    uint64_t below_kib = 0;
    *out = fold->parts.last;
    if (fold->parts.weight == 0)
        return;
    for (size_t i = 0; i < SERIES_PARTS; i++) {
        below += fold->parts.sum[i];
        uint64_t boundary_kib = weighted_mean(below, fold->parts.weight);
        out->part_kib[i] = boundary_kib - below_kib;
        below_kib = boundary_kib;
    }
    out->total_kib = weighted_mean(fold->parts.total_sum, fold->parts.weight);
}

bool series_fold_end(const struct series_fold *fold, uint64_t at_sec, uint64_t length_sec,
                     struct series_bucket *out)
{
    if (!fold->begun)
        return false;
    out->at_sec = at_sec;
    out->weight = (uint32_t)ballast_min_u64(
        fold->weight, ballast_min_u64(length_sec * SERIES_WEIGHT_SEC, UINT32_MAX));
    for (size_t i = 0; i < SERIES; i++) {
        /* Two samples within a tenth of a second have no time between them. */
        uint64_t mean_kib = fold->of[i].last_kib;
        if (fold->weight > 0)
            mean_kib = weighted_mean(fold->of[i].sum, fold->weight);
        out->value[i] = (struct series_value){fold->of[i].min_kib, mean_kib, fold->of[i].max_kib};
    }
    out->has_parts = fold->parts.begun;
    out->parts = (struct series_parts){0};
    if (out->has_parts)
        end_parts(fold, &out->parts);
    return true;
}

size_t series_thin(const struct series_bucket *buckets, size_t count, uint64_t length_sec,
                   struct series_bucket *out)
{
    struct series_fold fold = {0};
    size_t made = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t at_sec = buckets[i].at_sec - buckets[i].at_sec % length_sec;
        bool last = i + 1 == count || buckets[i + 1].at_sec >= at_sec + length_sec;
        series_fold_bucket(&fold, &buckets[i]);
        if (!last)
            continue;
        made += series_fold_end(&fold, at_sec, length_sec, &out[made]);
        fold = (struct series_fold){0};
    }
    return made;
}

bool series_put(const struct series_place *place, struct series_bucket *buckets, size_t *count,
                const struct series_bucket *bucket)
{
    uint64_t end_sec = place->start_sec + place->slots * place->length_sec;
    size_t at = *count;
    if (bucket->at_sec < place->start_sec || bucket->at_sec >= end_sec ||
        (bucket->at_sec - place->start_sec) % place->length_sec != 0)
        return false;
    while (at > 0 && buckets[at - 1].at_sec >= bucket->at_sec)
        at--;
    if (at < *count && buckets[at].at_sec == bucket->at_sec) {
        struct series_fold fold = {0};
        series_fold_bucket(&fold, &buckets[at]);
        series_fold_bucket(&fold, bucket);
        (void)series_fold_end(&fold, bucket->at_sec, place->length_sec, &buckets[at]);
        return true;
    }
    memmove(&buckets[at + 1], &buckets[at], (*count - at) * sizeof(*buckets));
    buckets[at] = *bucket;
    ++*count;
    return true;
}
