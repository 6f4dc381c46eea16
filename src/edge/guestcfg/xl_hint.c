/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Only for messages: nothing here decides what is accepted. Each function examines one line;
 * whether the file is Python is checked once, since the first refusal ends the reading.
 */
#include "edge/guestcfg/xl_hint.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/base/quantity.h"
#include "core/base/units.h"
#include "edge/guestcfg/place.h"

enum { WORD = 48 };

struct setting {
    char key[WORD];
    char value[WORD];
};

static bool xl_hint_is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static void copy_trimmed(char out[WORD], const char *from, const char *end)
{
    while (from < end && xl_hint_is_space(*from))
        from++;
    while (end > from && xl_hint_is_space(end[-1]))
        end--;
    bool quoted = end - from >= 2 && (*from == '"' || *from == '\'') && end[-1] == *from;
    from += quoted;
    end -= quoted;
    (void)snprintf(out, WORD, "%.*s", (int)ballast_min_u64((uint64_t)(end - from), WORD - 1), from);
}

/* "key = value # comment" */
static bool split_line(const char *line, const char *end, struct setting *out)
{
    const char *comment = memchr(line, '#', (size_t)(end - line));
    end = comment ? comment : end;
    const char *equals = memchr(line, '=', (size_t)(end - line));
    if (!equals)
        return false;
    copy_trimmed(out->key, line, equals);
    copy_trimmed(out->value, equals + 1, end);
    return out->key[0] != '\0' && out->value[0] != '\0';
}

bool guestcfg_meant_mib(const char *value, unsigned long long *out_mib)
{
    uint64_t kib;
    if (ballast_size_parse(value, &kib, NULL) < 0 || kib % BALLAST_MIB_KIB != 0)
        return false;
    *out_mib = kib / BALLAST_MIB_KIB;
    return true;
}

static bool is_size(const char *key)
{
    static const char *const sizes[] = {"memory", "maxmem", "shadow_memory", "videoram",
                                        "stubdomain_memory"};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        if (strcmp(key, sizes[i]) == 0)
            return true;
    }
    return false;
}

/* 1, 0, or -1 for any other word. */
static int truth_of(const char *value)
{
    if (strcasecmp(value, "true") == 0 || strcasecmp(value, "yes") == 0)
        return 1;
    return strcasecmp(value, "false") == 0 || strcasecmp(value, "no") == 0 ? 0 : -1;
}

static bool begins_statement(const char *line, const char *end)
{
    static const char *const words[] = {"import", "from",  "def",  "if",
                                        "for",    "print", "try:", "else:"};
    while (line < end && xl_hint_is_space(*line))
        line++;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        size_t length = strlen(words[i]);
        if ((size_t)(end - line) <= length || memcmp(line, words[i], length) != 0)
            continue;
        if (words[i][length - 1] == ':' || xl_hint_is_space(line[length]) || line[length] == '(')
            return true;
    }
    return false;
}

/* A call or a sum of strings, outside quotes. */
static bool has_expression(const char *line, const char *end)
{
    char quote = '\0';
    for (; line < end && (quote || *line != '#'); line++) {
        if (quote)
            quote = *line == quote ? '\0' : quote;
        else if (*line == '"' || *line == '\'')
            quote = *line;
        else if (*line == '(' || (*line == '+' && line + 1 < end && line[1] != '='))
            return true;
    }
    return false;
}

/* The first line that is Python; 0: none. */
static unsigned python_line(const char *data, size_t length)
{
    const char *end = data + length;
    for (unsigned line = 1; data < end; line++) {
        const char *newline = memchr(data, '\n', (size_t)(end - data));
        const char *stop = newline ? newline : end;
        if (begins_statement(data, stop) || has_expression(data, stop))
            return line;
        data = newline ? newline + 1 : end;
    }
    return 0;
}

static const char *find_xl_hint_line(const char *data, size_t length, unsigned line,
                                     const char **end)
{
    const char *stop = data + length;
    for (; line > 1 && data < stop; line--) {
        const char *newline = memchr(data, '\n', (size_t)(stop - data));
        data = newline ? newline + 1 : stop;
    }
    const char *newline = memchr(data, '\n', (size_t)(stop - data));
    *end = newline ? newline : stop;
    return data;
}

bool guestcfg_xl_hint(const char *name, const char *data, size_t length, unsigned line,
                      struct ballast_error *err)
{
    const char *end;
    const char *begin = find_xl_hint_line(data, length, line, &end);
    struct setting setting;
    unsigned long long mib;
    bool is_setting = split_line(begin, end, &setting);
    if (is_setting && is_size(setting.key) && guestcfg_meant_mib(setting.value, &mib)) {
        (void)guestcfg_fail(err, name, line, setting.key,
                            "invalid size '%s': xl takes a whole number of MiB: write %llu",
                            setting.value, mib);
        return true;
    }
    if (is_setting && truth_of(setting.value) >= 0) {
        (void)guestcfg_fail(err, name, line, setting.key,
                            "near `%s': xl does not know this word: write %d", setting.value,
                            truth_of(setting.value));
        return true;
    }
    unsigned python = python_line(data, length);
    if (python == 0)
        return false;
    (void)guestcfg_fail(
        err, name, python, NULL,
        "this is Python, which only xm executed, until Xen 4.5: write each value out, as key = "
        "number, \"string\" or [list]");
    return true;
}
