/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The ledger's naive twin: a list of records in the order of the requests and no other state. Every
 * answer is recomputed from the list, the slow way; the rules are written a second time.
 */
#ifndef TESTS_LEDGER_TWIN_H
#define TESTS_LEDGER_TWIN_H

#include "core/ledger/ledger.h"

enum { TWIN_MOST = 64 };

struct twin {
    struct ledger_reservation list[TWIN_MOST];
    size_t count;
    uint64_t next_id;
    uint64_t total_kib;
    size_t max_open;
    size_t max_closed;
};

uint64_t twin_reserved_kib(const struct twin *twin);
uint64_t twin_next_due_usec(const struct twin *twin);
size_t twin_open(const struct twin *twin);
/* What asking and restoring do besides. */
void twin_forget_old(struct twin *twin);

struct ledger_verdict twin_ask(struct twin *twin, const struct ledger_request *request,
                               uint64_t now_usec);
struct ledger_verdict twin_start_reclaiming(struct twin *twin, uint64_t id, uint64_t now_usec);
struct ledger_verdict twin_grant(struct twin *twin, uint64_t id, const struct ledger_free *host,
                                 uint64_t now_usec);
struct ledger_verdict twin_refuse(struct twin *twin, uint64_t id, enum ledger_reason why,
                                  const struct ledger_figures *figures, uint64_t now_usec);
struct ledger_verdict twin_bind(struct twin *twin, uint64_t id, const char *owner,
                                const struct ledger_domain *domain, uint64_t base_kib,
                                uint64_t held_kib, uint64_t now_usec);
struct ledger_verdict twin_hold(struct twin *twin, const struct ledger_domain *domain,
                                uint64_t held_kib, bool built, uint64_t now_usec);
struct ledger_verdict twin_pay(struct twin *twin, const struct ledger_domain *domain, uint64_t kib,
                               uint64_t now_usec);
struct ledger_verdict twin_domain_gone(struct twin *twin, const struct ledger_domain *domain,
                                       uint64_t now_usec);
struct ledger_verdict twin_grant_again(struct twin *twin, const struct ledger_domain *domain,
                                       const struct ledger_free *host, uint64_t now_usec);
struct ledger_verdict twin_release(struct twin *twin, uint64_t id, const char *owner,
                                   uint64_t now_usec);
size_t twin_login(struct twin *twin, const char *owner, uint64_t now_usec);
size_t twin_expire(struct twin *twin, uint64_t now_usec);

/* Field by field: the padding of a struct has no value. */
bool twin_same(const struct ledger_reservation *a, const struct ledger_reservation *b);

#endif
