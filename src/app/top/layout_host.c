/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/top/layout.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/top/bar.h"
#include "core/base/units.h"
#include "core/draw/palette.h"

enum { ITEM = 64 };

static void draw_layout_host_bar(const struct top_host *host, struct top_cells *cells, unsigned row)
{
    unsigned width = cells->columns - 2;
    unsigned end[BALLAST_PARTS];
    unsigned from = 0;
    top_bar_divide(host->part_kib, BALLAST_PARTS, width, end);
    (void)top_put(cells, row, 0, 1, TOP_PLAIN, "[");
    for (int i = 0; i < BALLAST_PARTS; i++) {
        top_fill(cells, row, 1 + from, end[i] - from, (enum top_style)(TOP_PART + i),
                 draw_part_look((enum ballast_host_part)i)->glyph);
        from = end[i];
    }
    (void)top_put(cells, row, 1 + width, 1, TOP_PLAIN, "]");
}

/* Where the next item of the legend goes; items are not broken. */
struct place {
    unsigned row;
    unsigned column;
};

static void put_item(struct top_cells *cells, unsigned columns, struct place *place, int part,
                     const char *text)
{
    unsigned width = (unsigned)strlen(text) + (part >= 0 ? 2 : 0);
    if (place->column > 0 && place->column + width > columns) {
        place->row++;
        place->column = 0;
    }
    unsigned at = place->column;
    if (cells && part >= 0) {
        top_fill(cells, place->row, at, 1, (enum top_style)(TOP_PART + part),
                 draw_part_look((enum ballast_host_part)part)->glyph);
        at += 2;
    }
    if (cells)
        (void)top_put(cells, place->row, at, columns, TOP_PLAIN, text);
    place->column += width + 2;
}

/*
 * In MiB, each the difference of two sums that were rounded: so what is read adds up too. NULL as
 * cells: only how far it goes.
 */
static unsigned draw_host_legend(const struct top_host *host, struct top_cells *cells,
                                 unsigned columns, unsigned row)
{
    struct place place = {.row = row};
    uint64_t before_kib = 0;
    char text[ITEM];
    for (int i = 0; i < BALLAST_PARTS; i++) {
        uint64_t after_kib = ballast_add_ceil(before_kib, host->part_kib[i]);
        uint64_t mib = after_kib / BALLAST_MIB_KIB - before_kib / BALLAST_MIB_KIB;
        bool always = i == BALLAST_PART_FREE || i == BALLAST_PART_UNEXPLAINED;
        before_kib = after_kib;
        if (mib == 0 && !always)
            continue;
        (void)snprintf(text, sizeof(text), "%s %" PRIu64,
                       ballast_host_part_name((enum ballast_host_part)i), mib);
        put_item(cells, columns, &place, i, text);
    }
    (void)snprintf(text, sizeof(text), "= %" PRIu64 " MiB", before_kib / BALLAST_MIB_KIB);
    put_item(cells, columns, &place, -1, text);
    if (*host->state) {
        (void)snprintf(text, sizeof(text), "(memory %s)", host->state);
        put_item(cells, columns, &place, -1, text);
    }
    if (host->overcounted_kib > 0) {
        (void)snprintf(text, sizeof(text), "(%" PRIu64 " KiB overcounted)", host->overcounted_kib);
        put_item(cells, columns, &place, -1, text);
    }
    if (host->deficit_kib > 0) {
        (void)snprintf(text, sizeof(text), "(%" PRIu64 " KiB reserved and not free)",
                       host->deficit_kib);
        put_item(cells, columns, &place, -1, text);
    }
    return place.row + 1;
}

unsigned top_host_rows(const struct top_host *host, unsigned columns)
{
    return 1 + draw_host_legend(host, NULL, columns, 0);
}

unsigned top_draw_host(const struct top_host *host, struct top_cells *cells, unsigned row)
{
    draw_layout_host_bar(host, cells, row);
    return draw_host_legend(host, cells, cells->columns, row + 1);
}
