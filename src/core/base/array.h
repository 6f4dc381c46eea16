/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CORE_BASE_ARRAY_H
#define CORE_BASE_ARRAY_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Room for `count` entries of `size` bytes in a growing array: `array_at` is where the pointer to
 * it is, *room the entries that it has room for, a power of 2. false: out of memory; both are as
 * they were. NULL and 0 are an empty array; free() ends it.
 */
bool array_reserve(void *array_at, size_t *room, size_t count, size_t size);

#endif
