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
    bool has_point; /* false for "4.17" */
    bool is_before; /* "4.17.8-pre", "4.17.0-rc3": before that point release */
};

/*
 * Parses "4.17.7", "4.17.7+13-g2445b30a44" or "4.17.8-pre". Except for "-pre" and "-rc", what
 * follows the point release is the distribution's and is ignored. -EINVAL if it is not a version.
 */
int ballast_xen_release_parse(const char *text, struct ballast_xen_release *out,
                              struct ballast_error *err);

#endif
