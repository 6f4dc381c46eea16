/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The terminal as a screen of cells, and its keys, by ncursesw, which is loaded when it is first
 * needed. One screen a process, since curses has one; nothing else may write to the terminal while
 * it is open. Who draws fills an array of cells; only what differs from what is there is sent.
 */
#ifndef EDGE_TERM_TERM_H
#define EDGE_TERM_TERM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ballast/error.h>

/* One column of one row. `code` 0: the right half of the character before it. */
struct term_cell {
    uint32_t code; /* Unicode; must be printable */
    uint8_t style; /* index into the styles */
};

enum { TERM_STYLES = 64, TERM_DEFAULT = -1 };

/* How a style looks. Colours are those of the terminal's palette, or TERM_DEFAULT. */
struct term_style {
    int16_t ink; /* of 256 */
    int16_t ground;
    int16_t ink_8; /* where there are only 8 */
    int16_t ground_8;
    bool bold;
    bool reverse; /* also without colours */
};

struct term;

/*
 * Takes over the terminal on standard input and output. `colour` false: attributes only. `styles`
 * are `count` (at most TERM_STYLES), and must live as long as the screen. -ENOTTY: it is no
 * terminal; -ENOTSUP with the loader's words; -ENODEV: the terminal of TERM is not known, or cannot
 * address its cursor. The caller's locale decides which characters can be shown.
 */
int term_open(bool colour, const struct term_style *styles, size_t count, struct term **out,
              struct ballast_error *err);
/* Gives the terminal back as it was; NULL is allowed. */
void term_close(struct term *term);
/* The same for a while; what is painted next opens the screen again, and draws all of it. */
void term_leave(struct term *term);

/* As the terminal says now: what changed since the last time is taken over. */
void term_size(struct term *term, unsigned *columns, unsigned *rows);
/* `cells` are rows x columns of the last term_size(). `anew`: as if the screen were not known. */
void term_paint(struct term *term, const struct term_cell *cells, unsigned columns, unsigned rows,
                bool anew);

/* Keys that are no character, beyond all of Unicode. */
enum term_key {
    TERM_KEY_NONE = 0x110000, /* nothing was typed */
    TERM_KEY_UP,
    TERM_KEY_DOWN,
    TERM_KEY_LEFT,
    TERM_KEY_RIGHT,
    TERM_KEY_PAGE_UP,
    TERM_KEY_PAGE_DOWN,
    TERM_KEY_HOME,
    TERM_KEY_END,
    TERM_KEY_BACKSPACE,
    TERM_KEY_OTHER,
};
enum { TERM_KEY_ENTER = '\r', TERM_KEY_ESCAPE = 27 };

/* The next key, without waiting: a character or an enum term_key. */
uint32_t term_key(struct term *term);

#endif
