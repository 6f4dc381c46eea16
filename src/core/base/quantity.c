/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/base/quantity.h"

#include <errno.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/units.h"

/* The longest text that is worth showing back. */
enum { SHOWN = 40, PLACES = 6, MOST_DIGITS = 28 };

#define MILLION UINT64_C(1000000)

/* Ten years: nothing is kept as long, and what is counted from now stays far from an overflow. */
#define LONGEST_USEC (UINT64_C(3653) * 86400 * BALLAST_SEC_USEC)

static char lower_ascii(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static bool is_ascii_digit(char c)
{
    return c >= '0' && c <= '9';
}

static uint64_t power_of(uint64_t base, long exponent)
{
    uint64_t result = 1;
    for (long i = 0; i < exponent; i++)
        result *= base;
    return result;
}

/* The bytes of one unit, "", "m", "mib" or "mb"; 0 if it is none. */
static uint64_t size_unit_bytes(const char *unit)
{
    static const char letters[] = "bkmgt";
    if (*unit == '\0')
        return BALLAST_MIB_KIB * 1024;
    const char *found = strchr(letters, lower_ascii(*unit));
    if (!found)
        return 0;
    long exponent = found - letters;
    if (unit[1] == '\0')
        return power_of(1024, exponent);
    if (exponent == 0)
        return 0;
    if (lower_ascii(unit[1]) == 'b' && unit[2] == '\0')
        return power_of(1000, exponent);
    bool is_binary = lower_ascii(unit[1]) == 'i' && lower_ascii(unit[2]) == 'b' && unit[3] == '\0';
    return is_binary ? power_of(1024, exponent) : 0;
}

/* Digits with at most PLACES decimals, as millionths; NULL: not a number, or more than 2^93. */
static const char *read_millionths(const char *text, unsigned __int128 *out)
{
    unsigned __int128 number = 0;
    const char *at = text;
    int digits = 0;
    for (; is_ascii_digit(*at); at++) {
        digits += number > 0;
        number = number * 10 + (unsigned)(*at - '0');
        if (digits > MOST_DIGITS)
            return NULL;
    }
    if (at == text)
        return NULL;
    int places = 0;
    if (*at == '.' && is_ascii_digit(at[1])) {
        for (at++; is_ascii_digit(*at) && places < PLACES; at++, places++)
            number = number * 10 + (unsigned)(*at - '0');
    }
    for (; places < PLACES; places++)
        number *= 10;
    *out = number;
    return at;
}

/* A blank between a number and its unit, which is there. */
static const char *skip_blank(const char *at)
{
    return at + (*at == ' ' && at[1] != '\0');
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
        return strspn(text, "0123456789") > MOST_DIGITS ? refuse_large(text, err)
                                                        : refuse_size(text, err);
    uint64_t scale = size_unit_bytes(skip_blank(unit));
    if (scale == 0)
        return refuse_size(text, err);
    if (millionths > ~(unsigned __int128)0 / scale)
        return refuse_large(text, err);
    unsigned __int128 bytes = millionths * scale / MILLION;
    if (millionths > 0 && bytes < 1024)
        return ballast_fail(err, -EINVAL, "size '%.*s' is less than 1 KiB: use 1K or more", SHOWN,
                            text);
    if (bytes / 1024 >= UINT64_MAX)
        return refuse_large(text, err);
    *out_kib = (uint64_t)(bytes / 1024);
    return 0;
}

bool ballast_size_is_part(const char *text)
{
    size_t length = strlen(text);
    return length > 0 && text[length - 1] == '%';
}

int ballast_part_parse(const char *text, uint64_t *out_part, struct ballast_error *err)
{
    unsigned __int128 millionths;
    const char *unit = read_millionths(text, &millionths);
    if (!unit || strcmp(skip_blank(unit), "%") != 0 || millionths > BALLAST_WHOLE)
        return ballast_fail(err, -EINVAL,
                            "invalid part '%.*s': use a number from 0%% to 100%%, such as 25%%",
                            SHOWN, text);
    *out_part = (uint64_t)millionths;
    return 0;
}

uint64_t ballast_part_of(uint64_t part, uint64_t whole_kib)
{
    return ballast_mul_div(whole_kib, part, BALLAST_WHOLE);
}

int ballast_size_parse_of(const char *text, uint64_t whole_kib, const char *whole,
                          uint64_t *out_kib, struct ballast_error *err)
{
    uint64_t part;
    if (!ballast_size_is_part(text))
        return ballast_size_parse(text, out_kib, err);
    int rc = ballast_part_parse(text, &part, err);
    if (rc < 0)
        return rc;
    if (whole_kib == UINT64_MAX)
        return ballast_fail(err, -ENODATA, "%.*s: %s is not known: use a size, such as 512M", SHOWN,
                            text, whole);
    *out_kib = ballast_part_of(part, whole_kib);
    return 0;
}

static int refuse_time(const char *text, struct ballast_error *err)
{
    return ballast_fail(err, -EINVAL,
                        "invalid time '%.*s': use a number with ms, s, min, h, d or w, up to ten "
                        "years, such as 90s or 1h30m",
                        SHOWN, text);
}

/* Reads one unit; 0 if it is none. */
static uint64_t take_unit_usec(const char **at)
{
    static const struct {
        const char *name;
        uint64_t usec;
    } units[] = {{"us", 1},
                 {"ms", BALLAST_SEC_USEC / 1000},
                 {"s", BALLAST_SEC_USEC},
                 {"min", 60 * BALLAST_SEC_USEC},
                 {"m", 60 * BALLAST_SEC_USEC},
                 {"h", 3600 * BALLAST_SEC_USEC},
                 {"d", 86400 * BALLAST_SEC_USEC},
                 {"w", 604800 * BALLAST_SEC_USEC}};
    size_t length = strspn(*at, "abcdefghijklmnopqrstuvwxyz");
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strlen(units[i].name) == length && strncmp(*at, units[i].name, length) == 0) {
            *at += length;
            return units[i].usec;
        }
    }
    return 0;
}

int ballast_time_parse(const char *text, uint64_t *out_usec, struct ballast_error *err)
{
    uint64_t sum_usec = 0;
    uint64_t unit_before = UINT64_MAX;
    const char *at = text;
    do {
        unsigned __int128 millionths;
        bool is_first = at == text;
        at = read_millionths(at, &millionths);
        if (!at)
            return refuse_time(text, err);
        bool is_bare = is_first && *at == '\0';
        at = skip_blank(at);
        uint64_t unit_usec = is_bare ? BALLAST_SEC_USEC : take_unit_usec(&at);
        if (unit_usec == 0 || unit_usec >= unit_before ||
            millionths > (unsigned __int128)LONGEST_USEC * MILLION / unit_usec)
            return refuse_time(text, err);
        sum_usec += (uint64_t)(millionths * unit_usec / MILLION);
        if (sum_usec > LONGEST_USEC)
            return refuse_time(text, err);
        unit_before = unit_usec;
        at = skip_blank(at);
    } while (*at != '\0');
    *out_usec = sum_usec;
    return 0;
}
