/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The domains of one sample, kept beyond the next. */
#ifndef APP_TICK_KEPT_H
#define APP_TICK_KEPT_H

#include <stddef.h>
#include <stdint.h>

#include <ballast/error.h>

#include "core/model/host.h"

struct kept {
    struct ballast_domain *domains; /* as the host gave them; their names are the host's */
    size_t count;
    size_t capacity;
};

/* Begun as zeros; takes the place of what was kept. -ENOMEM: that stays. */
int kept_take(struct kept *kept, const struct ballast_host *host, struct ballast_error *err);
void kept_free(struct kept *kept);

#endif
