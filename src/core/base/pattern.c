/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/base/pattern.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

void pattern_read(const void *from, const struct pattern_member *members, size_t count,
                  struct pattern_figure *out)
{
    for (size_t i = 0; i < count; i++) {
        out[i] = (struct pattern_figure){.name = members[i].name};
        if (members[i].name)
            memcpy(&out[i].value, (const char *)from + members[i].offset, sizeof(out[i].value));
    }
}

static const struct pattern_figure *find_figure(const struct pattern_figure *figures, size_t count,
                                                const char *name, size_t length)
{
    for (size_t i = 0; i < count; i++) {
        if (figures[i].name && strlen(figures[i].name) == length &&
            memcmp(figures[i].name, name, length) == 0)
            return &figures[i];
    }
    return NULL;
}

static void add_figure(struct ballast_text *text, const struct pattern_figure *figure)
{
    size_t length = strlen(figure->name);
    bool is_size = length > 4 && strcmp(figure->name + length - 4, "_kib") == 0;
    if (figure->text)
        ballast_text_add(text, "%s", figure->text);
    else if (is_size)
        ballast_text_add_size(text, figure->value);
    else
        ballast_text_add(text, "%" PRIu64, figure->value);
}

void pattern_fill(struct ballast_text *text, const char *pattern,
                  const struct pattern_figure *figures, size_t count)
{
    const char *open;
    while ((open = strchr(pattern, '{'))) {
        size_t length = strcspn(open + 1, "{}");
        const struct pattern_figure *figure =
            open[1 + length] == '}' ? find_figure(figures, count, open + 1, length) : NULL;
        ballast_text_add(text, "%.*s", (int)(open - pattern), pattern);
        if (figure)
            add_figure(text, figure);
        else
            ballast_text_add(text, "{");
        pattern = figure ? open + length + 2 : open + 1;
    }
    ballast_text_add(text, "%s", pattern);
}
