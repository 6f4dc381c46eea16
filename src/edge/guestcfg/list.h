/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef EDGE_GUESTCFG_LIST_H
#define EDGE_GUESTCFG_LIST_H

#include "edge/guestcfg/guestcfg.h"

/* Appends a copy; -ENOMEM, with the list as it was. */
int guestcfg_list_add(struct guestcfg_list *list, const struct guestcfg_guest *guest,
                      struct ballast_error *err);

/*
 * What is done about a guest that cannot be read: where the options say so it is kept among the
 * list's faults, and 0 returned, so that the others are read; else, and where it is no fault of the
 * input, `rc`.
 */
int guestcfg_list_fault(struct guestcfg_list *list, const struct guestcfg_options *options, int rc,
                        const struct ballast_error *err);

#endif
