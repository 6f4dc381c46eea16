/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/top/cells.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "core/base/text.h"

enum { TEXT = 1024 };

int top_cells_resize(struct top_cells *cells, unsigned columns, unsigned rows)
{
    if (cells->columns != columns || cells->rows != rows || !cells->cell) {
        struct term_cell *cell = calloc((size_t)columns * rows + 1, sizeof(*cell));
        if (!cell)
            return -ENOMEM;
        free(cells->cell);
        *cells = (struct top_cells){.columns = columns, .rows = rows, .cell = cell};
    }
    top_cells_clear(cells);
    return 0;
}

void top_cells_release(struct top_cells *cells)
{
    free(cells->cell);
    *cells = (struct top_cells){0};
}

void top_cells_clear(struct top_cells *cells)
{
    for (size_t i = 0; i < (size_t)cells->columns * cells->rows; i++)
        cells->cell[i] = (struct term_cell){.code = ' ', .style = TOP_PLAIN};
}

static uint32_t decode_utf8(const char *bytes, size_t length)
{
    static const unsigned char first[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t code = (unsigned char)bytes[0] & first[length];
    for (size_t i = 1; i < length; i++)
        code = code << 6 | ((unsigned char)bytes[i] & 0x3fU);
    return code;
}

/*
 * The character at *text, which moves behind it, and its width: 1 or 2. A mark that would turn or
 * hide its neighbours has no width and is not a character here.
 */
static uint32_t next_character(const char **text, unsigned *width)
{
    size_t length = ballast_text_character(*text);
    uint32_t code = length ? decode_utf8(*text, length) : '?';
    int wide = code < 0x7f ? 1 : wcwidth((wchar_t)code);
    *text += length ? length : 1;
    *width = wide == 2 ? 2 : 1;
    return wide < 1 ? '?' : code;
}

static void set_cell(struct top_cells *cells, unsigned row, unsigned column, enum top_style style,
                     uint32_t code)
{
    if (row < cells->rows && column < cells->columns)
        cells->cell[(size_t)row * cells->columns + column] =
            (struct term_cell){.code = code, .style = (uint8_t)style};
}

static unsigned cells_width_of(const char *text)
{
    unsigned sum = 0;
    unsigned width;
    while (*text) {
        (void)next_character(&text, &width);
        sum += width;
    }
    return sum;
}

unsigned top_put(struct top_cells *cells, unsigned row, unsigned column, unsigned width,
                 enum top_style style, const char *text)
{
    unsigned room = column < cells->columns ? cells->columns - column : 0;
    unsigned at = 0;
    if (width > room)
        width = room;
    bool cut = cells_width_of(text) > width;
    unsigned end = cut && width > 0 ? width - 1 : width;
    while (*text) {
        unsigned wide;
        uint32_t code = next_character(&text, &wide);
        if (at + wide > end)
            break;
        set_cell(cells, row, column + at, style, code);
        if (wide == 2)
            set_cell(cells, row, column + at + 1, style, 0);
        at += wide;
    }
    if (cut && width > 0)
        set_cell(cells, row, column + at++, style, '~');
    return at;
}

unsigned top_putf(struct top_cells *cells, unsigned row, unsigned column, unsigned width,
                  enum top_style style, const char *format, ...)
{
    char text[TEXT];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    return top_put(cells, row, column, width, style, text);
}

void top_put_right(struct top_cells *cells, unsigned row, unsigned column, unsigned width,
                   enum top_style style, const char *text)
{
    unsigned has = cells_width_of(text);
    unsigned before = has < width ? width - has : 0;
    (void)top_put(cells, row, column + before, width - before, style, text);
}

void top_fill(struct top_cells *cells, unsigned row, unsigned column, unsigned width,
              enum top_style style, char fill)
{
    for (unsigned i = 0; i < width; i++)
        set_cell(cells, row, column + i, style, (unsigned char)fill);
}

void top_restyle(struct top_cells *cells, unsigned row, unsigned column, unsigned width,
                 enum top_style style)
{
    for (unsigned i = column; i < column + width && i < cells->columns && row < cells->rows; i++)
        cells->cell[(size_t)row * cells->columns + i].style = (uint8_t)style;
}

void top_shown(const char *string, char *out, size_t size)
{
    size_t at = 0;
    while (*string) {
        const char *from = string;
        unsigned width;
        uint32_t code = next_character(&string, &width);
        size_t length = code == '?' ? 1 : (size_t)(string - from);
        if (at + length >= size)
            break;
        memcpy(out + at, code == '?' ? "?" : from, length);
        at += length;
    }
    out[at] = '\0';
}
