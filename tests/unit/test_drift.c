/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The cost of guests is measured from outside, whatever balloons do meanwhile, and compared with
 * its bound.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ballast/ballast.h>

#include "core/model/drift.h"
#include "unit.h"

#include "../seeds/seed.h"

#define PAGE UINT64_C(4)

enum { MOST = 1024 };

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);

static size_t allocations;

/* All memory that the room takes comes from there. */
void *__wrap_calloc(size_t count, size_t size)
{
    allocations++;
    return __real_calloc(count, size);
}

struct scene {
    struct drift *drift;
    struct ballast_host host;
    struct ballast_domain domains[MOST];
    uint64_t xen_kib; /* what Xen spends on all domains */
    struct drift_seen seen[DRIFT_SEEN];
    uint32_t unfinished; /* a domain whose toolstack is at work, or 0 */
    unsigned asked;      /* whether one is */
};

static void open_scene(struct scene *scene)
{
    *scene = (struct scene){.drift = drift_new(), .xen_kib = 40 * MIB};
    assert_non_null(scene->drift);
    scene->host.total_kib = 8192 * MIB;
    scene->host.domains = scene->domains;
}

static struct ballast_domain *add(struct scene *scene, uint32_t id, uint64_t tot_kib,
                                  enum ballast_domain_state state)
{
    struct ballast_domain *domain = &scene->domains[scene->host.domain_count++];
    *domain = (struct ballast_domain){.id = id, .name = "", .state = state, .tot_kib = tot_kib};
    return domain;
}

static bool is_finished(void *context, const struct ballast_domain *domain)
{
    struct scene *scene = context;
    scene->asked++;
    return scene->unfinished == 0 || domain->id != scene->unfinished;
}

static int sample(struct scene *scene)
{
    uint64_t held_kib = scene->xen_kib;
    for (size_t i = 0; i < scene->host.domain_count; i++)
        held_kib += scene->domains[i].tot_kib;
    scene->host.free_kib = scene->host.total_kib - held_kib;
    return drift_sample(scene->drift, &scene->host, is_finished, scene, scene->seen);
}

static void test_a_build_among_balloons(void **state)
{
    (void)state;
    struct scene scene;
    open_scene(&scene);
    struct ballast_domain *other = add(&scene, 1, 512 * MIB, BALLAST_DOMAIN_RUN);
    assert_int_equal(sample(&scene), 0);
    struct ballast_domain *guest = add(&scene, 2, 16 * MIB, BALLAST_DOMAIN_BUILD);
    scene.xen_kib += 1500;
    other->tot_kib -= 64 * MIB;
    assert_int_equal(sample(&scene), 0);
    guest->tot_kib = 128 * MIB;
    scene.xen_kib += 600;
    other->tot_kib += 17 * MIB;
    guest->state = BALLAST_DOMAIN_PAUSED;
    assert_int_equal(sample(&scene), 1);
    assert_int_equal(scene.seen[0].id, 2);
    assert_int_equal(scene.seen[0].beside_kib, 2100);
    assert_int_equal(scene.seen[0].tot_kib, 128 * MIB);
    /* It is told once. */
    guest->state = BALLAST_DOMAIN_RUN;
    assert_int_equal(sample(&scene), 0);
    drift_free(scene.drift);
}

static void test_a_toolstack_at_work_is_waited_for(void **state)
{
    (void)state;
    struct scene scene;
    open_scene(&scene);
    add(&scene, 1, 512 * MIB, BALLAST_DOMAIN_RUN);
    assert_int_equal(sample(&scene), 0);
    assert_int_equal(scene.asked, 0);
    scene.unfinished = 2;
    struct ballast_domain *guest = add(&scene, 2, 128 * MIB, BALLAST_DOMAIN_BUILD);
    scene.xen_kib += 2100;
    assert_int_equal(sample(&scene), 0);
    assert_int_equal(scene.asked, 0);
    /* Its memory is built, and its device model starts. */
    guest->state = BALLAST_DOMAIN_PAUSED;
    assert_int_equal(sample(&scene), 0);
    scene.xen_kib += 24;
    assert_int_equal(sample(&scene), 0);
    assert_int_equal(scene.asked, 2);
    scene.unfinished = 0;
    assert_int_equal(sample(&scene), 1);
    assert_int_equal(scene.seen[0].id, 2);
    assert_int_equal(scene.seen[0].beside_kib, 2124);
    assert_int_equal(sample(&scene), 0);
    assert_int_equal(scene.asked, 3);
    drift_free(scene.drift);
}

static void test_between_two_samples(void **state)
{
    (void)state;
    struct scene scene;
    open_scene(&scene);
    add(&scene, 0, 512 * MIB, BALLAST_DOMAIN_RUN);
    assert_int_equal(sample(&scene), 0);
    add(&scene, 5, 64 * MIB, BALLAST_DOMAIN_RUN);
    scene.xen_kib += 88;
    assert_int_equal(sample(&scene), 1);
    assert_int_equal(scene.seen[0].beside_kib, 88);
    drift_free(scene.drift);
}

/* What a domain cost that was there before, came with another, or while one went, is not known. */
static void test_what_cannot_be_told_is_not(void **state)
{
    (void)state;
    struct scene scene;
    open_scene(&scene);
    struct ballast_domain *early = add(&scene, 1, 64 * MIB, BALLAST_DOMAIN_BUILD);
    assert_int_equal(sample(&scene), 0);
    early->state = BALLAST_DOMAIN_RUN;
    assert_int_equal(sample(&scene), 0);
    struct ballast_domain *a = add(&scene, 2, 1 * MIB, BALLAST_DOMAIN_BUILD);
    struct ballast_domain *b = add(&scene, 3, 1 * MIB, BALLAST_DOMAIN_BUILD);
    assert_int_equal(sample(&scene), 0);
    a->state = b->state = BALLAST_DOMAIN_RUN;
    scene.xen_kib += 5000;
    assert_int_equal(sample(&scene), 0);
    /* One goes while another is built. */
    struct ballast_domain *c = add(&scene, 4, 1 * MIB, BALLAST_DOMAIN_BUILD);
    assert_int_equal(sample(&scene), 0);
    scene.domains[0] = *c;
    scene.host.domain_count--;
    scene.xen_kib -= 300;
    assert_int_equal(sample(&scene), 0);
    scene.domains[0].state = BALLAST_DOMAIN_RUN;
    assert_int_equal(sample(&scene), 0);
    /* Afterwards all is well again. */
    add(&scene, 6, 1 * MIB, BALLAST_DOMAIN_RUN);
    scene.xen_kib += 64;
    assert_int_equal(sample(&scene), 1);
    assert_int_equal(scene.seen[0].beside_kib, 64);
    drift_free(scene.drift);
}

static uint32_t any(uint32_t *chance)
{
    *chance = *chance * 1664525 + 1013904223;
    return *chance >> 8;
}

static void shuffle(struct scene *scene, uint32_t *chance)
{
    for (size_t i = scene->host.domain_count; i > 1; i--) {
        size_t other = any(chance) % i;
        struct ballast_domain swapped = scene->domains[i - 1];
        scene->domains[i - 1] = scene->domains[other];
        scene->domains[other] = swapped;
    }
}

static int by_id(const void *a, const void *b)
{
    const struct drift_seen *one = a, *two = b;
    return (one->id > two->id) - (one->id < two->id);
}

/* A domain comes, goes, comes with the number of one that went, is built on, or nothing happens. */
static void change(struct scene *scene, uint32_t *chance)
{
    struct ballast_host *host = &scene->host;
    uint32_t what = any(chance) % 16;
    for (size_t i = 0; i < host->domain_count; i++) {
        if (scene->domains[i].state == BALLAST_DOMAIN_BUILD && any(chance) % 2)
            scene->domains[i].state = BALLAST_DOMAIN_RUN;
    }
    if (what < 2 && host->domain_count > 0) {
        scene->xen_kib -= 100;
        scene->domains[any(chance) % host->domain_count] = scene->domains[host->domain_count - 1];
        host->domain_count--;
    }
    if (what >= 13 && host->domain_count < 40) {
        uint32_t id = any(chance) % 64;
        for (size_t i = 0; i < host->domain_count; i++)
            id = scene->domains[i].id == id ? 1000 + any(chance) : id;
        scene->xen_kib += 100 + any(chance) % 100;
        add(scene, id, MIB, what == 13 ? BALLAST_DOMAIN_RUN : BALLAST_DOMAIN_BUILD);
    }
}

static uint64_t seed = 7;

static void test_the_order_does_not_matter(void **state)
{
    (void)state;
    static struct scene scene;
    struct drift *other = drift_new();
    struct drift_seen seen[DRIFT_SEEN];
    uint32_t chance = (uint32_t)seed;
    int compared = 0;
    open_scene(&scene);
    assert_non_null(other);
    for (int i = 0; i < 4000; i++) {
        change(&scene, &chance);
        int count = sample(&scene);
        shuffle(&scene, &chance);
        assert_int_equal(drift_sample(other, &scene.host, NULL, NULL, seen), count);
        qsort(scene.seen, (size_t)count, sizeof(*scene.seen), by_id);
        qsort(seen, (size_t)count, sizeof(*seen), by_id);
        for (int j = 0; j < count; j++) {
            assert_int_equal(scene.seen[j].id, seen[j].id);
            assert_int_equal(scene.seen[j].beside_kib, seen[j].beside_kib);
        }
        compared += count;
    }
    /* Else nothing was shown. */
    assert_true(compared > 100);
    drift_free(other);
    drift_free(scene.drift);
}

/* Another life with the number of one that is gone is another guest. */
static void test_a_number_again(void **state)
{
    (void)state;
    static struct scene scene;
    open_scene(&scene);
    add(&scene, 0, 512 * MIB, BALLAST_DOMAIN_RUN);
    assert_int_equal(sample(&scene), 0);
    for (int life = 0; life < 5; life++) {
        struct ballast_domain *guest = add(&scene, 7, 64 * MIB, BALLAST_DOMAIN_BUILD);
        scene.xen_kib += 200;
        assert_int_equal(sample(&scene), 0);
        guest->state = BALLAST_DOMAIN_RUN;
        scene.xen_kib += (uint64_t)life;
        assert_int_equal(sample(&scene), 1);
        assert_int_equal(scene.seen[0].id, 7);
        assert_int_equal(scene.seen[0].beside_kib, 200 + life);
        scene.host.domain_count--;
        scene.xen_kib -= 200 + (uint64_t)life;
        assert_int_equal(sample(&scene), 0);
    }
    drift_free(scene.drift);
}

/* A full host: each one's cost is told, and a sample takes no memory once it has been so many. */
static void test_a_thousand(void **state)
{
    (void)state;
    static struct scene scene;
    uint32_t chance = 11;
    open_scene(&scene);
    add(&scene, 0, 512 * MIB, BALLAST_DOMAIN_RUN);
    assert_int_equal(sample(&scene), 0);
    for (uint32_t i = 1; i < MOST; i++) {
        add(&scene, i * 32, MIB, BALLAST_DOMAIN_BUILD);
        assert_int_equal(sample(&scene), 0);
        scene.domains[i].state = BALLAST_DOMAIN_RUN;
        scene.xen_kib += 300 + i;
        assert_int_equal(sample(&scene), 1);
        assert_int_equal(scene.seen[0].id, i * 32);
        assert_int_equal(scene.seen[0].beside_kib, 300 + i);
    }
    assert_int_equal(sample(&scene), 0);
    size_t before = allocations;
    assert_true(before > 0);
    for (int i = 0; i < 100; i++) {
        scene.host.domain_count = i % 2 ? MOST : MOST - 1;
        shuffle(&scene, &chance);
        assert_int_equal(sample(&scene), i % 2);
        scene.host.domain_count = MOST;
    }
    assert_int_equal(allocations, before);
    drift_free(scene.drift);
}

static struct ballast_breakdown *predict(const char *profile, enum ballast_guest_type type)
{
    struct ballast_error err;
    struct ballast_guest *guest = ballast_guest_new(type, "web");
    struct ballast_breakdown *breakdown = ballast_breakdown_new();
    assert_non_null(guest);
    assert_non_null(breakdown);
    assert_int_equal(ballast_guest_set(guest, BALLAST_MEMORY, 256 * MIB, &err), 0);
    assert_int_equal(ballast_guest_set(guest, BALLAST_VCPUS, 2, &err), 0);
    assert_int_equal(ballast_guest_set(guest, BALLAST_VGA, BALLAST_VGA_NONE, &err), 0);
    if (ballast_breakdown_evaluate(breakdown, ballast_profile_find(profile), guest, NULL, &err) < 0)
        fail_msg("%s", err.text);
    ballast_guest_free(guest);
    return breakdown;
}

static int64_t beside(const struct ballast_breakdown *predicted, int64_t more_kib)
{
    struct ballast_cost_kib cost;
    struct drift_seen seen = {.beside_kib = 0};
    struct drift_compared compared;
    struct ballast_error err;
    assert_true(ballast_breakdown_cost(predicted, &cost));
    assert_int_equal(drift_compare(predicted, &seen, &compared, &err), 0);
    return (int64_t)cost.settled_kib - compared.actual_kib + more_kib;
}

static void test_the_bound(void **state)
{
    (void)state;
    struct ballast_error err;
    struct drift_compared compared;
    struct ballast_cost_kib cost;
    struct ballast_breakdown *predicted = predict("xen-4.17", BALLAST_HVM);
    assert_true(ballast_breakdown_cost(predicted, NULL)); /* whether there is one */
    assert_true(ballast_breakdown_cost(predicted, &cost));
    struct drift_seen seen = {.beside_kib = beside(predicted, 0)};
    assert_int_equal(drift_compare(predicted, &seen, &compared, &err), 0);
    assert_int_equal(compared.difference_kib, 0);
    assert_int_equal(compared.verdict, DRIFT_WITHIN);
    int64_t arena_kib = (int64_t)(cost.fresh_max_kib - cost.settled_kib);
    int64_t tolerance_kib = DRIFT_TOLERANCE_PAGES * (int64_t)PAGE;
    seen.beside_kib = beside(predicted, arena_kib + tolerance_kib);
    assert_int_equal(drift_compare(predicted, &seen, &compared, &err), 0);
    assert_int_equal(compared.verdict, DRIFT_WITHIN);
    seen.beside_kib += (int64_t)PAGE;
    assert_int_equal(drift_compare(predicted, &seen, &compared, &err), 0);
    assert_int_equal(compared.verdict, DRIFT_ABOVE);
    seen.beside_kib = beside(predicted, -tolerance_kib - (int64_t)PAGE);
    assert_int_equal(drift_compare(predicted, &seen, &compared, &err), 0);
    assert_int_equal(compared.verdict, DRIFT_BELOW);
    ballast_breakdown_free(predicted);
}

/* XSA-463's 64 pages: what an older point release takes is beyond the bound of a newer one. */
static void test_another_point_release_shows(void **state)
{
    (void)state;
    struct ballast_error err;
    struct drift_compared compared;
    struct ballast_breakdown *real = predict("xen-4.17.5", BALLAST_HVM);
    struct ballast_breakdown *believed = predict("xen-4.17", BALLAST_HVM);
    struct drift_seen seen = {.beside_kib = beside(real, 0)};
    assert_int_equal(drift_compare(believed, &seen, &compared, &err), 0);
    assert_int_equal(compared.difference_kib, 256);
    assert_int_equal(compared.verdict, DRIFT_ABOVE);
    assert_int_equal(drift_compare(real, &seen, &compared, &err), 0);
    assert_int_equal(compared.verdict, DRIFT_WITHIN);
    ballast_breakdown_free(real);
    ballast_breakdown_free(believed);
    struct ballast_breakdown *vague = predict("libxl", BALLAST_PV);
    assert_int_equal(drift_compare(vague, &seen, &compared, &err), -ENODATA);
    ballast_breakdown_free(vague);
}

int main(int argc, char **argv)
{
    seed_from(argc, argv, &seed, "test_the_order_does_not_matter");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_build_among_balloons),
        cmocka_unit_test(test_a_toolstack_at_work_is_waited_for),
        cmocka_unit_test(test_between_two_samples),
        cmocka_unit_test(test_what_cannot_be_told_is_not),
        cmocka_unit_test(test_the_order_does_not_matter),
        cmocka_unit_test(test_a_number_again),
        cmocka_unit_test(test_a_thousand),
        cmocka_unit_test(test_the_bound),
        cmocka_unit_test(test_another_point_release_shows),
    };
    return cmocka_run_group_tests_name("drift", tests, NULL, NULL);
}
