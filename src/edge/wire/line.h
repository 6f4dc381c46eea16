/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One line of the protocol to one message; shared by decoder and encoder. */
#ifndef EDGE_WIRE_LINE_H
#define EDGE_WIRE_LINE_H

#include "edge/wire/wire.h"

/*
 * Parses the message on a line (without its newline, not terminated, not blank); the caller
 * releases *out. An invalid line is WIRE_BROKEN. -ENOMEM.
 */
int wire_line_read(const char *line, size_t length, enum wire_from from, struct wire_message *out,
                   struct ballast_error *err);

/* How many of the first bytes form complete UTF-8 characters (RFC 3629). */
size_t wire_utf8_span(const char *text, size_t length);

#endif
