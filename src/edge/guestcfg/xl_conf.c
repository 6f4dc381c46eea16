/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xl.conf(5): tools/xl/xl.c, parse_global_config(). */
#include <errno.h>
#include <stdlib.h>

#include "edge/guestcfg/place.h"
#include "edge/guestcfg/xl_file.h"
#include "edge/json/json.h"

int guestcfg_parse_xl_conf(const char *name, const char *data, size_t length,
                           struct guestcfg_xl_conf *out, struct ballast_error *err)
{
    struct guestcfg_xl_file file;
    long mode;
    int rc = guestcfg_xl_open(&file, name, data, length, err);
    if (rc < 0)
        return rc;
    rc = guestcfg_xl_long(&file, "claim_mode", &mode, err);
    guestcfg_xl_close(&file);
    if (rc < 0 && rc != -ENOENT)
        return rc;
    out->claim_mode = rc < 0 ? BALLAST_UNSET : mode != 0;
    return 0;
}

int guestcfg_read_xl_conf(const char *path, struct guestcfg_xl_conf *out, struct ballast_error *err)
{
    char *data;
    size_t length;
    int rc = json_read_file(path, GUESTCFG_MAX_ONE_GUEST, &data, &length, err);
    if (rc == -ENOENT) {
        out->claim_mode = BALLAST_UNSET;
        return 0;
    }
    if (rc < 0)
        return rc;
    rc = guestcfg_parse_xl_conf(json_file_name(path), data, length, out, err);
    free(data);
    return rc;
}
