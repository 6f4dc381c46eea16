/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The ledger on disk: SQLite, WAL, synchronous=FULL, one transaction a transition. What has been
 * acknowledged survives kill -9 and loss of power; what has not may or may not be there. The
 * history of samples and decisions is another file and another door.
 */
#ifndef EDGE_STORE_STORE_H
#define EDGE_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ballast/error.h>

#include "core/ledger/ledger.h"

struct store;

/*
 * Opens or makes `directory`/ledger.db (the directory must exist, mode 0700 is set on what is
 * made), and brings an older schema to the present one in one transaction. -EPROTO: a schema of a
 * later version; -EUCLEAN: the file is corrupt (it is left as it is; the text says which file and
 * what to do); -EROFS, -ENOSPC, -EACCES, -EBUSY (another daemon has it) as they are.
 */
int store_open(const char *directory, struct store **out, struct ballast_error *err);
void store_close(struct store *store);

/* Calls `each` with every reservation kept, in the order of asking; a negative return ends it. */
int store_load(struct store *store,
               int (*each)(void *context, const struct ledger_reservation *record,
                           struct ballast_error *err),
               void *context, struct ballast_error *err);
/* What ledger_options want besides records. Fresh stores: 1. */
int store_next_id(struct store *store, uint64_t *out, struct ballast_error *err);

/*
 * A ledger_journal_fn (context: struct store *): durable when it returns 0. -ENOSPC, -EROFS, -EIO,
 * -EUCLEAN: nothing has changed on disk, and the store is still usable; the next call may succeed.
 */
ledger_journal_fn store_journal;

/* Settings that outlive the daemon: "shares/UUID", "range/UUID", "policy" ... as short texts. */
int store_get(struct store *store, const char *key, char *out, size_t size,
              struct ballast_error *err);
int store_set(struct store *store, const char *key, const char *value, struct ballast_error *err);

/* Deletes closed reservations beyond the newest `keep`; part of the daemon's idle work. */
int store_trim(struct store *store, size_t keep, struct ballast_error *err);

#endif
