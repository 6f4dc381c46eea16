/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A libxl_domain_config as libxl writes it: what `xl list -l` and `xl create -n` print (below
 * "config"), and what libxl keeps of a domain as its userdata libxl-json.
 */
#ifndef EDGE_GUESTCFG_LIBXL_JSON_H
#define EDGE_GUESTCFG_LIBXL_JSON_H

#include <stdbool.h>

#include "edge/guestcfg/guestcfg.h"
#include "edge/json/json.h"

/* Whether an object is one of these, and not one of ours. */
bool guestcfg_is_libxl_json(const struct json_object *object);
/* 0; 1: it is dom0, which is no guest, and *out is untouched; -EINVAL. */
int guestcfg_read_libxl_json(const struct json_object *object, const struct json_at *at,
                             const struct guestcfg_options *options, struct guestcfg_guest *out,
                             struct ballast_error *err);

#endif
