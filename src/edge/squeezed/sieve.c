/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/squeezed/sieve.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int keep_byte(struct sieve *sieve, char c)
{
    if (sieve->length == sieve->room) {
        size_t room = sieve->room ? 2 * sieve->room : 1024;
        if (sieve->length >= SIEVE_VALUE_MOST)
            return -EBADMSG;
        char *value = realloc(sieve->value, room);
        if (!value)
            return -ENOMEM;
        sieve->value = value;
        sieve->room = room;
    }
    sieve->value[sieve->length++] = c;
    return 0;
}

static int keep_if_taken(struct sieve *sieve, char c)
{
    return sieve->taking ? keep_byte(sieve, c) : 0;
}

static bool is_in_object(const struct sieve *sieve)
{
    return sieve->depth > 0 && (sieve->objects >> sieve->depth & 1);
}

/* The paths that fit the value which begins here. */
static unsigned paths_here(const struct sieve *sieve)
{
    unsigned here = 0;
    if (sieve->depth > SIEVE_KEYS || sieve->taking)
        return 0;
    for (size_t i = 0; i < sieve->path_count; i++) {
        const struct sieve_path *path = &sieve->paths[i];
        if (!(sieve->matching[sieve->depth - 1] >> i & 1) || path->depth < sieve->depth)
            continue;
        const char *key = path->keys[sieve->depth - 1];
        bool fits = is_in_object(sieve) ? key && strlen(key) == sieve->key_length &&
                                              memcmp(key, sieve->key, sieve->key_length) == 0
                                        : !key;
        here |= (unsigned)fits << i;
    }
    return here;
}

static int begin_sieve_value(struct sieve *sieve)
{
    if (sieve->in_value || (is_in_object(sieve) && !sieve->has_key))
        return -EBADMSG;
    sieve->in_value = true;
    unsigned here = paths_here(sieve);
    if (sieve->depth <= SIEVE_KEYS)
        sieve->matching[sieve->depth] = here;
    for (size_t i = 0; i < sieve->path_count; i++) {
        if (!(here >> i & 1) || sieve->paths[i].depth != sieve->depth)
            continue;
        sieve->taking = sieve->depth;
        sieve->taking_path = i;
        sieve->length = 0;
        return keep_byte(sieve, '[');
    }
    return 0;
}

/* At a comma, or what closes the object or array that it is in. */
static int end_sieve_value(struct sieve *sieve)
{
    bool ends = sieve->taking && sieve->taking == sieve->depth;
    sieve->in_value = sieve->has_key = false;
    if (!ends)
        return 0;
    int rc = keep_byte(sieve, ']');
    sieve->taking = 0;
    return rc < 0 ? rc
                  : sieve->take(sieve->context, sieve->taking_path, sieve->value, sieve->length);
}

/* An object or array that begins here, and which paths go on in. */
static void note_entered(struct sieve *sieve, char c)
{
    unsigned depth = sieve->depth;
    for (size_t i = 0; depth < SIEVE_KEYS && i < sieve->path_count; i++) {
        if ((sieve->matching[depth] >> i & 1) && depth < sieve->paths[i].depth &&
            (sieve->paths[i].keys[depth] == NULL) == (c == '['))
            sieve->entered |= 1U << i;
    }
}

static int open_container(struct sieve *sieve, char c)
{
    int rc = 0;
    if (sieve->depth == 0) {
        if (sieve->begun || c != sieve->opens)
            return -EBADMSG;
        sieve->begun = true;
        sieve->matching[0] = (1U << sieve->path_count) - 1;
    } else {
        rc = begin_sieve_value(sieve);
        note_entered(sieve, c);
    }
    if (rc == 0)
        rc = keep_if_taken(sieve, c);
    if (rc < 0 || sieve->depth == SIEVE_DEPTH)
        return rc < 0 ? rc : -EBADMSG;
    sieve->depth++;
    sieve->objects &= ~(UINT64_C(1) << sieve->depth);
    sieve->objects |= (uint64_t)(c == '{') << sieve->depth;
    sieve->in_value = sieve->has_key = false;
    return 0;
}

static int close_container(struct sieve *sieve, char c)
{
    if (sieve->depth == 0 || is_in_object(sieve) != (c == '}') ||
        (sieve->has_key && !sieve->in_value))
        return -EBADMSG;
    int rc = end_sieve_value(sieve);
    if (rc == 0)
        rc = keep_if_taken(sieve, c);
    sieve->depth--;
    sieve->in_value = sieve->depth > 0;
    sieve->has_key = is_in_object(sieve);
    return rc;
}

static int begin_string(struct sieve *sieve)
{
    bool in_key = is_in_object(sieve) && !sieve->has_key;
    if (sieve->depth == 0)
        return -EBADMSG;
    int rc = in_key ? 0 : begin_sieve_value(sieve);
    sieve->in_string = true;
    sieve->in_key = in_key;
    sieve->key_length = in_key ? 0 : sieve->key_length;
    sieve->string_length = 0;
    return rc < 0 ? rc : keep_if_taken(sieve, '"');
}

/* false: not of an escape. */
static bool follow_escape(struct sieve *sieve, char c)
{
    if (sieve->escape_left == 0)
        return false;
    if (sieve->escape_begins && c == 'u')
        sieve->escape_left = 4;
    else
        sieve->escape_left--;
    sieve->escape_begins = false;
    return true;
}

/* An escape is kept whole or not at all. */
static int take_string_byte(struct sieve *sieve, char c)
{
    if (!follow_escape(sieve, c)) {
        if (c == '"') {
            sieve->in_string = false;
            return keep_if_taken(sieve, c);
        }
        sieve->string_length++;
        sieve->escape_begins = c == '\\';
        sieve->escape_left = c == '\\';
    }
    if (sieve->in_key && sieve->key_length < sizeof(sieve->key))
        sieve->key[sieve->key_length++] = c;
    return sieve->string_length <= SIEVE_STRING_MOST ? keep_if_taken(sieve, c) : 0;
}

static int take_comma(struct sieve *sieve)
{
    if (!sieve->in_value)
        return -EBADMSG;
    int rc = end_sieve_value(sieve);
    return rc < 0 ? rc : keep_if_taken(sieve, ',');
}

static int take_colon(struct sieve *sieve)
{
    if (!is_in_object(sieve) || sieve->has_key)
        return -EBADMSG;
    sieve->has_key = true;
    return keep_if_taken(sieve, ':');
}

/* A number, true, false or null. */
static int take_bare_byte(struct sieve *sieve, char c)
{
    int rc = 0;
    if (sieve->depth == 0)
        return -EBADMSG;
    if (!sieve->in_value)
        rc = begin_sieve_value(sieve);
    return rc < 0 ? rc : keep_if_taken(sieve, c);
}

static int take_sieve_byte(struct sieve *sieve, char c)
{
    if (sieve->in_string)
        return take_string_byte(sieve, c);
    switch (c) {
    case ' ':
    case '\t':
    case '\r':
    case '\n':
        return keep_if_taken(sieve, c);
    case '{':
    case '[':
        return open_container(sieve, c);
    case '}':
    case ']':
        return close_container(sieve, c);
    case '"':
        return begin_string(sieve);
    case ',':
        return sieve->depth > 0 ? take_comma(sieve) : -EBADMSG;
    case ':':
        return take_colon(sieve);
    default:
        return take_bare_byte(sieve, c);
    }
}

int sieve_add(struct sieve *sieve, const char *data, size_t length)
{
    for (size_t i = 0; i < length && sieve->rc == 0; i++)
        sieve->rc = take_sieve_byte(sieve, data[i]);
    return sieve->rc;
}

int sieve_end(const struct sieve *sieve)
{
    if (sieve->rc < 0)
        return sieve->rc;
    return sieve->begun && sieve->depth == 0 ? 0 : -EBADMSG;
}

void sieve_release(struct sieve *sieve)
{
    free(sieve->value);
    sieve->value = NULL;
}
