/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What guests cost is told from outside, whatever balloons do meanwhile, and judged by its bound.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <ballast/ballast.h>

#include "core/model/drift.h"
#include "unit.h"

#define PAGE UINT64_C(4)

enum { MOST = 8 };

struct scene {
    struct drift *drift;
    struct ballast_host host;
    struct ballast_domain domains[MOST];
    uint64_t xen_kib; /* what Xen spends on everybody */
    struct drift_seen seen[DRIFT_SEEN];
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

static int look(struct scene *scene)
{
    uint64_t held_kib = scene->xen_kib;
    for (size_t i = 0; i < scene->host.domain_count; i++)
        held_kib += scene->domains[i].tot_kib;
    scene->host.free_kib = scene->host.total_kib - held_kib;
    return drift_look(scene->drift, &scene->host, scene->seen);
}

static void test_a_build_among_balloons(void **state)
{
    (void)state;
    struct scene scene;
    open_scene(&scene);
    struct ballast_domain *other = add(&scene, 1, 512 * MIB, BALLAST_DOMAIN_RUN);
    assert_int_equal(look(&scene), 0);
    struct ballast_domain *guest = add(&scene, 2, 16 * MIB, BALLAST_DOMAIN_BUILD);
    scene.xen_kib += 1500;
    other->tot_kib -= 64 * MIB;
    assert_int_equal(look(&scene), 0);
    guest->tot_kib = 128 * MIB;
    scene.xen_kib += 600;
    other->tot_kib += 17 * MIB;
    guest->state = BALLAST_DOMAIN_PAUSED;
    assert_int_equal(look(&scene), 1);
    assert_int_equal(scene.seen[0].id, 2);
    assert_int_equal(scene.seen[0].beside_kib, 2100);
    assert_int_equal(scene.seen[0].tot_kib, 128 * MIB);
    /* It is told once. */
    guest->state = BALLAST_DOMAIN_RUN;
    assert_int_equal(look(&scene), 0);
    drift_free(scene.drift);
}

static void test_between_two_looks(void **state)
{
    (void)state;
    struct scene scene;
    open_scene(&scene);
    add(&scene, 0, 512 * MIB, BALLAST_DOMAIN_RUN);
    assert_int_equal(look(&scene), 0);
    add(&scene, 5, 64 * MIB, BALLAST_DOMAIN_RUN);
    scene.xen_kib += 88;
    assert_int_equal(look(&scene), 1);
    assert_int_equal(scene.seen[0].beside_kib, 88);
    drift_free(scene.drift);
}

/* Who was there before us, came with another, or while one went: nobody can tell what he cost. */
static void test_what_cannot_be_told_is_not(void **state)
{
    (void)state;
    struct scene scene;
    open_scene(&scene);
    struct ballast_domain *early = add(&scene, 1, 64 * MIB, BALLAST_DOMAIN_BUILD);
    assert_int_equal(look(&scene), 0);
    early->state = BALLAST_DOMAIN_RUN;
    assert_int_equal(look(&scene), 0);
    struct ballast_domain *a = add(&scene, 2, 1 * MIB, BALLAST_DOMAIN_BUILD);
    struct ballast_domain *b = add(&scene, 3, 1 * MIB, BALLAST_DOMAIN_BUILD);
    assert_int_equal(look(&scene), 0);
    a->state = b->state = BALLAST_DOMAIN_RUN;
    scene.xen_kib += 5000;
    assert_int_equal(look(&scene), 0);
    /* One goes while another is built. */
    struct ballast_domain *c = add(&scene, 4, 1 * MIB, BALLAST_DOMAIN_BUILD);
    assert_int_equal(look(&scene), 0);
    scene.domains[0] = *c;
    scene.host.domain_count--;
    scene.xen_kib -= 300;
    assert_int_equal(look(&scene), 0);
    scene.domains[0].state = BALLAST_DOMAIN_RUN;
    assert_int_equal(look(&scene), 0);
    /* Afterwards all is well again. */
    add(&scene, 6, 1 * MIB, BALLAST_DOMAIN_RUN);
    scene.xen_kib += 64;
    assert_int_equal(look(&scene), 1);
    assert_int_equal(scene.seen[0].beside_kib, 64);
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
    assert_true(ballast_breakdown_cost(predicted, &cost));
    struct drift_seen seen = {.beside_kib = beside(predicted, 0)};
    assert_int_equal(drift_compare(predicted, &seen, &compared, &err), 0);
    assert_int_equal(compared.difference_kib, 0);
    assert_int_equal(compared.verdict, DRIFT_WITHIN);
    int64_t arena_kib = (int64_t)(cost.fresh_max_kib - cost.settled_kib);
    int64_t slack_kib = DRIFT_SLACK_PAGES * (int64_t)PAGE;
    seen.beside_kib = beside(predicted, arena_kib + slack_kib);
    assert_int_equal(drift_compare(predicted, &seen, &compared, &err), 0);
    assert_int_equal(compared.verdict, DRIFT_WITHIN);
    seen.beside_kib += (int64_t)PAGE;
    assert_int_equal(drift_compare(predicted, &seen, &compared, &err), 0);
    assert_int_equal(compared.verdict, DRIFT_ABOVE);
    seen.beside_kib = beside(predicted, -slack_kib - (int64_t)PAGE);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_build_among_balloons),
        cmocka_unit_test(test_between_two_looks),
        cmocka_unit_test(test_what_cannot_be_told_is_not),
        cmocka_unit_test(test_the_bound),
        cmocka_unit_test(test_another_point_release_shows),
    };
    return cmocka_run_group_tests_name("drift", tests, NULL, NULL);
}
