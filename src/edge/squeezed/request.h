/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the two readers share: a call as a list of values. */
#ifndef EDGE_SQUEEZED_REQUEST_H
#define EDGE_SQUEEZED_REQUEST_H

#include "edge/squeezed/squeezed.h"

/* No method has more parameters; the rest is not read. */
enum { SQUEEZED_VALUES = 4 };

enum squeezed_type { SQUEEZED_IS_OTHER, SQUEEZED_IS_TEXT, SQUEEZED_IS_NUMBER };

struct squeezed_value {
    enum squeezed_type type;
    const char *text; /* the reader's */
    int64_t number;
};

/* The request that they make up; results as squeezed_read_xml(). */
int squeezed_request_make(const char *method, const struct squeezed_value *values, size_t count,
                          struct squeezed_request *out, struct ballast_error *err);
/*
 * A number as OCaml's Int64.of_string reads it: a sign, 0x, 0o or 0b, '_' between digits, no
 * spaces. -EINVAL, -ERANGE: not within 64 bits.
 */
int squeezed_number_read(const char *text, int64_t *out);

#endif
