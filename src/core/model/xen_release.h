/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The version of a Xen, as XENVER_version and XENVER_extraversion make it. */
#ifndef CORE_MODEL_XEN_RELEASE_H
#define CORE_MODEL_XEN_RELEASE_H

#include <stdbool.h>

#include <ballast/error.h>

struct ballast_xen_release {
    unsigned major;
    unsigned minor;
    unsigned point;
    bool has_point; /* "4.17": none is said */
    bool is_before; /* "4.17.8-pre", "4.17.0-rc3": on the way to that point release */
};

/*
 * "4.17.7", "4.17.7+13-g2445b30a44", "4.17.8-pre": what follows the point release is the
 * distribution's and not looked at, "-pre" and "-rc" apart. -EINVAL for what is no version.
 */
int ballast_xen_release_parse(const char *text, struct ballast_xen_release *out,
                              struct ballast_error *err);

#endif
