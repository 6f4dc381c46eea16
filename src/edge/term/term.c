/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/term/term.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

/* Its macros access the window's fields; only the functions are loaded. */
#define NCURSES_NOMACROS 1
#define NCURSES_WIDECHAR 1
#include <curses.h>

#include "core/base/error.h"
#include "edge/load/load.h"

#define NEEDED(X)                                                                                  \
    X(newterm)                                                                                     \
    X(delscreen)                                                                                   \
    X(newwin)                                                                                      \
    X(delwin)                                                                                      \
    X(endwin)                                                                                      \
    X(isendwin)                                                                                    \
    X(cbreak)                                                                                      \
    X(noecho)                                                                                      \
    X(nonl)                                                                                        \
    X(keypad)                                                                                      \
    X(wtimeout)                                                                                    \
    X(set_escdelay)                                                                                \
    X(curs_set)                                                                                    \
    X(start_color)                                                                                 \
    X(has_colors)                                                                                  \
    X(use_default_colors)                                                                          \
    X(init_pair)                                                                                   \
    X(tigetnum)                                                                                    \
    X(tigetstr)                                                                                    \
    X(resizeterm)                                                                                  \
    X(wresize)                                                                                     \
    X(wmove)                                                                                       \
    X(wattr_set)                                                                                   \
    X(waddnwstr)                                                                                   \
    X(wnoutrefresh)                                                                                \
    X(doupdate)                                                                                    \
    X(clearok)                                                                                     \
    X(wget_wch)

static struct {
    NEEDED(LOAD_POINTER)
} lib;
static const char *const names[] = {NEEDED(LOAD_NAME)};
_Static_assert(sizeof(lib) == sizeof(names), "a pointer a name");

/* How long an Esc may be the start of another key: a key is sent at once, also over ssh. */
enum { ESCAPE_MSEC = 25 };

struct term {
    SCREEN *screen;
    WINDOW *window;
    const struct term_style *styles;
    size_t style_count;
    bool colour;
    bool narrow; /* characters beyond ASCII cannot be shown here */
    unsigned columns;
    unsigned rows;
    wchar_t *line; /* as long as a row */
};

static void ask_size(unsigned *columns, unsigned *rows)
{
    struct winsize size;
    *columns = 80;
    *rows = 24;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
        *columns = size.ws_col;
        *rows = size.ws_row;
    }
}

static void set_colours(struct term *term)
{
    if (!term->colour || !lib.has_colors() || lib.start_color() == ERR) {
        term->colour = false;
        return;
    }
    (void)lib.use_default_colors();
    bool many = lib.tigetnum("colors") >= 256;
    for (size_t i = 0; i < term->style_count; i++) {
        const struct term_style *style = &term->styles[i];
        (void)lib.init_pair((short)(i + 1), many ? style->ink : style->ink_8,
                            many ? style->ground : style->ground_8);
    }
}

static int set_up_screen(struct term *term, struct ballast_error *err)
{
    const char *name = getenv("TERM");
    term->screen = lib.newterm(NULL, stdout, stdin);
    if (!term->screen)
        return ballast_fail(err, -ENODEV, "the terminal '%s' of TERM is not known here",
                            name ? name : "");
    char *moves = lib.tigetstr("cup");
    ask_size(&term->columns, &term->rows);
    term->window = lib.newwin(0, 0, 0, 0);
    term->line = calloc(term->columns + 1, sizeof(*term->line));
    if (!term->window || !term->line)
        return ballast_fail(err, -ENOMEM, "out of memory");
    if (!moves || (intptr_t)moves == -1)
        return ballast_fail(err, -ENODEV, "the terminal '%s' of TERM cannot show a screen",
                            name ? name : "");
    (void)lib.cbreak();
    (void)lib.noecho();
    (void)lib.nonl();
    (void)lib.keypad(term->window, true);
    (void)lib.set_escdelay(ESCAPE_MSEC);
    lib.wtimeout(term->window, 0);
    (void)lib.curs_set(0);
    set_colours(term);
    return 0;
}

int term_open(bool colour, const struct term_style *styles, size_t count, struct term **out,
              struct ballast_error *err)
{
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return ballast_fail(err, -ENOTTY, "standard input or output: not a terminal");
    int rc = load_library(SONAME_NCURSESW, names, LOAD_COUNT(names), &lib, err);
    if (rc < 0)
        return rc;
    struct term *term = calloc(1, sizeof(*term));
    if (!term)
        return ballast_fail(err, -ENOMEM, "out of memory");
    term->colour = colour;
    term->styles = styles;
    term->style_count = count;
    term->narrow = MB_CUR_MAX == 1;
    rc = set_up_screen(term, err);
    if (rc < 0) {
        term_close(term);
        return rc;
    }
    *out = term;
    return 0;
}

void term_close(struct term *term)
{
    if (!term)
        return;
    if (term->screen) {
        (void)lib.curs_set(1);
        (void)lib.endwin();
    }
    if (term->window)
        (void)lib.delwin(term->window);
    if (term->screen)
        lib.delscreen(term->screen);
    free(term->line);
    free(term);
}

void term_leave(struct term *term)
{
    (void)term;
    (void)lib.curs_set(1);
    (void)lib.endwin();
}

void term_size(struct term *term, unsigned *columns, unsigned *rows)
{
    ask_size(columns, rows);
    if (*columns != term->columns || *rows != term->rows) {
        wchar_t *line = calloc(*columns + 1, sizeof(*line));
        if (line && lib.resizeterm((int)*rows, (int)*columns) == OK &&
            lib.wresize(term->window, (int)*rows, (int)*columns) == OK) {
            free(term->line);
            term->line = line;
            term->columns = *columns;
            term->rows = *rows;
        } else {
            free(line);
        }
    }
    *columns = term->columns;
    *rows = term->rows;
}

static void set_style(struct term *term, uint8_t index)
{
    const struct term_style *style = &term->styles[index];
    attr_t attributes = (style->bold ? A_BOLD : A_NORMAL) | (style->reverse ? A_REVERSE : A_NORMAL);
    (void)lib.wattr_set(term->window, attributes, term->colour ? (short)(index + 1) : 0, NULL);
}

/* Sends cells of one style from `cells` on, at most `most`, to the window; returns their number. */
static unsigned paint_run(struct term *term, const struct term_cell *cells, unsigned most)
{
    unsigned count = 0;
    int length = 0;
    for (; count < most && cells[count].style == cells[0].style; count++) {
        uint32_t code = cells[count].code;
        if (code)
            term->line[length++] = term->narrow && code > '~' ? L'?' : (wchar_t)code;
    }
    set_style(term, cells[0].style);
    (void)lib.waddnwstr(term->window, term->line, length);
    return count;
}

void term_paint(struct term *term, const struct term_cell *cells, unsigned columns, unsigned rows,
                bool anew)
{
    bool was_left = lib.isendwin();
    if (columns > term->columns)
        return;
    for (unsigned row = 0; row < rows && row < term->rows; row++) {
        (void)lib.wmove(term->window, (int)row, 0);
        for (unsigned x = 0; x < columns;)
            x += paint_run(term, &cells[(size_t)row * columns + x], columns - x);
    }
    if (was_left)
        (void)lib.curs_set(0);
    if (anew || was_left)
        (void)lib.clearok(term->window, true);
    (void)lib.wnoutrefresh(term->window);
    (void)lib.doupdate();
}

static uint32_t translate_key(wint_t code)
{
    static const struct {
        wint_t code;
        enum term_key key;
    } keys[] = {
        {KEY_UP, TERM_KEY_UP},
        {KEY_DOWN, TERM_KEY_DOWN},
        {KEY_LEFT, TERM_KEY_LEFT},
        {KEY_RIGHT, TERM_KEY_RIGHT},
        {KEY_PPAGE, TERM_KEY_PAGE_UP},
        {KEY_NPAGE, TERM_KEY_PAGE_DOWN},
        {KEY_HOME, TERM_KEY_HOME},
        {KEY_END, TERM_KEY_END},
        {KEY_BACKSPACE, TERM_KEY_BACKSPACE},
    };
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (keys[i].code == code)
            return keys[i].key;
    }
    return code == KEY_ENTER ? (uint32_t)TERM_KEY_ENTER : (uint32_t)TERM_KEY_OTHER;
}

uint32_t term_key(struct term *term)
{
    wint_t code = 0;
    errno = 0;
    int kind = lib.wget_wch(term->window, &code);
    if (kind == ERR)
        return TERM_KEY_NONE;
    if (kind == KEY_CODE_YES)
        return translate_key(code);
    if (code == 127 || code == 8)
        return TERM_KEY_BACKSPACE;
    return code == '\n' ? TERM_KEY_ENTER : code;
}
