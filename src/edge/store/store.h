/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The ledger on disk: SQLite, WAL, synchronous=FULL, one transaction a transition. What has been
 * acknowledged survives kill -9 and loss of power; what has not may or may not be there. The
 * history of samples and events is another file and another interface.
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
 * Opens or makes `directory`/ledger.db (the directory must exist; what is made in it is of mode
 * 0600), brings an older schema to the present one in one transaction, and holds everything in it
 * against its sums. -EPROTO: a schema of a later version; -EUCLEAN: the file is damaged, empty or
 * not ours (it is left as it is; the text says which file and what to do); -EROFS, -ENOSPC,
 * -EACCES, -EBUSY (another daemon, or sqlite3, has it) as they are. Trying again later is fine.
 */
int store_open(const char *directory, struct store **out, struct ballast_error *err);
void store_close(struct store *store);

/*
 * Calls `each` with every reservation kept, in the order of asking; a negative return ends it and
 * is returned. `each` must not call the store.
 */
int store_load(struct store *store,
               int (*each)(void *context, const struct ledger_reservation *record,
                           struct ballast_error *err),
               void *context, struct ballast_error *err);
/* What ledger_options want besides records. Fresh stores: 1. -EOVERFLOW when there are no more. */
int store_next_id(struct store *store, uint64_t *out, struct ballast_error *err);

/*
 * A ledger_journal_fn (context: struct store *): durable when it returns 0. -ENOSPC, -EROFS, -EIO,
 * -EUCLEAN: nothing has changed on disk, and the store is still usable; the next call may succeed.
 * (One gap is left: when the disk takes a change, fails to confirm it and then takes no other, the
 * change can be there after a crash. Until the disk can be written again every call says so.)
 * -EUCLEAN too when the file is not as the store left it, was removed or replaced. -EINVAL: no
 * reservation can be so, or the id was given before; -ERANGE: a number from 2^63 up that is not
 * BALLAST_NONE. When nothing but used_kib differs, nothing is written.
 */
ledger_journal_fn store_journal;

/* Of names and values, their ends included; how many settings there may be. */
enum { STORE_KEY = 128, STORE_VALUE = 1024, STORE_MOST_SETTINGS = 65536 };

/*
 * Settings that outlive the daemon: "shares/UUID", "range/UUID", "policy" ... as short texts.
 * -ENOENT: there is none; -ENOBUFS: `out` is too small for it; -EINVAL for a name out of bounds.
 */
int store_get(struct store *store, const char *key, char *out, size_t size,
              struct ballast_error *err);
/*
 * Durable when it returns 0; a value of NULL forgets it. Errors as store_journal(), and -EDQUOT
 * when there are too many.
 */
int store_set(struct store *store, const char *key, const char *value, struct ballast_error *err);

/*
 * Deletes closed reservations beyond the newest `keep` in one transaction; part of the daemon's
 * idle work. It costs nothing when there are not more. Errors as store_journal().
 */
int store_trim(struct store *store, size_t keep, struct ballast_error *err);

/*
 * Passes over everything that is kept, in one transaction: `record` and `setting` change in place
 * what they are given. Durable when it returns 0; else nothing has changed. *out_count, which may
 * be NULL: how many rows are other than they were. The id and state of a record stay: -EINVAL.
 * Errors as store_journal(). Neither must call the store.
 */
struct store_revision {
    void (*record)(void *context, struct ledger_reservation *record);
    void (*setting)(void *context, const char *key, char value[STORE_VALUE]);
    void *context;
};

int store_revise(struct store *store, const struct store_revision *revision, size_t *out_count,
                 struct ballast_error *err);

#endif
