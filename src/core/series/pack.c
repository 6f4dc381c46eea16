/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The packed form: two bytes, the form and the number of series, then the buckets, each as
 *
 *   flags; what they announce: skipped slots, weight; the series
 *
 * If any bucket has parts, the form is 2, the third byte is their number, and each bucket ends with
 * flags of its own: 0 without parts, else 1 plus twice a mask of those that differ from the
 * previous bucket, the total last; then the differences.
 *
 * Numbers are little-endian groups of seven bits, differences zigzag. Each series has the mean as a
 * difference from the previous bucket, unless it is the same, then how far the minimum lies below
 * and the maximum above it, unless both are 0. So a guest at rest takes only its flags.
 */
#include <errno.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/units.h"
#include "core/series/series.h"

enum { FORM = 1, FORM_PARTS = 2, SERIES_EVER = 8, PARTS_EVER = 24 };

/* Flags: two bits per series, then these two. */
enum { MOVED = 1, SPREAD = 2 };

static unsigned weight_flag(size_t series)
{
    return 1U << (2 * series);
}

static unsigned gap_flag(size_t series)
{
    return 2U << (2 * series);
}

static uint64_t zigzag_encode(uint64_t to, uint64_t from)
{
    return to >= from ? (to - from) << 1 : ((from - to) << 1) - 1;
}

static uint64_t unzigzag_decode(uint64_t coded, uint64_t from)
{
    return coded & 1 ? from - ((coded >> 1) + 1) : from + (coded >> 1);
}

static uint8_t *pack_number(uint8_t *out, uint64_t number)
{
    for (; number >= 128; number >>= 7)
        *out++ = (uint8_t)(number | 128);
    *out++ = (uint8_t)number;
    return out;
}

static unsigned flags_of(const struct series_bucket *bucket, const uint64_t before_kib[SERIES],
                         bool gap, bool full)
{
    unsigned flags = (gap ? gap_flag(SERIES) : 0) | (full ? 0 : weight_flag(SERIES));
    for (size_t i = 0; i < SERIES; i++) {
        const struct series_value *value = &bucket->value[i];
        if (value->mean_kib != before_kib[i])
            flags |= (unsigned)MOVED << (2 * i);
        if (value->min_kib != value->mean_kib || value->max_kib != value->mean_kib)
            flags |= (unsigned)SPREAD << (2 * i);
    }
    return flags;
}

static uint8_t *put_bucket(uint8_t *out, const struct series_bucket *bucket,
                           uint64_t before_kib[SERIES], uint64_t gap, uint64_t full)
{
    unsigned flags = flags_of(bucket, before_kib, gap > 0, bucket->weight == full);
    out = pack_number(out, flags);
    if (gap > 0)
        out = pack_number(out, gap);
    if (bucket->weight != full)
        out = pack_number(out, full - bucket->weight);
    for (size_t i = 0; i < SERIES; i++) {
        const struct series_value *value = &bucket->value[i];
        if (flags & (unsigned)MOVED << (2 * i))
            out = pack_number(out, zigzag_encode(value->mean_kib, before_kib[i]));
        if (flags & (unsigned)SPREAD << (2 * i)) {
            out = pack_number(out, value->mean_kib - value->min_kib);
            out = pack_number(out, value->max_kib - value->mean_kib);
        }
        before_kib[i] = value->mean_kib;
    }
    return out;
}

/* The parts of a bucket as a row, followed by the total. */
static void parts_row(const struct series_parts *parts, uint64_t kib[SERIES_PARTS + 1])
{
    memcpy(kib, parts->part_kib, sizeof(parts->part_kib));
    kib[SERIES_PARTS] = parts->total_kib;
}

static uint8_t *put_parts(uint8_t *out, const struct series_bucket *bucket,
                          uint64_t before_kib[SERIES_PARTS + 1])
{
    uint64_t kib[SERIES_PARTS + 1];
    unsigned flags = 1;
    if (!bucket->has_parts)
        return pack_number(out, 0);
    parts_row(&bucket->parts, kib);
    for (size_t i = 0; i <= SERIES_PARTS; i++)
        flags |= kib[i] != before_kib[i] ? 2U << i : 0;
    out = pack_number(out, flags);
    for (size_t i = 0; i <= SERIES_PARTS; i++) {
        if (kib[i] != before_kib[i])
            out = pack_number(out, zigzag_encode(kib[i], before_kib[i]));
        before_kib[i] = kib[i];
    }
    return out;
}

static bool any_parts(const struct series_bucket *buckets, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (buckets[i].has_parts)
            return true;
    }
    return false;
}

size_t series_pack(const struct series_place *place, const struct series_bucket *buckets,
                   size_t count, uint8_t out[SERIES_PACK_MOST])
{
    uint64_t before_kib[SERIES] = {0};
    uint64_t parts_kib[SERIES_PARTS + 1] = {0};
    uint64_t next_sec = place->start_sec;
    bool parts = any_parts(buckets, count);
    uint8_t *at = out;
    *at++ = parts ? FORM_PARTS : FORM;
    *at++ = SERIES;
    if (parts)
        *at++ = SERIES_PARTS;
    for (size_t i = 0; i < count; i++) {
        uint64_t gap = (buckets[i].at_sec - next_sec) / place->length_sec;
        at = put_bucket(at, &buckets[i], before_kib, gap, place->length_sec * SERIES_WEIGHT_SEC);
        if (parts)
            at = put_parts(at, &buckets[i], parts_kib);
        next_sec = buckets[i].at_sec + place->length_sec;
    }
    return (size_t)(at - out);
}

struct reading {
    const uint8_t *at;
    const uint8_t *end;
    bool broken;
    size_t series;
    size_t parts; /* 0: form 1 */
    uint64_t before_kib[SERIES_EVER];
    uint64_t parts_kib[PARTS_EVER + 1];
};

static uint64_t unpack_number(struct reading *reading)
{
    uint64_t number = 0;
    for (unsigned shift = 0; shift < 63 && reading->at < reading->end; shift += 7) {
        uint8_t byte = *reading->at++;
        number |= (uint64_t)(byte & 127) << shift;
        if (byte < 128)
            return number;
    }
    reading->broken = true;
    return 0;
}

static void unpack_value(struct reading *reading, unsigned flags, size_t i,
                         struct series_value *out)
{
    uint64_t *mean_kib = &reading->before_kib[i];
    uint64_t below_kib = 0;
    uint64_t above_kib = 0;
    if (flags & (unsigned)MOVED << (2 * i))
        *mean_kib = unzigzag_decode(unpack_number(reading), *mean_kib);
    if (flags & (unsigned)SPREAD << (2 * i)) {
        below_kib = unpack_number(reading);
        above_kib = unpack_number(reading);
    }
    if (*mean_kib > SERIES_MOST_KIB || below_kib > *mean_kib ||
        above_kib > SERIES_MOST_KIB - *mean_kib)
        reading->broken = true;
    else
        *out = (struct series_value){*mean_kib - below_kib, *mean_kib, *mean_kib + above_kib};
}

/* Parts that sum to less than their total are invalid: they would be drawn as missing memory. */
static void set_parts(struct reading *reading, struct series_bucket *out)
{
    uint64_t sum_kib = 0;
    for (size_t i = 0; i <= reading->parts; i++) {
        if (reading->parts_kib[i] > SERIES_MOST_KIB)
            reading->broken = true;
    }
    for (size_t i = 0; i < reading->parts && !reading->broken; i++)
        sum_kib += reading->parts_kib[i];
    if (reading->broken || reading->parts_kib[reading->parts] > sum_kib) {
        reading->broken = true;
        return;
    }
    out->has_parts = reading->parts <= SERIES_PARTS;
    for (size_t i = 0; i < reading->parts && out->has_parts; i++)
        out->parts.part_kib[i] = reading->parts_kib[i];
    out->parts.total_kib = out->has_parts ? reading->parts_kib[reading->parts] : 0;
}

static void take_parts(struct reading *reading, struct series_bucket *out)
{
    uint64_t flags = unpack_number(reading);
    if (flags == 0 || reading->broken)
        return;
    for (size_t i = 0; i <= reading->parts; i++) {
        if (flags & UINT64_C(2) << i)
            reading->parts_kib[i] = unzigzag_decode(unpack_number(reading), reading->parts_kib[i]);
    }
    set_parts(reading, out);
}

static void take_bucket(struct reading *reading, const struct series_place *place, size_t *slot,
                        struct series_bucket *out)
{
    uint64_t full = place->length_sec * SERIES_WEIGHT_SEC;
    unsigned flags = (unsigned)unpack_number(reading);
    uint64_t gap = flags & gap_flag(reading->series) ? unpack_number(reading) : 0;
    uint64_t lacks = flags & weight_flag(reading->series) ? unpack_number(reading) : 0;
    *out = (struct series_bucket){0};
    for (size_t i = 0; i < reading->series && !reading->broken; i++) {
        struct series_value beyond;
        unpack_value(reading, flags, i, i < SERIES ? &out->value[i] : &beyond);
    }
    if (reading->parts > 0 && !reading->broken)
        take_parts(reading, out);
    if (gap >= place->slots - *slot || lacks > full)
        reading->broken = true;
    if (reading->broken)
        return;
    *slot += gap;
    out->at_sec = place->start_sec + *slot * place->length_sec;
    out->weight = (uint32_t)(full - lacks);
    ++*slot;
}

/* The bytes before the first bucket; false: they are not a pack. */
static bool take_head(struct reading *reading)
{
    if (reading->end - reading->at < 2)
        return false;
    uint8_t form = *reading->at++;
    reading->series = *reading->at++;
    if (form == FORM_PARTS && reading->at < reading->end)
        reading->parts = *reading->at++;
    return (form == FORM || (form == FORM_PARTS && reading->parts > 0)) && reading->series > 0 &&
           reading->series <= SERIES_EVER && reading->parts <= PARTS_EVER;
}

int series_unpack(const struct series_place *place, const uint8_t *bytes, size_t size,
                  struct series_bucket *out, size_t *count, struct ballast_error *err)
{
    struct reading reading = {.at = bytes, .end = bytes + size};
    size_t slot = 0;
    size_t made = 0;
    if (!take_head(&reading))
        return ballast_fail(err, -EINVAL, "samples in an unknown format");
    while (reading.at < reading.end && !reading.broken && slot < place->slots)
        take_bucket(&reading, place, &slot, &out[made++]);
    if (reading.broken || reading.at < reading.end)
        return ballast_fail(err, -EINVAL, "samples that are invalid");
    *count = made;
    return 0;
}
