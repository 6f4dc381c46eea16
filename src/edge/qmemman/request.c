/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "edge/qmemman/qmemman.h"

const char qmemman_ok[] = "OK\n";
const char qmemman_fail[] = "FAIL\n";
const char qmemman_invalid[] = "INVALID_ARG\n";

/* xen/include/public/xen.h: DOMID_FIRST_RESERVED. */
#define FIRST_RESERVED UINT32_C(0x7ff0)

/* Part of the request, not terminated. */
struct part {
    const char *at;
    size_t length;
};

/* What bytes.strip() takes away. */
static bool is_stripped(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Where str.split() splits: also at the separators of ASCII. */
static bool is_between(char c)
{
    return is_stripped(c) || (c >= '\x1c' && c <= '\x1f');
}

static bool is_number_digit(char c)
{
    return c >= '0' && c <= '9';
}

static struct part strip_part(struct part part)
{
    while (part.length > 0 && is_stripped(part.at[part.length - 1]))
        part.length--;
    while (part.length > 0 && is_stripped(*part.at)) {
        part.at++;
        part.length--;
    }
    return part;
}

/* The first word, of length 0 where there is none; *rest loses it. */
static struct part next_word(struct part *rest)
{
    while (rest->length > 0 && is_between(*rest->at)) {
        rest->at++;
        rest->length--;
    }
    struct part word = {.at = rest->at};
    while (word.length < rest->length && !is_between(word.at[word.length]))
        word.length++;
    rest->at += word.length;
    rest->length -= word.length;
    return word;
}

static bool is_all_ascii(struct part part)
{
    for (size_t i = 0; i < part.length; i++) {
        if ((unsigned char)part.at[i] > 0x7f)
            return false;
    }
    return true;
}

static bool is_all_digits(struct part part)
{
    for (size_t i = 0; i < part.length; i++) {
        if (!is_number_digit(part.at[i]))
            return false;
    }
    return part.length > 0;
}

/* `most` for what is more. */
static uint64_t add_digit(uint64_t value, char digit, uint64_t most)
{
    uint64_t more = (uint64_t)(digit - '0');
    return value > (most - more) / 10 ? most : value * 10 + more;
}

static uint64_t read_digits(struct part part, uint64_t most)
{
    uint64_t value = 0;
    for (size_t i = 0; i < part.length; i++)
        value = add_digit(value, part.at[i], most);
    return value;
}

/* As Python's int(): a sign, and single underscores between digits. */
static bool read_integer(struct part part, int64_t *out)
{
    uint64_t value = 0;
    bool negative = part.length > 0 && *part.at == '-';
    bool after_digit = false;
    if (part.length > 0 && (*part.at == '-' || *part.at == '+')) {
        part.at++;
        part.length--;
    }
    for (size_t i = 0; i < part.length; i++) {
        char c = part.at[i];
        bool joins = c == '_' && after_digit;
        if (!is_number_digit(c) && !joins)
            return false;
        if (is_number_digit(c))
            value = add_digit(value, c, INT64_MAX);
        after_digit = is_number_digit(c);
    }
    *out = negative ? -(int64_t)value : (int64_t)value;
    return after_digit;
}

/* qmemman compares texts: no sign, no zero in front. */
static bool read_domid(struct part part, uint32_t *out)
{
    if (!is_all_digits(part) || (part.length > 1 && *part.at == '0'))
        return false;
    *out = (uint32_t)read_digits(part, FIRST_RESERVED);
    return *out < FIRST_RESERVED;
}

static bool add_pair(struct qmemman_request *request, struct part word)
{
    struct qmemman_pair pair;
    const char *colon = memchr(word.at, ':', word.length);
    if (!colon)
        return false;
    size_t before = (size_t)(colon - word.at);
    struct part domid = {word.at, before};
    struct part size = {colon + 1, word.length - before - 1};
    if (!read_domid(domid, &pair.domid) || !read_integer(size, &pair.bytes))
        return false;
    size_t i = 0;
    while (i < request->pair_count && request->pairs[i].domid != pair.domid)
        i++;
    if (i == QMEMMAN_PAIRS_MOST)
        return false;
    request->pairs[i] = pair;
    request->pair_count += i == request->pair_count;
    return true;
}

static enum qmemman_kind read_pairs(struct part words, struct qmemman_request *out)
{
    for (struct part word = next_word(&words); word.length > 0; word = next_word(&words)) {
        if (!add_pair(out, word))
            return QMEMMAN_CLOSES;
    }
    return QMEMMAN_SETS;
}

static enum qmemman_kind read_stripped(struct part part, struct qmemman_request *out)
{
    struct part rest = part;
    struct part first = next_word(&rest);
    if (!is_all_ascii(part) || first.length == 0)
        return QMEMMAN_CLOSES;
    if (is_all_digits(part)) {
        out->bytes = read_digits(part, UINT64_MAX);
        return QMEMMAN_FREES;
    }
    return memchr(first.at, ':', first.length) ? read_pairs(part, out) : QMEMMAN_INVALID;
}

void qmemman_read(const char *data, size_t length, struct qmemman_request *out)
{
    out->bytes = 0;
    out->pair_count = 0;
    out->kind = read_stripped(strip_part((struct part){data, length}), out);
    if (out->kind != QMEMMAN_SETS)
        out->pair_count = 0;
}

void qmemman_avail_text(int64_t bytes, char out[QMEMMAN_AVAIL_TEXT])
{
    (void)snprintf(out, QMEMMAN_AVAIL_TEXT, "%" PRId64, bytes);
}
