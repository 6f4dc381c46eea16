/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A set of reservations, by id. Zeroed it is empty. */
#ifndef APP_TICK_IDS_H
#define APP_TICK_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ids {
    uint64_t *at;
    size_t count;
    size_t room;
};

/* Out of memory: it is as it was. */
void ids_add(struct ids *ids, uint64_t id);
bool ids_have(const struct ids *ids, uint64_t id);
void ids_remove(struct ids *ids, uint64_t id);
void ids_free(struct ids *ids);

#endif
