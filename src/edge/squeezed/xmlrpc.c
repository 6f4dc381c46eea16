/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A methodCall. libxml2 refuses what is not well-formed; a document type ends the reading at once,
 * so nothing expands.
 */
#include <errno.h>
#include <libxml/parser.h>
#include <stdbool.h>
#include <string.h>

#include "core/base/error.h"
#include "edge/load/load.h"
#include "edge/squeezed/request.h"

/* xmlFree is a variable that holds a function. */
#define XML2(X)                                                                                    \
    X(xmlNewParserCtxt)                                                                            \
    X(xmlFreeParserCtxt)                                                                           \
    X(xmlCtxtReadMemory)                                                                           \
    X(xmlStopParser)                                                                               \
    X(xmlDocGetRootElement)                                                                        \
    X(xmlFreeDoc)                                                                                  \
    X(xmlNodeGetContent)                                                                           \
    X(xmlFree)

static struct {
    XML2(LOAD_POINTER)
} lib;

#define OPTIONS (XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOCDATA)

static int load_xml_reader(struct ballast_error *err)
{
    static const char *const names[] = {XML2(LOAD_NAME)};
    _Static_assert(sizeof(lib) == sizeof(names), "a pointer a name");
    struct ballast_error why;
    if (load_library(SONAME_XML2, names, LOAD_COUNT(names), &lib, &why) == 0)
        return 0;
    return ballast_fail(err, -ENOTSUP, "XML-RPC: cannot be read: %s", why.text);
}

static void refuse_doctype(void *context, const xmlChar *name, const xmlChar *external_id,
                           const xmlChar *system_id)
{
    (void)name;
    (void)external_id;
    (void)system_id;
    xmlParserCtxt *parser = context;
    parser->_private = parser;
    lib.xmlStopParser(parser);
}

static bool is_element(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && !node->ns &&
           strcmp((const char *)node->name, name) == 0;
}

/* The first element with that name from `node` on. */
static const xmlNode *element_from(const xmlNode *node, const char *name)
{
    while (node && !is_element(node, name))
        node = node->next;
    return node;
}

static const xmlNode *element_within(const xmlNode *node, const char *name)
{
    return node ? element_from(node->children, name) : NULL;
}

static const xmlNode *first_element(const xmlNode *node)
{
    while (node && node->type != XML_ELEMENT_NODE)
        node = node->next;
    return node;
}

/* What a call's values are while it is read: libxml2's texts, to be freed. */
struct call_reading {
    struct squeezed_value values[SQUEEZED_VALUES];
    xmlChar *texts[SQUEEZED_VALUES];
    size_t count;
};

static enum squeezed_type type_of_element(const xmlNode *node)
{
    static const char *const numbers[] = {"int", "i4", "i8"};
    for (size_t i = 0; i < 3; i++) {
        if (is_element(node, numbers[i]))
            return SQUEEZED_IS_NUMBER;
    }
    return is_element(node, "string") ? SQUEEZED_IS_TEXT : SQUEEZED_IS_OTHER;
}

/* A bare text is one as it stands, blanks included. -ENOMEM. */
static int read_call_value(const xmlNode *value, struct call_reading *reading)
{
    struct squeezed_value *out = &reading->values[reading->count];
    const xmlNode *typed = first_element(value->children);
    *out = (struct squeezed_value){.type = typed ? type_of_element(typed) : SQUEEZED_IS_TEXT};
    if (out->type == SQUEEZED_IS_OTHER) {
        reading->count++;
        return 0;
    }
    xmlChar *text = lib.xmlNodeGetContent(typed ? typed : value);
    if (!text)
        return -ENOMEM;
    reading->texts[reading->count++] = text;
    out->text = (const char *)text;
    if (out->type == SQUEEZED_IS_NUMBER && squeezed_number_read(out->text, &out->number) < 0)
        out->type = SQUEEZED_IS_OTHER;
    return 0;
}

/* A parameter without a value makes the call unreadable. */
static int read_call_values(const xmlNode *params, struct call_reading *reading)
{
    const xmlNode *param = element_within(params, "param");
    for (; param && reading->count < SQUEEZED_VALUES; param = element_from(param->next, "param")) {
        const xmlNode *value = element_within(param, "value");
        int rc = value ? read_call_value(value, reading) : -EBADMSG;
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int read_method_call(const xmlNode *root, struct squeezed_request *out,
                            struct ballast_error *err)
{
    struct call_reading reading = {.count = 0};
    bool is_call = root && is_element(root, "methodCall");
    const xmlNode *name = is_call ? element_within(root, "methodName") : NULL;
    const xmlNode *params = is_call ? element_within(root, "params") : NULL;
    xmlChar *method = name && params ? lib.xmlNodeGetContent(name) : NULL;
    int rc = method ? read_call_values(params, &reading) : -EBADMSG;
    if (rc == 0)
        rc = squeezed_request_make((const char *)method, reading.values, reading.count, out, err);
    else
        (void)ballast_fail(err, rc, "XML-RPC: not a method call: send methodName and params");
    for (size_t i = 0; i < reading.count; i++)
        (*lib.xmlFree)(reading.texts[i]);
    (*lib.xmlFree)(method);
    return rc;
}

int squeezed_read_xml(const char *body, size_t length, struct squeezed_request *out,
                      struct ballast_error *err)
{
    if (length > SQUEEZED_BODY_MOST)
        return ballast_fail(err, -EBADMSG, "XML-RPC: longer than %d bytes", SQUEEZED_BODY_MOST);
    int rc = load_xml_reader(err);
    if (rc < 0)
        return rc;
    xmlParserCtxt *parser = lib.xmlNewParserCtxt();
    if (!parser)
        return ballast_fail(err, -ENOMEM, "out of memory");
    parser->sax->internalSubset = refuse_doctype;
    parser->_private = NULL;
    xmlDoc *doc = lib.xmlCtxtReadMemory(parser, body, (int)length, NULL, NULL, OPTIONS);
    if (!doc || parser->_private)
        rc = ballast_fail(err, -EBADMSG, "XML-RPC: not well-formed, or with a document type");
    else
        rc = read_method_call(lib.xmlDocGetRootElement(doc), out, err);
    lib.xmlFreeParserCtxt(parser);
    lib.xmlFreeDoc(doc);
    return rc;
}
