/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The loop: its order, its second sample, and the detection of a broken law. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "app/tick/laws.h"
#include "app/tick/tick.h"
#include "core/base/units.h"

#define MIB BALLAST_MIB_KIB

enum { MOST = 4, LOG = 512 };

/* A host that writes down what is done to it, and changes between the first and the second sample.
 */
struct fake {
    struct hv hv;
    struct ballast_domain domains[MOST];
    struct ballast_host host;
    unsigned samples;
    void (*before_second)(struct fake *fake);
    void (*before_last)(struct fake *fake); /* the one for the laws */
    int set_fails;
    char log[LOG];
    struct balancer_request request;
    uint64_t reserved_kib;
};

static void note(struct fake *fake, const char *word, unsigned long long number)
{
    size_t used = strlen(fake->log);
    snprintf(fake->log + used, LOG - used, "%s%llu ", word, number);
}

static int fake_refresh(struct hv *hv, const struct ballast_host **out, struct ballast_error *err)
{
    (void)err;
    struct fake *fake = (struct fake *)hv;
    if (++fake->samples == 2 && fake->before_second)
        fake->before_second(fake);
    if (fake->samples == 4 && fake->before_last)
        fake->before_last(fake);
    fake->host.domains = fake->domains;
    *out = &fake->host;
    return 0;
}

static int fake_set(struct hv *hv, uint32_t id, uint64_t target_kib, uint64_t maxmem_kib,
                    struct ballast_error *err)
{
    (void)err;
    struct fake *fake = (struct fake *)hv;
    note(fake,
         target_kib != BALLAST_NONE && target_kib > fake->domains[id - 1].tot_kib ? "gives"
                                                                                  : "takes",
         id);
    if (fake->set_fails)
        return fake->set_fails;
    if (target_kib != BALLAST_NONE)
        fake->domains[id - 1].target_kib = target_kib;
    if (maxmem_kib != BALLAST_NONE)
        fake->domains[id - 1].maxmem_kib = maxmem_kib;
    return 0;
}

static const struct hv_ops fake_ops = {.name = "fake", .refresh = fake_refresh, .set = fake_set};

static int book_waiting(void *book, const struct balancer_request **out, size_t *count,
                        struct ballast_error *err)
{
    (void)err;
    struct fake *fake = book;
    *out = &fake->request;
    *count = fake->request.id != 0;
    return 0;
}

static uint64_t book_reserved(void *book, const struct ballast_host *host)
{
    (void)host;
    return ((struct fake *)book)->reserved_kib;
}

static int book_answer(void *book, const struct ballast_host *host,
                       const struct balancer_verdict *verdict, struct ballast_error *err)
{
    (void)err;
    (void)host;
    struct fake *fake = book;
    note(fake, verdict->granted ? "grant" : "refuse", verdict->request);
    if (verdict->granted)
        fake->reserved_kib += fake->request.need_kib;
    fake->request.id = 0;
    return 0;
}

/* Three guests of 1 GiB; the first says that it needs more, the second that it needs little. */
static struct fake a_fake(uint64_t free_mib)
{
    struct fake fake = {.hv = {&fake_ops}};
    fake.host = (struct ballast_host){
        .total_kib = (3 * 1024 + free_mib) * MIB, .free_kib = free_mib * MIB, .domain_count = 3};
    for (uint32_t i = 0; i < 3; i++)
        fake.domains[i] = (struct ballast_domain){
            .id = i + 1,
            .name = "guest",
            .has_balloon = true,
            .tot_kib = 1024 * MIB,
            .target_kib = 1024 * MIB,
            .maxmem_kib = 1024 * MIB,
            .dynamic_min_kib = 256 * MIB,
            .dynamic_max_kib = 4096 * MIB,
            .static_max_kib = 4096 * MIB,
            .used_kib = BALLAST_NONE,
            .reported_free_kib = BALLAST_NONE,
            .report_age_usec = BALLAST_NONE,
            .shares = BALLAST_DEFAULT_SHARES,
        };
    return fake;
}

/* The third guest has all it may have, and a maximum far above that. */
static void leave_room(struct fake *fake)
{
    fake->domains[2].dynamic_max_kib = fake->domains[2].tot_kib;
    fake->domains[2].maxmem_kib = 4096 * MIB;
}

static struct tick *a_tick(struct fake *fake)
{
    struct tick *tick = tick_new(&(struct tick_config){
        .hv = &fake->hv,
        .policy = policy_at(0),
        .options = BALANCER_OPTIONS_DEFAULT,
        .book = {fake, book_waiting, book_reserved, book_answer},
        .checks_laws = true,
    });
    assert_non_null(tick);
    return tick;
}

static struct tick_result run(struct tick *tick, struct fake *fake, uint64_t usec)
{
    struct tick_result result;
    fake->host.now_usec = usec;
    fake->samples = 0;
    fake->log[0] = '\0';
    assert_int_equal(tick_run(tick, usec, &result, NULL), 0);
    assert_true(result.has_decided);
    assert_int_equal(result.next_usec, usec + TICK_USEC);
    return result;
}

/* The grant stands between what takes and what gives. */
static void test_order(void **state)
{
    (void)state;
    struct fake fake = a_fake(2048);
    leave_room(&fake);
    fake.request = (struct balancer_request){
        .id = 9, .need_kib = 1024 * MIB, .arrived_usec = 1000000, .deadline_usec = BALLAST_NONE};
    struct tick *tick = a_tick(&fake);
    struct tick_result result = run(tick, &fake, 1000000);
    assert_int_equal(result.granted, 1);
    const char *takes = strstr(fake.log, "takes3");
    const char *grant = strstr(fake.log, "grant9");
    const char *gives = strstr(fake.log, "gives");
    assert_non_null(takes);
    assert_non_null(grant);
    assert_true(takes < grant);
    assert_true(!gives || grant < gives);
    assert_int_equal(result.breach_count, 0);
    tick_free(tick);
}

static void pause_all(struct fake *fake)
{
    for (size_t i = 0; i < 3; i++)
        fake->domains[i].state = BALLAST_DOMAIN_PAUSED;
}

static void lose_free(struct fake *fake)
{
    fake->domains[2].tot_kib += fake->host.free_kib;
    fake->host.free_kib = 0;
}

/* What changed between the samples is not acted on. */
static void test_second_sample(void **state)
{
    (void)state;
    struct fake fake = a_fake(2048);
    leave_room(&fake);
    fake.before_second = pause_all;
    struct tick *tick = a_tick(&fake);
    fake.request = (struct balancer_request){
        .id = 9, .need_kib = 3000 * MIB, .arrived_usec = 1000000, .deadline_usec = BALLAST_NONE};
    struct tick_result result = run(tick, &fake, 1000000);
    assert_true(result.skipped > 0);
    assert_int_equal(result.done, 0);
    assert_string_equal(fake.log, "");
    tick_free(tick);

    fake = a_fake(2048);
    fake.before_second = lose_free;
    tick = a_tick(&fake);
    fake.request = (struct balancer_request){
        .id = 9, .need_kib = 1024 * MIB, .arrived_usec = 1000000, .deadline_usec = BALLAST_NONE};
    result = run(tick, &fake, 1000000);
    assert_int_equal(result.granted, 0);
    assert_int_equal(result.postponed, 1);
    assert_null(strstr(fake.log, "grant"));
    assert_null(strstr(fake.log, "gives"));
    tick_free(tick);
}

static void retarget(struct fake *fake)
{
    fake->domains[2].target_kib -= 4;
}

static void relimit(struct fake *fake)
{
    fake->domains[2].maxmem_kib -= 4;
}

static void lose_balloon(struct fake *fake)
{
    fake->domains[2].has_balloon = false;
}

static void rename_away(struct fake *fake)
{
    fake->domains[2].id = 7;
}

static void halve_free(struct fake *fake)
{
    fake->domains[2].overhead_kib += fake->host.free_kib / 2;
    fake->host.free_kib -= fake->host.free_kib / 2;
}

/* What is given comes out of one sum: two that fit alone may not fit together. */
static void test_less_to_give(void **state)
{
    (void)state;
    struct fake fake = a_fake(2048);
    struct tick *tick = a_tick(&fake);
    struct tick_result result = run(tick, &fake, 1000000);
    assert_string_equal(fake.log, "gives1 gives2 gives3 ");
    assert_int_equal(result.done, 3);
    tick_free(tick);

    fake = a_fake(2048);
    fake.before_second = halve_free;
    tick = a_tick(&fake);
    result = run(tick, &fake, 1000000);
    assert_string_equal(fake.log, "gives1 ");
    assert_int_equal(result.skipped, 2);
    tick_free(tick);
}

/* A maximum that is too high comes down first, and once, though its domain is given something. */
static void test_a_maximum_comes_down(void **state)
{
    (void)state;
    struct fake fake = a_fake(2048);
    fake.domains[0].maxmem_kib = 4096 * MIB;
    struct tick *tick = a_tick(&fake);
    struct tick_result result = run(tick, &fake, 1000000);
    assert_string_equal(fake.log, "takes1 ");
    assert_int_equal(result.done, 1);
    assert_int_equal(fake.domains[0].target_kib, 1024 * MIB);
    assert_in_range(fake.domains[0].maxmem_kib, 1024 * MIB, 2048 * MIB);
    tick_free(tick);
}

static void test_a_refusal_is_counted(void **state)
{
    (void)state;
    struct fake fake = a_fake(2048);
    fake.request = (struct balancer_request){
        .id = 9, .need_kib = 40960 * MIB, .arrived_usec = 1000000, .deadline_usec = BALLAST_NONE};
    struct tick *tick = a_tick(&fake);
    struct tick_result result = run(tick, &fake, 1000000);
    assert_int_equal(result.refused, 1);
    assert_int_equal(result.granted, 0);
    assert_int_equal(result.postponed, 0);
    tick_free(tick);
}

static void raise_minimum(struct fake *fake)
{
    for (size_t i = 0; i < 3; i++)
        fake->domains[i].dynamic_min_kib = fake->domains[i].tot_kib;
}

/* What the set for a domain was decided on must still hold, each part of it. */
static void test_a_domain_that_changed(void **state)
{
    (void)state;
    static void (*const changes[])(struct fake * fake) = {NULL, retarget, relimit, lose_balloon,
                                                          rename_away};
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        struct fake fake = a_fake(2048);
        leave_room(&fake);
        fake.before_second = changes[i];
        struct tick *tick = a_tick(&fake);
        fake.request = (struct balancer_request){.id = 9,
                                                 .need_kib = 1024 * MIB,
                                                 .arrived_usec = 1000000,
                                                 .deadline_usec = BALLAST_NONE};
        struct tick_result result = run(tick, &fake, 1000000);
        assert_int_equal(strstr(fake.log, "takes3") != NULL, changes[i] == NULL);
        assert_int_equal(result.skipped > 0, changes[i] != NULL);
        tick_free(tick);
    }
}

/* A maximum that did not come down may still be used: nothing is reserved on top of it. */
static void test_failed_set(void **state)
{
    (void)state;
    struct fake fake = a_fake(2048);
    leave_room(&fake);
    fake.set_fails = -EIO;
    fake.request = (struct balancer_request){
        .id = 9, .need_kib = 1024 * MIB, .arrived_usec = 1000000, .deadline_usec = BALLAST_NONE};
    struct tick *tick = a_tick(&fake);
    struct tick_result result = run(tick, &fake, 1000000);
    assert_true(result.failed > 0);
    assert_int_equal(result.granted, 0);
    fake.set_fails = 0;
    result = run(tick, &fake, 1100000);
    assert_int_equal(result.granted, 1);
    tick_free(tick);
}

static bool has(const struct tick_result *result, enum tick_law law)
{
    for (size_t i = 0; i < result->breach_count; i++) {
        if (result->breaches[i].law == law)
            return true;
    }
    return false;
}

static void test_laws_of_sets(void **state)
{
    (void)state;
    struct fake fake = a_fake(0);
    struct ballast_domain *domain = &fake.domains[0];
    struct tick_result result = {0};
    tick_laws_of_set(
        domain, &(struct balancer_set){.id = 1, .target_kib = 512 * MIB, .maxmem_kib = 512 * MIB},
        &result);
    assert_int_equal(result.breach_count, 0);
    tick_laws_of_set(
        domain,
        &(struct balancer_set){.id = 1, .target_kib = 200 * MIB, .maxmem_kib = BALLAST_NONE},
        &result);
    assert_true(has(&result, TICK_LAW_BOUNDS));
    result.breach_count = 0;
    tick_laws_of_set(
        domain, &(struct balancer_set){.id = 1, .target_kib = 5000 * MIB, .maxmem_kib = 5000 * MIB},
        &result);
    assert_true(has(&result, TICK_LAW_BOUNDS));
    result.breach_count = 0;
    tick_laws_of_set(
        domain, &(struct balancer_set){.id = 1, .target_kib = 2000 * MIB, .maxmem_kib = 1500 * MIB},
        &result);
    assert_true(has(&result, TICK_LAW_NO_KILL));
    result.breach_count = 0;
    /* a target that is reached is not still to be reached, whatever the maximum */
    tick_laws_of_set(
        domain, &(struct balancer_set){.id = 1, .target_kib = 1024 * MIB, .maxmem_kib = 512 * MIB},
        &result);
    assert_int_equal(result.breach_count, 0);
    domain->state = BALLAST_DOMAIN_MIGRATING;
    tick_laws_of_set(
        domain, &(struct balancer_set){.id = 1, .target_kib = 512 * MIB, .maxmem_kib = 512 * MIB},
        &result);
    assert_true(has(&result, TICK_LAW_NO_KILL));
    char text[256];
    assert_true(tick_breach_text(&result.breaches[0], text, sizeof(text)) > 0);
    assert_non_null(strstr(text, "law 7"));
}

static void test_laws_of_sums(void **state)
{
    (void)state;
    struct fake fake = a_fake(1000);
    fake.host.domains = fake.domains;
    struct tick_sums before = tick_sums_of(&fake.host, 0);
    struct tick_result result = {0};
    /* a promise of more than is free */
    struct tick_sums after = tick_sums_of(&fake.host, 1001 * MIB);
    tick_laws_of_sums(&fake.host, &before, &after, &result);
    assert_true(has(&result, TICK_LAW_RESERVED));
    /* a target beyond what is free */
    result.breach_count = 0;
    fake.domains[0].target_kib = fake.domains[0].maxmem_kib = 2025 * MIB;
    after = tick_sums_of(&fake.host, 0);
    tick_laws_of_sums(&fake.host, &before, &after, &result);
    assert_true(has(&result, TICK_LAW_FREE_FIRST));
    assert_true(has(&result, TICK_LAW_BOUNDS));
    /* exactly what is free is right, and a promise on top of that room is not */
    result.breach_count = 0;
    fake.domains[0].target_kib = fake.domains[0].maxmem_kib = 2024 * MIB;
    after = tick_sums_of(&fake.host, 0);
    tick_laws_of_sums(&fake.host, &before, &after, &result);
    assert_int_equal(result.breach_count, 0);
    before = after;
    after = tick_sums_of(&fake.host, 1 * MIB);
    tick_laws_of_sums(&fake.host, &before, &after, &result);
    assert_true(has(&result, TICK_LAW_BOUNDS));
    assert_false(
        has(&result, TICK_LAW_FREE_FIRST)); /* no target lets a domain grow more than before */
    /* a page too many */
    result.breach_count = 0;
    before = after = tick_sums_of(&fake.host, 0);
    fake.host.total_kib -= 4;
    tick_laws_of_sums(&fake.host, &before, &after, &result);
    assert_true(has(&result, TICK_LAW_CONSERVATION));
}

/* What slack keeps for extra internal a guest may take between two looks; nothing else is so. */
static void test_extra_internal_is_taken(void **state)
{
    (void)state;
    static const struct {
        uint64_t kept_kib, took_kib, owed_kib;
    } rows[] = {{3072, 1024, 0}, {512, 1024, 512}, {0, 1024, 1024}, {3072, 0, 0}};
    for (size_t i = 0; i < 4; i++) {
        struct fake fake = a_fake(64);
        struct kept before = {.domains = NULL};
        fake.host.domains = fake.domains;
        fake.host.slack_kib = 64 * MIB;
        fake.host.extra_internal_kib = rows[i].kept_kib;
        fake.domains[0].maxmem_kib = fake.domains[0].tot_kib;
        assert_int_equal(kept_take(&before, &fake.host, NULL), 0);
        fake.domains[0].tot_kib += rows[i].took_kib;
        fake.host.free_kib -= rows[i].took_kib;
        assert_int_equal(tick_sums_since(&fake.host, 0, &before).owed_kib, rows[i].owed_kib);
        /* By right of the maximum that it had: what is missing then is missing. */
        fake.domains[0].maxmem_kib -= 512;
        before.domains[0].maxmem_kib += rows[i].took_kib;
        assert_int_equal(tick_sums_since(&fake.host, 0, &before).owed_kib, rows[i].took_kib);
        kept_free(&before);
    }
}

/* A domain that is being built takes what it lacks from what is free, as do claims; the larger. */
static void test_a_build_is_owed(void **state)
{
    (void)state;
    struct fake fake = a_fake(1000);
    fake.host.domains = fake.domains;
    fake.domains[1].state = BALLAST_DOMAIN_BUILD;
    fake.domains[1].build_left_kib = 300 * MIB;
    fake.host.claimed_kib = 100 * MIB;
    assert_int_equal(tick_sums_of(&fake.host, 50 * MIB).available_kib, 650 * MIB);
    fake.host.claimed_kib = 400 * MIB;
    assert_int_equal(tick_sums_of(&fake.host, 50 * MIB).available_kib, 550 * MIB);
    assert_int_equal(tick_sums_of(&fake.host, 700 * MIB).owed_kib, 100 * MIB);
}

/* The laws of a set are checked while a tick acts, where they are checked at all, of what was done.
 */
static void test_a_breach_while_acting(void **state)
{
    (void)state;
    static const struct {
        bool checks;
        int set_fails;
    } rows[] = {{true, 0}, {false, 0}, {true, -EIO}};
    for (size_t i = 0; i < 3; i++) {
        struct fake fake = a_fake(0);
        fake.before_second = raise_minimum;
        fake.set_fails = rows[i].set_fails;
        fake.request = (struct balancer_request){
            .id = 9, .need_kib = 512 * MIB, .arrived_usec = 1000000, .deadline_usec = BALLAST_NONE};
        struct tick *tick = tick_new(&(struct tick_config){
            .hv = &fake.hv,
            .policy = policy_at(0),
            .options = BALANCER_OPTIONS_DEFAULT,
            .book = {&fake, book_waiting, book_reserved, book_answer},
            .checks_laws = rows[i].checks,
        });
        assert_non_null(tick);
        struct tick_result result = run(tick, &fake, 1000000);
        assert_non_null(strstr(fake.log, "takes"));
        assert_int_equal(has(&result, TICK_LAW_BOUNDS), i == 0);
        tick_free(tick);
    }
}

static void give_on(struct fake *fake)
{
    fake->domains[0].tot_kib -= 20;
    fake->host.free_kib += 20;
}

static void raise_maximum(struct fake *fake)
{
    fake->domains[0].maxmem_kib += 20;
}

/* While more is promised than there is, a guest gives a bit beyond where it is told to stay: the
 * room that this leaves is its own doing. That of a maximum is not. */
static struct tick_result run_in_debt(void (*before_last)(struct fake *fake))
{
    struct fake fake = a_fake(0);
    fake.reserved_kib = 100 * MIB;
    fake.before_last = before_last;
    fake.domains[0].dynamic_min_kib = fake.domains[0].tot_kib; /* the others give */
    struct tick *tick = a_tick(&fake);
    struct tick_result result = run(tick, &fake, 1000000);
    assert_true(result.done > 0);
    assert_int_equal(fake.samples, 4);
    tick_free(tick);
    return result;
}

static void test_a_guest_that_gives_on(void **state)
{
    (void)state;
    struct tick_result result = run_in_debt(give_on);
    assert_int_equal(result.breach_count, 0);
    result = run_in_debt(raise_maximum);
    assert_true(has(&result, TICK_LAW_BOUNDS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_second_sample),
        cmocka_unit_test(test_failed_set),
        cmocka_unit_test(test_laws_of_sets),
        cmocka_unit_test(test_laws_of_sums),
        cmocka_unit_test(test_a_guest_that_gives_on),
        cmocka_unit_test(test_a_domain_that_changed),
        cmocka_unit_test(test_less_to_give),
        cmocka_unit_test(test_a_maximum_comes_down),
        cmocka_unit_test(test_a_refusal_is_counted),
        cmocka_unit_test(test_a_build_is_owed),
        cmocka_unit_test(test_extra_internal_is_taken),
        cmocka_unit_test(test_a_breach_while_acting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
