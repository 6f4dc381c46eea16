/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A ledger, the tick's book over it, and a host that a test moves by hand. */
#ifndef TESTS_SIM_DESK_H
#define TESTS_SIM_DESK_H

#include <stddef.h>
#include <stdint.h>

#include "app/tick/book.h"
#include "core/base/units.h"

#define MIB BALLAST_MIB_KIB

enum { MOST = 16, TOTAL_MIB = 8192, SLACK_MIB = 64, NAME = 40 };

struct desk {
    struct ledger *ledger;
    struct tick_ledger *book;
    struct ballast_host host;
    struct ballast_domain domains[MOST];
    char names[MOST][NAME];
    unsigned journal_fails; /* so many of the next transitions */
    unsigned moves;
};

void uuid_of(uint32_t domid, uint8_t uuid[LEDGER_UUID]);
void open_desk(struct desk *desk);
void close_desk(struct desk *desk);
void restart(struct desk *desk);
void pass(struct desk *desk);
void see(struct desk *desk);
uint64_t ask(struct desk *desk, const char *guest, uint64_t kib);
int answer(struct desk *desk, uint64_t id);
uint64_t granted(struct desk *desk, const char *guest, uint64_t kib);
enum ledger_state state_of(const struct desk *desk, uint64_t id);
struct ballast_domain *appears(struct desk *desk, uint32_t id, const char *name, uint64_t left_kib);
void takes(struct desk *desk, struct ballast_domain *domain, uint64_t kib);
uint64_t available_kib(struct desk *desk);
uint64_t counted_kib(struct desk *desk);
void goes(struct desk *desk);

#endif
