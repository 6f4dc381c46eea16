/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/qmemman/conf.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/base/units.h"

/* qubes/qmemman/algo.py: MIN_PREFMEM, DOM0_MEM_BOOST, CACHE_FACTOR. */
const struct qmemman_conf qmemman_conf_default = {
    .guest_min_kib = 200 * BALLAST_MIB_KIB,
    .dom0_boost_kib = 350 * BALLAST_MIB_KIB,
    .margin_permyriad = 13000,
};

enum { WORD_MOST = 64 };
/* 52 bits of physical address: no host is larger. */
#define SIZE_MOST_KIB (UINT64_C(1) << 42)
#define MARGIN_MOST   UINT64_C(1000000)

enum section { SECTION_NONE, SECTION_DEFAULT, SECTION_GLOBAL, SECTION_OTHER };

enum conf_key { KEY_GUEST_MIN, KEY_DOM0_BOOST, KEY_MARGIN, KEY_LOG_LEVEL, KEYS };

static const char *const key_names[KEYS] = {"vm-min-mem", "dom0-mem-boost", "cache-margin-factor",
                                            "log-level"};

/* A value as it stands in the file, and where. */
struct conf_value {
    char text[WORD_MOST];
    unsigned line; /* 0: not given */
};

struct conf_reading {
    const char *name;
    unsigned line;
    enum section section;
    bool has_global;
    bool has_option;                   /* an indented line goes on with its value */
    size_t indent;                     /* of that option */
    int key;                           /* of that option, -1: none of ours */
    struct conf_value values[2][KEYS]; /* of [DEFAULT] and of [global] */
    struct ballast_error *err;
};

static int refuse_qmemman_line(const struct conf_reading *reading, const char *why)
{
    return ballast_fail(reading->err, -EINVAL, "%s:%u: %s", reading->name, reading->line, why);
}

static int refuse_value(const struct conf_reading *reading, const struct conf_value *value,
                        enum conf_key key, const char *what, const char *use)
{
    char shown[WORD_MOST];
    (void)snprintf(shown, sizeof(shown), "%s", value->text);
    ballast_text_make_showable(shown);
    return ballast_fail(reading->err, -EINVAL, "%s:%u: [global] %s: invalid %s '%s': use %s",
                        reading->name, value->line, key_names[key], what, shown, use);
}

/* Values */

/* Digits from *at on, which is moved behind them. false: there is none, or it is above `most`. */
static bool read_conf_digits(const char **at, uint64_t most, uint64_t *out)
{
    uint64_t value = 0;
    const char *digit = *at;
    for (; isdigit((unsigned char)*digit); digit++) {
        uint64_t more = (uint64_t)(*digit - '0');
        if (value > (most - more) / 10)
            return false;
        value = value * 10 + more;
    }
    bool found = digit > *at;
    *at = digit;
    *out = value;
    return found;
}

static uint64_t unit_bytes(const char *unit)
{
    static const struct {
        const char *name;
        uint64_t bytes;
    } units[] = {
        {"", 1},
        {"K", 1000},
        {"KB", 1000},
        {"M", 1000 * 1000},
        {"MB", 1000 * 1000},
        {"G", 1000 * 1000 * 1000},
        {"GB", 1000 * 1000 * 1000},
        {"KI", 1 << 10},
        {"KIB", 1 << 10},
        {"MI", 1 << 20},
        {"MIB", 1 << 20},
        {"GI", 1 << 30},
        {"GIB", 1 << 30},
    };
    for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
        if (strcasecmp(unit, units[i].name) == 0)
            return units[i].bytes;
    }
    return 0;
}

static int read_conf_size(const struct conf_reading *reading, const struct conf_value *value,
                          enum conf_key key, uint64_t *out)
{
    uint64_t number;
    const char *at = value->text;
    bool is_number = read_conf_digits(&at, SIZE_MOST_KIB * 1024, &number);
    while (*at == ' ' || *at == '\t')
        at++;
    uint64_t bytes = is_number ? unit_bytes(at) : 0;
    if (bytes == 0 || number > SIZE_MOST_KIB * 1024 / bytes)
        return refuse_value(reading, value, key, "size",
                            "a whole number of bytes, or of K, M or G (powers of 1000), KiB, MiB "
                            "or GiB (powers of 1024), such as 200MiB");
    *out = number * bytes / 1024;
    return 0;
}

/* What is behind the fourth digit after the point is cut off. */
static int read_conf_factor(const struct conf_reading *reading, const struct conf_value *value,
                            enum conf_key key, uint64_t *out)
{
    uint64_t permyriad = 0;
    const char *at = value->text;
    bool is_number = read_conf_digits(&at, MARGIN_MOST, &permyriad);
    permyriad *= BALLAST_PERMYRIAD;
    if (is_number && *at == '.') {
        at++;
        for (uint64_t part = 1000; isdigit((unsigned char)*at); at++, part /= 10)
            permyriad += (uint64_t)(*at - '0') * part;
    }
    if (!is_number || *at != '\0' || permyriad < BALLAST_PERMYRIAD || permyriad > MARGIN_MOST)
        return refuse_value(reading, value, key, "factor", "a number from 1 to 100, such as 1.3");
    *out = permyriad;
    return 0;
}

static int read_conf_level(const struct conf_reading *reading, const struct conf_value *value,
                           enum conf_key key, unsigned *out)
{
    uint64_t level;
    const char *at = value->text;
    if (!read_conf_digits(&at, 100, &level) || *at != '\0')
        return refuse_value(reading, value, key, "level", "10, 20 or 30");
    *out = (unsigned)level;
    return 0;
}

static int read_values(const struct conf_reading *reading, struct qmemman_conf *out)
{
    int rc = 0;
    for (int i = 0; i < KEYS && rc == 0; i++) {
        enum conf_key key = (enum conf_key)i;
        const struct conf_value *value = &reading->values[reading->values[1][i].line > 0][i];
        if (value->line == 0)
            continue;
        if (key == KEY_GUEST_MIN)
            rc = read_conf_size(reading, value, key, &out->guest_min_kib);
        else if (key == KEY_DOM0_BOOST)
            rc = read_conf_size(reading, value, key, &out->dom0_boost_kib);
        else if (key == KEY_MARGIN)
            rc = read_conf_factor(reading, value, key, &out->margin_permyriad);
        else
            rc = read_conf_level(reading, value, key, &out->log_level);
    }
    return rc;
}

/* Lines */

static bool piece_is(struct ballast_piece piece, const char *word)
{
    return piece.length == strlen(word) && strncasecmp(piece.at, word, piece.length) == 0;
}

/* The name of a section is what is before the last bracket, as it is written. */
static int take_section(struct conf_reading *reading, struct ballast_piece line)
{
    const char *end = memrchr(line.at, ']', line.length);
    size_t length = end ? (size_t)(end - line.at) - 1 : 0;
    if (length == 0)
        return refuse_qmemman_line(reading, "no section: write [global]");
    bool is_global = length == 6 && memcmp(line.at + 1, "global", 6) == 0;
    bool is_default = length == 7 && memcmp(line.at + 1, "DEFAULT", 7) == 0;
    if (is_global && reading->has_global)
        return refuse_qmemman_line(reading, "[global]: duplicate section: keep one of the two");
    reading->section = is_global ? SECTION_GLOBAL : is_default ? SECTION_DEFAULT : SECTION_OTHER;
    reading->has_global |= is_global;
    reading->has_option = false;
    return 0;
}

static int find_conf_key(struct ballast_piece name)
{
    for (int i = 0; i < KEYS; i++) {
        if (piece_is(name, key_names[i]))
            return i;
    }
    return -1;
}

static int keep_value(struct conf_reading *reading, int key, struct ballast_piece text)
{
    struct conf_value *value = &reading->values[reading->section == SECTION_GLOBAL][key];
    if (value->line > 0)
        return refuse_qmemman_line(reading, "duplicate key: keep one of the two");
    if (text.length >= sizeof(value->text) || memchr(text.at, '\0', text.length))
        return refuse_qmemman_line(reading,
                                   "the value is too long: use a size, a factor or a level");
    memcpy(value->text, text.at, text.length);
    value->text[text.length] = '\0';
    value->line = reading->line;
    return 0;
}

static int take_option(struct conf_reading *reading, struct ballast_piece line)
{
    size_t name = 0;
    while (name < line.length && line.at[name] != '=' && line.at[name] != ':')
        name++;
    struct ballast_piece key = ballast_piece_trim(line.at, name);
    if (reading->section == SECTION_NONE)
        return refuse_qmemman_line(reading, "a key before any section: write [global] above it");
    if (name == line.length || key.length == 0)
        return refuse_qmemman_line(reading, "neither a section nor a key: write KEY = VALUE");
    reading->has_option = true;
    reading->key = reading->section == SECTION_OTHER ? -1 : find_conf_key(key);
    if (reading->key < 0)
        return 0;
    return keep_value(reading, reading->key,
                      ballast_piece_trim(line.at + name + 1, line.length - name - 1));
}

static int take_qmemman_line(struct conf_reading *reading, const char *at, size_t length)
{
    struct ballast_piece line = ballast_piece_trim(at, length);
    size_t indent = (size_t)(line.at - at);
    if (line.length == 0 || *line.at == '#' || *line.at == ';')
        return 0;
    if (reading->has_option && indent > reading->indent)
        return reading->key < 0
                   ? 0
                   : refuse_qmemman_line(reading,
                                         "it goes on with the value above: write it in one line, "
                                         "or begin the key in the first column");
    reading->indent = indent;
    return *line.at == '[' ? take_section(reading, line) : take_option(reading, line);
}

int qmemman_conf_read(const char *name, const char *data, size_t length, struct qmemman_conf *out,
                      struct ballast_error *err)
{
    struct conf_reading reading = {.name = name, .key = -1, .err = err};
    struct qmemman_conf conf = qmemman_conf_default;
    const char *end = data + length;
    int rc = 0;
    for (const char *at = data; at < end && rc == 0;) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline ? newline : end;
        reading.line++;
        rc = take_qmemman_line(&reading, at, (size_t)(stop - at));
        at = newline ? newline + 1 : end;
    }
    if (rc == 0 && reading.has_global)
        rc = read_values(&reading, &conf);
    if (rc == 0)
        *out = conf;
    return rc;
}
