/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sizes and the arithmetic on them.
 *
 * Names end in the unit: _kib, _pages, _mib, _usec, _permyriad (ten-thousandths). An operation that
 * could exceed 64 bits returns -EOVERFLOW with its operands in the error's text, and does not
 * change *out.
 */
#ifndef CORE_BASE_UNITS_H
#define CORE_BASE_UNITS_H

#include <stdint.h>

#include <ballast/error.h>

/* XC_PAGE_SIZE of x86, xen/include/asm/page-bits.h: PAGE_SHIFT 12. */
#define BALLAST_PAGE_KIB  UINT64_C(4)
#define BALLAST_MIB_KIB   UINT64_C(1024)
#define BALLAST_MIB_PAGES UINT64_C(256)
#define BALLAST_PERMYRIAD UINT64_C(10000)
#define BALLAST_SEC_USEC  UINT64_C(1000000)

int ballast_kib_add(uint64_t a_kib, uint64_t b_kib, uint64_t *out_kib, struct ballast_error *err);
/* -ERANGE if b is more than a: a size is never negative. */
int ballast_kib_sub(uint64_t a_kib, uint64_t b_kib, uint64_t *out_kib, struct ballast_error *err);
int ballast_kib_mul(uint64_t a_kib, uint64_t times, uint64_t *out_kib, struct ballast_error *err);
/* The smallest multiple of step_kib (not 0) that is at least a_kib. */
int ballast_kib_round_up(uint64_t a_kib, uint64_t step_kib, uint64_t *out_kib,
                         struct ballast_error *err);
int ballast_kib_from_mib(uint64_t mib, uint64_t *out_kib, struct ballast_error *err);
int ballast_kib_from_pages(uint64_t pages, uint64_t *out_kib, struct ballast_error *err);

/* a / b rounded up, b not 0; cannot overflow. */
uint64_t ballast_div_up(uint64_t a, uint64_t b);
/*
 * a * b / c with the product in 128 bits, rounded down; UINT64_MAX if the result does not fit. c is
 * not 0.
 */
uint64_t ballast_mul_div(uint64_t a, uint64_t b, uint64_t c);
uint64_t ballast_min_u64(uint64_t a, uint64_t b);
uint64_t ballast_max_u64(uint64_t a, uint64_t b);
/* a - b, or 0 if b is more. */
uint64_t ballast_sub_floor(uint64_t a, uint64_t b);
/* a + b, or UINT64_MAX if that does not fit: for bounds and comparisons, never for accounts. */
uint64_t ballast_add_ceil(uint64_t a, uint64_t b);

#endif
