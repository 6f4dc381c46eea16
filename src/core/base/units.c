/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/base/units.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "core/base/error.h"

#define UNITS_DEFINITION
#include "core/base/units_inline.h"

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

enum { SHOWN = 40, PLACES = 6 };

static char lower_ascii(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

/* The bytes of one unit, "", "m" or "mib"; 0 if unknown. MB could mean either of two sizes. */
static uint64_t size_unit_bytes(const char *unit)
{
    static const char letters[] = "bkmgt";
    if (*unit == '\0')
        return UINT64_C(1) << 20;
    const char *found = strchr(letters, lower_ascii(*unit));
    bool is_long = lower_ascii(unit[1]) == 'i' && lower_ascii(unit[2]) == 'b' && unit[3] == '\0';
    if (!found || !(unit[1] == '\0' || (is_long && found != letters)))
        return 0;
    return UINT64_C(1) << (10 * (found - letters));
}

/* Digits with at most PLACES decimals, as millionths; NULL: not a number, or more than 2^93. */
static const char *read_millionths(const char *text, unsigned __int128 *out)
{
    unsigned __int128 number = 0;
    const char *at = text;
    int digits = 0;
    for (; *at >= '0' && *at <= '9'; at++) {
        digits += number > 0;
        number = number * 10 + (unsigned)(*at - '0');
        if (digits > 28)
            return NULL;
    }
    if (at == text)
        return NULL;
    int places = 0;
    if (*at == '.' && at[1] >= '0' && at[1] <= '9') {
        for (at++; *at >= '0' && *at <= '9' && places < PLACES; at++, places++)
            number = number * 10 + (unsigned)(*at - '0');
    }
    for (; places < PLACES; places++)
        number *= 10;
    *out = number;
    return at;
}

static int refuse_size(const char *text, struct ballast_error *err)
{
    return ballast_fail(err, -EINVAL,
                        "invalid size '%.*s': use a number with K, M, G or T, such as 512M or 1.5G",
                        SHOWN, text);
}

static int refuse_large(const char *text, struct ballast_error *err)
{
    return ballast_fail(err, -EOVERFLOW, "size '%.*s' is more than 64 bits of KiB", SHOWN, text);
}

int ballast_size_parse(const char *text, uint64_t *out_kib, struct ballast_error *err)
{
    unsigned __int128 millionths;
    const char *unit = read_millionths(text, &millionths);
    if (!unit)
        return strspn(text, "0123456789") > 28 ? refuse_large(text, err) : refuse_size(text, err);
    uint64_t scale = size_unit_bytes(unit + (*unit == ' ' && unit[1] != '\0'));
    if (scale == 0)
        return refuse_size(text, err);
    if (millionths > ~(unsigned __int128)0 / scale)
        return refuse_large(text, err);
    unsigned __int128 bytes = millionths * scale / 1000000;
    if (bytes > 0 && bytes < 1024)
        return refuse_size(text, err);
    if (bytes / 1024 >= UINT64_MAX)
        return refuse_large(text, err);
    *out_kib = (uint64_t)(bytes / 1024);
    return 0;
}

uint64_t ballast_div_up(uint64_t a, uint64_t b)
{
    return a / b + (a % b != 0);
}
