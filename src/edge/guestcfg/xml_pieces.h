/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Splits a file of several XML documents, such as the output of `virsh dumpxml` for each domain,
 * into pieces of one document each. It finds only where elements begin and end; libxml2 checks
 * whether a piece is well-formed.
 */
#ifndef EDGE_GUESTCFG_XML_PIECES_H
#define EDGE_GUESTCFG_XML_PIECES_H

#include <stdbool.h>
#include <stddef.h>

#include <ballast/error.h>

/* libxml2 compares each attribute of an element with all before it. */
enum { GUESTCFG_XML_MAX_ATTRIBUTES = 256 };

struct guestcfg_xml_pieces {
    const char *name; /* of the file */
    const char *at;
    const char *end;
    unsigned line; /* of `at`; the first is 1 */
};

struct guestcfg_xml_piece {
    const char *data;
    size_t length;
    unsigned line; /* on which it begins */
};

/*
 * Returns 1 and the next piece; 0: only white space and comments remain. An element without an end
 * extends to the end of the file. -EINVAL: an element has more than GUESTCFG_XML_MAX_ATTRIBUTES.
 */
int guestcfg_xml_next_piece(struct guestcfg_xml_pieces *pieces, struct guestcfg_xml_piece *out,
                            struct ballast_error *err);

#endif
