/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/top/style.h"

#include <string.h>

#include "core/draw/palette.h"

#define PLAIN                                                                                      \
    .ink = TERM_DEFAULT, .ground = TERM_DEFAULT, .ink_8 = TERM_DEFAULT, .ground_8 = TERM_DEFAULT

/* Of 256: black, for glyphs on a ground; and where SGR's foreground colours begin. */
enum { BLACK = 16, SGR_INK = 30 };

_Static_assert((int)TOP_STYLES <= (int)TERM_STYLES, "every style has its pair");

static const struct term_style words[TOP_SEGMENT] = {
    [TOP_PLAIN] = {PLAIN},
    [TOP_TITLE] = {PLAIN, .reverse = true},
    [TOP_HEAD] = {PLAIN, .bold = true},
    [TOP_SELECTED] = {PLAIN, .reverse = true},
    [TOP_WARNING] =
        {.ink = 166, .ground = TERM_DEFAULT, .ink_8 = 1, .ground_8 = TERM_DEFAULT, .bold = true},
    [TOP_STRONG] = {PLAIN, .bold = true},
    [TOP_UP] = {.ink = 36, .ground = TERM_DEFAULT, .ink_8 = 2, .ground_8 = TERM_DEFAULT},
    [TOP_DOWN] = {.ink = 214, .ground = TERM_DEFAULT, .ink_8 = 3, .ground_8 = TERM_DEFAULT},
};

/* Dark glyphs on a ground of 256; with 8 colours the glyph itself, which no palette makes vanish.
 */
static struct term_style style_of(const struct draw_look *look)
{
    struct term_style style = {PLAIN};
    if (look->ink == 0)
        return style;
    style.ink = look->is_hollow ? look->of_256 : BLACK;
    style.ground = look->is_hollow ? TERM_DEFAULT : look->of_256;
    style.ink_8 = (int16_t)(look->ink - SGR_INK);
    return style;
}

void top_styles_fill(struct term_style out[TOP_STYLES])
{
    memcpy(out, words, sizeof(words));
    for (int i = 0; i < BALLAST_SEGMENTS; i++)
        out[TOP_SEGMENT + i] = style_of(draw_segment_look((enum ballast_segment)i));
    for (int i = 0; i < BALLAST_PARTS; i++)
        out[TOP_PART + i] = style_of(draw_part_look((enum ballast_host_part)i));
}

enum top_style top_style_of_ink(unsigned ink)
{
    for (int i = 0; i < BALLAST_SEGMENTS; i++) {
        if (ink != 0 && draw_segment_look((enum ballast_segment)i)->ink == ink)
            return (enum top_style)(TOP_SEGMENT + i);
    }
    return TOP_PLAIN;
}
