/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stubs for a build without libxlutil. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/base/error.h"
#include "edge/guestcfg/guestcfg.h"
#include "edge/guestcfg/place.h"

static int not_supported(const char *name, struct ballast_error *err)
{
    (void)guestcfg_fail(
        err, name, 0, NULL,
        "this build of Ballast has no libxlutil and cannot read files of xl: rebuild it with "
        "libxen-dev, or use libvirt XML or JSON");
    if (err)
        err->code = -ENOTSUP;
    return -ENOTSUP;
}

int guestcfg_parse_xl(const char *name, const char *data, size_t length,
                      const struct guestcfg_options *options, struct guestcfg_guest *out,
                      struct ballast_error *err)
{
    (void)data;
    (void)length;
    (void)options;
    (void)out;
    return not_supported(name, err);
}

int guestcfg_parse_xl_conf(const char *name, const char *data, size_t length,
                           struct guestcfg_xl_conf *out, struct ballast_error *err)
{
    (void)data;
    (void)length;
    (void)out;
    return not_supported(name, err);
}

int guestcfg_read_xl_conf(const char *path, struct guestcfg_xl_conf *out, struct ballast_error *err)
{
    if (access(path, F_OK) != 0 && errno == ENOENT) {
        *out = GUESTCFG_XL_CONF_DEFAULT;
        return 0;
    }
    return not_supported(path, err);
}
