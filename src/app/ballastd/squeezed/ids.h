/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of services as owners in the ledger, and reservations as uuids, both without a table. */
#ifndef APP_BALLASTD_SQUEEZED_IDS_H
#define APP_BALLASTD_SQUEEZED_IDS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/uuid.h"
#include "core/ledger/ledger.h"

/* The owner for a service or session, which is any text: a long or odd one is named by its hash. */
void squeezed_owner(const char *service, char out[LEDGER_OWNER]);
bool squeezed_is_owner(const char *owner);
/* A ledger never gives a number twice, and so no uuid comes twice. */
void squeezed_id_text(uint64_t reservation, char out[BALLAST_UUID_TEXT]);
/* 0: not the uuid of a reservation. */
uint64_t squeezed_id_read(const char *text);

#endif
