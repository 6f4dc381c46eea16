/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the benchmarks share: a clock, and a count of allocations (malloc's family is interposed).
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdint.h>

/* Calls of malloc, calloc and realloc so far, by the program and every library in it. */
uint64_t measure_allocations(void);
uint64_t measure_nsec(void);

#endif
