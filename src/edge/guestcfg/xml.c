/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/guestcfg/xml.h"

#include <errno.h>
#include <libxml/parser.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/error.h"
#include "core/base/quantity.h"
#include "core/base/units.h"
#include "edge/guestcfg/place.h"
#include "edge/load/load.h"

/* xmlFree is a variable that holds a function. */
#define XML2(X)                                                                                    \
    X(xmlNewParserCtxt)                                                                            \
    X(xmlFreeParserCtxt)                                                                           \
    X(xmlCtxtReadMemory)                                                                           \
    X(xmlStopParser)                                                                               \
    X(xmlCtxtGetLastError)                                                                         \
    X(xmlDocGetRootElement)                                                                        \
    X(xmlFreeDoc)                                                                                  \
    X(xmlNodeGetContent)                                                                           \
    X(xmlGetNoNsProp)                                                                              \
    X(xmlGetLineNo)                                                                                \
    X(xmlFree)

static struct {
    XML2(LOAD_POINTER)
} lib;

static int load_libxml(const char *name, struct ballast_error *err)
{
    static const char *const names[] = {XML2(LOAD_NAME)};
    _Static_assert(sizeof(lib) == sizeof(names), "a pointer a name");
    struct ballast_error why;
    if (load_library(SONAME_XML2, names, LOAD_COUNT(names), &lib, &why) == 0)
        return 0;
    return ballast_fail(err, -ENOTSUP, "%s: cannot read XML: %s", name, why.text);
}

#define OPTIONS                                                                                    \
    (XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOCDATA |               \
     XML_PARSE_NOBLANKS | XML_PARSE_BIG_LINES)

struct reading {
    unsigned before;       /* lines of the file before this document */
    unsigned doctype_line; /* 0: none */
};

/* Called at "<!DOCTYPE", before libxml2 reads its content. */
static void stop_at_doctype(void *context, const xmlChar *name, const xmlChar *external_id,
                            const xmlChar *system_id)
{
    (void)name;
    (void)external_id;
    (void)system_id;
    xmlParserCtxt *parser = context;
    struct reading *reading = parser->_private;
    reading->doctype_line =
        parser->input && parser->input->line > 0 ? (unsigned)parser->input->line : 1;
    lib.xmlStopParser(parser);
}

static int fail_parse(const char *name, xmlParserCtxt *parser, unsigned before,
                      struct ballast_error *err)
{
    const xmlError *error = lib.xmlCtxtGetLastError(parser);
    if (!error || !error->message)
        return guestcfg_fail(err, name, 0, NULL,
                             "is not an XML document: use the output of 'virsh dumpxml'");
    int length = (int)strcspn(error->message, "\n");
    unsigned line = error->line > 0 ? before + (unsigned)error->line : 0;
    return guestcfg_fail(err, name, line, NULL, "not well-formed XML: %.*s", length,
                         error->message);
}

int guestcfg_xml_parse(const char *name, const struct guestcfg_xml_piece *piece, xmlDoc **out,
                       struct ballast_error *err)
{
    if (piece->length > INT_MAX)
        return ballast_fail(err, -EFBIG, "%s: too large: use at most %d bytes", name, INT_MAX);
    int rc = load_libxml(name, err);
    if (rc < 0)
        return rc;
    xmlParserCtxt *parser = lib.xmlNewParserCtxt();
    if (!parser)
        return ballast_fail(err, -ENOMEM, "out of memory");
    struct reading reading = {.before = piece->line - 1};
    parser->_private = &reading;
    parser->sax->internalSubset = stop_at_doctype;
    xmlDoc *doc =
        lib.xmlCtxtReadMemory(parser, piece->data, (int)piece->length, NULL, NULL, OPTIONS);
    if (reading.doctype_line > 0)
        rc = guestcfg_fail(err, name, reading.before + reading.doctype_line, NULL,
                           "a document type declaration: delete it, since a domain XML has none");
    else if (!doc)
        rc = fail_parse(name, parser, reading.before, err);
    lib.xmlFreeParserCtxt(parser);
    if (doc) /* gives elements their lines */
        doc->_private = (void *)(uintptr_t)reading.before;
    if (rc < 0)
        lib.xmlFreeDoc(doc);
    else
        *out = doc;
    return rc;
}

void guestcfg_xml_free(xmlDoc *doc)
{
    lib.xmlFreeDoc(doc);
}

const xmlNode *guestcfg_xml_root(const xmlDoc *doc)
{
    return lib.xmlDocGetRootElement(doc);
}

static bool is_named(const xmlNode *node, const char *name, size_t length)
{
    return node->type == XML_ELEMENT_NODE && !node->ns &&
           strncmp((const char *)node->name, name, length) == 0 && node->name[length] == '\0';
}

static const xmlNode *first_named(const xmlNode *node, const char *name, size_t length)
{
    while (node && !is_named(node, name, length))
        node = node->next;
    return node;
}

const xmlNode *guestcfg_xml_child(const xmlNode *node, const char *name)
{
    return node ? first_named(node->children, name, strlen(name)) : NULL;
}

const xmlNode *guestcfg_xml_next(const xmlNode *node)
{
    const char *name = (const char *)node->name;
    return first_named(node->next, name, strlen(name));
}

const xmlNode *guestcfg_xml_find(const xmlNode *node, const char *path)
{
    while (node && *path) {
        size_t length = strcspn(path, "/");
        node = first_named(node->children, path, length);
        path += length + (path[length] == '/');
    }
    return node;
}

size_t guestcfg_xml_count(const xmlNode *node, const char *name)
{
    size_t count = 0;
    const xmlNode *child = guestcfg_xml_child(node, name);
    for (; child; child = guestcfg_xml_next(child))
        count++;
    return count;
}

/* Copies a string of libxml2 into malloc's memory, trimmed. */
static char *take_xml_text(xmlChar *string)
{
    if (!string)
        return NULL;
    const char *begin = (const char *)string + strspn((const char *)string, " \t\r\n");
    size_t length = strlen(begin);
    while (length > 0 && strchr(" \t\r\n", begin[length - 1]))
        length--;
    char *copy = strndup(begin, length);
    (*lib.xmlFree)(string);
    return copy;
}

char *guestcfg_xml_text(const xmlNode *node)
{
    return node ? take_xml_text(lib.xmlNodeGetContent(node)) : NULL;
}

char *guestcfg_xml_attr(const xmlNode *node, const char *name)
{
    return node ? take_xml_text(lib.xmlGetNoNsProp(node, (const xmlChar *)name)) : NULL;
}

bool guestcfg_xml_attr_is(const xmlNode *node, const char *name, const char *value)
{
    char *attr = guestcfg_xml_attr(node, name);
    bool is = attr && strcmp(attr, value) == 0;
    free(attr);
    return is;
}

unsigned guestcfg_xml_line(const xmlNode *node)
{
    long line = node ? lib.xmlGetLineNo(node) : 0;
    if (line <= 0 || line > INT_MAX)
        return 0;
    return (unsigned)line + (unsigned)(uintptr_t)node->doc->_private;
}

int guestcfg_xml_fail(const char *name, const xmlNode *node, const char *key,
                      struct ballast_error *err, const char *format, ...)
{
    char message[BALLAST_ERROR_TEXT];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    return guestcfg_fail(err, name, guestcfg_xml_line(node), key, "%s", message);
}

bool guestcfg_xml_number(const char *text, uint64_t *out)
{
    if (!text || *text < '0' || *text > '9')
        return false;
    char *end;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    /* No size needs the upper half, and UINT64_MAX means "unset". */
    if (errno != 0 || *end || number > INT64_MAX)
        return false;
    *out = number;
    return true;
}

/* Bytes in one `unit`, or 0: virScaleInteger of libvirt's src/util/virutil.c. */
static uint64_t xml_unit_bytes(const char *unit)
{
    static const char letters[] = "kmgtpe";
    if (!unit || !*unit)
        return 1024;
    if (strcasecmp(unit, "b") == 0 || strcasecmp(unit, "byte") == 0 ||
        strcasecmp(unit, "bytes") == 0)
        return 1;
    uint64_t base;
    if (unit[1] == '\0' || strcasecmp(unit + 1, "ib") == 0)
        base = 1024;
    else if (strcasecmp(unit + 1, "b") == 0)
        base = 1000;
    else
        return 0;
    char letter = unit[0] >= 'A' && unit[0] <= 'Z' ? (char)(unit[0] - 'A' + 'a') : unit[0];
    const char *known = letter ? strchr(letters, letter) : NULL;
    uint64_t bytes = 1;
    for (long i = 0; known && i <= known - letters; i++)
        bytes *= base;
    return known ? bytes : 0;
}

/* "1.5" with unit GiB, "512M": the message can say what to write. */
static int refuse_number(const char *name, const xmlNode *node, const char *text, const char *unit,
                         struct ballast_error *err)
{
    char whole[64];
    uint64_t kib;
    const char *key = (const char *)node->name;
    bool has_unit = strspn(text, "0123456789.") < strlen(text);
    (void)snprintf(whole, sizeof(whole), "%.40s%.8s", text,
                   has_unit        ? ""
                   : unit && *unit ? unit
                                   : "KiB");
    if (strlen(text) > 40 || ballast_size_parse(whole, &kib, NULL) < 0)
        return guestcfg_xml_fail(name, node, key, err,
                                 "invalid number '%.40s': use a whole number below 2^63", text);
    bool is_mib = kib % BALLAST_MIB_KIB == 0;
    return guestcfg_xml_fail(
        name, node, key, err,
        "invalid size '%.40s': libvirt takes whole numbers: write %llu with unit=\"%s\"", text,
        (unsigned long long)(is_mib ? kib / BALLAST_MIB_KIB : kib), is_mib ? "MiB" : "KiB");
}

int guestcfg_xml_size_of(const char *name, const xmlNode *node, const char *text, uint64_t *out_kib,
                         struct ballast_error *err)
{
    const char *key = (const char *)node->name;
    uint64_t number;
    uint64_t bytes = 0;
    char *unit = guestcfg_xml_attr(node, "unit");
    if (!guestcfg_xml_number(text, &number)) {
        int refused = refuse_number(name, node, text ? text : "", unit, err);
        free(unit);
        return refused;
    }
    uint64_t scale = xml_unit_bytes(unit);
    int rc = 0;
    if (scale == 0)
        rc = guestcfg_xml_fail(name, node, key, err,
                               "invalid unit '%.40s': use b, KB, KiB, MB, MiB, GB, GiB, TB or TiB",
                               unit);
    else if (__builtin_mul_overflow(number, scale, &bytes) || bytes > INT64_MAX)
        rc = guestcfg_xml_fail(name, node, key, err,
                               "%.40s %.40s is too large: use at most 8388607 TiB", text,
                               unit ? unit : "KiB");
    free(unit);
    if (rc == 0)
        *out_kib = ballast_div_up(bytes, 1024);
    return rc;
}

int guestcfg_xml_size(const char *name, const xmlNode *node, uint64_t *out_kib,
                      struct ballast_error *err)
{
    char *text = guestcfg_xml_text(node);
    int rc = guestcfg_xml_size_of(name, node, text, out_kib, err);
    free(text);
    return rc;
}
