/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xl.conf(5): tools/xl/xl.c, parse_global_config(). */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "edge/guestcfg/place.h"
#include "edge/file/file.h"
#include "edge/guestcfg/xl_file.h"
#include "edge/json/json.h"

/* xl accepts numbers too, and refuses anything else. */
static int read_autoballoon(const struct guestcfg_xl_file *file, enum guestcfg_autoballoon *out,
                            struct ballast_error *err)
{
    const char *word;
    int rc = guestcfg_xl_string(file, "autoballoon", &word, err);
    if (rc == -ENOENT || (rc == 0 && strcmp(word, "auto") == 0))
        *out = GUESTCFG_AUTOBALLOON_AUTO;
    else if (rc < 0)
        return rc;
    else if (strcmp(word, "on") == 0 || strcmp(word, "1") == 0)
        *out = GUESTCFG_AUTOBALLOON_ON;
    else if (strcmp(word, "off") == 0 || strcmp(word, "0") == 0)
        *out = GUESTCFG_AUTOBALLOON_OFF;
    else
        return guestcfg_xl_fail(file, "autoballoon", err,
                                "invalid value '%.40s': use \"auto\", \"on\" or \"off\"", word);
    return 0;
}

/* At most INT_MAX, above which xl exits. */
static int read_frames(const struct guestcfg_xl_file *file, const char *key, uint64_t *out,
                       struct ballast_error *err)
{
    uint64_t frames;
    int rc = guestcfg_xl_count(file, key, &frames, err);
    if (rc == -ENOENT)
        return 0;
    if (rc == 0 && frames > INT_MAX)
        return guestcfg_xl_fail(file, key, err, "%" PRIu64 " is too large: use at most %d", frames,
                                INT_MAX);
    if (rc == 0)
        *out = frames;
    return rc;
}

int guestcfg_parse_xl_conf(const char *name, const char *data, size_t length,
                           struct guestcfg_xl_conf *out, struct ballast_error *err)
{
    struct guestcfg_xl_file file;
    long mode;
    int rc = guestcfg_xl_open(&file, name, data, length, err);
    if (rc < 0)
        return rc;
    struct guestcfg_xl_conf made = GUESTCFG_XL_CONF_DEFAULT;
    int has_mode = guestcfg_xl_long(&file, "claim_mode", &mode, err);
    rc = has_mode == -ENOENT ? 0 : has_mode;
    if (rc == 0)
        rc = read_autoballoon(&file, &made.autoballoon, err);
    if (rc == 0)
        rc = read_frames(&file, "max_grant_frames", &made.max_grant_frames, err);
    if (rc == 0)
        rc = read_frames(&file, "max_maptrack_frames", &made.max_maptrack_frames, err);
    guestcfg_xl_close(&file);
    if (rc < 0)
        return rc;
    if (has_mode == 0)
        made.claim_mode = mode != 0;
    *out = made;
    return 0;
}

int guestcfg_read_xl_conf(const char *path, struct guestcfg_xl_conf *out, struct ballast_error *err)
{
    char *data;
    size_t length;
    int rc = file_read(path, FILE_REGULAR, GUESTCFG_MAX_ONE_GUEST, &data, &length, err);
    if (rc == -ENOENT) {
        *out = GUESTCFG_XL_CONF_DEFAULT;
        return 0;
    }
    if (rc < 0)
        return rc;
    rc = guestcfg_parse_xl_conf(file_name(path), data, length, out, err);
    free(data);
    return rc;
}
