/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest's current memory, target and need over time. The samples of an interval form a bucket,
 * which keeps the minimum, the mean and the maximum of each; buckets that are merged into longer
 * ones keep them too, so a spike of one sample is still there after a year, and the mean stays
 * exact. Buckets of one length are packed into few bytes: a guest at rest takes one byte per
 * bucket.
 *
 * For the host the three are free memory, the reserved part of it, and the deficit. It also has
 * parts: the means of what its memory consisted of, which are rounded together, so that parts that
 * summed to the total in each sample do so in every bucket, however often it is merged.
 */
#ifndef CORE_SERIES_SERIES_H
#define CORE_SERIES_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ballast/error.h>

enum series_name { SERIES_CURRENT, SERIES_TARGET, SERIES_NEED, SERIES };

/* Weights are sampled time, in tenths of a second. */
enum { SERIES_WEIGHT_SEC = 10 };

/* Values are limited to this: 8 PiB, more than any host has. */
#define SERIES_MOST_KIB (UINT64_C(1) << 43)

struct series_value {
    uint64_t min_kib;
    uint64_t mean_kib; /* over the weight, rounded to nearest */
    uint64_t max_kib;
};

/*
 * As many as a host has (BALLAST_PARTS, which this room cannot include; the recorder asserts that
 * they are equal).
 */
enum { SERIES_PARTS = 10 };

/* The parts of a whole. They sum to at least the total; beyond it they are overcounted. */
struct series_parts {
    uint64_t total_kib;
    uint64_t part_kib[SERIES_PARTS];
};

struct series_bucket {
    uint64_t at_sec; /* its start: a multiple of its length */
    uint32_t weight; /* at most its length; 0: sampled, but for no time */
    bool has_parts;
    struct series_value value[SERIES];
    struct series_parts parts; /* means over the part of the weight for which they are known */
};

/* A bucket that is being summed. All zeros is empty. */
struct series_fold {
    uint64_t weight;
    bool begun;
    struct {
        unsigned __int128 sum; /* value times weight */
        uint64_t min_kib;
        uint64_t max_kib;
        uint64_t last_kib;
    } of[SERIES];
    struct {
        bool begun;
        uint64_t weight;
        unsigned __int128 total_sum;
        unsigned __int128 sum[SERIES_PARTS];
        struct series_parts last;
    } parts;
};

/* Adds a sample that was valid for `weight`. */
void series_fold_sample(struct series_fold *fold, const uint64_t kib[SERIES], uint64_t weight);
/*
 * Adds the parts of the same sample. Sizes are limited to SERIES_MOST_KIB; a total above the sum of
 * its parts is reduced to it.
 */
void series_fold_parts(struct series_fold *fold, const struct series_parts *parts, uint64_t weight);
void series_fold_bucket(struct series_fold *fold, const struct series_bucket *bucket);
/* The resulting bucket; false: it is empty. The weight is limited to that of `length_sec`. */
bool series_fold_end(const struct series_fold *fold, uint64_t at_sec, uint64_t length_sec,
                     struct series_bucket *out);

/*
 * Merges buckets, in ascending order, into ones of `length_sec`, a multiple of their length; in
 * place is fine. Returns their number.
 */
size_t series_thin(const struct series_bucket *buckets, size_t count, uint64_t length_sec,
                   struct series_bucket *out);

/* The place of buckets of one length: `slots` of them, from `start_sec` on. */
struct series_place {
    uint64_t start_sec;
    uint64_t length_sec;
    size_t slots; /* at most SERIES_SLOTS */
};

enum {
    SERIES_SLOTS = 144,
    /* Flags, gap and weight, then three values of at most 7 bytes each a series. */
    /* The same, and flags of two bytes with a value each for the parts and their total. */
    SERIES_PACK_MOST = 3 + SERIES_SLOTS * (2 + 2 + 5 + SERIES * 3 * 7 + 2 + (SERIES_PARTS + 1) * 7),
};

/*
 * Inserts a bucket among those of its place, in ascending order; adds it to the one of the same
 * time if there is one. `buckets` has room for place->slots. False: it lies outside.
 */
bool series_put(const struct series_place *place, struct series_bucket *buckets, size_t *count,
                const struct series_bucket *bucket);
/* Packs ascending buckets into bytes; returns their number. */
size_t series_pack(const struct series_place *place, const struct series_bucket *buckets,
                   size_t count, uint8_t out[SERIES_PACK_MOST]);
/*
 * Unpacks. Series and parts that the bytes lack become 0; surplus series are dropped; with surplus
 * parts all parts are dropped, since they would no longer sum. -EINVAL: not a pack.
 */
int series_unpack(const struct series_place *place, const uint8_t *bytes, size_t size,
                  struct series_bucket *out, size_t *count, struct ballast_error *err);

/* An interval as a number of points, to be drawn. */
struct series_view {
    uint64_t from_sec;
    uint64_t step_sec;
    size_t points;
    struct series_fold *folds;
    uint32_t *length_sec; /* of the buckets of a point, if longer than step_sec */
};

/* At most `points` (at least 1) points over [from, until); until is after from. -ENOMEM. */
int series_view_begin(struct series_view *view, uint64_t from_sec, uint64_t until_sec,
                      size_t points, struct ballast_error *err);
void series_view_release(struct series_view *view);
/* Adds buckets of that length; ignores those outside. */
void series_view_add(struct series_view *view, const struct series_bucket *bucket,
                     uint64_t length_sec);
/*
 * Point i; false if nothing is known of it. *until_sec is its end, which may be after the start of
 * the next one if only longer buckets are known of that time.
 */
bool series_view_at(const struct series_view *view, size_t i, struct series_bucket *out,
                    uint64_t *until_sec);

#endif
