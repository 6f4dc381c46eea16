/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/ledger/heap.h"

#include <stdbool.h>

#include "core/ledger/book.h"

static bool is_due_before(const struct ledger_entry *a, const struct ledger_entry *b)
{
    return a->heap_key_usec != b->heap_key_usec ? a->heap_key_usec < b->heap_key_usec
                                                : a->record.id < b->record.id;
}

static void put_entry(struct ledger_heap *heap, size_t at, struct ledger_entry *entry)
{
    heap->at[at] = entry;
    entry->heap_at = at;
}

static void sift_up(struct ledger_heap *heap, size_t at)
{
    struct ledger_entry *entry = heap->at[at];
    while (at > 0 && is_due_before(entry, heap->at[(at - 1) / 2])) {
        put_entry(heap, at, heap->at[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    put_entry(heap, at, entry);
}

static void sift_down(struct ledger_heap *heap, size_t at)
{
    struct ledger_entry *entry = heap->at[at];
    for (size_t child = 2 * at + 1; child < heap->count; child = 2 * at + 1) {
        if (child + 1 < heap->count && is_due_before(heap->at[child + 1], heap->at[child]))
            child++;
        if (!is_due_before(heap->at[child], entry))
            break;
        put_entry(heap, at, heap->at[child]);
        at = child;
    }
    put_entry(heap, at, entry);
}

void ledger_heap_add(struct ledger_heap *heap, struct ledger_entry *entry, uint64_t key_usec)
{
    entry->heap = heap;
    entry->heap_key_usec = key_usec;
    put_entry(heap, heap->count, entry);
    heap->count++;
    sift_up(heap, heap->count - 1);
}

void ledger_heap_remove(struct ledger_entry *entry)
{
    struct ledger_heap *heap = entry->heap;
    if (!heap)
        return;
    size_t at = entry->heap_at;
    entry->heap = NULL;
    heap->count--;
    if (at == heap->count)
        return;
    put_entry(heap, at, heap->at[heap->count]);
    sift_up(heap, at);
    sift_down(heap, heap->at[at]->heap_at);
}
