/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The terminal as a screen of cells, and its keys, through ncursesw, which is loaded at first use.
 * One screen per process, since curses has one; nothing else may write to the terminal while it is
 * open. The caller fills an array of cells; only differences are sent.
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

/* A style. Colours are those of the terminal's palette, or TERM_DEFAULT. */
struct term_style {
    int16_t ink; /* of 256 */
    int16_t ground;
    int16_t ink_8; /* with only 8 colours */
    int16_t ground_8;
    bool bold;
    bool reverse; /* with and without colours */
};

struct term;

/*
 * Takes over the terminal on standard input and output. `colour` false: attributes only. `styles`
 * are `count` (at most TERM_STYLES), and must live as long as the screen. -ENOTTY: not a terminal;
 * -ENOTSUP with the loader's message; -ENODEV: the terminal type in TERM is unknown, or cannot
 * address its cursor. The caller's locale decides which characters can be shown.
 */
int term_open(bool colour, const struct term_style *styles, size_t count, struct term **out,
              struct ballast_error *err);
/* Restores the terminal; NULL is allowed. */
void term_close(struct term *term);
/* Restores it temporarily; the next paint opens the screen again and draws all of it. */
void term_leave(struct term *term);

/* The present size, after any change. */
void term_size(struct term *term, unsigned *columns, unsigned *rows);
/* `cells` are rows x columns of the last term_size(). `anew`: redraw everything. */
void term_paint(struct term *term, const struct term_cell *cells, unsigned columns, unsigned rows,
                bool anew);

/* Keys that are not characters, beyond Unicode. */
enum term_key {
    TERM_KEY_NONE = 0x110000, /* no key was pressed */
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
