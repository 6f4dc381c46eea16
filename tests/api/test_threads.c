/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The core has no globals: threads that work on separate objects have the same results as one
 * thread alone. The thread sanitizer detects anything that they share.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <ballast/ballast.h>

#include "core/ledger/ledger.h"
#include "core/model/host.h"
#include "core/policy/balancer.h"
#include "core/policy/policy.h"

enum { THREADS = 4, ROUNDS = 40, GUESTS = 8 };

#define MIB UINT64_C(1024)

/* FNV-1a over everything that came out. */
struct sum {
    uint64_t value;
};

static void add(struct sum *sum, const void *data, size_t length)
{
    const unsigned char *at = data;
    for (size_t i = 0; i < length; i++)
        sum->value = (sum->value ^ at[i]) * UINT64_C(0x100000001b3);
}

static void explain(struct sum *sum, enum ballast_guest_type type, uint64_t mib)
{
    char text[1 << 14];
    struct ballast_error err;
    const struct ballast_profile *profile;
    struct ballast_guest *guest = ballast_guest_new(type, "guest");
    struct ballast_breakdown *breakdown = ballast_breakdown_new();
    int rc = ballast_guest_set(guest, BALLAST_MEMORY, mib * MIB, &err);
    for (size_t i = 0; rc == 0 && (profile = ballast_profile_at(i)); i++) {
        rc = ballast_breakdown_evaluate(breakdown, profile, guest, NULL, &err);
        uint64_t need_kib = ballast_breakdown_need_kib(breakdown);
        add(sum, &need_kib, sizeof(need_kib));
        size_t length = ballast_draw_svg(breakdown, "guest", text, sizeof(text));
        add(sum, text, length < sizeof(text) ? length : sizeof(text) - 1);
    }
    /* An error is made of its operands, in a record of its own. */
    (void)ballast_guest_set(guest, BALLAST_VCPUS, UINT64_MAX - 1, &err);
    add(sum, err.text, strlen(err.text));
    ballast_breakdown_free(breakdown);
    ballast_guest_free(guest);
}

static void promise(struct sum *sum, uint64_t seed)
{
    struct ledger *ledger = NULL;
    struct ledger_options options = LEDGER_OPTIONS_DEFAULT;
    struct ledger_free host = {.free_kib = 4096 * MIB, .slack_kib = 64 * MIB};
    struct ledger_verdict verdict = {0};
    int rc = ledger_new(&options, &ledger, NULL);
    for (uint64_t i = 1; rc == 0 && i < 50; i++) {
        struct ledger_request request = {.owner = "thread",
                                         .min_kib = i * seed % 97 * MIB + 4,
                                         .max_kib = i * seed % 97 * MIB + 4,
                                         .lease_usec = 1000,
                                         .deadline_usec = UINT64_MAX};
        rc = ledger_ask(ledger, &request, i, &verdict, NULL);
        if (rc == 0)
            rc = ledger_grant(ledger, verdict.id, &host, i, &verdict, NULL);
        add(sum, &verdict.reason, sizeof(verdict.reason));
        add(sum, &verdict.figures, sizeof(verdict.figures));
    }
    ledger_free(ledger);
}

static void fill(struct ballast_domain *domains, struct ballast_host *host)
{
    for (uint32_t i = 0; i < GUESTS; i++)
        domains[i] = (struct ballast_domain){.id = i + 1,
                                             .name = "guest",
                                             .state = BALLAST_DOMAIN_RUN,
                                             .has_balloon = true,
                                             .tot_kib = (i + 1) * 256 * MIB,
                                             .target_kib = (i + 1) * 256 * MIB,
                                             .maxmem_kib = 4096 * MIB,
                                             .dynamic_min_kib = 128 * MIB,
                                             .dynamic_max_kib = 4096 * MIB,
                                             .static_max_kib = 4096 * MIB,
                                             .used_kib = 100 * MIB,
                                             .reported_free_kib = BALLAST_NONE,
                                             .shares = BALLAST_DEFAULT_SHARES};
    *host = (struct ballast_host){.total_kib = 16384 * MIB,
                                  .free_kib = 7168 * MIB,
                                  .slack_kib = 64 * MIB,
                                  .domains = domains,
                                  .domain_count = GUESTS};
}

static void balance(struct sum *sum, const struct policy *policy)
{
    struct ballast_domain domains[GUESTS];
    struct ballast_host host;
    struct balancer *balancer = balancer_new(policy, NULL);
    struct balancer_request request = {
        .id = 1, .need_kib = 9000 * MIB, .deadline_usec = BALLAST_NONE};
    struct balancer_input input = {.host = &host, .requests = &request, .request_count = 1};
    struct balancer_output out;
    fill(domains, &host);
    for (int tick = 0; tick < 10; tick++) {
        host.now_usec += 100000;
        if (balancer_decide(balancer, &input, &out, NULL) < 0)
            break;
        for (size_t i = 0; i < out.set_count; i++)
            add(sum, &out.sets[i].target_kib, sizeof(out.sets[i].target_kib));
    }
    balancer_free(balancer);
}

static uint64_t do_all(void)
{
    struct sum sum = {UINT64_C(0xcbf29ce484222325)};
    for (uint64_t round = 1; round <= ROUNDS; round++) {
        explain(&sum, (enum ballast_guest_type)(round % 3), 64 * round);
        promise(&sum, round);
        balance(&sum, policy_at(0));
    }
    return sum.value;
}

static void *run(void *out)
{
    *(uint64_t *)out = do_all();
    return NULL;
}

int main(void)
{
    pthread_t threads[THREADS];
    uint64_t sums[THREADS];
    uint64_t alone = do_all();
    for (int i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, run, &sums[i]) != 0)
            return 2;
    }
    int wrong = 0;
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        wrong += sums[i] != alone;
    }
    printf("%d threads, %d of them came to something else than %016" PRIx64 "\n", THREADS, wrong,
           alone);
    return wrong > 0;
}
