/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls that come again after they were worked on: what was done for them is found by their mark.
 */
#ifndef APP_BALLASTD_SQUEEZED_MARKS_H
#define APP_BALLASTD_SQUEEZED_MARKS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/ledger/ledger.h"

struct engine;

/* The label of what a call with that mark reserves. */
void squeezed_mark_label(uint64_t mark, char out[LEDGER_OWNER]);
/* The newest reservation that was made for it, or NULL. */
const struct ledger_reservation *squeezed_mark_find(struct engine *engine, uint64_t mark);
/* Whether it is one of the last logins that were noted; noted for good. */
bool squeezed_mark_is_login(struct engine *engine, uint64_t mark);
void squeezed_mark_note_login(struct engine *engine, uint64_t mark);

#endif
