/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Several XML documents one behind the other, as `virsh dumpxml` called for each domain leaves them
 * in a file, cut into pieces that are a document each. No more of XML is looked at than tells where
 * an element begins and ends; whether a piece is well-formed is libxml2's to say.
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
    unsigned line; /* at which `at` stands; the first one is 1 */
};

struct guestcfg_xml_piece {
    const char *data;
    size_t length;
    unsigned line; /* at which it begins */
};

/*
 * The next one: 1; 0: only white space and comments are left. An element that does not end makes a
 * piece of all that is left. -EINVAL: an element has more attributes than are taken.
 */
int guestcfg_xml_next_piece(struct guestcfg_xml_pieces *pieces, struct guestcfg_xml_piece *out,
                            struct ballast_error *err);

#endif
