/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What libxlutil's lexer refuses.
 *
 * Two defects of libxlutil (seen in 4.17.7, tools/libs/util) are why it never gets a file that its
 * lexer would refuse: xlu__cfg_list_append() leaks a value when the parser's lookahead meets an
 * error ("a=[1,2 ?]"), and xlu__cfg_yyerror() says "lexical error" for every fault. A third is why
 * "key += value" is bounded: each copies all earlier values of the key and searches all settings.
 *
 * The rules are those of libxlu_cfg_l.l and of xlu__cfgl_dequote() in libxlu_cfg.c. A file that
 * passes here although libxlutil refuses it only gets a worse message. The one thing that only this
 * scan refuses is a stray byte at the very end of the file.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "edge/guestcfg/place.h"
#include "edge/guestcfg/xl_file.h"
#include "edge/guestcfg/xl_hint.h"

/* Bytes that all "+=" of a file may copy in total, counting the whole file for each. */
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
    return guestcfg_fail(
        err, scan->name, scan->line, NULL,
        "near `%.*s': xl does not accept this: write keys in lower case, and values as numbers, "
        "\"strings\" in quotes or [lists]",
        (int)length, scan->at);
}

static int scan_comment(struct scan *scan, struct ballast_error *err)
{
    const char *newline = memchr(scan->at, '\n', (size_t)(scan->end - scan->at));
    /* libxlutil happens to accept a bare '#' at the very end. */
    if (!newline && scan->at + 1 < scan->end)
        return guestcfg_fail(
            err, scan->name, scan->line, NULL,
            "the comment on the last line has no newline, which xl refuses: end the line");
    scan->at = newline ? newline : scan->end;
    return 0;
}

/* "\0" to "\7": xl's parser needs two or three more characters that strtoul reads as decimal. */
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
    return guestcfg_fail(
        err, scan->name, scan->line, NULL,
        "\\%c in a string: xl does not know this escape: use only \\\\ \\' \\\" \\a \\b \\f \\n "
        "\\r \\t \\v",
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
                             "a string that begins with %c does not end on its line: close it",
                             quote);
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
        return guestcfg_fail(
            err, scan->name, scan->line, NULL,
            "a carriage return: xl refuses DOS line ends: save the file with plain newlines");
    } else {
        return fail_token(scan, err);
    }
    return 0;
}

int guestcfg_xl_scan(const char *name, const char *data, size_t length, struct ballast_error *err)
{
    struct scan scan = {.name = name, .data = data, .at = data, .end = data + length, .line = 1};
    if (length >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0)
        return guestcfg_fail(
            err, name, 1, NULL,
            "begins with a byte order mark, which xl refuses: save the file without it");
    while (scan.at < scan.end) {
        int rc = scan_token(&scan, err);
        if (rc < 0)
            return rc;
    }
    if (scan.additions > ADDITIONS_MAX_BYTES / (length + 1))
        return guestcfg_fail(
            err, name, 0, NULL,
            "%zu times += in a file of %zu bytes: too many; write lists in one piece",
            scan.additions, length);
    return 0;
}
