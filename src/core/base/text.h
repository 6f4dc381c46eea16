/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Text built up in a buffer that the caller owns. The text is always terminated; what does not fit
 * is counted but not written, so that `length` tells the size a second try needs (length + 1).
 */
#ifndef CORE_BASE_TEXT_H
#define CORE_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ballast_text {
    char *buf;
    size_t size;   /* of buf, terminator included; 0 only counts */
    size_t length; /* of the text in full, terminator excluded */
};

/* An empty text over buf, which may be NULL when size is 0. */
struct ballast_text ballast_text_over(char *buf, size_t size);
__attribute__((format(printf, 2, 3))) void ballast_text_add(struct ballast_text *text,
                                                            const char *format, ...);
/*
 * The string with the characters that XML reserves escaped; what no XML document may hold (control
 * characters, line ends with them, and bytes that are not UTF-8) becomes '?', byte by byte.
 */
void ballast_text_add_xml(struct ballast_text *text, const char *string);
/*
 * The length of the UTF-8 character that `string` (not empty) begins with, or 0 where it is none,
 * or one that must not be shown: a control character, one that turns or hides what is beside it, or
 * one that XML forbids. What comes from others is shown only through this one.
 */
size_t ballast_text_character(const char *string);
/* What that lets not through becomes '?', byte by byte. */
void ballast_text_make_showable(char *string);
/* A size for people, three digits: "512 KiB", "2.3 GiB". */
void ballast_text_add_size(struct ballast_text *text, uint64_t kib);
/* Whether everything was written. */
bool ballast_text_fits(const struct ballast_text *text);

#endif
