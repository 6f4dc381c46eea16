/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The part of libxml2 that a domain XML needs. It reads nothing outside the text: no network, no
 * document type, and so only the five entities of XML itself.
 */
#ifndef EDGE_GUESTCFG_XML_H
#define EDGE_GUESTCFG_XML_H

#include <libxml/tree.h>
#include <stdbool.h>
#include <stdint.h>

#include <ballast/error.h>

#include "edge/guestcfg/xml_pieces.h"

/*
 * Lines count from the start of the piece's file. Release *out with guestcfg_xml_free(). -EINVAL,
 * -ENOMEM; -ENOTSUP: libxml2 cannot be loaded.
 */
int guestcfg_xml_parse(const char *name, const struct guestcfg_xml_piece *piece, xmlDoc **out,
                       struct ballast_error *err);
void guestcfg_xml_free(xmlDoc *doc);
const xmlNode *guestcfg_xml_root(const xmlDoc *doc);

/* The first child element of that name; NULL: none, or `node` is NULL. */
const xmlNode *guestcfg_xml_child(const xmlNode *node, const char *name);
/* The next element of the same name. */
const xmlNode *guestcfg_xml_next(const xmlNode *node);
/* As guestcfg_xml_child(), down a path: "os/type". */
const xmlNode *guestcfg_xml_find(const xmlNode *node, const char *path);
size_t guestcfg_xml_count(const xmlNode *node, const char *name);

/*
 * New strings, for free(): an element's text without surrounding white space, and an attribute.
 * NULL: absent, or out of memory.
 */
char *guestcfg_xml_text(const xmlNode *node);
char *guestcfg_xml_attr(const xmlNode *node, const char *name);
/* Whether the element has the attribute with that value. */
bool guestcfg_xml_attr_is(const xmlNode *node, const char *name, const char *value);

unsigned guestcfg_xml_line(const xmlNode *node);
/* -EINVAL at the element's line; the message calls the element `key`. */
__attribute__((format(printf, 5, 6))) int guestcfg_xml_fail(const char *name, const xmlNode *node,
                                                            const char *key,
                                                            struct ballast_error *err,
                                                            const char *format, ...);

/* Reads a whole decimal number of 63 bits; false if `text` (may be NULL) is anything else. */
bool guestcfg_xml_number(const char *text, uint64_t *out);
/*
 * The number in the element, in its unit= (default KiB), as KiB rounded up, as libvirt's
 * virDomainParseMemory. -EINVAL.
 */
int guestcfg_xml_size(const char *name, const xmlNode *node, uint64_t *out_kib,
                      struct ballast_error *err);
/* The same where attributes hold the number (`text`) and the unit. */
int guestcfg_xml_size_of(const char *name, const xmlNode *node, const char *text, uint64_t *out_kib,
                         struct ballast_error *err);

#endif
