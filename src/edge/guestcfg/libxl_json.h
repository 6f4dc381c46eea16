/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A libxl_domain_config as libxl writes it: in the output of `xl list -l` and `xl create -n` (below
 * "config"), and in a domain's userdata libxl-json.
 */
#ifndef EDGE_GUESTCFG_LIBXL_JSON_H
#define EDGE_GUESTCFG_LIBXL_JSON_H

#include <stdbool.h>

#include "edge/guestcfg/guestcfg.h"
#include "edge/json/json.h"

/* Whether the object is a libxl_domain_config, and not Ballast's own format. */
bool guestcfg_is_libxl_json(const struct json_object *object);
/* 0; 1: it is dom0, not a guest, and *out is unchanged; -EINVAL. */
int guestcfg_read_libxl_json(const struct json_object *object, const struct json_at *at,
                             const struct guestcfg_options *options, struct guestcfg_guest *out,
                             struct ballast_error *err);

#endif
