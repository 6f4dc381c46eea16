/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A binary heap of entries, the least (time, id) first. An entry is in one heap at most and knows
 * its place there, so that it can be taken out from anywhere. The order depends on nothing but the
 * records, so that a restored ledger does the same things in the same order.
 */
#ifndef CORE_LEDGER_HEAP_H
#define CORE_LEDGER_HEAP_H

#include <stddef.h>
#include <stdint.h>

struct ledger_entry;

struct ledger_heap {
    struct ledger_entry **at; /* as large as the book says */
    size_t count;
};

void ledger_heap_add(struct ledger_heap *heap, struct ledger_entry *entry, uint64_t key_usec);
/* Does nothing for an entry that is in no heap. */
void ledger_heap_remove(struct ledger_entry *entry);

#endif
