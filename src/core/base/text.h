/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Text in a buffer that the caller owns. It is always terminated; what does not fit is counted but
 * not written, so that `length` + 1 is the size that a second try needs.
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
 * Adds the string with XML's reserved characters escaped; bytes that an XML document cannot contain
 * (control characters, line ends among them, and bytes that are not UTF-8) become '?'.
 */
void ballast_text_add_xml(struct ballast_text *text, const char *string);
/* The length of the UTF-8 character (RFC 3629) that `bytes`, of length 1 or more, begin with, or 0.
 */
size_t ballast_text_utf8(const char *bytes, size_t length);
/*
 * The length of the UTF-8 character that `string` (not empty) begins with; 0 if it is invalid or
 * must not be shown: a control character, one that reverses or hides text beside it, or one that
 * XML forbids. Text from outside is shown only through this function.
 */
size_t ballast_text_character(const char *string);
/* Replaces what ballast_text_character() rejects by '?', byte by byte. */
void ballast_text_make_showable(char *string);
/* Some bytes of a text that another owns, without a NUL behind them. */
struct ballast_piece {
    const char *at;
    size_t length;
};

/* Without the white space of ASCII at both ends. */
struct ballast_piece ballast_piece_trim(const char *at, size_t length);
/* A size for people, three digits: "512 KiB", "2.3 GiB". */
void ballast_text_add_size(struct ballast_text *text, uint64_t kib);

#endif
