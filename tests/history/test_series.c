/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Buckets: folding and thinning lose no extreme and no total, packing loses nothing at all. */
#include "check.h"

#include "../seeds/seed.h"

static uint64_t seed = 7;

static const struct series_place place = {1200, 10, 60};

/* A bucket of any kind: at rest, moving, extreme. */
static struct series_bucket any_bucket(uint64_t *state, uint64_t at_sec)
{
    struct series_bucket bucket = {.at_sec = at_sec, .weight = 100};
    if (random_below(state, 3) == 0)
        bucket.weight = (uint32_t)random_below(state, 101);
    for (size_t i = 0; i < SERIES; i++) {
        uint64_t most = random_below(state, 8) == 0 ? SERIES_MOST_KIB + 1 : 5000000;
        uint64_t mean = random_below(state, 3) == 0 ? 4096 : random_below(state, most);
        bucket.value[i] = (struct series_value){mean, mean, mean};
        if (random_below(state, 2) == 0) {
            bucket.value[i].min_kib = random_below(state, mean + 1);
            bucket.value[i].max_kib = mean + random_below(state, SERIES_MOST_KIB - mean + 1);
        }
    }
    return bucket;
}

/* A whole and its parts, which contradict each other now and then. */
static struct series_parts any_parts(uint64_t *state, uint64_t total_kib)
{
    struct series_parts parts = {.total_kib = total_kib};
    uint64_t left = total_kib;
    for (size_t i = 0; i + 1 < SERIES_PARTS; i++) {
        parts.part_kib[i] = random_below(state, 3) == 0 ? 0 : random_below(state, left / 2 + 1);
        left -= parts.part_kib[i];
    }
    parts.part_kib[SERIES_PARTS - 1] = left;
    if (random_below(state, 8) == 0)
        parts.part_kib[random_below(state, SERIES_PARTS)] += random_below(state, 5000);
    return parts;
}

static uint64_t sum_of(const struct series_parts *parts)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < SERIES_PARTS; i++)
        sum += parts->part_kib[i];
    return sum;
}

static size_t any_buckets(uint64_t *state, struct series_bucket *out)
{
    size_t count = 0;
    for (uint64_t slot = 0; slot < place.slots; slot++) {
        if (random_below(state, 5) != 0)
            out[count++] = any_bucket(state, place.start_sec + slot * place.length_sec);
    }
    bool parts = random_below(state, 2) == 0;
    for (size_t i = 0; i < count && parts; i++) {
        out[i].has_parts = random_below(state, 4) != 0;
        if (out[i].has_parts)
            out[i].parts = any_parts(state, random_below(state, SERIES_MOST_KIB / 2));
    }
    return count;
}

static void assert_same(const struct series_bucket *a, const struct series_bucket *b)
{
    assert_int_equal(a->at_sec, b->at_sec);
    assert_int_equal(a->weight, b->weight);
    for (size_t i = 0; i < SERIES; i++) {
        assert_int_equal(a->value[i].min_kib, b->value[i].min_kib);
        assert_int_equal(a->value[i].mean_kib, b->value[i].mean_kib);
        assert_int_equal(a->value[i].max_kib, b->value[i].max_kib);
    }
    assert_int_equal(a->has_parts, b->has_parts);
    assert_memory_equal(&a->parts, &b->parts, sizeof(a->parts));
}

static void test_pack(void **state)
{
    (void)state;
    static uint8_t bytes[SERIES_PACK_MOST];
    uint64_t random = seed;
    for (int round = 0; round < 20000; round++) {
        struct series_bucket in[SERIES_SLOTS];
        struct series_bucket out[SERIES_SLOTS];
        size_t count = any_buckets(&random, in);
        size_t size = series_pack(&place, in, count, bytes);
        size_t back = 99;
        assert_true(size <= SERIES_PACK_MOST);
        assert_int_equal(series_unpack(&place, bytes, size, out, &back, NULL), 0);
        assert_int_equal(back, count);
        for (size_t i = 0; i < count; i++)
            assert_same(&in[i], &out[i]);
    }
}

/* The dearest of all: every value far from the one before. */
static void test_pack_most(void **state)
{
    (void)state;
    static uint8_t bytes[SERIES_PACK_MOST];
    static struct series_bucket in[SERIES_SLOTS];
    const struct series_place dear = {0, 1800, SERIES_SLOTS};
    for (size_t i = 0; i < SERIES_SLOTS; i++) {
        uint64_t mean = i % 2 ? SERIES_MOST_KIB : 0;
        in[i] = (struct series_bucket){.at_sec = i * 1800, .weight = 0};
        for (size_t s = 0; s < SERIES; s++)
            in[i].value[s] = (struct series_value){0, mean, SERIES_MOST_KIB};
        in[i].has_parts = true;
        in[i].parts.total_kib = mean;
        for (size_t part = 0; part < SERIES_PARTS; part++)
            in[i].parts.part_kib[part] = mean;
    }
    size_t size = series_pack(&dear, in, SERIES_SLOTS, bytes);
    assert_true(size <= SERIES_PACK_MOST);
}

static void test_pack_at_rest(void **state)
{
    (void)state;
    static uint8_t bytes[SERIES_PACK_MOST];
    struct series_bucket in[60];
    for (size_t i = 0; i < 60; i++) {
        in[i] = (struct series_bucket){.at_sec = 1200 + i * 10, .weight = 100};
        for (size_t s = 0; s < SERIES; s++)
            in[i].value[s] = (struct series_value){4194304, 4194304, 4194304};
    }
    assert_true(series_pack(&place, in, 60, bytes) <= 60 + 2 + SERIES * 4);
}

/* Bytes of a disk that has gone bad: an error or buckets that can be, and no step beyond. */
static void test_unpack_any(void **state)
{
    (void)state;
    uint64_t random = seed;
    for (int round = 0; round < 200000; round++) {
        uint8_t bytes[64];
        struct series_bucket out[SERIES_SLOTS];
        size_t size = random_below(&random, sizeof(bytes) + 1);
        size_t count = 0;
        for (size_t i = 0; i < size; i++)
            bytes[i] = (uint8_t)random_next(&random);
        if (size > 1 && round % 4) {
            bytes[0] = 1;
            bytes[1] = (uint8_t)(1 + round % 5);
        }
        if (size > 2 && round % 8 == 1) {
            bytes[0] = 2;
            bytes[2] = (uint8_t)(1 + round % 13);
        }
        if (series_unpack(&place, bytes, size, out, &count, NULL) < 0)
            continue;
        assert_true(count <= place.slots);
        for (size_t i = 0; i < count; i++) {
            assert_true(out[i].at_sec >= place.start_sec && out[i].at_sec < 1800);
            assert_true(i == 0 || out[i].at_sec > out[i - 1].at_sec);
            assert_true(out[i].value[0].min_kib <= out[i].value[0].mean_kib);
            assert_true(out[i].value[0].max_kib <= SERIES_MOST_KIB);
            assert_true(!out[i].has_parts || sum_of(&out[i].parts) >= out[i].parts.total_kib);
        }
    }
}

/* Samples of an older release, which knew fewer series, and of a later one, which knows more. */
static void test_other_releases(void **state)
{
    (void)state;
    struct series_bucket out[SERIES_SLOTS];
    size_t count;
    /* two series: actual moved to 100, target to 50; then both the same after a gap of 3 */
    const uint8_t two[] = {1, 2, 1 | 4, 200, 1, 100, 32, 3};
    assert_int_equal(series_unpack(&place, two, sizeof(two), out, &count, NULL), 0);
    assert_int_equal(count, 2);
    assert_int_equal(out[0].value[SERIES_CURRENT].mean_kib, 100);
    assert_int_equal(out[1].value[SERIES_TARGET].mean_kib, 50);
    assert_int_equal(out[1].value[SERIES_NEED].mean_kib, 0);
    assert_int_equal(out[1].at_sec, 1200 + 40);
    /* four: the fourth is passed over */
    const uint8_t four[] = {1, 4, 1 | 64, 14, 40, 0};
    assert_int_equal(series_unpack(&place, four, sizeof(four), out, &count, NULL), 0);
    assert_int_equal(count, 2);
    assert_int_equal(out[1].value[SERIES_CURRENT].mean_kib, 7);
    /* two parts, 3 and 4 of 7; then the same; then a bucket without any */
    const uint8_t parts[] = {2, 1, 2, 0, 1 | 2 | 4 | 8, 6, 8, 14, 0, 1, 0, 0};
    assert_int_equal(series_unpack(&place, parts, sizeof(parts), out, &count, NULL), 0);
    assert_int_equal(count, 3);
    assert_int_equal(out[1].parts.part_kib[0], 3);
    assert_int_equal(out[1].parts.part_kib[1], 4);
    assert_int_equal(sum_of(&out[1].parts), out[1].parts.total_kib);
    assert_false(out[2].has_parts);
    /* more parts than there are: none, since the others would not sum */
    const uint8_t many[] = {2, 1, SERIES_PARTS + 1, 1, 14, 1 | 2, 2};
    assert_int_equal(series_unpack(&place, many, sizeof(many), out, &count, NULL), 0);
    assert_false(out[0].has_parts);
    assert_int_equal(out[0].value[SERIES_CURRENT].mean_kib, 7);
    /* a total that its parts do not reach */
    const uint8_t lost[] = {2, 1, 2, 0, 1 | 2 | 8, 6, 14};
    assert_int_equal(series_unpack(&place, lost, sizeof(lost), out, &count, NULL), -EINVAL);
    const uint8_t none[] = {2, 1, 0, 0};
    assert_int_equal(series_unpack(&place, none, sizeof(none), out, &count, NULL), -EINVAL);
    const uint8_t other[] = {3, 3, 0};
    assert_int_equal(series_unpack(&place, other, sizeof(other), out, &count, NULL), -EINVAL);
}

static void test_fold_sample(void **state)
{
    (void)state;
    struct series_fold fold = {0};
    struct series_bucket bucket;
    assert_false(series_fold_end(&fold, 0, 10, &bucket));
    series_fold_sample(&fold, (uint64_t[]){100, 50, 0}, 90);
    series_fold_sample(&fold, (uint64_t[]){900, 50, 7}, 0);
    series_fold_sample(&fold, (uint64_t[]){200, 40, 0}, 10);
    assert_true(series_fold_end(&fold, 20, 10, &bucket));
    assert_int_equal(bucket.at_sec, 20);
    assert_int_equal(bucket.weight, 100);
    assert_int_equal(bucket.value[SERIES_CURRENT].mean_kib, 110);
    /* A spike that lasted for no time is seen all the same. */
    assert_int_equal(bucket.value[SERIES_CURRENT].max_kib, 900);
    assert_int_equal(bucket.value[SERIES_CURRENT].min_kib, 100);
    assert_int_equal(bucket.value[SERIES_NEED].max_kib, 7);
}

/* Down to one bucket in three steps, as they age: nothing that was seen is lost. */
static void test_thin(void **state)
{
    (void)state;
    static struct series_bucket in[3600];
    uint64_t random = seed;
    for (int round = 0; round < 50; round++) {
        struct series_fold all = {0};
        struct series_bucket want;
        size_t count = 0;
        for (uint64_t at = 0; at < 18000; at += 10) {
            if (random_below(&random, 4) == 0)
                continue;
            in[count] = any_bucket(&random, at);
            series_fold_bucket(&all, &in[count++]);
        }
        assert_true(series_fold_end(&all, 0, 18000, &want));
        static const uint64_t steps[] = {60, 300, 1800, 18000};
        for (size_t step = 0; step < 4; step++) {
            count = series_thin(in, count, steps[step], in);
            for (size_t i = 0; i < count; i++) {
                assert_int_equal(in[i].at_sec % steps[step], 0);
                assert_true(i == 0 || in[i].at_sec > in[i - 1].at_sec);
            }
        }
        assert_int_equal(count, 1);
        assert_int_equal(in[0].weight, want.weight);
        for (size_t s = 0; s < SERIES; s++) {
            uint64_t mean = want.value[s].mean_kib;
            assert_int_equal(in[0].value[s].min_kib, want.value[s].min_kib);
            assert_int_equal(in[0].value[s].max_kib, want.value[s].max_kib);
            /* Each step may round by half a KiB. */
            assert_in_range(in[0].value[s].mean_kib, mean < 2 ? 0 : mean - 2, mean + 2);
        }
    }
}

/* Whatever the parts are, they sum to the total in each bucket at each age; each stays near its
 * mean. */
static void test_conservation(void **state)
{
    (void)state;
    static struct series_bucket in[1800];
    uint64_t random = seed;
    for (int round = 0; round < 200; round++) {
        uint64_t total_kib = 1 + random_below(&random, UINT64_C(1) << (4 + round % 36));
        unsigned __int128 wanted[SERIES_PARTS] = {0};
        uint64_t weight = 0;
        size_t count = 0;
        for (uint64_t at = 0; at < 18000; at += 10) {
            struct series_fold fold = {0};
            uint64_t looks = random_below(&random, 4);
            for (uint64_t look = 0; look < looks; look++) {
                struct series_parts parts = any_parts(&random, total_kib);
                if (sum_of(&parts) != total_kib) /* what is overcounted is another test's */
                    continue;
                uint64_t tenths = random_below(&random, 34);
                series_fold_sample(&fold, (uint64_t[]){parts.part_kib[9], 0, 0}, tenths);
                series_fold_parts(&fold, &parts, tenths);
                for (size_t i = 0; i < SERIES_PARTS; i++)
                    wanted[i] += (unsigned __int128)parts.part_kib[i] * tenths;
                weight += tenths;
            }
            count += series_fold_end(&fold, at, 10, &in[count]);
        }
        static const uint64_t steps[] = {10, 60, 300, 1800, 18000};
        for (size_t step = 0; step < 5; step++) {
            count = series_thin(in, count, steps[step], in);
            for (size_t i = 0; i < count; i++) {
                assert_true(in[i].has_parts);
                assert_int_equal(in[i].parts.total_kib, total_kib);
                assert_int_equal(sum_of(&in[i].parts), total_kib);
            }
        }
        for (size_t i = 0; i < SERIES_PARTS && weight > 0; i++) {
            uint64_t mean = (uint64_t)(wanted[i] / weight);
            assert_in_range(in[0].parts.part_kib[i], mean < 5 ? 0 : mean - 5, mean + 5);
        }
    }
}

/* Beyond the total they are kept as they are; without parts before, and with a total that grew. */
static void test_parts(void **state)
{
    (void)state;
    struct series_fold fold = {0};
    struct series_bucket bucket;
    series_fold_sample(&fold, (uint64_t[]){1, 0, 0}, 60);
    series_fold_sample(&fold, (uint64_t[]){1, 0, 0}, 20);
    series_fold_parts(&fold, &(struct series_parts){100, {60, 50}}, 20);
    series_fold_sample(&fold, (uint64_t[]){1, 0, 0}, 20);
    series_fold_parts(&fold, &(struct series_parts){200, {150, 50}}, 20);
    assert_true(series_fold_end(&fold, 0, 10, &bucket));
    assert_int_equal(bucket.weight, 100);
    assert_int_equal(bucket.parts.total_kib, 150);
    assert_int_equal(bucket.parts.part_kib[0], 105);
    assert_int_equal(bucket.parts.part_kib[1], 50);
    /* Seen for no time: as it was last. */
    fold = (struct series_fold){0};
    series_fold_sample(&fold, (uint64_t[]){1, 0, 0}, 0);
    series_fold_parts(&fold, &(struct series_parts){100, {40, 60}}, 0);
    assert_true(series_fold_end(&fold, 0, 10, &bucket));
    assert_int_equal(bucket.parts.part_kib[1], 60);
    /* More than can be kept, and more than its parts. */
    fold = (struct series_fold){0};
    series_fold_parts(&fold, &(struct series_parts){UINT64_MAX, {UINT64_MAX, 5}}, 10);
    series_fold_sample(&fold, (uint64_t[]){1, 0, 0}, 10);
    assert_true(series_fold_end(&fold, 0, 10, &bucket));
    assert_int_equal(bucket.parts.total_kib, SERIES_MOST_KIB);
    assert_int_equal(bucket.parts.part_kib[0], SERIES_MOST_KIB);
}

static void test_put(void **state)
{
    (void)state;
    struct series_bucket buckets[SERIES_SLOTS];
    struct series_bucket one = {.weight = 50, .value = {{10, 10, 10}, {1, 1, 1}, {0, 0, 0}}};
    size_t count = 0;
    static const uint64_t order[] = {1250, 1200, 1790, 1240, 1250};
    for (size_t i = 0; i < 5; i++) {
        one.at_sec = order[i];
        one.value[0] = (struct series_value){10 + i, 10 + i, 10 + i};
        assert_true(series_put(&place, buckets, &count, &one));
    }
    assert_int_equal(count, 4);
    assert_int_equal(buckets[0].at_sec, 1200);
    assert_int_equal(buckets[2].at_sec, 1250);
    assert_int_equal(buckets[2].weight, 100);
    assert_int_equal(buckets[2].value[0].min_kib, 10);
    assert_int_equal(buckets[2].value[0].mean_kib, 12);
    assert_int_equal(buckets[2].value[0].max_kib, 14);
    static const uint64_t wrong[] = {1190, 1800, 1205};
    for (size_t i = 0; i < 3; i++) {
        one.at_sec = wrong[i];
        assert_false(series_put(&place, buckets, &count, &one));
    }
}

static void test_view(void **state)
{
    (void)state;
    struct series_view view;
    struct series_bucket bucket = {.weight = 100, .value = {{5, 6, 7}, {0, 0, 0}, {0, 0, 0}}};
    struct series_bucket got;
    uint64_t until;
    assert_int_equal(series_view_begin(&view, 1000, 1600, 7, NULL), 0);
    assert_int_equal(view.step_sec, 86);
    assert_int_equal(view.points, 7);
    for (uint64_t at = 0; at < 3000; at += 10) {
        bucket.at_sec = at;
        bucket.value[0].max_kib = at == 1330 ? 999 : 7;
        series_view_add(&view, &bucket, 10);
    }
    for (size_t i = 0; i < 7; i++) {
        assert_true(series_view_at(&view, i, &got, &until));
        assert_int_equal(got.at_sec, 1000 + i * 86);
        assert_int_equal(until, got.at_sec + 86);
        assert_int_equal(got.value[0].mean_kib, 6);
        assert_int_equal(got.value[0].max_kib, i == 3 ? 999 : 7);
    }
    series_view_release(&view);
    /* Coarser than the points: one in each stretch, which says how long it is. */
    assert_int_equal(series_view_begin(&view, 1000, 1600, 600, NULL), 0);
    bucket.at_sec = 900;
    series_view_add(&view, &bucket, 300);
    bucket.at_sec = 1200;
    series_view_add(&view, &bucket, 300);
    assert_true(series_view_at(&view, 0, &got, &until));
    assert_true(series_view_at(&view, 200, &got, &until));
    assert_int_equal(until, 1500);
    assert_false(series_view_at(&view, 1, &got, &until));
    series_view_release(&view);
}

int main(int argc, char **argv)
{
    seed_from(argc, argv, &seed, "*");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pack),           cmocka_unit_test(test_pack_most),
        cmocka_unit_test(test_pack_at_rest),   cmocka_unit_test(test_unpack_any),
        cmocka_unit_test(test_other_releases), cmocka_unit_test(test_fold_sample),
        cmocka_unit_test(test_thin),           cmocka_unit_test(test_put),
        cmocka_unit_test(test_view),           cmocka_unit_test(test_conservation),
        cmocka_unit_test(test_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
