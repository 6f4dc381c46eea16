/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef EDGE_WIRE_WRITE_H
#define EDGE_WIRE_WRITE_H

#include <stddef.h>

struct json_object;

/*
 * The value as a line: JSON without spaces, a newline, and a NUL that *length does not count. The
 * caller frees it; NULL: out of memory.
 */
char *wire_write(struct json_object *value, size_t *length);

#endif
