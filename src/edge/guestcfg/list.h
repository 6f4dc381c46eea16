/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef EDGE_GUESTCFG_LIST_H
#define EDGE_GUESTCFG_LIST_H

#include "edge/guestcfg/guestcfg.h"

/* Appends a copy. -ENOMEM: the list is unchanged. */
int guestcfg_list_add(struct guestcfg_list *list, const struct guestcfg_guest *guest,
                      struct ballast_error *err);

/*
 * Handles a guest that cannot be read. With options->keep_going, adds *err to the list's faults and
 * returns 0, so that the caller goes on. Otherwise, and where the input is not at fault, returns
 * `rc`.
 */
int guestcfg_list_fault(struct guestcfg_list *list, const struct guestcfg_options *options, int rc,
                        const struct ballast_error *err);

#endif
