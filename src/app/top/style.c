/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/top/style.h"

#define PLAIN                                                                                      \
    .ink = TERM_DEFAULT, .ground = TERM_DEFAULT, .ink_8 = TERM_DEFAULT, .ground_8 = TERM_DEFAULT
/* Dark glyphs on a ground of 256; with 8 colours the glyph itself, which no palette makes vanish.
 */
#define BLOCK(ground_256, ink_of_8)                                                                \
    {                                                                                              \
        .ink = 16, .ground = ground_256, .ink_8 = ink_of_8, .ground_8 = TERM_DEFAULT               \
    }

_Static_assert((int)TOP_STYLES <= (int)TERM_STYLES, "every style has its pair");

/*
 * The nearest in the cube of 256 to the palette of core/draw/svg.c (Okabe and Ito's): 175 cc79a7,
 * 166 d55e00, 214 e69f00, 227 f0e442, 74 56b4e9, 36 009e73, 67 0072b2 (25 is too dark for a glyph).
 */
const struct term_style top_styles[TOP_STYLES] = {
    [TOP_PLAIN] = {PLAIN},
    [TOP_TITLE] = {PLAIN, .reverse = true},
    [TOP_HEAD] = {PLAIN, .bold = true},
    [TOP_SELECTED] = {PLAIN, .reverse = true},
    [TOP_WARNING] =
        {.ink = 166, .ground = TERM_DEFAULT, .ink_8 = 1, .ground_8 = TERM_DEFAULT, .bold = true},
    [TOP_STRONG] = {PLAIN, .bold = true},
    [TOP_UP] = {.ink = 36, .ground = TERM_DEFAULT, .ink_8 = 2, .ground_8 = TERM_DEFAULT},
    [TOP_DOWN] = {.ink = 214, .ground = TERM_DEFAULT, .ink_8 = 3, .ground_8 = TERM_DEFAULT},
    [TOP_SEGMENT + BALLAST_SHADOW] = BLOCK(175, 5),
    [TOP_SEGMENT + BALLAST_IOMMU] = BLOCK(166, 1),
    [TOP_SEGMENT + BALLAST_EXTRA_EXTERNAL] = BLOCK(214, 3),
    [TOP_SEGMENT + BALLAST_EXTRA_INTERNAL] = BLOCK(227, 3),
    [TOP_SEGMENT + BALLAST_VIDEO] = BLOCK(74, 6),
    [TOP_SEGMENT + BALLAST_GUEST] = BLOCK(36, 2),
    [TOP_SEGMENT + BALLAST_BALLOON] = {.ink = 67,
                                       .ground = TERM_DEFAULT,
                                       .ink_8 = 4,
                                       .ground_8 = TERM_DEFAULT},
    [TOP_PART + BALLAST_PART_XEN] = BLOCK(175, 5),
    [TOP_PART + BALLAST_PART_DOM0] = BLOCK(214, 3),
    [TOP_PART + BALLAST_PART_DOMAINS] = BLOCK(36, 2),
    [TOP_PART + BALLAST_PART_OVERHEAD] = BLOCK(227, 3),
    [TOP_PART + BALLAST_PART_UNEXPLAINED] = BLOCK(166, 1),
    [TOP_PART + BALLAST_PART_CLAIMED] = BLOCK(74, 6),
    [TOP_PART + BALLAST_PART_RESERVED] = BLOCK(74, 6),
    [TOP_PART + BALLAST_PART_SLUSH] = BLOCK(67, 4),
    [TOP_PART + BALLAST_PART_SCRUB] = {PLAIN},
    [TOP_PART + BALLAST_PART_FREE] = {PLAIN},
    [TOP_UNDIVIDED] = BLOCK(36, 2),
};

char top_segment_glyph(enum ballast_segment segment)
{
    static const char glyphs[BALLAST_SEGMENTS] = {
        [BALLAST_SHADOW] = 's',         [BALLAST_IOMMU] = 'i', [BALLAST_EXTRA_EXTERNAL] = 'x',
        [BALLAST_EXTRA_INTERNAL] = 'n', [BALLAST_VIDEO] = 'v', [BALLAST_GUEST] = '#',
        [BALLAST_BALLOON] = '.'};
    return glyphs[segment];
}

char top_part_glyph(enum ballast_host_part part)
{
    static const char glyphs[BALLAST_PARTS] = {
        [BALLAST_PART_XEN] = 'x',         [BALLAST_PART_DOM0] = '0',
        [BALLAST_PART_DOMAINS] = '#',     [BALLAST_PART_OVERHEAD] = 'o',
        [BALLAST_PART_UNEXPLAINED] = '?', [BALLAST_PART_CLAIMED] = 'c',
        [BALLAST_PART_RESERVED] = 'r',    [BALLAST_PART_SLUSH] = 's',
        [BALLAST_PART_SCRUB] = ',',       [BALLAST_PART_FREE] = '.'};
    return glyphs[part];
}

enum top_style top_style_of_ink(unsigned ink)
{
    static const enum top_style styles[] = {
        [31] = TOP_SEGMENT + BALLAST_IOMMU,          [32] = TOP_SEGMENT + BALLAST_GUEST,
        [33] = TOP_SEGMENT + BALLAST_EXTRA_EXTERNAL, [34] = TOP_SEGMENT + BALLAST_BALLOON,
        [35] = TOP_SEGMENT + BALLAST_SHADOW,         [36] = TOP_SEGMENT + BALLAST_VIDEO,
    };
    return ink < sizeof(styles) / sizeof(styles[0]) ? styles[ink] : TOP_PLAIN;
}
