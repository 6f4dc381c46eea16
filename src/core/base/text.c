/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/base/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

struct ballast_text ballast_text_over(char *buf, size_t size)
{
    if (size > 0)
        buf[0] = '\0';
    return (struct ballast_text){.buf = buf, .size = size};
}

void ballast_text_add(struct ballast_text *text, const char *format, ...)
{
    size_t room = text->length < text->size ? text->size - text->length : 0;
    va_list args;
    va_start(args, format);
    int added = vsnprintf(room ? text->buf + text->length : NULL, room, format, args);
    va_end(args);
    if (added > 0)
        text->length += (size_t)added;
}

static const char *xml_entity(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&apos;";
    default:
        return NULL;
    }
}

/* Continuation bytes that the first byte of a character promises; 4 where it cannot be a first. */
static int continuation_bytes(unsigned char first)
{
    if (first < 0x80)
        return 0;
    if (first >= 0xc2 && first <= 0xdf)
        return 1;
    if (first >= 0xe0 && first <= 0xef)
        return 2;
    return first >= 0xf0 && first <= 0xf4 ? 3 : 4;
}

/*
 * The length of the character that the string, which is not at its end, begins with; 0 where it is
 * none that XML may hold: control characters, surrogates, U+FFFE and U+FFFF, longer forms than
 * needed, bytes that are not UTF-8.
 */
static int xml_character(const char *string)
{
    static const uint32_t least[4] = {' ', 0x80, 0x800, 0x10000};
    unsigned char first = (unsigned char)string[0];
    int more = continuation_bytes(first);
    if (more > 3)
        return 0;
    uint32_t code = more ? first & (0x3fU >> more) : first;
    for (int i = 1; i <= more; i++) {
        unsigned char next = (unsigned char)string[i];
        if ((next & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (next & 0x3fU);
    }
    bool surrogate = code >= 0xd800 && code <= 0xdfff;
    bool control = code == 0x7f || code == 0xfffe || code == 0xffff;
    return code < least[more] || code > 0x10ffff || surrogate || control ? 0 : more + 1;
}

void ballast_text_add_xml(struct ballast_text *text, const char *string)
{
    while (*string) {
        int length = xml_character(string);
        const char *entity = xml_entity(*string);
        if (length == 0)
            ballast_text_add(text, "?");
        else if (entity)
            ballast_text_add(text, "%s", entity);
        else
            ballast_text_add(text, "%.*s", length, string);
        string += length ? length : 1;
    }
}

static bool continues(const unsigned char *bytes, size_t length)
{
    for (size_t i = 1; i < length; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return false;
    }
    return true;
}

size_t ballast_text_character(const char *string)
{
    const unsigned char *u = (const unsigned char *)string;
    if (u[0] < 0x80)
        return u[0] >= ' ' && u[0] != 0x7f;
    size_t length = u[0] >= 0xf0 ? 4 : u[0] >= 0xe0 ? 3 : 2;
    if (u[0] < 0xc2 || u[0] > 0xf4 || !continues(u, length))
        return 0;
    bool overlong = (u[0] == 0xe0 && u[1] < 0xa0) || (u[0] == 0xf0 && u[1] < 0x90);
    bool surrogate = u[0] == 0xed && u[1] >= 0xa0;
    bool beyond = u[0] == 0xf4 && u[1] >= 0x90;
    bool no_character = u[0] == 0xef && u[1] == 0xbf && u[2] >= 0xbe;
    bool control = u[0] == 0xc2 && u[1] < 0xa0;
    return overlong || surrogate || beyond || no_character || control ? 0 : length;
}

bool ballast_text_fits(const struct ballast_text *text)
{
    return text->length < text->size;
}

void ballast_text_add_size(struct ballast_text *text, uint64_t kib)
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
    size_t unit = 0;
    uint64_t whole = kib;
    uint64_t rest = 0;
    while (whole >= 1024 && unit < 3) {
        rest = whole % 1024;
        whole /= 1024;
        unit++;
    }
    uint64_t tenths = (rest * 10 + 512) / 1024;
    whole += tenths / 10;
    tenths %= 10;
    if (unit == 0 || whole >= 100 || tenths == 0)
        ballast_text_add(text, "%" PRIu64 " %s", whole, units[unit]);
    else
        ballast_text_add(text, "%" PRIu64 ".%" PRIu64 " %s", whole, tenths, units[unit]);
}
