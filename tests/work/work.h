/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Work, counted instead of timed, so that a bound on how work grows holds on any machine at any
 * load. Sources that are compiled as tests/work/meson.build says count each block of code that is
 * run, and each byte that they hand to memchr(), memcpy(), memmove() or realloc().
 */
#ifndef TESTS_WORK_WORK_H
#define TESTS_WORK_WORK_H

#include <stdint.h>

/* Since the program began; only differences say something. */
uint64_t work_done(void);

#endif
