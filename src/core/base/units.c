/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/base/units.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "core/base/error.h"

int ballast_kib_add(uint64_t a_kib, uint64_t b_kib, uint64_t *out_kib, struct ballast_error *err)
{
    uint64_t sum_kib;
    if (__builtin_add_overflow(a_kib, b_kib, &sum_kib))
        return ballast_fail(err, -EOVERFLOW,
                            "%" PRIu64 " KiB + %" PRIu64 " KiB is more than 64 bits", a_kib, b_kib);
    *out_kib = sum_kib;
    return 0;
}

int ballast_kib_sub(uint64_t a_kib, uint64_t b_kib, uint64_t *out_kib, struct ballast_error *err)
{
    if (b_kib > a_kib)
        return ballast_fail(err, -ERANGE, "%" PRIu64 " KiB - %" PRIu64 " KiB is below zero", a_kib,
                            b_kib);
    *out_kib = a_kib - b_kib;
    return 0;
}

int ballast_kib_mul(uint64_t a_kib, uint64_t times, uint64_t *out_kib, struct ballast_error *err)
{
    uint64_t product_kib;
    if (__builtin_mul_overflow(a_kib, times, &product_kib))
        return ballast_fail(err, -EOVERFLOW, "%" PRIu64 " KiB x %" PRIu64 " is more than 64 bits",
                            a_kib, times);
    *out_kib = product_kib;
    return 0;
}

int ballast_kib_round_up(uint64_t a_kib, uint64_t step_kib, uint64_t *out_kib,
                         struct ballast_error *err)
{
    uint64_t over_kib = a_kib % step_kib;
    if (over_kib == 0) {
        *out_kib = a_kib;
        return 0;
    }
    return ballast_kib_add(a_kib, step_kib - over_kib, out_kib, err);
}

int ballast_kib_from_mib(uint64_t mib, uint64_t *out_kib, struct ballast_error *err)
{
    return ballast_kib_mul(BALLAST_MIB_KIB, mib, out_kib, err);
}

int ballast_kib_from_pages(uint64_t pages, uint64_t *out_kib, struct ballast_error *err)
{
    return ballast_kib_mul(BALLAST_PAGE_KIB, pages, out_kib, err);
}

/* What the letter multiplies by, or 0 where it is none. */
static uint64_t suffix_kib(const char *suffix)
{
    static const char letters[] = "KMGT";
    if (*suffix == '\0')
        return 1;
    char upper = (char)(*suffix >= 'a' && *suffix <= 'z' ? *suffix - 'a' + 'A' : *suffix);
    const char *found = strchr(letters, upper);
    return found && suffix[1] == '\0' ? UINT64_C(1) << (10 * (found - letters)) : 0;
}

int ballast_kib_parse(const char *text, uint64_t *out_kib, struct ballast_error *err)
{
    enum { SHOWN = 40 };
    uint64_t number = 0;
    bool fits = true;
    const char *end = text;
    for (; *end >= '0' && *end <= '9'; end++)
        fits = fits && !__builtin_mul_overflow(number, 10, &number) &&
               !__builtin_add_overflow(number, (uint64_t)(*end - '0'), &number);
    uint64_t unit_kib = suffix_kib(end);
    if (end == text || unit_kib == 0)
        return ballast_fail(err, -EINVAL,
                            "\"%.*s\" is no size: a whole number of KiB, or with K, M, G or T at "
                            "its end",
                            SHOWN, text);
    uint64_t kib;
    if (!fits || __builtin_mul_overflow(number, unit_kib, &kib) || kib == UINT64_MAX)
        return ballast_fail(err, -EOVERFLOW, "%.*s is more than 64 bits of KiB", SHOWN, text);
    *out_kib = kib;
    return 0;
}

uint64_t ballast_div_up(uint64_t a, uint64_t b)
{
    return a / b + (a % b != 0);
}

uint64_t ballast_mul_div(uint64_t a, uint64_t b, uint64_t c)
{
    unsigned __int128 result = (unsigned __int128)a * b / c;
    return result > UINT64_MAX ? UINT64_MAX : (uint64_t)result;
}

uint64_t ballast_min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t ballast_max_u64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

uint64_t ballast_sub_floor(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

uint64_t ballast_add_ceil(uint64_t a, uint64_t b)
{
    uint64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}
