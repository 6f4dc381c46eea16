/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/ledger/record.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "core/base/error.h"
#include "core/model/host.h"

/*
 * The length in bytes of the first character, its code in *code; 0 if it is invalid. RFC 3629: the
 * shortest form only, no surrogates, nothing past U+10FFFF.
 */
static size_t utf8_next(const unsigned char *bytes, uint32_t *code)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = bytes[0] < 0x80             ? 1
                    : (bytes[0] & 0xe0) == 0xc0 ? 2
                    : (bytes[0] & 0xf0) == 0xe0 ? 3
                    : (bytes[0] & 0xf8) == 0xf0 ? 4
                                                : 0;
    if (length == 0)
        return 0;
    uint32_t value = length == 1 ? bytes[0] : bytes[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((bytes[i] & 0xc0) != 0x80) /* this stops at the terminator too */
            return 0;
        value = value << 6 | (bytes[i] & 0x3fu);
    }
    if (value < least[length] || value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
        return 0;
    *code = value;
    return length;
}

int ledger_name_check(const char *what, const char *name, struct ballast_error *err)
{
    size_t size = name ? strnlen(name, LEDGER_OWNER) : 0;
    if (size == 0)
        return ballast_fail(err, -EINVAL, "the %s is empty", what);
    if (size == LEDGER_OWNER)
        return ballast_fail(err, -EINVAL, "the %s is longer than %d bytes", what, LEDGER_OWNER - 1);
    for (size_t at = 0; at < size;) {
        uint32_t code = 0;
        size_t length = utf8_next((const unsigned char *)name + at, &code);
        if (length == 0)
            return ballast_fail(err, -EINVAL, "the %s is not UTF-8 at byte %zu", what, at);
        if (code < 0x20 || (code >= 0x7f && code < 0xa0))
            return ballast_fail(err, -EINVAL,
                                "the %s has the control character U+%04" PRIX32 " at byte %zu",
                                what, code, at);
        at += length;
    }
    return 0;
}

bool ledger_reason_fits(enum ledger_state state, enum ledger_reason reason)
{
    switch (state) {
    case LEDGER_RELEASED:
        return reason == LEDGER_BY_OWNER || reason == LEDGER_LEASE_OVER ||
               reason == LEDGER_OWNER_RETURNED || reason == LEDGER_DOMAIN_GONE;
    case LEDGER_REFUSED:
        return reason == LEDGER_CANNOT_FIT || reason == LEDGER_DONORS_STUCK ||
               reason == LEDGER_DEADLINE_OVER;
    case LEDGER_REQUESTED:
    case LEDGER_RECLAIMING:
    case LEDGER_GRANTED:
    case LEDGER_BOUND:
    case LEDGER_USED:
        return reason == LEDGER_OK;
    case LEDGER_STATES:
        break;
    }
    return false;
}

static int refuse_record(const struct ledger_reservation *record, struct ballast_error *err,
                         const char *what)
{
    return ballast_fail(err, -EINVAL, "reservation %" PRIu64 " (%s): %s", record->id,
                        (unsigned)record->state < LEDGER_STATES ? ledger_state_name(record->state)
                                                                : "in no state",
                        what);
}

static int check_sizes(const struct ledger_reservation *record, struct ballast_error *err)
{
    if (record->min_kib == 0 || record->min_kib > record->max_kib ||
        record->max_kib > LEDGER_MOST_KIB)
        return refuse_record(record, err, "its range is empty, reversed or beyond any host");
    bool had_grant = record->granted_kib > 0;
    if (had_grant &&
        (record->granted_kib < record->min_kib || record->granted_kib > record->max_kib))
        return refuse_record(record, err, "its grant is outside its range");
    if (record->used_kib > record->granted_kib)
        return refuse_record(record, err, "it used more than was granted");
    return 0;
}

static bool has_domain(const struct ledger_reservation *record)
{
    static const uint8_t nil[LEDGER_UUID];
    return record->domid != 0 || record->base_kib != 0 || record->used_kib != 0 ||
           memcmp(record->uuid, nil, LEDGER_UUID) != 0;
}

static int check_state(const struct ledger_reservation *record, struct ballast_error *err)
{
    if ((unsigned)record->state >= LEDGER_STATES)
        return refuse_record(record, err, "there is no such state");
    if ((unsigned)record->kind >= LEDGER_KINDS)
        return refuse_record(record, err, "there is no such kind");
    if (!ledger_reason_fits(record->state, record->reason))
        return refuse_record(record, err, "its reason does not lead to its state");
    enum ledger_state state = record->state;
    bool must = state == LEDGER_GRANTED || state == LEDGER_BOUND || state == LEDGER_USED ||
                record->reason == LEDGER_LEASE_OVER || record->reason == LEDGER_DOMAIN_GONE;
    bool may = must || state == LEDGER_RELEASED;
    if (must && record->granted_kib == 0)
        return refuse_record(record, err, "it must have a grant");
    if (!may && record->granted_kib != 0)
        return refuse_record(record, err, "it cannot have a grant");
    bool unbound = record->granted_kib == 0 || state == LEDGER_GRANTED ||
                   record->reason == LEDGER_LEASE_OVER || record->reason == LEDGER_OWNER_RETURNED;
    if (unbound && has_domain(record))
        return refuse_record(record, err, "it cannot have a domain");
    return 0;
}

static int check_times(const struct ledger_reservation *record, struct ballast_error *err)
{
    if (record->changed_usec == BALLAST_NONE || record->changed_usec < record->requested_usec)
        return refuse_record(record, err, "it was changed before it was requested");
    if (record->state == LEDGER_REQUESTED && record->changed_usec != record->requested_usec)
        return refuse_record(record, err, "it is still requested, but was changed since");
    if (record->lease_usec == 0)
        return refuse_record(record, err, "it has a lease of 0");
    if (record->deadline_usec <= record->requested_usec)
        return refuse_record(record, err, "its deadline was over when it was requested");
    if (record->state == LEDGER_GRANTED && record->changed_usec >= record->deadline_usec)
        return refuse_record(record, err, "it was granted after its deadline");
    return 0;
}

int ledger_reservation_check(const struct ledger_reservation *record, struct ballast_error *err)
{
    if (record->id == 0 || record->id > LEDGER_MOST_ID)
        return refuse_record(record, err, "its id is invalid");
    if (!memchr(record->owner, '\0', LEDGER_OWNER) || !memchr(record->label, '\0', LEDGER_OWNER) ||
        !memchr(record->guest_name, '\0', LEDGER_OWNER))
        return refuse_record(record, err, "a name is not terminated");
    if (record->node > (record->kind == LEDGER_POOL ? 0 : LEDGER_NODES))
        return refuse_record(record, err, "its node is invalid");
    int rc = ledger_name_check("owner", record->owner, err);
    if (rc == 0 && record->label[0])
        rc = ledger_name_check("label", record->label, err);
    if (rc == 0 && record->guest_name[0])
        rc = ledger_name_check("name", record->guest_name, err);
    if (rc == 0)
        rc = check_sizes(record, err);
    if (rc == 0)
        rc = check_state(record, err);
    return rc < 0 ? rc : check_times(record, err);
}
