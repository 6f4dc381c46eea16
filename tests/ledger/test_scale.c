/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ten thousand open reservations do not slow the ledger: a round of ask, grant, bind, hold and
 * release does about the work (tests/work) that it does with a hundred. Something linear would do a
 * hundred times as much; a heap that is twice as deep is allowed three times.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/ledger/ledger.h"

#include "work.h"

enum { FEW = 100, MANY = 10000, ROUNDS = 20000, ALLOWED = 3 };

static const struct ledger_free host = {.free_kib = LEDGER_MOST_KIB};

static void must(int rc, const struct ledger_verdict *v)
{
    if (rc < 0 || v->reason != LEDGER_OK) {
        fprintf(stderr, "a round failed: %d %s\n", rc, ledger_reason_name(v->reason));
        exit(1);
    }
}

static uint64_t ask_and_grant(struct ledger *ledger, uint64_t now_usec)
{
    struct ledger_verdict v;
    struct ledger_request q = {.owner = "one owner of all",
                               .min_kib = 4096,
                               .max_kib = 8192,
                               .lease_usec = 1000000000 - now_usec * 7919 % 1000000,
                               .deadline_usec = 1000000000};
    must(ledger_ask(ledger, &q, now_usec, &v, NULL), &v);
    must(ledger_grant(ledger, v.id, &host, now_usec, &v, NULL), &v);
    return v.id;
}

static void round_of(struct ledger *ledger, uint64_t now_usec)
{
    struct ledger_verdict v;
    struct ledger_domain domain = {.domid = (uint32_t)now_usec};
    uint64_t id = ask_and_grant(ledger, now_usec);
    must(ledger_bind(ledger, id, NULL, &domain, 0, 0, now_usec, &v, NULL), &v);
    must(ledger_hold(ledger, &domain, 4096, false, now_usec, &v, NULL), &v);
    must(ledger_domain_gone(ledger, &domain, now_usec, &v, NULL), &v);
}

static double work_a_round(size_t open)
{
    struct ledger_options options = LEDGER_OPTIONS_DEFAULT;
    struct ledger *ledger = NULL;
    must(ledger_new(&options, &ledger, NULL), &(struct ledger_verdict){.reason = LEDGER_OK});
    uint64_t now_usec = 1;
    for (size_t i = 0; i < open; i++)
        ask_and_grant(ledger, now_usec++);
    uint64_t before = work_done();
    for (int i = 0; i < ROUNDS; i++)
        round_of(ledger, now_usec++);
    uint64_t work = work_done() - before;
    struct ballast_error err = {0};
    if (ledger_check(ledger, &host, &err) < 0 || ledger_sums(ledger).open != open) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
    ledger_free(ledger);
    return (double)work / ROUNDS;
}

int main(void)
{
    double few = work_a_round(FEW);
    double many = work_a_round(MANY);
    printf("a round of five transitions: work %.0f with %d open, %.0f with %d\n", few, FEW, many,
           MANY);
    return few > 0 && many <= few * ALLOWED ? 0 : 1;
}
