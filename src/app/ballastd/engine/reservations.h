/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is reserved: the ledger, and the store that makes it durable. The store may fail and recover
 * at any time. It must have been read once before memory is reserved or balanced; after that a
 * store that fails only keeps new reservations from being granted.
 */
#ifndef APP_BALLASTD_ENGINE_RESERVATIONS_H
#define APP_BALLASTD_ENGINE_RESERVATIONS_H

#include <stdbool.h>
#include <stdint.h>

#include <ballast/error.h>

#include "app/ballastd/engine/overlay.h"
#include "app/tick/book.h"
#include "core/ledger/ledger.h"

struct reservations;

struct reservations_options {
    const char *state_dir; /* NULL: an empty ledger that lives in memory */
    bool read_only;        /* what is written is as good as kept, and lost in the end */
    struct hv *host;       /* kept before each commit */
    /* Called with each transition once it is durable. */
    void (*changed)(void *context, const struct ledger_reservation *record);
    /* The store has failed (why), or works again (NULL). */
    void (*trouble)(void *context, const char *why);
    void *context;
};

/* NULL: out of memory. Nothing is opened yet. */
struct reservations *reservations_new(const struct reservations_options *options);
void reservations_free(struct reservations *reservations);

/*
 * Opens the store and reads it, where that has not been done; the ledger is there then. `total_kib`
 * is the host's. Errors as store_open(), and -EUCLEAN where what it holds contradicts itself.
 */
int reservations_open(struct reservations *reservations, uint64_t total_kib,
                      struct ballast_error *err);
/* NULL as long as it has not been read. Both live as long as the reservations. */
struct ledger *reservations_ledger(struct reservations *reservations);
struct tick_ledger *reservations_book(struct reservations *reservations);
/* Granted, and not shown in it as memory, a build or a claim; 0 as long as it has not been read. */
uint64_t reservations_reserved_kib(struct reservations *reservations,
                                   const struct ballast_host *host);
/*
 * The message for the client of that reservation where it was refused while the ledger could not be
 * written, or NULL.
 */
const char *reservations_unwritten(const struct reservations *reservations, uint64_t id);
/* Writes what it can of such refusals, once a tick. */
void reservations_write_again(struct reservations *reservations);
/* What is wrong with the store, or NULL. */
const char *reservations_trouble(const struct reservations *reservations);

/* The ledger's clock: the host's, unless the ledger has had a later moment. */
uint64_t reservations_now_usec(const struct reservations *reservations,
                               const struct overlay *overlay);

/* What was set for a domain's life. false: it is not known now. */
bool reservations_get_setting(struct reservations *reservations, const uint8_t uuid[LEDGER_UUID],
                              struct overlay_setting *out);
/* Keeps it for good. Errors as store_set(). */
int reservations_put_setting(struct reservations *reservations, const uint8_t uuid[LEDGER_UUID],
                             const struct overlay_setting *set, struct ballast_error *err);
/* A setting of the daemon's own ("policy"). -ENOENT, -EAGAIN: not known now. */
int reservations_get_text(struct reservations *reservations, const char *key, char *out,
                          size_t size);
int reservations_put_text(struct reservations *reservations, const char *key, const char *value,
                          struct ballast_error *err);
/* Idle work: what is closed and old is deleted. */
void reservations_trim(struct reservations *reservations);

#endif
