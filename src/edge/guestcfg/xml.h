/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The little of libxml2 that a domain XML needs. Nothing outside the text is ever read: no network,
 * no document type, so no entities but the five of XML itself.
 */
#ifndef EDGE_GUESTCFG_XML_H
#define EDGE_GUESTCFG_XML_H

#include <libxml/tree.h>
#include <stdbool.h>
#include <stdint.h>

#include <ballast/error.h>

#include "edge/guestcfg/xml_pieces.h"

/*
 * Lines are those of the file that the piece is of. *out is for guestcfg_xml_free(). -EINVAL,
 * -ENOMEM; -ENOTSUP: libxml2 cannot be loaded.
 */
int guestcfg_xml_parse(const char *name, const struct guestcfg_xml_piece *piece, xmlDoc **out,
                       struct ballast_error *err);
void guestcfg_xml_free(xmlDoc *doc);
const xmlNode *guestcfg_xml_root(const xmlDoc *doc);

/* The first child element of that name; NULL where there is none, or where `node` is NULL. */
const xmlNode *guestcfg_xml_child(const xmlNode *node, const char *name);
/* The next element of the same name. */
const xmlNode *guestcfg_xml_next(const xmlNode *node);
/* As guestcfg_xml_child(), down a path: "os/type". */
const xmlNode *guestcfg_xml_find(const xmlNode *node, const char *path);
size_t guestcfg_xml_count(const xmlNode *node, const char *name);

/* New strings for free(): the text of an element, without white space around it, and an attribute;
 * NULL where it is absent (or there is no memory). */
char *guestcfg_xml_text(const xmlNode *node);
char *guestcfg_xml_attr(const xmlNode *node, const char *name);
/* Whether the attribute is there and has that value. */
bool guestcfg_xml_attr_is(const xmlNode *node, const char *name, const char *value);

unsigned guestcfg_xml_line(const xmlNode *node);
/* -EINVAL at the element's line; `key` is what the message calls it. */
__attribute__((format(printf, 5, 6))) int guestcfg_xml_fail(const char *name, const xmlNode *node,
                                                            const char *key,
                                                            struct ballast_error *err,
                                                            const char *format, ...);

/* A whole decimal number of 63 bits; false where `text` (may be NULL) is none. */
bool guestcfg_xml_number(const char *text, uint64_t *out);
/*
 * The number in the element, in its unit= (KiB where it has none), as KiB rounded up: libvirt's
 * virDomainParseMemory. -EINVAL.
 */
int guestcfg_xml_size(const char *name, const xmlNode *node, uint64_t *out_kib,
                      struct ballast_error *err);
/* The same of an attribute that holds the number, with the unit in another one. */
int guestcfg_xml_size_of(const char *name, const xmlNode *node, const char *text, uint64_t *out_kib,
                         struct ballast_error *err);

#endif
