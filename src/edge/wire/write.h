/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef EDGE_WIRE_WRITE_H
#define EDGE_WIRE_WRITE_H

#include <stddef.h>

struct json_object;

/*
 * The value as a line: JSON without spaces, a newline behind it and a NUL behind that, which
 * *length leaves out. The caller's to free(); NULL: out of memory.
 */
char *wire_write(struct json_object *value, size_t *length);

#endif
