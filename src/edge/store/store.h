/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The ledger on disk: SQLite, WAL, synchronous=FULL, one transaction per transition. What has been
 * acknowledged survives kill -9 and loss of power; what has not may or may not survive. The history
 * of samples and events is another file with another interface.
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
 * Opens or creates `directory`/ledger.db (the directory must exist; files get mode 0600), upgrades
 * an older schema in one transaction, and verifies all checksums. -EPROTO: a schema of a later
 * version; -EUCLEAN: the file is damaged, empty or not ours (it is not changed; the text names the
 * file and the remedy); -EROFS, -ENOSPC, -EACCES, -EBUSY (another daemon, or sqlite3, has it) as
 * usual. The caller may try again later.
 */
int store_open(const char *directory, struct store **out, struct ballast_error *err);
void store_close(struct store *store);

/*
 * Calls `each` with every reservation, in the order of the requests; stops at a negative return
 * value and returns it. `each` must not call the store.
 */
int store_load(struct store *store,
               int (*each)(void *context, const struct ledger_reservation *record,
                           struct ballast_error *err),
               void *context, struct ballast_error *err);
/* The next_id of ledger_options. New stores: 1. -EOVERFLOW if there are no more. */
int store_next_id(struct store *store, uint64_t *out, struct ballast_error *err);

/*
 * A ledger_journal_fn (context: struct store *): durable when it returns 0. -ENOSPC, -EROFS, -EIO,
 * -EUCLEAN: nothing has changed on disk, and the store is still usable; the next call may succeed.
 * (One gap remains: if the disk takes a change, fails to confirm it and then takes no other, the
 * change may exist after a crash. Until the disk can be written again every call reports this.)
 * -EUCLEAN also if the file is not as the store left it, was removed or replaced. -EINVAL: an
 * invalid reservation, or an id that was used before; -ERANGE: a number of 2^63 or more that is not
 * BALLAST_NONE. If nothing but used_kib differs, nothing is written.
 */
ledger_journal_fn store_journal;

/* Sizes of names and values, terminators included; the maximum number of settings. */
enum { STORE_KEY = 128, STORE_VALUE = 1024, STORE_MOST_SETTINGS = 65536 };

/*
 * Settings that outlive the daemon: "shares/UUID", "range/UUID", "policy" ... as short texts.
 * -ENOENT: not set; -ENOBUFS: `out` is too small; -EINVAL: the name is too long or empty.
 */
int store_get(struct store *store, const char *key, char *out, size_t size,
              struct ballast_error *err);
/*
 * Durable when it returns 0; a value of NULL removes the setting. Errors as in store_journal(), and
 * -EDQUOT if there are too many.
 */
int store_set(struct store *store, const char *key, const char *value, struct ballast_error *err);

/*
 * Deletes closed reservations beyond the newest `keep` in one transaction; part of the daemon's
 * idle work. Cheap if there are no more. Errors as in store_journal().
 */
int store_trim(struct store *store, size_t keep, struct ballast_error *err);

/*
 * Revises everything in one transaction: `record` and `setting` change their argument in place.
 * Durable when it returns 0; else nothing has changed. *out_count, which may be NULL, receives the
 * number of changed rows. The id and state of a record must stay: -EINVAL. Errors as in
 * store_journal(). Neither may call the store.
 */
struct store_revision {
    void (*record)(void *context, struct ledger_reservation *record);
    void (*setting)(void *context, const char *key, char value[STORE_VALUE]);
    void *context;
};

int store_revise(struct store *store, const struct store_revision *revision, size_t *out_count,
                 struct ballast_error *err);

#endif
