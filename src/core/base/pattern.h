/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sentences with named holes: "{needed_kib} were requested, {available_kib} are available". A
 * pattern is written once, in core. pattern_fill() writes sizes as ballast_text_add_size() does;
 * the page fills the patterns that the protocol sends, in the unit that its reader chose.
 */
#ifndef CORE_BASE_PATTERN_H
#define CORE_BASE_PATTERN_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/text.h"

struct pattern_figure {
    const char *name; /* NULL: unused */
    uint64_t value;
    const char *text; /* shown in place of the value, unless NULL */
};

/* A member of a struct of figures, all uint64_t; its name is the figure's. */
struct pattern_member {
    const char *name; /* NULL: unused */
    size_t offset;
};

#define PATTERN_MEMBER(type, member)                                                               \
    {                                                                                              \
#member, offsetof(type, member)                                                            \
    }

/* The figures of those members, read from the struct. */
void pattern_read(const void *from, const struct pattern_member *members, size_t count,
                  struct pattern_figure *out);

/*
 * Adds the filled pattern to the text. A hole whose name ends in "_kib" is a size, any other a
 * number or a text; texts are never read as patterns. A hole without a figure stays as it is.
 */
void pattern_fill(struct ballast_text *text, const char *pattern,
                  const struct pattern_figure *figures, size_t count);

#endif
