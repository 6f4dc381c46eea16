/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What has been promised: the ledger, and the store that makes it durable. The store may fail and
 * come back at any time. What it holds must have been read once before anything is promised or
 * balanced; after that a store that fails only keeps new promises from being made.
 */
#ifndef APP_BALLASTD_PROMISES_H
#define APP_BALLASTD_PROMISES_H

#include <stdbool.h>
#include <stdint.h>

#include <ballast/error.h>

#include "app/ballastd/view.h"
#include "app/tick/book.h"
#include "core/ledger/ledger.h"

struct promises;

struct promises_options {
    const char *state_dir;
    struct daemon_host *host; /* kept before each commit */
    /* Told each transition once it is durable. */
    void (*changed)(void *context, const struct ledger_reservation *record);
    /* The store has failed (why), or works again (NULL). */
    void (*trouble)(void *context, const char *why);
    void *context;
};

/* NULL: out of memory. Nothing is opened yet. */
struct promises *promises_new(const struct promises_options *options);
void promises_free(struct promises *promises);

/*
 * Opens the store and reads it, where that has not been done; the ledger is there then. `total_kib`
 * is the host's. Errors as store_open(), and -EUCLEAN where what it holds contradicts itself.
 */
int promises_open(struct promises *promises, uint64_t total_kib, struct ballast_error *err);
/* NULL as long as it has not been read. Both live as long as the promises. */
struct ledger *promises_ledger(struct promises *promises);
struct tick_ledger *promises_book(struct promises *promises);
/* Granted, and not held, shown as a build or claimed in it; 0 as long as it has not been read. */
uint64_t promises_reserved_kib(struct promises *promises, const struct ballast_host *host);
/*
 * What whoever asked for that reservation is to be told where it was refused while the ledger could
 * not be written, or NULL.
 */
const char *promises_unwritten(const struct promises *promises, uint64_t id);
/* Writes what it can of such refusals, once a tick. */
void promises_write_again(struct promises *promises);
/* What is wrong with the store, or NULL. */
const char *promises_trouble(const struct promises *promises);

/* The ledger's clock: the host's, unless the ledger has been told a later moment. */
uint64_t promises_now_usec(const struct promises *promises, const struct daemon_view *view);

/* What was set for a domain's life. false: it cannot be told now. */
bool promises_settings(struct promises *promises, const uint8_t uuid[LEDGER_UUID],
                       struct daemon_setting *out);
/* Keeps it for good. Errors as store_set(). */
int promises_set(struct promises *promises, const uint8_t uuid[LEDGER_UUID],
                 const struct daemon_setting *set, struct ballast_error *err);
/* A setting of the daemon's own ("policy"). -ENOENT, -EAGAIN: cannot be told now. */
int promises_get_word(struct promises *promises, const char *key, char *out, size_t size);
int promises_set_word(struct promises *promises, const char *key, const char *value,
                      struct ballast_error *err);
/* Idle work: what is closed and old is deleted. */
void promises_trim(struct promises *promises);

#endif
