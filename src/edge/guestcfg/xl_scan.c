/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libxlutil's lexer, for its refusals only.
 *
 * Two defects of libxlutil (seen in 4.17.7, tools/libs/util) are why no file goes there that it
 * would refuse for its letters: xlu__cfg_list_append() leaks the value at hand when an error was
 * noted while the parser looked one token ahead ("a=[1,2 ?]"), and xlu__cfg_yyerror() says "lexical
 * error" whatever the fault. A third, that every "key += value" copies all that the key had before
 * and searches all settings for it, is why those are bounded.
 *
 * The rules are those of libxlu_cfg_l.l and of xlu__cfgl_dequote() in libxlu_cfg.c. What is let
 * through although libxlutil refuses it costs nothing but a worse message; the one thing refused
 * that libxlutil takes is a stray byte that is the very last of the file.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "edge/guestcfg/place.h"
#include "edge/guestcfg/xl_file.h"
#include "edge/guestcfg/xl_hint.h"

/* Bytes that all "+=" of a file may copy together, reckoned as if each copied the whole file. */
#define ADDITIONS_MAX_BYTES (64u << 20)

struct scan {
    const char *name;
    const char *data;
    const char *at;
    const char *end;
    unsigned line;
    size_t additions;
};

static int fail_token(const struct scan *scan, struct ballast_error *err)
{
    size_t length = 0;
    if (guestcfg_xl_hint(scan->name, scan->data, (size_t)(scan->end - scan->data), scan->line, err))
        return -EINVAL;
    while (scan->at + length < scan->end && length < 24 && !strchr(" \t\r\n", scan->at[length]))
        length++;
    return guestcfg_fail(err, scan->name, scan->line, NULL,
                         "near `%.*s': xl takes keys in small letters, and as values numbers, "
                         "\"strings\" in quotes and [lists]",
                         (int)length, scan->at);
}

static int scan_comment(struct scan *scan, struct ballast_error *err)
{
    const char *newline = memchr(scan->at, '\n', (size_t)(scan->end - scan->at));
    /* A bare '#' at the very end is what libxlutil happens to take. */
    if (!newline && scan->at + 1 < scan->end)
        return guestcfg_fail(err, scan->name, scan->line, NULL,
                             "the comment on the last line has no newline after it, and xl refuses "
                             "that; end the line");
    scan->at = newline ? newline : scan->end;
    return 0;
}

/* "\0" to "\7": xl's parser wants two or three characters behind that strtoul takes as decimal. */
static size_t octal_length(const char *at, const char *end)
{
    char digits[4] = "";
    char *stop;
    memcpy(digits, at, end - at < 3 ? (size_t)(end - at) : 3);
    (void)strtoul(digits, &stop, 10);
    return stop - digits >= 2 ? (size_t)(stop - digits) : 0;
}

/* scan->at is at the backslash. */
static int scan_xl_escape(struct scan *scan, struct ballast_error *err)
{
    char c = scan->at[1];
    scan->at += 2;
    if (c >= '0' && c <= '7') {
        size_t length = octal_length(scan->at, scan->end);
        if (length > 0) {
            scan->at += length;
            return 0;
        }
    } else if (strchr("\"'\\abfnrtv", c)) {
        return 0;
    }
    return guestcfg_fail(err, scan->name, scan->line, NULL,
                         "\\%c in a string: xl's parser knows no such escape, only \\\\ \\' \\\" "
                         "\\a \\b \\f \\n \\r \\t \\v",
                         c);
}

static bool string_ends(const struct scan *scan, char quote)
{
    for (const char *c = scan->at + 1; c < scan->end && *c != '\n'; c++) {
        if (*c == quote)
            return true;
        if (*c == '\\' && (++c == scan->end || *c == '\n'))
            return false;
    }
    return false;
}

static int scan_xl_string(struct scan *scan, struct ballast_error *err)
{
    char quote = *scan->at;
    if (!string_ends(scan, quote))
        return guestcfg_fail(err, scan->name, scan->line, NULL,
                             "a string that begins with %c and does not end on its line", quote);
    scan->at++;
    while (*scan->at != quote) {
        int rc = 0;
        if (*scan->at == '\\')
            rc = scan_xl_escape(scan, err);
        else
            scan->at++;
        if (rc < 0)
            return rc;
    }
    scan->at++;
    return 0;
}

static void skip_all_of(struct scan *scan, const char *set)
{
    while (scan->at < scan->end && strchr(set, *scan->at))
        scan->at++;
}

static int scan_token(struct scan *scan, struct ballast_error *err)
{
    char c = *scan->at;
    if (c == '\n') {
        scan->line++;
        scan->at++;
    } else if (strchr(" \t,[]=;", c)) {
        scan->at++;
    } else if (c == '+' && scan->at + 1 < scan->end && scan->at[1] == '=') {
        scan->additions++;
        scan->at += 2;
    } else if (c >= 'a' && c <= 'z') {
        skip_all_of(scan, "._0123456789abcdefghijklmnopqrstuvwxyz");
    } else if (c >= '0' && c <= '9') {
        skip_all_of(scan, "0123456789abcdefx");
    } else if (c == '#') {
        return scan_comment(scan, err);
    } else if (c == '"' || c == '\'') {
        return scan_xl_string(scan, err);
    } else if (c == '\r') {
        return guestcfg_fail(err, scan->name, scan->line, NULL,
                             "a carriage return: xl refuses files with DOS line ends; save it with "
                             "plain newlines");
    } else {
        return fail_token(scan, err);
    }
    return 0;
}

int guestcfg_xl_scan(const char *name, const char *data, size_t length, struct ballast_error *err)
{
    struct scan scan = {.name = name, .data = data, .at = data, .end = data + length, .line = 1};
    if (length >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0)
        return guestcfg_fail(err, name, 1, NULL,
                             "begins with a byte order mark, and xl refuses that; save it without");
    while (scan.at < scan.end) {
        int rc = scan_token(&scan, err);
        if (rc < 0)
            return rc;
    }
    if (scan.additions > ADDITIONS_MAX_BYTES / (length + 1))
        return guestcfg_fail(err, name, 0, NULL,
                             "%zu times += in a file of %zu bytes: more than it needs",
                             scan.additions, length);
    return 0;
}
