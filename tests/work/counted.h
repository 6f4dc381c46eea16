/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Included first by sources whose work is counted: calls of the library count by the byte. */
#ifndef TESTS_WORK_COUNTED_H
#define TESTS_WORK_COUNTED_H

#include <stdlib.h>
#include <string.h>

void *work_memchr(const void *data, int wanted, size_t size);
void *work_memcpy(void *restrict to, const void *restrict from, size_t size);
void *work_memmove(void *to, const void *from, size_t size);
void *work_realloc(void *old, size_t size);

#define memchr  work_memchr
#define memcpy  work_memcpy
#define memmove work_memmove
#define realloc work_realloc

#endif
