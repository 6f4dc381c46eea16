/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/draw/palette.h"

/*
 * Of 256 the nearest in the cube to the palette of svg.c (Okabe and Ito's): 175 cc79a7, 166 d55e00,
 * 214 e69f00, 227 f0e442, 74 56b4e9, 36 009e73, 67 0072b2 (25 is too dark for a glyph). Of 8 the
 * nearest that is left.
 */
enum { PURPLE = 35, RED = 31, YELLOW = 33, CYAN = 36, GREEN = 32, BLUE = 34 };

const struct draw_look *draw_segment_look(enum ballast_segment segment)
{
    static const struct draw_look looks[BALLAST_SEGMENTS] = {
        [BALLAST_SHADOW] = {'s', PURPLE, 175, false},
        [BALLAST_IOMMU] = {'i', RED, 166, false},
        [BALLAST_EXTRA_EXTERNAL] = {'x', YELLOW, 214, false},
        [BALLAST_EXTRA_INTERNAL] = {'n', YELLOW, 227, false},
        [BALLAST_VIDEO] = {'v', CYAN, 74, false},
        [BALLAST_GUEST] = {'#', GREEN, 36, false},
        [BALLAST_BALLOON] = {'.', BLUE, 67, true},
    };
    return &looks[segment];
}

const struct draw_look *draw_part_look(enum ballast_host_part part)
{
    static const struct draw_look looks[BALLAST_PARTS] = {
        [BALLAST_PART_XEN] = {'x', PURPLE, 175, false},
        [BALLAST_PART_DOM0] = {'0', YELLOW, 214, false},
        [BALLAST_PART_DOMAINS] = {'#', GREEN, 36, false},
        [BALLAST_PART_OVERHEAD] = {'o', YELLOW, 227, false},
        [BALLAST_PART_UNEXPLAINED] = {'?', RED, 166, false},
        [BALLAST_PART_CLAIMED] = {'c', CYAN, 74, false},
        [BALLAST_PART_RESERVED] = {'r', CYAN, 74, false},
        [BALLAST_PART_SLACK] = {'s', BLUE, 67, false},
        [BALLAST_PART_SCRUB] = {',', 0, 0, true},
        [BALLAST_PART_FREE] = {'.', 0, 0, true},
    };
    return &looks[part];
}
