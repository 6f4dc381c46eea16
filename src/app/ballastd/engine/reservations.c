/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/engine/reservations.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ballastd/engine/pin_text.h"
#include "core/base/array.h"
#include "core/base/error.h"
#include "core/base/units.h"
#include "core/base/uuid.h"
#include "edge/store/store.h"

/* Open ones, and closed ones that are kept: some 25 MiB and a lookup of 20 us at the most. */
enum { MOST_OPEN = 32768, MOST_CLOSED = 1024 };

struct reservations {
    struct reservations_options options;
    struct store *store;
    struct ledger *ledger;
    struct tick_ledger *book;
    char trouble[BALLAST_ERROR_TEXT]; /* "": none */
    struct unwritten *unwritten;      /* refusals that the store does not have yet */
    size_t unwritten_count;
    size_t unwritten_room;
};

struct unwritten {
    struct ledger_reservation before;
    struct ledger_reservation after;
};

struct reservations *reservations_new(const struct reservations_options *options)
{
    struct reservations *reservations = calloc(1, sizeof(*reservations));
    if (reservations)
        reservations->options = *options;
    return reservations;
}

void reservations_free(struct reservations *reservations)
{
    if (!reservations)
        return;
    tick_ledger_free(reservations->book);
    ledger_free(reservations->ledger);
    store_close(reservations->store);
    free(reservations->unwritten);
    free(reservations);
}

/* Said once when it begins and once when it ends. */
static void note_trouble(struct reservations *reservations, const char *why)
{
    bool was = reservations->trouble[0] != '\0';
    (void)snprintf(reservations->trouble, sizeof(reservations->trouble), "%s", why ? why : "");
    if (was != (why != NULL))
        reservations->options.trouble(reservations->options.context, why);
}

/* What the world says of the disk is trouble; a call that makes no sense is not. */
static bool is_trouble(int rc)
{
    return rc < 0 && rc != -EINVAL && rc != -ERANGE && rc != -ENOMEM && rc != -EDQUOT;
}

static bool is_kept(const struct reservations *reservations)
{
    return reservations->options.state_dir && !reservations->options.read_only;
}

enum { KEY = 64 };

static void older_key(uint64_t id, char key[KEY])
{
    (void)snprintf(key, KEY, "older/%" PRIu64, id);
}

/*
 * A domain of that name rarely exists already, so this is not a column of the reservation but a
 * setting beside it, written before the grant and without meaning when there is none.
 */
static int keep_older(struct reservations *reservations, const struct ledger_reservation *after,
                      struct ballast_error *err)
{
    char key[KEY];
    char domid[16];
    if (after->state != LEDGER_GRANTED || after->older_domid == 0)
        return 0;
    older_key(after->id, key);
    (void)snprintf(domid, sizeof(domid), "%" PRIu32, after->older_domid);
    return store_set(reservations->store, key, domid, err);
}

/* One that stays behind is of no harm: ids are not given twice. */
static void forget_older(struct reservations *reservations, const struct ledger_reservation *before,
                         const struct ledger_reservation *after)
{
    char key[KEY];
    if (!before || before->state != LEDGER_GRANTED || after->state == LEDGER_GRANTED ||
        before->older_domid == 0)
        return;
    older_key(after->id, key);
    (void)store_set(reservations->store, key, NULL, NULL);
}

static int write_changes(struct reservations *reservations, const struct ledger_change *changes,
                         size_t count, struct ballast_error *err)
{
    int rc = 0;
    if (!is_kept(reservations))
        return 0;
    for (size_t i = 0; i < count && rc == 0; i++)
        rc = keep_older(reservations, changes[i].after, err);
    if (rc == 0)
        rc = store_journal(reservations->store, changes, count, err);
    for (size_t i = 0; i < count && rc == 0; i++)
        forget_older(reservations, changes[i].before, changes[i].after);
    return rc;
}

/*
 * A refusal reserves nothing, so it holds whether it can be written now or not: the client gets its
 * answer, and no domain frees memory for it any more. After a crash the reservation waits again, or
 * its deadline has passed. false: out of memory.
 */
static bool keep_unwritten(struct reservations *reservations,
                           const struct ledger_reservation *before,
                           const struct ledger_reservation *after)
{
    if (!array_reserve(&reservations->unwritten, &reservations->unwritten_room,
                       reservations->unwritten_count + 1, sizeof(*reservations->unwritten)))
        return false;
    reservations->unwritten[reservations->unwritten_count++] = (struct unwritten){*before, *after};
    return true;
}

const char *reservations_unwritten(const struct reservations *reservations, uint64_t id)
{
    for (size_t i = 0; i < reservations->unwritten_count; i++) {
        if (reservations->unwritten[i].after.id == id)
            return reservations->trouble[0] ? reservations->trouble
                                            : "the ledger could not be written";
    }
    return NULL;
}

void reservations_write_again(struct reservations *reservations)
{
    struct ballast_error why;
    while (reservations->unwritten_count > 0) {
        const struct unwritten *last = &reservations->unwritten[reservations->unwritten_count - 1];
        hv_save(reservations->options.host);
        struct ledger_change change = {.before = &last->before, .after = &last->after};
        int rc = store_journal(reservations->store, &change, 1, &why);
        if (rc == 0 || is_trouble(rc))
            note_trouble(reservations, rc < 0 ? why.text : NULL);
        if (rc < 0)
            return;
        reservations->unwritten_count--;
    }
}

/* If nothing but that changes, nothing is written, and nothing is known of the disk. */
static bool is_note_of_use(const struct ledger_change *change)
{
    const struct ledger_reservation *before = change->before;
    const struct ledger_reservation *after = change->after;
    return before && before->state == after->state && before->changed_usec == after->changed_usec &&
           before->granted_kib == after->granted_kib;
}

static void notify_changes(struct reservations *reservations, const struct ledger_change *changes,
                           size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!changes[i].before || changes[i].before->state != changes[i].after->state)
            reservations->options.changed(reservations->options.context, changes[i].after);
    }
}

static int journal_transition(void *context, const struct ledger_change *changes, size_t count,
                              struct ballast_error *err)
{
    struct reservations *reservations = context;
    struct ballast_error why;
    hv_save(reservations->options.host);
    int rc = write_changes(reservations, changes, count, &why);
    if (rc < 0) {
        if (is_trouble(rc))
            note_trouble(reservations, why.text);
        if (!is_trouble(rc) || count > 1 || changes->after->state != LEDGER_REFUSED ||
            !keep_unwritten(reservations, changes->before, changes->after))
            return ballast_fail(err, rc, "%s", why.text);
    } else if (count > 1 || !is_note_of_use(changes)) {
        note_trouble(reservations, NULL);
    }
    notify_changes(reservations, changes, count);
    return 0;
}

static int restore_record(void *context, const struct ledger_reservation *record,
                          struct ballast_error *err)
{
    struct ballast_error why;
    int rc = ledger_restore(context, record, &why);
    if (rc == -EINVAL)
        return ballast_fail(err, -EUCLEAN, "the ledger is inconsistent: %s", why.text);
    return rc < 0 ? ballast_fail(err, rc, "%s", why.text) : 0;
}

static int restore_older(struct ledger *ledger, struct store *store, struct ballast_error *err)
{
    char key[KEY];
    char domid[16];
    const struct ledger_reservation *at = NULL;
    while ((at = ledger_next(ledger, at))) {
        if (at->state != LEDGER_GRANTED)
            continue;
        older_key(at->id, key);
        int rc = store_get(store, key, domid, sizeof(domid), err);
        if (rc < 0 && rc != -ENOENT)
            return rc;
        if (rc == 0)
            ledger_note_older(ledger, at->id, (uint32_t)strtoul(domid, NULL, 10));
    }
    return 0;
}

/* `store` NULL: there is none, and nothing in it. */
static int read_store(struct reservations *reservations, struct store *store, uint64_t total_kib,
                      struct ballast_error *err)
{
    struct ledger *ledger = NULL;
    struct ledger_options options = {.total_kib = ballast_min_u64(total_kib, LEDGER_MOST_KIB),
                                     .max_open = MOST_OPEN,
                                     .max_closed = MOST_CLOSED,
                                     .next_id = 1,
                                     .journal = journal_transition,
                                     .context = reservations};
    int rc = store ? store_next_id(store, &options.next_id, err) : 0;
    if (rc < 0 || (rc = ledger_new(&options, &ledger, err)) < 0 ||
        (store && (rc = store_load(store, restore_record, ledger, err)) < 0) ||
        (store && (rc = restore_older(ledger, store, err)) < 0)) {
        ledger_free(ledger);
        return rc;
    }
    struct tick_ledger *book = tick_ledger_new(ledger);
    if (!book) {
        ledger_free(ledger);
        return ballast_fail(err, -ENOMEM, "out of memory");
    }
    reservations->ledger = ledger;
    reservations->book = book;
    return 0;
}

int reservations_open(struct reservations *reservations, uint64_t total_kib,
                      struct ballast_error *err)
{
    struct store *store = NULL;
    struct ballast_error why;
    if (reservations->ledger)
        return 0;
    int rc = reservations->options.state_dir
                 ? store_open(reservations->options.state_dir, &store, &why)
                 : 0;
    if (rc == 0 && (rc = read_store(reservations, store, total_kib, &why)) < 0)
        store_close(store);
    if (rc < 0) {
        note_trouble(reservations, why.text);
        return ballast_fail(err, rc, "%s", why.text);
    }
    reservations->store = store;
    note_trouble(reservations, NULL);
    return 0;
}

struct ledger *reservations_ledger(struct reservations *reservations)
{
    return reservations->ledger;
}

struct tick_ledger *reservations_book(struct reservations *reservations)
{
    return reservations->book;
}

uint64_t reservations_reserved_kib(struct reservations *reservations,
                                   const struct ballast_host *host)
{
    return reservations->book ? tick_ledger_unseen_kib(reservations->book, host) : 0;
}

const char *reservations_trouble(const struct reservations *reservations)
{
    return reservations->trouble[0] ? reservations->trouble : NULL;
}

uint64_t reservations_now_usec(const struct reservations *reservations,
                               const struct overlay *overlay)
{
    uint64_t now_usec = overlay_now_usec(overlay);
    return reservations->ledger ? ballast_max_u64(now_usec, ledger_now_usec(reservations->ledger))
                                : now_usec;
}

static void guest_setting_key(const char *what, const uint8_t uuid[LEDGER_UUID], char key[KEY])
{
    char text[37];
    ballast_uuid_text(uuid, text);
    (void)snprintf(key, KEY, "%s/%s", what, text);
}

/* 0: *out has it; -ENOENT; others: it is not known. */
static int get_domain_text(struct reservations *reservations, const char *what,
                           const uint8_t uuid[LEDGER_UUID], char *out, size_t size)
{
    char key[KEY];
    guest_setting_key(what, uuid, key);
    return reservations_get_text(reservations, key, out, size);
}

static uint64_t parse_setting_number(const char *text)
{
    return text[0] >= '0' && text[0] <= '9' ? strtoull(text, NULL, 10) : BALLAST_NONE;
}

bool reservations_get_setting(struct reservations *reservations, const uint8_t uuid[LEDGER_UUID],
                              struct overlay_setting *out)
{
    char text[64];
    char pinned[PIN_TEXT];
    struct overlay_setting set = OVERLAY_SETTING_NONE;
    int shares = get_domain_text(reservations, "shares", uuid, text, sizeof(text));
    if (shares == 0)
        set.shares = parse_setting_number(text);
    int range = get_domain_text(reservations, "range", uuid, text, sizeof(text));
    if (range == 0) {
        const char *gap = strchr(text, ' ');
        set.min_kib = parse_setting_number(text);
        set.max_kib = gap ? parse_setting_number(gap + 1) : BALLAST_NONE;
    }
    int opt_out = get_domain_text(reservations, "opt-out", uuid, text, sizeof(text));
    set.opt_out = opt_out == 0;
    int pin = get_domain_text(reservations, "pin", uuid, pinned, sizeof(pinned));
    if (pin == 0)
        (void)pin_text_parse(pinned, &set.pin);
    *out = set;
    return (shares == 0 || shares == -ENOENT) && (range == 0 || range == -ENOENT) &&
           (opt_out == 0 || opt_out == -ENOENT) && (pin == 0 || pin == -ENOENT);
}

int reservations_put_text(struct reservations *reservations, const char *key, const char *value,
                          struct ballast_error *err)
{
    struct ballast_error why;
    if (!is_kept(reservations))
        return 0;
    if (!reservations->store)
        return ballast_fail(err, -EAGAIN, "%s", reservations->trouble);
    int rc = store_set(reservations->store, key, value, &why);
    if (rc == 0 || is_trouble(rc))
        note_trouble(reservations, rc < 0 ? why.text : NULL);
    return rc < 0 ? ballast_fail(err, rc, "%s", why.text) : 0;
}

static int set_one(struct reservations *reservations, const char *what,
                   const uint8_t uuid[LEDGER_UUID], const char *value, struct ballast_error *err)
{
    char key[KEY];
    char now[PIN_TEXT];
    guest_setting_key(what, uuid, key);
    int rc = get_domain_text(reservations, what, uuid, now, sizeof(now));
    if ((rc == -ENOENT && !value) || (rc == 0 && value && strcmp(now, value) == 0))
        return 0;
    return reservations_put_text(reservations, key, value, err);
}

static void number_text(uint64_t number, char out[24])
{
    if (number == BALLAST_NONE)
        (void)snprintf(out, 24, "-");
    else
        (void)snprintf(out, 24, "%" PRIu64, number);
}

int reservations_put_setting(struct reservations *reservations, const uint8_t uuid[LEDGER_UUID],
                             const struct overlay_setting *set, struct ballast_error *err)
{
    char shares[24];
    char min[24];
    char max[24];
    char range[64];
    char pin[PIN_TEXT];
    number_text(set->shares, shares);
    number_text(set->min_kib, min);
    number_text(set->max_kib, max);
    (void)snprintf(range, sizeof(range), "%s %s", min, max);
    bool any_range = set->min_kib != BALLAST_NONE || set->max_kib != BALLAST_NONE;
    int rc =
        set_one(reservations, "shares", uuid, set->shares == BALLAST_NONE ? NULL : shares, err);
    if (rc == 0)
        rc = set_one(reservations, "range", uuid, any_range ? range : NULL, err);
    if (rc == 0)
        rc = set_one(reservations, "opt-out", uuid, set->opt_out ? "yes" : NULL, err);
    pin_text_write(&set->pin, pin);
    if (rc == 0)
        rc = set_one(reservations, "pin", uuid, set->pin.kib > 0 ? pin : NULL, err);
    return rc;
}

int reservations_get_text(struct reservations *reservations, const char *key, char *out,
                          size_t size)
{
    if (!reservations->options.state_dir)
        return -ENOENT;
    return reservations->store ? store_get(reservations->store, key, out, size, NULL) : -EAGAIN;
}

void reservations_trim(struct reservations *reservations)
{
    struct ballast_error why;
    if (!reservations->store || !is_kept(reservations))
        return;
    int rc = store_trim(reservations->store, MOST_CLOSED, &why);
    if (is_trouble(rc))
        note_trouble(reservations, why.text);
}
