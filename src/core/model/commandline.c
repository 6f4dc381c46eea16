/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/model/commandline.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "core/model/xen_release.h"

/* parse_gnttab_limit() of grant_table.c: a number up to INT_MAX and nothing behind it. */
static bool read_frame_limit(const char *value, size_t length, uint32_t *out)
{
    char digits[24];
    char *end;
    if (length == 0 || length >= sizeof(digits) || *value < '0' || *value > '9')
        return false;
    memcpy(digits, value, length);
    digits[length] = '\0';
    errno = 0;
    unsigned long number = strtoul(digits, &end, 0);
    if (errno != 0 || *end || number > INT_MAX)
        return false;
    *out = (uint32_t)number;
    return true;
}

static void read_option(const char *word, size_t length, const char *key, uint32_t *out)
{
    size_t key_length = strlen(key);
    if (length > key_length && word[key_length] == '=' && strncmp(word, key, key_length) == 0)
        (void)read_frame_limit(word + key_length + 1, length - key_length - 1, out);
}

/* parse_bool() of xen/common/kernel.c; vpmu takes words besides, and argo more settings. */
static bool is_off(const char *value, size_t length)
{
    static const char *const words[] = {"0", "no", "off", "false", "disable"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strlen(words[i]) == length && strncmp(value, words[i], length) == 0)
            return true;
    }
    return false;
}

static void read_switch(const char *word, size_t length, const char *key, bool *out)
{
    size_t key_length = strlen(key);
    if (length == key_length + 3 && strncmp(word, "no-", 3) == 0 &&
        strncmp(word + 3, key, key_length) == 0)
        *out = false;
    if (length < key_length || strncmp(word, key, key_length) != 0)
        return;
    if (length == key_length)
        *out = true;
    else if (word[key_length] == '=')
        *out = !is_off(word + key_length + 1, length - key_length - 1);
}

void ballast_caps_set_gnttab(struct ballast_host_caps *caps, uint32_t frames,
                             uint32_t maptrack_frames, const char *xen_version)
{
    struct ballast_xen_release release;
    caps->gnttab_known = true;
    caps->gnttab_max_frames = frames;
    caps->gnttab_max_maptrack_frames = maptrack_frames;
    /* b2ea81d2b9 of Xen, in 4.18.0. */
    caps->gnttab_binds = ballast_xen_release_parse(xen_version, &release, NULL) < 0 ||
                         release.major < 4 || (release.major == 4 && release.minor < 18);
}

/* The next word of Xen's own line, or NULL: what follows "--" is for dom0's kernel. */
static const char *next_option(const char *at, size_t *length)
{
    at += strspn(at, " ");
    *length = strcspn(at, " ");
    bool ends = *length == 0 || (*length == 2 && strncmp(at, "--", 2) == 0);
    return ends ? NULL : at;
}

const char *ballast_commandline_find(const char *commandline, const char *key, size_t *length)
{
    const char *found = NULL;
    size_t key_length = strlen(key);
    size_t word_length;
    for (const char *word = next_option(commandline, &word_length); word;
         word = next_option(word + word_length, &word_length)) {
        if (word_length <= key_length || word[key_length] != '=' ||
            strncmp(word, key, key_length) != 0)
            continue;
        found = word + key_length + 1;
        *length = word_length - key_length - 1;
    }
    return found;
}

void ballast_caps_from_commandline(struct ballast_host_caps *caps, const char *commandline,
                                   const char *xen_version)
{
    uint32_t frames = BALLAST_GNTTAB_MAX_FRAMES;
    uint32_t maptrack_frames = BALLAST_GNTTAB_MAX_MAPTRACK_FRAMES;
    size_t length;
    for (const char *word = next_option(commandline, &length); word;
         word = next_option(word + length, &length)) {
        read_option(word, length, "gnttab_max_frames", &frames);
        read_option(word, length, "gnttab_max_maptrack_frames", &maptrack_frames);
        read_switch(word, length, "vpmu", &caps->has_vpmu);
        read_switch(word, length, "argo", &caps->has_argo);
    }
    ballast_caps_set_gnttab(caps, frames, maptrack_frames, xen_version);
}
