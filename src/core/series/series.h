/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a guest held, was told to hold and needed, over time. What was sampled within a stretch of
 * time is a bucket, which keeps the least, the mean and the most of each; buckets that are thinned
 * to longer ones keep them too, so a spike of one sample is still there after a year, and the mean
 * of all time stays the mean. Buckets of one stretch are packed into few bytes: a guest at rest
 * takes one a bucket.
 *
 * Of the host the three are what is free, what is promised of it, and the deficit. It has parts
 * too: means of what its memory was made of, which are rounded together, so that what summed to the
 * total when it was sampled does so in every bucket, however often it is thinned.
 */
#ifndef CORE_SERIES_SERIES_H
#define CORE_SERIES_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ballast/error.h>

enum series_name { SERIES_CURRENT, SERIES_TARGET, SERIES_NEED, SERIES };

/* Weights are time that was sampled, in tenths of a second. */
enum { SERIES_WEIGHT_SEC = 10 };

/* Values are cut to this: 8 PiB, more than any host has. */
#define SERIES_MOST_KIB (UINT64_C(1) << 43)

struct series_value {
    uint64_t min_kib;
    uint64_t mean_kib; /* over the weight, rounded to the nearest */
    uint64_t max_kib;
};

/* As many as a host has (BALLAST_PARTS, which this room cannot see; the recorder holds them equal).
 */
enum { SERIES_PARTS = 10 };

/* What a whole is made of. The parts are at least the total; beyond it they contradict each other.
 */
struct series_parts {
    uint64_t total_kib;
    uint64_t part_kib[SERIES_PARTS];
};

struct series_bucket {
    uint64_t at_sec; /* where it begins: a multiple of its length */
    uint32_t weight; /* at most what its length is; 0: seen, and for no time */
    bool has_parts;
    struct series_value value[SERIES];
    struct series_parts parts; /* means over as much of the weight as they are known of */
};

/* Being added up. All zero is empty. */
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

/* Something sampled: it was so for `weight`. */
void series_fold_sample(struct series_fold *fold, const uint64_t kib[SERIES], uint64_t weight);
/*
 * The parts of that same sample. Sizes are cut to SERIES_MOST_KIB; a total that is more than its
 * parts is cut to them.
 */
void series_fold_parts(struct series_fold *fold, const struct series_parts *parts, uint64_t weight);
void series_fold_bucket(struct series_fold *fold, const struct series_bucket *bucket);
/* What it comes to; false: it is empty. The weight is cut to that of `length_sec`. */
bool series_fold_end(const struct series_fold *fold, uint64_t at_sec, uint64_t length_sec,
                     struct series_bucket *out);

/*
 * Makes buckets of `length_sec` out of shorter ones, which rise and whose length divides it; in
 * place is fine. How many there are then.
 */
size_t series_thin(const struct series_bucket *buckets, size_t count, uint64_t length_sec,
                   struct series_bucket *out);

/* Where buckets of one length lie: `slots` of them, from `start_sec` on. */
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
 * Puts a bucket among others of its place, which rise; one that is there already for that time is
 * added up with it. `buckets` has room for place->slots. False: it lies outside.
 */
bool series_put(const struct series_place *place, struct series_bucket *buckets, size_t *count,
                const struct series_bucket *bucket);
/* Rising buckets as bytes; how many. */
size_t series_pack(const struct series_place *place, const struct series_bucket *buckets,
                   size_t count, uint8_t out[SERIES_PACK_MOST]);
/*
 * Back again. What is packed with fewer series or parts than there are now has 0 in the others;
 * what has more series loses them, what has more parts all parts, which would no longer sum.
 * -EINVAL: these bytes are none of ours.
 */
int series_unpack(const struct series_place *place, const uint8_t *bytes, size_t size,
                  struct series_bucket *out, size_t *count, struct ballast_error *err);

/* A stretch of time as so many points, to be drawn. */
struct series_view {
    uint64_t from_sec;
    uint64_t step_sec;
    size_t points;
    struct series_fold *folds;
    uint32_t *length_sec; /* of what a point was made of, where that is longer than step_sec */
};

/* At most `points` (at least 1) over [from, until); until is after from. -ENOMEM. */
int series_view_begin(struct series_view *view, uint64_t from_sec, uint64_t until_sec,
                      size_t points, struct ballast_error *err);
void series_view_release(struct series_view *view);
/* Buckets of that length; what lies outside is passed over. */
void series_view_add(struct series_view *view, const struct series_bucket *bucket,
                     uint64_t length_sec);
/*
 * Point i, false where nothing is known of it. *until_sec is where it ends, which may be behind the
 * next one's begin when what is known of that time is coarser.
 */
bool series_view_at(const struct series_view *view, size_t i, struct series_bucket *out,
                    uint64_t *until_sec);

#endif
