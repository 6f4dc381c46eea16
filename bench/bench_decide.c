/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The cost of one decision for 10 to 10,000 domains: at rest, with guests whose needs change every
 * tick, and while a start waits.
 *
 *   bench_decide [POLICY]
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/units.h"
#include "core/policy/balancer.h"
#include "core/peers/peers.h"
#include "measure.h"

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

enum kind { AT_REST, CHANGING, START_WAITS, KINDS };
static const char *const kind_names[KINDS] = {"at rest", "needs change", "start waits"};

static void fill(struct ballast_domain *domains, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t has_kib = (1024 + i * 37 % 2048) * BALLAST_MIB_KIB;
        domains[i] = (struct ballast_domain){
            .id = (uint32_t)i + 1,
            .name = "guest",
            .has_balloon = true,
            .tot_kib = has_kib,
            .target_kib = has_kib,
            .maxmem_kib = has_kib,
            .dynamic_min_kib = 512 * BALLAST_MIB_KIB,
            .dynamic_max_kib = 8192 * BALLAST_MIB_KIB,
            .static_max_kib = 8192 * BALLAST_MIB_KIB,
            .used_kib = has_kib / 2,
            .reported_free_kib = has_kib / 2,
            .report_age_usec = 0,
            .shares = BALLAST_DEFAULT_SHARES,
        };
    }
}

static void change(struct ballast_domain *domains, size_t count, unsigned round)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t tot_kib = domains[i].tot_kib;
        domains[i].used_kib = tot_kib / 100 * (30 + (i * 13 + round * 7) % 75);
        domains[i].reported_free_kib = ballast_sub_floor(tot_kib, domains[i].used_kib);
    }
}

struct result {
    uint64_t median_nsec;
    uint64_t worst_nsec;
    uint64_t allocations; /* after the first decision */
};

static struct result measure(const struct policy *policy, size_t count, enum kind kind)
{
    enum { ROUNDS = 201 };
    struct ballast_domain *domains = calloc(count, sizeof(*domains));
    static uint64_t nsec[ROUNDS];
    struct balancer *balancer = balancer_new(policy, NULL);
    if (!domains || !balancer)
        abort();
    fill(domains, count);
    struct ballast_host host = {
        .caps = BALLAST_HOST_CAPS_ALL, .domains = domains, .domain_count = count};
    host.total_kib = host.free_kib = 64 * BALLAST_MIB_KIB;
    for (size_t i = 0; i < count; i++)
        host.total_kib += domains[i].tot_kib;
    struct balancer_request request = {
        .id = 1, .need_kib = host.total_kib / 8, .deadline_usec = BALLAST_NONE};
    struct result result = {0};
    uint64_t allocations = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        if (kind != AT_REST)
            change(domains, count, round);
        host.now_usec = round * UINT64_C(10000);
        struct balancer_input input = {&host, &request, kind == START_WAITS ? 1 : 0, 0};
        struct balancer_output output;
        struct ballast_error err;
        if (round == 1)
            allocations = measure_allocations();
        uint64_t begin = measure_nsec();
        if (balancer_decide(balancer, &input, &output, &err) < 0) {
            fprintf(stderr, "bench_decide: %s\n", err.text);
            exit(1);
        }
        nsec[round] = measure_nsec() - begin;
    }
    result.allocations = measure_allocations() - allocations;
    qsort(nsec, ROUNDS, sizeof(nsec[0]), compare);
    result.median_nsec = nsec[ROUNDS / 2];
    result.worst_nsec = nsec[ROUNDS - 1];
    balancer_free(balancer);
    free(domains);
    return result;
}

int main(int argc, char **argv)
{
    const struct policy *policy = peers_policy_find(argc > 1 ? argv[1] : NULL);
    if (!policy) {
        fprintf(stderr, "bench_decide: there is no policy %s\n", argv[1]);
        return 2;
    }
    printf("one decision of policy %s\n", policy->name);
    printf("%8s  %-13s %12s %12s %12s\n", "domains", "", "median us", "worst us", "allocations");
    static const size_t counts[] = {10, 100, 1000, 10000};
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        for (int kind = 0; kind < KINDS; kind++) {
            struct result result = measure(policy, counts[i], (enum kind)kind);
            printf("%8zu  %-13s %12.1f %12.1f %12" PRIu64 "\n", counts[i], kind_names[kind],
                   (double)result.median_nsec / 1000, (double)result.worst_nsec / 1000,
                   result.allocations);
        }
    }
    return 0;
}
