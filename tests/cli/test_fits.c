/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which guests fit, and which domains free memory for them: cases by hand, and the laws over random
 * hosts.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/model/fits.h"

enum { DOMAINS = 8 };

static uint64_t random_state = 7;

static uint64_t random_below(uint64_t limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state % limit;
}

static struct ballast_domain running(uint32_t id, uint64_t tot_kib, uint64_t min_kib)
{
    return (struct ballast_domain){
        .id = id,
        .name = "",
        .state = BALLAST_DOMAIN_RUN,
        .has_balloon = true,
        .tot_kib = tot_kib,
        .target_kib = tot_kib,
        .dynamic_min_kib = min_kib,
        .dynamic_max_kib = tot_kib,
        .static_max_kib = tot_kib,
        .maxmem_kib = tot_kib,
        .shares = BALLAST_DEFAULT_SHARES,
    };
}

static void in_order_and_in_proportion(void **state)
{
    (void)state;
    /* Spare: 3000 and 1000; the third is paused. */
    struct ballast_domain domains[] = {running(1, 5000, 2000), running(2, 4000, 3000),
                                       running(3, 9000, 1000)};
    domains[2].state = BALLAST_DOMAIN_PAUSED;
    struct ballast_host host = {.total_kib = 30000,
                                .free_kib = 2400,
                                .slack_kib = 400,
                                .domains = domains,
                                .domain_count = 3};
    uint64_t reclaimed[3], reclaim_kib[3];
    struct ballast_fits fits;
    struct ballast_fits_verdict verdict;
    ballast_fits_begin(&fits, &host, reclaimed);

    ballast_fits_check(&fits, 1600, &verdict, reclaim_kib);
    assert_int_equal(verdict.fit, BALLAST_FITS);
    assert_int_equal(verdict.available_kib, 2000);
    assert_int_equal(verdict.spare_kib, 4000);
    assert_int_equal(verdict.missing_kib, 0);
    assert_int_equal(reclaim_kib[0] + reclaim_kib[1] + reclaim_kib[2], 0);

    /* 400 are left; 4000 + 1 more than that cannot be reclaimed. */
    ballast_fits_check(&fits, 4401, &verdict, reclaim_kib);
    assert_int_equal(verdict.fit, BALLAST_FITS_NOT);
    assert_int_equal(verdict.missing_kib, 1);
    assert_int_equal(reclaim_kib[0] + reclaim_kib[1] + reclaim_kib[2], 0);

    /* It took nothing: 1200 are missing, three parts to one. */
    ballast_fits_check(&fits, 1600, &verdict, reclaim_kib);
    assert_int_equal(verdict.fit, BALLAST_FITS_IF_RECLAIMED);
    assert_int_equal(verdict.available_kib, 400);
    assert_int_equal(verdict.missing_kib, 1200);
    assert_int_equal(reclaim_kib[0], 900);
    assert_int_equal(reclaim_kib[1], 300);
    assert_int_equal(reclaim_kib[2], 0);

    /* What is reserved is not reserved again: 2800 are left to give, nothing is free. */
    ballast_fits_check(&fits, 2800, &verdict, reclaim_kib);
    assert_int_equal(verdict.fit, BALLAST_FITS_IF_RECLAIMED);
    assert_int_equal(reclaim_kib[0], 2100);
    assert_int_equal(reclaim_kib[1], 700);
    ballast_fits_check(&fits, 1, &verdict, reclaim_kib);
    assert_int_equal(verdict.fit, BALLAST_FITS_NOT);
    assert_int_equal(verdict.spare_kib, 0);
    ballast_fits_check(&fits, 0, &verdict, reclaim_kib);
    assert_int_equal(verdict.fit, BALLAST_FITS);
}

static void parts_are_whole_pages(void **state)
{
    (void)state;
    /* Equal spares, 10 KiB missing: three pages, of which no donor can free a fraction. */
    struct ballast_domain domains[] = {running(1, 4000, 3900), running(2, 4000, 3900)};
    struct ballast_host host = {
        .total_kib = 30000, .free_kib = 5, .domains = domains, .domain_count = 2};
    uint64_t reclaimed[2], reclaim_kib[2];
    struct ballast_fits fits;
    struct ballast_fits_verdict verdict;
    ballast_fits_begin(&fits, &host, reclaimed);
    ballast_fits_check(&fits, 15, &verdict, reclaim_kib);
    assert_int_equal(verdict.missing_kib, 12);
    assert_int_equal(reclaim_kib[0], 8);
    assert_int_equal(reclaim_kib[1], 4);
    /* The two KiB too many are there for the next one. */
    ballast_fits_check(&fits, 2, &verdict, reclaim_kib);
    assert_int_equal(verdict.fit, BALLAST_FITS);
}

static void random_host(struct ballast_host *host, struct ballast_domain domains[DOMAINS])
{
    uint64_t scale = UINT64_C(1) << random_below(56);
    *host = (struct ballast_host){.free_kib = random_below(scale), .domains = domains};
    host->slack_kib = random_below(scale / 8 + 1);
    host->total_kib = host->free_kib;
    host->domain_count = random_below(DOMAINS + 1);
    for (size_t i = 0; i < host->domain_count; i++) {
        uint64_t tot_kib = random_below(scale);
        domains[i] = running((uint32_t)i, tot_kib, random_below(tot_kib + 1));
        domains[i].has_balloon = random_below(4) > 0;
        domains[i].shares = random_below(5);
        host->total_kib += tot_kib;
    }
}

static void check_verdict(const struct ballast_host *host,
                          const struct ballast_fits_verdict *verdict, const uint64_t *reclaim_kib,
                          const uint64_t *reclaimed)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < host->domain_count; i++) {
        assert_int_equal(reclaim_kib[i] % 4, 0);
        assert_true(reclaimed[i] <= ballast_domain_spare_kib(&host->domains[i]));
        sum += reclaim_kib[i];
    }
    switch (verdict->fit) {
    case BALLAST_FITS:
        assert_true(verdict->need_kib <= verdict->available_kib);
        assert_int_equal(sum, 0);
        break;
    case BALLAST_FITS_IF_RECLAIMED:
        assert_true(verdict->need_kib > verdict->available_kib);
        assert_int_equal(sum, verdict->missing_kib);
        assert_true(verdict->available_kib + sum - verdict->need_kib < 4);
        break;
    case BALLAST_FITS_NOT:
        assert_int_equal(sum, 0);
        assert_int_equal(verdict->need_kib,
                         verdict->available_kib + verdict->spare_kib + verdict->missing_kib);
        break;
    case BALLAST_FIT_ANSWERS:
        fail();
    }
}

/* In proportion: no donor frees more than a page beside its part. */
static void check_proportion(const struct ballast_host *host, const uint64_t *reclaim_kib,
                             const uint64_t *before, const struct ballast_fits_verdict *verdict)
{
    for (size_t i = 0; i < host->domain_count && verdict->fit == BALLAST_FITS_IF_RECLAIMED; i++) {
        uint64_t spare = (ballast_domain_spare_kib(&host->domains[i]) - before[i]) / 4 * 4;
        __int128 part = (__int128)verdict->missing_kib * spare / verdict->spare_kib;
        __int128 off = (__int128)reclaim_kib[i] - part;
        assert_true(off < 8 && off > -8);
    }
}

static void laws_hold_for_any_host(void **state)
{
    (void)state;
    size_t answers[BALLAST_FIT_ANSWERS] = {0};
    for (int round = 0; round < 20000; round++) {
        struct ballast_domain domains[DOMAINS];
        struct ballast_host host;
        uint64_t reclaimed[DOMAINS], reclaim_kib[DOMAINS], before[DOMAINS] = {0};
        random_host(&host, domains);
        assert_int_equal(ballast_host_check(&host, NULL), 0);
        struct ballast_fits fits;
        ballast_fits_begin(&fits, &host, reclaimed);
        uint64_t taken = 0, promised = 0;
        for (int i = 0; i < 6; i++) {
            struct ballast_fits_verdict verdict;
            memcpy(before, reclaimed, sizeof(uint64_t) * host.domain_count);
            ballast_fits_check(&fits, random_below(host.total_kib / 2 + 2), &verdict, reclaim_kib);
            check_verdict(&host, &verdict, reclaim_kib, reclaimed);
            check_proportion(&host, reclaim_kib, before, &verdict);
            answers[verdict.fit]++;
            if (verdict.fit == BALLAST_FITS_NOT)
                continue;
            taken += verdict.need_kib;
            promised += verdict.missing_kib;
            /* No page is reserved twice. */
            assert_true(taken <= ballast_host_available_kib(&host) + promised);
        }
    }
    for (int i = 0; i < BALLAST_FIT_ANSWERS; i++)
        assert_true(answers[i] > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_order_and_in_proportion),
        cmocka_unit_test(parts_are_whole_pages),
        cmocka_unit_test(laws_hold_for_any_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
