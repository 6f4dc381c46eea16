/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A host on which domains give and nobody gets more than he had: a host of hv.h in front of
 * another, through which no dynamic maximum is above the target of the first look. With it a
 * balancer frees memory without handing it on to those who are short.
 */
#ifndef APP_BALLAST_LIVE_GIVE_H
#define APP_BALLAST_LIVE_GIVE_H

#include "edge/hv/hv.h"

/* NULL: out of memory. Closing it frees it, and leaves `below`, the caller's, open. */
struct hv *cli_give_new(struct hv *below);

#endif
