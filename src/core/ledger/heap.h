/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A binary heap of entries by (time, id), the smallest first. An entry is in at most one heap and
 * knows its place there, so that it can be removed from anywhere. The order depends on the records
 * alone, so a restored ledger acts in the same order.
 */
#ifndef CORE_LEDGER_HEAP_H
#define CORE_LEDGER_HEAP_H

#include <stddef.h>
#include <stdint.h>

struct ledger_entry;

struct ledger_heap {
    struct ledger_entry **at; /* sized by the book */
    size_t count;
};

void ledger_heap_add(struct ledger_heap *heap, struct ledger_entry *entry, uint64_t key_usec);
/* Does nothing if the entry is in no heap. */
void ledger_heap_remove(struct ledger_entry *entry);

#endif
