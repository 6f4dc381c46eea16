/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Answers, by one walk for both languages, of texts, numbers and arrays. Each text
 * is written twice, first only to count its length.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "edge/squeezed/squeezed.h"

struct answer_writer {
    struct ballast_text text;
    bool is_xml;
    bool follows; /* JSON: a comma comes before the next value */
};

static const char *xml_escape(unsigned char c)
{
    switch (c) {
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '&':
        return "&amp;";
    case '"':
        return "&quot;";
    case '\t':
    case '\n':
    case '\r':
        return NULL;
    default:
        return c < ' ' ? "" : NULL;
    }
}

static void add_escaped(struct answer_writer *writer, const char *string)
{
    struct ballast_text *text = &writer->text;
    for (size_t length; *string; string += length ? length : 1) {
        unsigned char c = (unsigned char)*string;
        const char *escape = writer->is_xml ? xml_escape(c) : NULL;
        length = ballast_text_utf8(string, 4);
        if (escape)
            ballast_text_add(text, "%s", escape);
        else if (!writer->is_xml && (c == '"' || c == '\\'))
            ballast_text_add(text, "\\%c", c);
        else if (!writer->is_xml && c < ' ')
            ballast_text_add(text, "\\u%04x", c);
        else if (length == 0)
            ballast_text_add(text, "?");
        else
            ballast_text_add(text, "%.*s", (int)length, string);
    }
}

static void begin_value(struct answer_writer *writer)
{
    if (writer->is_xml)
        ballast_text_add(&writer->text, "<value>");
    else if (writer->follows)
        ballast_text_add(&writer->text, ",");
    writer->follows = true;
}

static void end_value(struct answer_writer *writer)
{
    if (writer->is_xml)
        ballast_text_add(&writer->text, "</value>");
}

static void add_text_value(struct answer_writer *writer, const char *string)
{
    const char *quote = writer->is_xml ? "" : "\"";
    begin_value(writer);
    ballast_text_add(&writer->text, "%s", quote);
    add_escaped(writer, string ? string : "");
    ballast_text_add(&writer->text, "%s", quote);
    end_value(writer);
}

static void add_number_value(struct answer_writer *writer, int64_t number)
{
    begin_value(writer);
    ballast_text_add(&writer->text, "%" PRId64, number);
    end_value(writer);
}

static void add_nothing(struct answer_writer *writer)
{
    begin_value(writer);
    ballast_text_add(&writer->text, writer->is_xml ? "<nil/>" : "null");
    end_value(writer);
}

static void begin_values(struct answer_writer *writer)
{
    begin_value(writer);
    ballast_text_add(&writer->text, writer->is_xml ? "<array><data>" : "[");
    writer->follows = false;
}

static void end_values(struct answer_writer *writer)
{
    ballast_text_add(&writer->text, writer->is_xml ? "</data></array>" : "]");
    writer->follows = true;
    end_value(writer);
}

static void add_two_numbers(struct answer_writer *writer, const int64_t numbers[2])
{
    begin_values(writer);
    add_number_value(writer, numbers[0]);
    add_number_value(writer, numbers[1]);
    end_values(writer);
}

static void add_domids(struct answer_writer *writer, const struct squeezed_answer *answer)
{
    begin_values(writer);
    for (size_t i = 0; i < answer->domid_count; i++)
        add_number_value(writer, answer->domids[i]);
    end_values(writer);
}

/* A variant with an argument: its name and that, in an array. */
static void add_variant(struct answer_writer *writer, const struct squeezed_answer *answer)
{
    static const char *const names[SQUEEZED_KINDS] = {
        [SQUEEZED_FIXED_SIZE] = "Fixed_size",
        [SQUEEZED_AUTO_BALLOON] = "Auto_balloon",
        [SQUEEZED_CANNOT_FREE] = "Cannot_free_this_much_memory",
        [SQUEEZED_DOMAINS_REFUSED] = "Domains_refused_to_cooperate",
        [SQUEEZED_UNKNOWN_RESERVATION] = "Unknown_reservation",
        [SQUEEZED_INVALID_MEMORY] = "Invalid_memory_value",
        [SQUEEZED_INTERNAL_ERROR] = "Internal_error",
    };
    begin_values(writer);
    add_text_value(writer, names[answer->kind]);
    if (answer->kind == SQUEEZED_AUTO_BALLOON || answer->kind == SQUEEZED_CANNOT_FREE)
        add_two_numbers(writer, answer->numbers);
    else if (answer->kind == SQUEEZED_DOMAINS_REFUSED)
        add_domids(writer, answer);
    else if (answer->kind == SQUEEZED_FIXED_SIZE || answer->kind == SQUEEZED_INVALID_MEMORY)
        add_number_value(writer, answer->numbers[0]);
    else
        add_text_value(writer, answer->text);
    end_values(writer);
}

static void add_answer_value(struct answer_writer *writer, const struct squeezed_answer *answer)
{
    switch (answer->kind) {
    case SQUEEZED_NOTHING:
        add_nothing(writer);
        break;
    case SQUEEZED_TEXT:
        add_text_value(writer, answer->text);
        break;
    case SQUEEZED_NUMBER:
        add_number_value(writer, answer->numbers[0]);
        break;
    case SQUEEZED_RESERVED:
        begin_values(writer);
        add_text_value(writer, answer->text);
        add_number_value(writer, answer->numbers[0]);
        end_values(writer);
        break;
    case SQUEEZED_NO_RESERVATION:
        add_text_value(writer, "No_reservation");
        break;
    default:
        add_variant(writer, answer);
        break;
    }
}

static void write_answer_xml(struct answer_writer *writer, const struct squeezed_answer *answer)
{
    bool failed = answer->kind >= SQUEEZED_CANNOT_FREE;
    ballast_text_add(&writer->text,
                     "<?xml version=\"1.0\"?><methodResponse><params><param><value><struct>"
                     "<member><name>Status</name><value>%s</value></member>"
                     "<member><name>%s</name>",
                     failed ? "Failure" : "Success", failed ? "ErrorDescription" : "Value");
    add_answer_value(writer, answer);
    ballast_text_add(&writer->text, "</member></struct></value></param></params></methodResponse>");
}

/* squeezed says "id":0 whatever it was asked with, and its clients do not compare it. */
static void write_answer_json(struct answer_writer *writer, const struct squeezed_answer *answer)
{
    bool failed = answer->kind >= SQUEEZED_CANNOT_FREE;
    ballast_text_add(&writer->text, failed ? "{\"result\":null,\"error\":" : "{\"result\":");
    add_answer_value(writer, answer);
    ballast_text_add(&writer->text, failed ? ",\"id\":0}" : ",\"error\":null,\"id\":0}");
}

static int write_answer(bool is_xml, const struct squeezed_answer *answer, char **out,
                        size_t *length)
{
    struct answer_writer writer = {.is_xml = is_xml};
    char *buf = NULL;
    for (int i = 0; i < 2; i++) {
        size_t size = i == 0 ? 0 : writer.text.length + 1;
        if (i == 1 && !(buf = malloc(size)))
            return -ENOMEM;
        writer.follows = false;
        writer.text = ballast_text_over(buf, size);
        if (is_xml)
            write_answer_xml(&writer, answer);
        else
            write_answer_json(&writer, answer);
    }
    *out = buf;
    *length = writer.text.length;
    return 0;
}

int squeezed_write_xml(const struct squeezed_answer *answer, char **out, size_t *length)
{
    return write_answer(true, answer, out, length);
}

int squeezed_write_json(const struct squeezed_answer *answer, char **out, size_t *length)
{
    return write_answer(false, answer, out, length);
}
