/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A host from pasted text: the output of `xl info`, optionally followed by that of `xl list`, with
 * prompts and blank lines between. xl prints whole MiB, and neither the memory of Xen itself nor
 * the processor; struct snapshot says what is missing.
 */
#ifndef EDGE_SNAPSHOT_XL_INFO_H
#define EDGE_SNAPSHOT_XL_INFO_H

#include <stdbool.h>

#include "edge/snapshot/snapshot.h"

enum { XL_INFO_MAX_BYTES = 1 << 20, XL_INFO_MAX_DOMAINS = 1 << 15 };

/* Whether that is not JSON, so that it can only be this. */
bool xl_info_may_be(const char *data, size_t length);
/* -EINVAL with "name:line: "; then *out is unchanged. -EFBIG, -ENOMEM. */
int xl_info_parse(const char *name, const char *data, size_t length, struct snapshot *out,
                  struct ballast_error *err);

#endif
