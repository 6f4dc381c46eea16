/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/squeezed/conf.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/text.h"

/* 52 bits of physical address: no host is larger. A day is longer than any check waits. */
#define CONF_BYTES_MOST   (UINT64_C(1) << 52)
#define CONF_SECONDS_MOST UINT64_C(86400)

enum conf_kind { CONF_UNUSED, CONF_SECONDS, CONF_FLAG, CONF_BYTES, CONF_BYTES_OR_AUTO, CONF_PATH };

static const struct {
    const char *name;
    enum conf_kind kind;
} conf_keys[SQUEEZED_CONF_KEYS] = {
    [SQUEEZED_CONF_INTERVAL] = {"balance-check-interval", CONF_SECONDS},
    [SQUEEZED_CONF_MANAGE] = {"manage-domain-zero", CONF_FLAG},
    [SQUEEZED_CONF_DOM0_MIN] = {"domain-zero-dynamic-min", CONF_BYTES},
    [SQUEEZED_CONF_DOM0_MAX] = {"domain-zero-dynamic-max", CONF_BYTES_OR_AUTO},
    [SQUEEZED_CONF_USE_SWITCH] = {"use-switch", CONF_FLAG},
    [SQUEEZED_CONF_SWITCH_PATH] = {"switch-path", CONF_PATH},
    [SQUEEZED_CONF_BOOT_COUNT] = {"boot-time-host-free-memory-minimal-constant-count", CONF_UNUSED},
    [SQUEEZED_CONF_PIDFILE] = {"pidfile", CONF_UNUSED},
    [SQUEEZED_CONF_LOG] = {"log", CONF_UNUSED},
    [SQUEEZED_CONF_LOGLEVEL] = {"loglevel", CONF_UNUSED},
    [SQUEEZED_CONF_DISABLE_LOGGING] = {"disable-logging-for", CONF_UNUSED},
    [SQUEEZED_CONF_SEARCH_PATH] = {"search-path", CONF_UNUSED},
    [SQUEEZED_CONF_TIMESLICE] = {"timeslice", CONF_UNUSED},
};

const char *squeezed_conf_key_name(enum squeezed_conf_key key)
{
    return conf_keys[key].name;
}

static struct ballast_piece strip_quotes(struct ballast_piece value)
{
    bool quoted = value.length >= 2 && (*value.at == '"' || *value.at == '\'') &&
                  value.at[value.length - 1] == *value.at;
    return quoted ? (struct ballast_piece){value.at + 1, value.length - 2} : value;
}

/* Digits, then a point and more where `decimals` is not 0; what is behind so many is cut off. *out
   is in units of the last decimal. */
static bool read_squeezed_decimal(const char *text, unsigned decimals, uint64_t most, uint64_t *out)
{
    uint64_t value = 0;
    uint64_t scale = 1;
    const char *at = text;
    for (; isdigit((unsigned char)*at) && value <= most; at++)
        value = value * 10 + (uint64_t)(*at - '0');
    if (at == text || value > most)
        return false;
    for (unsigned i = 0; i < decimals; i++)
        scale *= 10;
    value *= scale;
    if (decimals > 0 && *at == '.') {
        for (at++; isdigit((unsigned char)*at); at++) {
            scale /= 10;
            value += (uint64_t)(*at - '0') * scale;
        }
    }
    *out = value;
    return *at == '\0';
}

/* What to use instead; NULL: the value is valid. */
static const char *read_squeezed_value(enum conf_kind kind, const char *text, uint64_t *out)
{
    bool is_true = strcmp(text, "true") == 0;
    switch (kind) {
    case CONF_SECONDS:
        return read_squeezed_decimal(text, 6, CONF_SECONDS_MOST, out)
                   ? NULL
                   : "a number of seconds up to 86400, such as 10 or 0.5";
    case CONF_FLAG:
        *out = is_true;
        return is_true || strcmp(text, "false") == 0 ? NULL : "true or false";
    case CONF_BYTES_OR_AUTO:
        if (strcmp(text, "auto") == 0) {
            *out = SQUEEZED_CONF_AUTO;
            return NULL;
        }
        break;
    case CONF_BYTES:
        break;
    case CONF_PATH:
        return *text == '/' ? NULL : "a path from / on of at most 107 bytes";
    case CONF_UNUSED:
        return NULL;
    }
    uint64_t bytes = 0;
    if (!read_squeezed_decimal(text, 0, CONF_BYTES_MOST, &bytes))
        return kind == CONF_BYTES ? "a number of bytes, such as 1073741824"
                                  : "auto, or a number of bytes, such as 4294967296";
    *out = bytes / 1024;
    return NULL;
}

static int find_squeezed_key(struct ballast_piece name)
{
    for (int i = 0; i < SQUEEZED_CONF_KEYS; i++) {
        if (name.length == strlen(conf_keys[i].name) &&
            memcmp(name.at, conf_keys[i].name, name.length) == 0)
            return i;
    }
    return -1;
}

static int take_setting(const char *where, int key, struct ballast_piece value,
                        struct squeezed_conf *conf, struct ballast_error *err)
{
    struct squeezed_conf_setting *setting = &conf->settings[key];
    bool is_used = conf_keys[key].kind != CONF_UNUSED;
    if (is_used &&
        (value.length >= sizeof(setting->text) || memchr(value.at, '\0', value.length) != NULL))
        return ballast_fail(err, -EINVAL,
                            "%s: %s: the value is too long or not text: use at most 107 bytes",
                            where, conf_keys[key].name);
    size_t length = is_used ? value.length : 0;
    memcpy(setting->text, value.at, length);
    setting->text[length] = '\0';
    const char *use = read_squeezed_value(conf_keys[key].kind, setting->text, &setting->number);
    if (use || conf_keys[key].kind != CONF_PATH)
        ballast_text_make_showable(setting->text);
    if (use)
        return ballast_fail(err, -EINVAL, "%s: %s: invalid value '%s': use %s", where,
                            conf_keys[key].name, setting->text, use);
    (void)snprintf(setting->where, sizeof(setting->where), "%s", where);
    return 0;
}

static int take_squeezed_line(const char *name, unsigned number, struct ballast_piece line,
                              struct squeezed_conf *conf, struct ballast_error *err)
{
    char where[SQUEEZED_CONF_WHERE];
    const char *comment = memchr(line.at, '#', line.length);
    size_t length = comment ? (size_t)(comment - line.at) : line.length;
    const char *equals = memchr(line.at, '=', length);
    if (!equals)
        return 0;
    size_t before = (size_t)(equals - line.at);
    int key = find_squeezed_key(ballast_piece_trim(line.at, before));
    if (key < 0)
        return 0;
    (void)snprintf(where, sizeof(where), "%.480s:%u", name, number);
    return take_setting(
        where, key, strip_quotes(ballast_piece_trim(equals + 1, length - before - 1)), conf, err);
}

int squeezed_conf_read(const char *name, const char *data, size_t length,
                       struct squeezed_conf *conf, struct ballast_error *err)
{
    struct squeezed_conf next = *conf;
    const char *end = data + length;
    unsigned number = 0;
    int rc = 0;
    for (const char *at = data; at < end && rc == 0;) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline ? newline : end;
        rc = take_squeezed_line(name, ++number, (struct ballast_piece){at, (size_t)(stop - at)},
                                &next, err);
        at = newline ? newline + 1 : end;
    }
    if (rc == 0)
        *conf = next;
    return rc;
}
