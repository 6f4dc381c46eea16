/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef EDGE_GUESTCFG_LIST_H
#define EDGE_GUESTCFG_LIST_H

#include "edge/guestcfg/guestcfg.h"

/* Appends a copy; -ENOMEM, with the list as it was. */
int guestcfg_list_add(struct guestcfg_list *list, const struct guestcfg_guest *guest,
                      struct ballast_error *err);

#endif
