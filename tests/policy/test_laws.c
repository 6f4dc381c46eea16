/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Random hosts under every policy, with guests that do whatever their maximum allows: after every
 * decision, and after everything that guests can do before the next, the laws hold. One host in two
 * has headroom: it decides about no request, and guests grow into it no further than to what they
 * may have of it.
 *
 * test_policy_laws SEED: BALLAST_TEST_HOSTS of them (5000); the seeds are those of
 * tests/seeds/list.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/base/units.h"
#include "core/peers/peers.h"
#include "core/policy/balancer.h"

enum { MOST_DOMAINS = 10, MOST_REQUESTS = 4, TICKS = 12, HOSTS = 5000 };

struct world {
    uint64_t random;
    struct ballast_domain domains[MOST_DOMAINS];
    struct ballast_host host;
    struct balancer_request requests[MOST_REQUESTS];
    size_t request_count;
    uint64_t reserved_kib;
    uint64_t headroom_kib;
    uint64_t grown_kib; /* in this decision, beyond what guests may take out of the headroom */
    bool promises;      /* something was promised or waited for when it was decided last */
};

/* splitmix64, Steele, Lea and Flood 2014. */
static uint64_t draw(struct world *world, uint64_t below)
{
    world->random += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = world->random;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    z ^= z >> 31;
    return below ? z % below : z;
}

static uint64_t draw_kib(struct world *world, uint64_t below_kib)
{
    return draw(world, below_kib / BALLAST_PAGE_KIB + 1) * BALLAST_PAGE_KIB;
}

static void draw_report(struct world *world, struct ballast_domain *domain)
{
    domain->used_kib = BALLAST_NONE;
    domain->reported_free_kib = BALLAST_NONE;
    domain->report_age_usec = BALLAST_NONE;
    uint64_t kind = draw(world, 4);
    if (kind == 0)
        return;
    domain->used_kib = kind == 1 ? draw(world, 0) : draw_kib(world, domain->static_max_kib);
    domain->report_age_usec = draw(world, 5 * BALLAST_SEC_USEC);
    if (kind == 2)
        domain->reported_free_kib = draw(world, 0);
    else if (domain->used_kib <= domain->tot_kib)
        domain->reported_free_kib = domain->tot_kib - domain->used_kib;
}

static struct ballast_domain draw_domain(struct world *world, size_t i)
{
    struct ballast_domain domain = {.id = (uint32_t)i * 7, .name = "guest"};
    domain.is_dom0 = i == 0;
    domain.static_max_kib = 64 + draw_kib(world, UINT64_C(1) << (12 + draw(world, 14)));
    domain.dynamic_max_kib = draw_kib(world, domain.static_max_kib);
    domain.dynamic_min_kib = draw_kib(world, domain.dynamic_max_kib);
    domain.tot_kib = draw_kib(world, domain.static_max_kib);
    domain.target_kib =
        domain.dynamic_min_kib + draw_kib(world, domain.dynamic_max_kib - domain.dynamic_min_kib);
    domain.maxmem_kib = ballast_max_u64(domain.target_kib, draw_kib(world, domain.static_max_kib));
    domain.state = draw(world, 8) ? BALLAST_DOMAIN_RUN
                                  : (enum ballast_domain_state)draw(world, BALLAST_DOMAIN_STATES);
    domain.has_balloon = draw(world, 6) != 0;
    domain.shares = draw(world, 8) ? 1 + draw(world, 4000) : 0;
    if (domain.state == BALLAST_DOMAIN_BUILD)
        domain.build_left_kib = draw_kib(world, domain.static_max_kib / 4);
    /* Populated on demand: promised more than it holds, and perhaps not covered yet. */
    if (draw(world, 5) == 0) {
        domain.pod_cache_kib = draw_kib(world, domain.tot_kib);
        domain.pod_entries_kib = domain.pod_cache_kib + draw_kib(world, domain.static_max_kib);
    }
    if (draw(world, 3) == 0)
        domain.pinned_kib = draw_kib(world, domain.static_max_kib);
    draw_report(world, &domain);
    return domain;
}

static void draw_world(struct world *world)
{
    size_t count = 1 + draw(world, MOST_DOMAINS);
    uint64_t held_kib = 0;
    uint64_t building_kib = 0;
    for (size_t i = 0; i < count; i++) {
        world->domains[i] = draw_domain(world, i);
        held_kib += world->domains[i].tot_kib;
        building_kib += world->domains[i].build_left_kib;
    }
    uint64_t slack_kib = draw_kib(world, 4096);
    uint64_t free_kib = slack_kib + building_kib + draw_kib(world, held_kib / 4);
    world->host = (struct ballast_host){
        .total_kib = held_kib + free_kib,
        .free_kib = free_kib,
        .slack_kib = slack_kib,
        .caps = BALLAST_HOST_CAPS_ALL,
        .domains = world->domains,
        .domain_count = count,
    };
    world->headroom_kib = draw(world, 2) ? 0 : draw_kib(world, held_kib / 4);
    world->request_count = draw(world, MOST_REQUESTS + 1);
    for (size_t i = 0; i < world->request_count; i++) {
        world->requests[i] = (struct balancer_request){
            .id = 100 + i,
            .need_kib = BALLAST_PAGE_KIB + draw_kib(world, held_kib / 2),
            .deadline_usec = draw(world, 2) ? BALLAST_NONE : draw(world, 20 * BALLAST_SEC_USEC),
        };
    }
}

static bool is_ours(const struct ballast_domain *domain)
{
    if (domain->state != BALLAST_DOMAIN_RUN || !domain->has_balloon || domain->shares == 0 ||
        ballast_domain_pod_lacks_kib(domain) > 0)
        return false;
    return !domain->is_dom0 || domain->dynamic_min_kib < domain->dynamic_max_kib;
}

static uint64_t room_kib(const struct world *world)
{
    uint64_t sum_kib = 0;
    for (size_t i = 0; i < world->host.domain_count; i++) {
        const struct ballast_domain *domain = &world->domains[i];
        if (is_ours(domain))
            sum_kib += ballast_sub_floor(domain->maxmem_kib, domain->tot_kib);
    }
    return sum_kib;
}

static uint64_t owed_kib(const struct world *world)
{
    uint64_t sum_kib = world->host.slack_kib + world->reserved_kib;
    for (size_t i = 0; i < world->host.domain_count; i++)
        sum_kib += world->domains[i].build_left_kib;
    return sum_kib;
}

/* What domains that are not asked may take to reach their targets. */
static uint64_t reach_kib(const struct world *world)
{
    uint64_t sum_kib = 0;
    for (size_t i = 0; i < world->host.domain_count; i++) {
        const struct ballast_domain *domain = &world->domains[i];
        bool runs =
            domain->state == BALLAST_DOMAIN_RUN || domain->state == BALLAST_DOMAIN_MIGRATING;
        if (!is_ours(domain) && runs && domain->has_balloon)
            sum_kib += ballast_sub_floor(domain->target_kib, domain->tot_kib);
    }
    return sum_kib;
}

static struct ballast_domain *domain_of(struct world *world, uint32_t id)
{
    for (size_t i = 0; i < world->host.domain_count; i++) {
        if (world->domains[i].id == id)
            return &world->domains[i];
    }
    fail_msg("a set for domain %u, which is not there", id);
    return NULL;
}

/* Its pinned target as far as it may be. */
static uint64_t pin_of(const struct ballast_domain *domain)
{
    uint64_t kib = domain->pinned_kib / BALLAST_PAGE_KIB * BALLAST_PAGE_KIB;
    return ballast_max_u64(domain->dynamic_min_kib, ballast_min_u64(kib, domain->dynamic_max_kib));
}

/*
 * A pinned guest neither grows beyond its pin (but to what it holds already) nor, without a request
 * or a deficit, shrinks below it. dom0's is bounded by what it is known to use as well.
 */
static void check_pin(const struct balancer_set *set, const struct ballast_domain *domain,
                      bool wanted)
{
    if (domain->pinned_kib == 0 || set->target_kib == BALLAST_NONE || domain->is_dom0)
        return;
    if (set->target_kib > ballast_max_u64(pin_of(domain), domain->tot_kib))
        fail_msg("domain %u is told %llu KiB, more than its pin of %llu and the %llu it holds",
                 set->id, (unsigned long long)set->target_kib, (unsigned long long)pin_of(domain),
                 (unsigned long long)domain->tot_kib);
    if (!wanted && set->target_kib < ballast_min_u64(pin_of(domain), domain->tot_kib) / 4 * 4)
        fail_msg("domain %u is told %llu KiB, less than its pin of %llu and the %llu it holds (%s)",
                 set->id, (unsigned long long)set->target_kib, (unsigned long long)pin_of(domain),
                 (unsigned long long)domain->tot_kib, balancer_reason_name(set->reason));
}

/* Law 7: no domain is asked to go below its floor, as far as it has that and may. */
static void check_floor(const struct world *world, const struct balancer *balancer,
                        const struct balancer_set *set, const struct ballast_domain *domain)
{
    struct domain_estimate estimate;
    assert_int_equal(balancer_estimate(balancer, set->id, &estimate), 0);
    uint64_t kept_kib = ballast_min_u64(estimate.floor.kib, domain->tot_kib);
    if (estimate.in_backoff)
        kept_kib = domain->tot_kib;
    else if (domain->pinned_kib > 0 && estimate.floor.reason != FLOOR_LAST_STOP)
        kept_kib = ballast_min_u64(kept_kib, pin_of(domain));
    kept_kib = ballast_min_u64(kept_kib, domain->dynamic_max_kib) / BALLAST_PAGE_KIB;
    /* A floor that has just moved is followed in steps of a 64th. */
    uint64_t tolerance_kib = estimate.in_backoff ? 0 : domain->tot_kib / 64;
    if (domain->is_dom0 || set->target_kib == BALLAST_NONE || set->target_kib >= domain->target_kib)
        return;
    if (set->target_kib + tolerance_kib < kept_kib * BALLAST_PAGE_KIB)
        fail_msg("tick at %llu: target %llu KiB of domain %u below its floor of %llu KiB (%s)",
                 (unsigned long long)world->host.now_usec, (unsigned long long)set->target_kib,
                 set->id, (unsigned long long)estimate.floor.kib,
                 floor_reason_name(estimate.floor.reason));
}

/* Its minimum, its pinned target, its proven need while it reports that it uses more than it has.
 */
static uint64_t entitled_kib(const struct balancer *balancer, const struct ballast_domain *domain)
{
    struct domain_estimate estimate;
    assert_int_equal(balancer_estimate(balancer, domain->id, &estimate), 0);
    uint64_t used_kib = ballast_domain_used_kib(domain);
    uint64_t kib = domain->dynamic_min_kib;
    /* dom0's minimum is at least a tenth above its need. */
    if (domain->is_dom0 && domain->used_kib != BALLAST_NONE)
        kib = ballast_max_u64(kib, estimate.need_kib + estimate.need_kib / 10);
    if (domain->pinned_kib > 0)
        kib = ballast_max_u64(kib, pin_of(domain));
    if (used_kib != BALLAST_NONE && domain->tot_kib < used_kib)
        kib = ballast_max_u64(kib, estimate.need_kib);
    return kib;
}

static void note_growth(struct world *world, const struct balancer *balancer,
                        const struct balancer_set *set, const struct ballast_domain *domain)
{
    if (set->target_kib == BALLAST_NONE)
        return;
    uint64_t told_kib = ballast_max_u64(domain->target_kib, domain->tot_kib);
    told_kib = ballast_max_u64(told_kib, entitled_kib(balancer, domain));
    world->grown_kib += ballast_sub_floor(set->target_kib, told_kib);
}

/* Laws 3, 4 and 7 of one set. */
static void do_set(struct world *world, const struct balancer *balancer,
                   const struct balancer_set *set, bool gives, bool wanted)
{
    struct ballast_domain *domain = domain_of(world, set->id);
    if (!is_ours(domain)) {
        /*
         * One that is not asked keeps its target. Its maximum may be held to it, below it only as
         * far as what is nobody's does not cover it, or where it has stopped short of it, and is
         * raised to it at most.
         */
        struct domain_estimate estimate;
        assert_int_equal(balancer_estimate(balancer, set->id, &estimate), 0);
        assert_int_equal(set->target_kib, BALLAST_NONE);
        assert_true(domain->state != BALLAST_DOMAIN_BUILD);
        assert_true(set->maxmem_kib >= domain->tot_kib);
        if (set->maxmem_kib > domain->maxmem_kib)
            assert_true(set->maxmem_kib <= domain->target_kib);
        else if (domain->state != BALLAST_DOMAIN_PAUSED && set->maxmem_kib < domain->target_kib &&
                 estimate.balloon_status != BALLOON_STUCK)
            assert_true(reach_kib(world) + BALLAST_PAGE_KIB >
                        ballast_sub_floor(world->host.free_kib, owed_kib(world)));
        domain->maxmem_kib = set->maxmem_kib;
        return;
    }
    if (gives)
        note_growth(world, balancer, set, domain);
    if (set->target_kib != BALLAST_NONE) {
        /* One that holds less than its minimum is kept there until there is memory for it. */
        assert_true(set->target_kib >= ballast_min_u64(domain->dynamic_min_kib, domain->tot_kib));
        assert_true(set->target_kib <= domain->dynamic_max_kib);
        if (!gives)
            assert_true(set->target_kib <=
                            ballast_max_u64(domain->tot_kib, domain->dynamic_min_kib) ||
                        set->target_kib <= domain->target_kib);
        check_floor(world, balancer, set, domain);
        check_pin(set, domain, wanted);
        domain->target_kib = set->target_kib;
    }
    if (set->maxmem_kib != BALLAST_NONE)
        domain->maxmem_kib = set->maxmem_kib;
    assert_true(domain->maxmem_kib >= domain->target_kib);
}

static void remove_request(struct world *world, uint64_t id)
{
    for (size_t i = 0; i < world->request_count; i++) {
        if (world->requests[i].id == id) {
            world->requests[i] = world->requests[--world->request_count];
            return;
        }
    }
    fail_msg("a verdict on request %llu, which does not wait", (unsigned long long)id);
}

static void do_verdict(struct world *world, const struct balancer_verdict *verdict)
{
    for (size_t i = 0; i < world->request_count; i++) {
        if (world->requests[i].id == verdict->request && verdict->granted)
            world->reserved_kib += world->requests[i].need_kib;
    }
    remove_request(world, verdict->request);
}

/* What is beyond the headroom bounds all growth but that to what guests may have of it. */
static void check_headroom(const struct world *world, uint64_t free_before_kib)
{
    uint64_t beyond_kib = ballast_sub_floor(free_before_kib, world->headroom_kib);
    if (world->headroom_kib > 0 && world->grown_kib > beyond_kib)
        fail_msg("guests grow by %llu KiB, with %llu KiB free and a headroom of %llu KiB",
                 (unsigned long long)world->grown_kib, (unsigned long long)free_before_kib,
                 (unsigned long long)world->headroom_kib);
}

/* A request is decided as if there were none. */
static void check_verdicts(const struct world *world, const struct policy *policy,
                           const struct balancer_input *input, const struct balancer_output *out)
{
    struct balancer_output other;
    struct balancer *balancer = balancer_new(policy, NULL);
    assert_non_null(balancer);
    assert_int_equal(balancer_decide(balancer, input, &other, NULL), 0);
    assert_int_equal(out->verdict_count, other.verdict_count);
    assert_int_equal(out->available_kib, other.available_kib);
    for (size_t i = 0; i < out->verdict_count; i++) {
        assert_int_equal(out->verdicts[i].request, other.verdicts[i].request);
        assert_int_equal(out->verdicts[i].granted, other.verdicts[i].granted);
        assert_int_equal(out->verdicts[i].reason, other.verdicts[i].reason);
    }
    assert_int_equal(world->host.now_usec, 0);
    balancer_free(balancer);
}

static void decide_and_check(struct world *world, struct balancer *balancer,
                             const struct policy *policy)
{
    struct balancer_input input = {&world->host, world->requests, world->request_count,
                                   world->reserved_kib};
    struct balancer_output out;
    struct ballast_error err;
    uint64_t free_before_kib = ballast_sub_floor(world->host.free_kib, owed_kib(world));
    if (balancer_decide(balancer, &input, &out, &err) < 0)
        fail_msg("%s", err.text);
    if (world->headroom_kib > 0 && world->host.now_usec == 0)
        check_verdicts(world, policy, &input, &out);
    world->grown_kib = 0;
    world->promises = owed_kib(world) > world->host.slack_kib || world->request_count > 0;
    bool wanted = input.request_count > 0 || out.deficit_kib > 0;
    for (size_t i = 0; i < out.take_count; i++)
        do_set(world, balancer, &out.sets[i], false, wanted);
    for (size_t i = 0; i < out.verdict_count; i++)
        do_verdict(world, &out.verdicts[i]);
    for (size_t i = out.take_count; i < out.set_count; i++)
        do_set(world, balancer, &out.sets[i], true, wanted);
    check_headroom(world, free_before_kib);
    /* Laws 2 and 4: promises are covered, and so is all that any domain may take beyond them. */
    if (world->host.free_kib < owed_kib(world))
        fail_msg("%llu KiB free, %llu KiB owed", (unsigned long long)world->host.free_kib,
                 (unsigned long long)owed_kib(world));
    if (room_kib(world) > world->host.free_kib - owed_kib(world))
        fail_msg("%llu KiB of room for guests, %llu KiB are nobody's (%llu before)",
                 (unsigned long long)room_kib(world),
                 (unsigned long long)(world->host.free_kib - owed_kib(world)),
                 (unsigned long long)free_before_kib);
}

/* One that is not asked takes all that its maximum lets it; then another program raises its target.
 */
static void run_other(struct world *world, struct ballast_domain *domain)
{
    bool takes = domain->state == BALLAST_DOMAIN_RUN || domain->state == BALLAST_DOMAIN_MIGRATING;
    if (!takes || !domain->has_balloon)
        return;
    if (world->promises) {
        uint64_t kib = ballast_sub_floor(domain->maxmem_kib, domain->tot_kib);
        kib = draw(world, 2) ? kib : draw_kib(world, kib);
        assert_true(kib <= world->host.free_kib);
        domain->tot_kib += kib;
        world->host.free_kib -= kib;
    }
    if (draw(world, 8) == 0)
        domain->target_kib = domain->maxmem_kib = draw_kib(world, domain->static_max_kib);
}

/* Every guest moves as it likes: up to its maximum, down to nothing. */
static void run_wild(struct world *world)
{
    for (size_t i = 0; i < world->host.domain_count; i++) {
        struct ballast_domain *domain = &world->domains[i];
        if (domain->state == BALLAST_DOMAIN_BUILD) {
            uint64_t kib = draw_kib(world, domain->build_left_kib);
            kib = ballast_min_u64(kib, domain->build_left_kib);
            domain->build_left_kib -= kib;
            domain->tot_kib += kib;
            world->host.free_kib -= kib;
        }
        if (!is_ours(domain)) {
            run_other(world, domain);
            continue;
        }
        uint64_t room = ballast_sub_floor(domain->maxmem_kib, domain->tot_kib);
        uint64_t grown_kib = draw(world, 3) ? room : draw(world, room + 1);
        if (draw(world, 2) && room > 0) {
            grown_kib = ballast_min_u64(grown_kib, world->host.free_kib);
            domain->tot_kib += grown_kib;
            world->host.free_kib -= grown_kib;
        } else if (domain->tot_kib > domain->target_kib) {
            uint64_t kib = draw(world, domain->tot_kib - domain->target_kib + 1);
            domain->tot_kib -= kib;
            world->host.free_kib += kib;
        }
        draw_report(world, domain);
    }
    world->host.now_usec += 1 + draw(world, BALLAST_SEC_USEC);
}

static void one_host(uint64_t seed, const struct policy *policy)
{
    struct world world = {.random = seed};
    draw_world(&world);
    struct balancer_options options = BALANCER_OPTIONS_DEFAULT;
    options.headroom_kib = world.headroom_kib;
    options.settings.squeeze_permyriad = seed % 2 ? 500 : 0;
    struct balancer *balancer = balancer_new(policy, &options);
    assert_non_null(balancer);
    for (int tick = 0; tick < TICKS; tick++) {
        decide_and_check(&world, balancer, policy);
        run_wild(&world);
    }
    balancer_free(balancer);
}

static uint64_t seed;

static void test_laws(void **state)
{
    (void)state;
    const char *asked = getenv("BALLAST_TEST_HOSTS");
    uint64_t hosts = asked ? strtoull(asked, NULL, 10) : HOSTS;
    size_t policies = 0;
    while (peers_policy_at(policies))
        policies++;
    print_message("%llu random hosts of %d ticks, %zu policies in turn\n",
                  (unsigned long long)hosts, TICKS, policies);
    for (uint64_t i = 0; i < hosts; i++)
        one_host(seed + i * UINT64_C(0x632be59bd9b4e019), peers_policy_at(i % policies));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_laws)};
    if (argc != 2) {
        fprintf(stderr, "usage: test_policy_laws SEED\n");
        return 2;
    }
    seed = strtoull(argv[1], NULL, 10);
    return cmocka_run_group_tests_name("policy-laws", tests, NULL, NULL);
}
