/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/model/xen_release.h"

#include <errno.h>
#include <string.h>

#include "core/base/error.h"

enum { MOST_DIGITS = 4 };

/* A number of at least one digit; false if there is none or it is absurdly long. */
static bool take_release_number(const char **at, unsigned *out)
{
    size_t digits = strspn(*at, "0123456789");
    if (digits == 0 || digits > MOST_DIGITS)
        return false;
    unsigned number = 0;
    for (size_t i = 0; i < digits; i++)
        number = 10 * number + (unsigned)((*at)[i] - '0');
    *at += digits;
    *out = number;
    return true;
}

static bool take_dot(const char **at)
{
    bool is = **at == '.';
    *at += is;
    return is;
}

int ballast_xen_release_parse(const char *text, struct ballast_xen_release *out,
                              struct ballast_error *err)
{
    struct ballast_xen_release made = {0};
    const char *at = text;
    bool is = take_release_number(&at, &made.major) && take_dot(&at) &&
              take_release_number(&at, &made.minor);
    if (is && take_dot(&at)) {
        made.has_point = true;
        is = take_release_number(&at, &made.point);
    }
    if (!is)
        return ballast_fail(err, -EINVAL, "invalid version of Xen '%.40s': use one like 4.17.7",
                            text);
    made.is_before = strncmp(at, "-pre", 4) == 0 || strncmp(at, "-rc", 3) == 0 ||
                     strncmp(at, "-unstable", 9) == 0;
    *out = made;
    return 0;
}
