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

void ballast_text_add_xml(struct ballast_text *text, const char *string)
{
    while (*string) {
        size_t length = ballast_text_character(string);
        const char *entity = xml_entity(*string);
        if (length == 0)
            ballast_text_add(text, "?");
        else if (entity)
            ballast_text_add(text, "%s", entity);
        else
            ballast_text_add(text, "%.*s", (int)length, string);
        string += length ? length : 1;
    }
}

static bool has_continuation(const unsigned char *bytes, size_t length)
{
    for (size_t i = 1; i < length; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return false;
    }
    return true;
}

/*
 * Unicode's format characters and separators without a glyph: they reverse the text around them
 * (U+202A to U+202E, U+2066 to U+2069 and others), hide in it or end its line. The visible ones of
 * Arabic and Syriac stay.
 */
static bool is_hidden(const unsigned char *u, size_t length)
{
    static const uint32_t ranges[][2] = {
        {0xad, 0xad},       {0x61c, 0x61c},     {0x180e, 0x180e},   {0x200b, 0x200f},
        {0x2028, 0x202e},   {0x2060, 0x206f},   {0xfeff, 0xfeff},   {0xfff9, 0xfffb},
        {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe007f},
    };
    uint32_t code = u[0] & (0x7fU >> length);
    for (size_t i = 1; i < length; i++)
        code = code << 6 | (u[i] & 0x3fU);
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        if (code >= ranges[i][0] && code <= ranges[i][1])
            return true;
    }
    return false;
}

size_t ballast_text_utf8(const char *bytes, size_t length)
{
    const unsigned char *u = (const unsigned char *)bytes;
    size_t size = u[0] < 0x80 ? 1 : u[0] < 0xc2 ? 0 : u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : 4;
    if (u[0] > 0xf4 || size == 0 || size > length || !has_continuation(u, size))
        return 0;
    bool overlong = (u[0] == 0xe0 && u[1] < 0xa0) || (u[0] == 0xf0 && u[1] < 0x90);
    bool surrogate = u[0] == 0xed && u[1] >= 0xa0;
    bool beyond = u[0] == 0xf4 && u[1] >= 0x90;
    return overlong || surrogate || beyond ? 0 : size;
}

size_t ballast_text_character(const char *string)
{
    const unsigned char *u = (const unsigned char *)string;
    if (u[0] < 0x80)
        return u[0] >= ' ' && u[0] != 0x7f;
    /* Not beyond the end of the string: a NUL continues no character. */
    size_t length = ballast_text_utf8(string, 4);
    if (length == 0)
        return 0;
    bool no_character = u[0] == 0xef && u[1] == 0xbf && u[2] >= 0xbe;
    bool control = u[0] == 0xc2 && u[1] < 0xa0;
    return no_character || control || is_hidden(u, length) ? 0 : length;
}

void ballast_text_make_showable(char *string)
{
    while (*string) {
        size_t length = ballast_text_character(string);
        if (length == 0)
            *string = '?';
        string += length ? length : 1;
    }
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

static bool is_white_space(char byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

struct ballast_piece ballast_piece_trim(const char *at, size_t length)
{
    while (length > 0 && is_white_space(*at)) {
        at++;
        length--;
    }
    while (length > 0 && is_white_space(at[length - 1]))
        length--;
    return (struct ballast_piece){at, length};
}
