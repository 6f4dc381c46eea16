/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/guestcfg/xml_pieces.h"

#include <string.h>
#include <strings.h>

#include "edge/guestcfg/place.h"

struct scan {
    struct guestcfg_xml_pieces *pieces;
    size_t depth;
    bool has_element; /* an element has begun */
    bool is_done;     /* it has ended, or can never end */
    struct ballast_error *err;
};

/* Moves to `to` and counts the lines between. */
static void move_to(struct guestcfg_xml_pieces *pieces, const char *to)
{
    for (const char *c = pieces->at; c < to; c++)
        pieces->line += *c == '\n';
    pieces->at = to;
}

static bool pieces_begin_with(const struct guestcfg_xml_pieces *pieces, const char *with)
{
    size_t length = strlen(with);
    return (size_t)(pieces->end - pieces->at) >= length && memcmp(pieces->at, with, length) == 0;
}

/* Moves past the next `mark`; false, and to the end, without one. */
static bool skip_past(struct guestcfg_xml_pieces *pieces, const char *mark)
{
    size_t length = strlen(mark);
    const char *found = memmem(pieces->at, (size_t)(pieces->end - pieces->at), mark, length);
    move_to(pieces, found ? found + length : pieces->end);
    return found != NULL;
}

/* Moves past a start tag; quotes hide what would end it. */
static int scan_start_tag(struct scan *scan)
{
    struct guestcfg_xml_pieces *pieces = scan->pieces;
    size_t attributes = 0;
    char quote = '\0';
    const char *c = pieces->at + 1;
    for (; c < pieces->end && (quote || *c != '>'); c++) {
        if (quote)
            quote = *c == quote ? '\0' : quote;
        else if (*c == '"' || *c == '\'')
            quote = *c;
        else if (*c == '=' && ++attributes > GUESTCFG_XML_MAX_ATTRIBUTES)
            return guestcfg_fail(scan->err, pieces->name, pieces->line, NULL,
                                 "an element has too many attributes: use at most %d",
                                 GUESTCFG_XML_MAX_ATTRIBUTES);
    }
    bool is_open = c == pieces->end;
    bool is_empty = !is_open && c[-1] == '/';
    move_to(pieces, is_open ? c : c + 1);
    scan->has_element = true;
    scan->depth += !is_empty;
    scan->is_done = is_open || (is_empty && scan->depth == 0);
    return 0;
}

static void scan_end_tag(struct scan *scan)
{
    bool is_open = !skip_past(scan->pieces, ">");
    if (is_open || scan->depth == 0)
        move_to(scan->pieces, scan->pieces->end);
    else
        scan->depth--;
    scan->is_done = is_open || scan->depth == 0;
}

/* The value of encoding= in a declaration; NULL: none. */
static const char *find_encoding(const struct guestcfg_xml_pieces *pieces, int *length)
{
    static const char key[] = "encoding";
    const char *end = memmem(pieces->at, (size_t)(pieces->end - pieces->at), "?>", 2);
    end = end ? end : pieces->end;
    const char *at = memmem(pieces->at, (size_t)(end - pieces->at), key, sizeof(key) - 1);
    if (!at)
        return NULL;
    at += sizeof(key) - 1;
    while (at < end && memchr(" \t\r\n=", *at, 5))
        at++;
    const char *close = at < end && (*at == '"' || *at == '\'')
                            ? memchr(at + 1, *at, (size_t)(end - at - 1))
                            : NULL;
    *length = close ? (int)(close - at - 1) : 0;
    return at + 1;
}

/*
 * In these encodings a byte below 128 is an ASCII character, so this scan sees what libxml2 reads;
 * UTF-7 and others could hide anything.
 */
static int check_encoding(const struct scan *scan, struct ballast_error *err)
{
    static const char *const known[] = {"utf-8", "utf8",      "us-ascii",
                                        "ascii", "iso-8859-", "windows-125"};
    int length = 0;
    const char *encoding = find_encoding(scan->pieces, &length);
    if (!encoding)
        return 0;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        size_t prefix = strlen(known[i]);
        if ((size_t)length >= prefix && strncasecmp(encoding, known[i], prefix) == 0)
            return 0;
    }
    return guestcfg_fail(err, scan->pieces->name, scan->pieces->line, NULL,
                         "unsupported encoding '%.*s': save the file as UTF-8",
                         length < 40 ? length : 40, encoding);
}

/* pieces->at is at a '<'. */
static int scan_markup(struct scan *scan)
{
    struct guestcfg_xml_pieces *pieces = scan->pieces;
    bool ended = true;
    if (pieces_begin_with(pieces, "<!--"))
        ended = skip_past(pieces, "-->");
    else if (pieces_begin_with(pieces, "<![CDATA["))
        ended = skip_past(pieces, "]]>");
    else if (pieces_begin_with(pieces, "<?"))
        ended = skip_past(pieces, "?>");
    else if (pieces_begin_with(pieces, "</"))
        scan_end_tag(scan);
    else if (pieces_begin_with(pieces, "<!"))
        ended = false; /* a document type, which is not examined */
    else
        return scan_start_tag(scan);
    if (!ended) {
        move_to(pieces, pieces->end);
        scan->is_done = true;
    }
    return 0;
}

static void skip_space(struct guestcfg_xml_pieces *pieces)
{
    const char *c = pieces->at;
    while (c < pieces->end && memchr(" \t\r\n", *c, 4))
        c++;
    move_to(pieces, c);
}

int guestcfg_xml_next_piece(struct guestcfg_xml_pieces *pieces, struct guestcfg_xml_piece *out,
                            struct ballast_error *err)
{
    struct scan scan = {.pieces = pieces, .err = err};
    skip_space(pieces);
    struct guestcfg_xml_piece piece = {pieces->at, 0, pieces->line};
    bool is_text = false; /* text outside elements, which libxml2 refuses */
    while (pieces->at < pieces->end && !scan.is_done) {
        /* A comment before it ends the previous document. */
        if (pieces_begin_with(pieces, "<?xml ") && !scan.has_element && !is_text)
            piece = (struct guestcfg_xml_piece){pieces->at, 0, pieces->line};
        if (*pieces->at == '<') {
            bool declares = pieces_begin_with(pieces, "<?xml") && !scan.has_element;
            int rc = declares ? check_encoding(&scan, err) : 0;
            rc = rc < 0 ? rc : scan_markup(&scan);
            if (rc < 0)
                return rc;
            continue;
        }
        const char *next = memchr(pieces->at, '<', (size_t)(pieces->end - pieces->at));
        next = next ? next : pieces->end;
        skip_space(pieces);
        is_text |= pieces->at < next;
        if (pieces->at < next)
            move_to(pieces, next);
    }
    piece.length = (size_t)(pieces->at - piece.data);
    if (!scan.has_element && !scan.is_done && !is_text)
        return 0;
    *out = piece;
    return 1;
}
