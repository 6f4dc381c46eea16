/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rules for a single reservation. */
#ifndef CORE_LEDGER_RECORD_H
#define CORE_LEDGER_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/ledger/ledger.h"

/* The largest row id of SQLite; enough for 292,000 years at a million a second. */
#define LEDGER_MOST_ID ((uint64_t)INT64_MAX)

/*
 * -EINVAL if it is empty, has LEDGER_OWNER bytes or more, is not UTF-8, or has control characters
 * (C1 too: terminals obey them). `what` names it in the message.
 */
int ledger_name_check(const char *what, const char *name, struct ballast_error *err);

/* Whether a reservation can have come into that state for that reason. */
bool ledger_reason_fits(enum ledger_state state, enum ledger_reason reason);

#endif
