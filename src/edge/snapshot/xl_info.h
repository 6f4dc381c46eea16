/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A host from what people paste: the output of `xl info`, with or without that of `xl list` behind
 * it, prompts and blank lines between. xl tells whole MiB, and neither what Xen itself takes nor
 * which processor there is; struct snapshot says what is missing.
 */
#ifndef EDGE_SNAPSHOT_XL_INFO_H
#define EDGE_SNAPSHOT_XL_INFO_H

#include <stdbool.h>

#include "edge/snapshot/snapshot.h"

enum { XL_INFO_MAX_BYTES = 1 << 20, XL_INFO_MAX_DOMAINS = 1 << 15 };

/* Whether that is no JSON, so that only this can be meant. */
bool xl_info_may_be(const char *data, size_t length);
/* -EINVAL with "name:line: "; *out is untouched then. -EFBIG, -ENOMEM. */
int xl_info_parse(const char *name, const char *data, size_t length, struct snapshot *out,
                  struct ballast_error *err);

#endif
