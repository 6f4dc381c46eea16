/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/base/text.h"

#include <stdarg.h>
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
    default:
        return NULL;
    }
}

void ballast_text_add_xml(struct ballast_text *text, const char *string)
{
    for (; *string; string++) {
        const char *entity = xml_entity(*string);
        if (entity)
            ballast_text_add(text, "%s", entity);
        else if ((unsigned char)*string < ' ' || *string == 0x7f)
            ballast_text_add(text, "?");
        else
            ballast_text_add(text, "%c", *string);
    }
}

bool ballast_text_fits(const struct ballast_text *text)
{
    return text->length < text->size;
}
