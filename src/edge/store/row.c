/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A reservation as a row. SQLite's integers end at 2^63 - 1: BALLAST_NONE is NULL in columns that
 * allow it, and no other larger number is accepted.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "core/base/error.h"
#include "core/model/host.h"
#include "edge/store/internal.h"

/* The numbers of a record in the order of their columns; the columns between have other types. */
struct number {
    size_t offset;
    int column;
    bool may_be_none;
    const char *name;
};

#define NUMBER(field, column, may_be_none)                                                         \
    {                                                                                              \
        offsetof(struct ledger_reservation, field), column, may_be_none, #field                    \
    }

static const struct number numbers[] = {
    NUMBER(id, 0, false),
    NUMBER(min_kib, 3, false),
    NUMBER(max_kib, 4, false),
    NUMBER(granted_kib, 5, false),
    NUMBER(used_kib, 6, false),
    NUMBER(figures.done_kib, 9, true),
    NUMBER(figures.left_kib, 10, true),
    NUMBER(figures.released_kib, 11, true),
    NUMBER(figures.needed_kib, 12, true),
    NUMBER(figures.possible_kib, 13, true),
    NUMBER(figures.missing_kib, 14, true),
    NUMBER(requested_usec, 15, false),
    NUMBER(changed_usec, 16, false),
    NUMBER(lease_usec, 17, true),
    NUMBER(deadline_usec, 18, true),
    NUMBER(base_kib, 21, true),
    NUMBER(user, 25, true),
    NUMBER(node, 26, false),
};
enum { NUMBERS = sizeof(numbers) / sizeof(numbers[0]) };
enum {
    OWNER = 1,
    LABEL = 2,
    STATE = 7,
    REASON = 8,
    DOMID = 19,
    UUID = 20,
    GUEST_NAME = 22,
    GUEST_UUID = 23,
    KIND = 24
};

static uint64_t record_number(const struct ledger_reservation *record, const struct number *number)
{
    uint64_t value;
    memcpy(&value, (const char *)record + number->offset, sizeof(value));
    return value;
}

int store_row_check(const struct ledger_reservation *record, struct ballast_error *err)
{
    for (size_t i = 0; i < NUMBERS; i++) {
        uint64_t value = record_number(record, &numbers[i]);
        if (value > INT64_MAX && !(numbers[i].may_be_none && value == BALLAST_NONE))
            return ballast_fail(err, -ERANGE,
                                "reservation %" PRIu64 ": %s is %" PRIu64
                                ", the ledger on disk stores numbers up to %" PRId64,
                                record->id, numbers[i].name, value, INT64_MAX);
    }
    return ledger_reservation_check(record, err);
}

/* FNV-1a, 64 bits: Fowler, Noll, Vo; against damage, not against attacks. */
static uint64_t sum_bytes(uint64_t sum, const void *bytes, size_t size)
{
    const unsigned char *at = bytes;
    for (size_t i = 0; i < size; i++)
        sum = (sum ^ at[i]) * UINT64_C(0x100000001b3);
    return sum;
}

static uint64_t sum_number(uint64_t sum, uint64_t value)
{
    unsigned char bytes[8];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (unsigned char)(value >> (8 * i));
    return sum_bytes(sum, bytes, sizeof(bytes));
}

static uint64_t sum_text(uint64_t sum, const char *text)
{
    return sum_bytes(sum, text, strlen(text) + 1);
}

/* So that checksums can be added: every bit depends on all others (the end of splitmix64). */
static uint64_t sum_end(uint64_t sum)
{
    sum = (sum ^ sum >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    sum = (sum ^ sum >> 27) * UINT64_C(0x94d049bb133111eb);
    return sum ^ sum >> 31;
}

#define SUM_BEGIN UINT64_C(0xcbf29ce484222325)

uint64_t store_row_sum(const struct ledger_reservation *record)
{
    uint64_t sum = sum_text(SUM_BEGIN, "reservation");
    for (size_t i = 0; i < NUMBERS; i++)
        sum = sum_number(sum, record_number(record, &numbers[i]));
    sum = sum_text(sum_text(sum, record->owner), record->label);
    sum = sum_text(sum, ledger_state_name(record->state));
    sum = sum_text(sum, ledger_reason_name(record->reason));
    sum = sum_number(sum, record->domid);
    sum = sum_text(sum, record->guest_name);
    sum = sum_bytes(sum, record->guest_uuid, LEDGER_UUID);
    sum = sum_text(sum, ledger_kind_name(record->kind));
    return sum_end(sum_bytes(sum, record->uuid, LEDGER_UUID));
}

uint64_t store_setting_sum(const char *key, const char *value)
{
    return sum_end(sum_text(sum_text(sum_text(SUM_BEGIN, "setting"), key), value));
}

uint64_t store_book_sum(const struct store_book *book)
{
    uint64_t sum = sum_number(sum_text(SUM_BEGIN, "book"), book->last_id);
    sum = sum_number(sum_number(sum, book->reservations), book->settings);
    return sum_end(sum_number(sum_number(sum, book->total), book->sequence));
}

uint64_t store_mark_sum(uint64_t sequence)
{
    return sum_end(sum_number(sum_text(SUM_BEGIN, "mark"), sequence));
}

static int bind_text(sqlite3_stmt *statement, int column, const char *text)
{
    return sqlite3_bind_text(statement, column + 1, text, -1, SQLITE_STATIC);
}

static int bind_uuid(sqlite3_stmt *statement, int column, const uint8_t uuid[LEDGER_UUID])
{
    return sqlite3_bind_blob(statement, column + 1, uuid, LEDGER_UUID, SQLITE_STATIC);
}

int store_row_bind(sqlite3_stmt *statement, const struct ledger_reservation *record)
{
    int rc = bind_text(statement, OWNER, record->owner);
    for (size_t i = 0; i < NUMBERS && rc == SQLITE_OK; i++) {
        uint64_t value = record_number(record, &numbers[i]);
        int at = numbers[i].column + 1;
        rc = value == BALLAST_NONE ? sqlite3_bind_null(statement, at)
                                   : sqlite3_bind_int64(statement, at, (sqlite3_int64)value);
    }
    if (rc == SQLITE_OK)
        rc = bind_text(statement, LABEL, record->label);
    if (rc == SQLITE_OK)
        rc = bind_text(statement, STATE, ledger_state_name(record->state));
    if (rc == SQLITE_OK)
        rc = bind_text(statement, REASON, ledger_reason_name(record->reason));
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int64(statement, DOMID + 1, record->domid);
    if (rc == SQLITE_OK)
        rc = bind_uuid(statement, UUID, record->uuid);
    if (rc == SQLITE_OK)
        rc = bind_text(statement, GUEST_NAME, record->guest_name);
    if (rc == SQLITE_OK)
        rc = bind_uuid(statement, GUEST_UUID, record->guest_uuid);
    if (rc == SQLITE_OK)
        rc = bind_text(statement, KIND, ledger_kind_name(record->kind));
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int64(statement, STORE_SUM + 1, (sqlite3_int64)store_row_sum(record));
    return rc;
}

static bool read_number_column(sqlite3_stmt *statement, const struct number *number,
                               struct ledger_reservation *out)
{
    int type = sqlite3_column_type(statement, number->column);
    sqlite3_int64 value = sqlite3_column_int64(statement, number->column);
    bool none = number->may_be_none && type == SQLITE_NULL;
    uint64_t kept = none ? BALLAST_NONE : (uint64_t)value;
    memcpy((char *)out + number->offset, &kept, sizeof(kept));
    return none || (type == SQLITE_INTEGER && value >= 0);
}

static bool read_text_column(sqlite3_stmt *statement, int column, char out[LEDGER_OWNER])
{
    const unsigned char *text = sqlite3_column_text(statement, column);
    int size = sqlite3_column_bytes(statement, column);
    if (!text || size >= LEDGER_OWNER || memchr(text, '\0', (size_t)size))
        return false;
    memset(out, 0, LEDGER_OWNER);
    memcpy(out, text, (size_t)size);
    return true;
}

static bool read_words(sqlite3_stmt *statement, struct ledger_reservation *out)
{
    char word[LEDGER_OWNER];
    int state = read_text_column(statement, STATE, word) ? ledger_state_find(word) : -1;
    int reason = read_text_column(statement, REASON, word) ? ledger_reason_find(word) : -1;
    int kind = read_text_column(statement, KIND, word) ? ledger_kind_find(word) : -1;
    if (state < 0 || reason < 0 || kind < 0)
        return false;
    out->kind = (enum ledger_kind)kind;
    out->state = (enum ledger_state)state;
    out->reason = (enum ledger_reason)reason;
    return read_text_column(statement, OWNER, out->owner) &&
           read_text_column(statement, LABEL, out->label) &&
           read_text_column(statement, GUEST_NAME, out->guest_name);
}

static bool read_uuid_column(sqlite3_stmt *statement, int column, uint8_t out[LEDGER_UUID])
{
    const void *uuid = sqlite3_column_blob(statement, column);
    if (!uuid || sqlite3_column_bytes(statement, column) != LEDGER_UUID)
        return false;
    memcpy(out, uuid, LEDGER_UUID);
    return true;
}

static bool read_domain_columns(sqlite3_stmt *statement, struct ledger_reservation *out)
{
    sqlite3_int64 domid = sqlite3_column_int64(statement, DOMID);
    if (domid < 0 || domid > UINT32_MAX)
        return false;
    out->domid = (uint32_t)domid;
    return read_uuid_column(statement, UUID, out->uuid) &&
           read_uuid_column(statement, GUEST_UUID, out->guest_uuid);
}

int store_row_read(sqlite3_stmt *statement, const char *path, struct ledger_reservation *out,
                   struct ballast_error *err)
{
    struct ledger_reservation record = {0};
    bool good = read_words(statement, &record) && read_domain_columns(statement, &record);
    for (size_t i = 0; i < NUMBERS; i++)
        good = read_number_column(statement, &numbers[i], &record) && good;
    if (!good)
        return store_corrupt(path, err, "reservation %" PRIu64 " cannot be read", record.id);
    struct ballast_error why;
    if (ledger_reservation_check(&record, &why) < 0)
        return store_corrupt(path, err, "%s", why.text);
    if ((uint64_t)sqlite3_column_int64(statement, STORE_SUM) != store_row_sum(&record))
        return store_corrupt(path, err, "reservation %" PRIu64 " is not as it was written",
                             record.id);
    *out = record;
    return 0;
}

bool store_row_same(const struct ledger_reservation *a, const struct ledger_reservation *b)
{
    struct ledger_reservation other = *b;
    other.used_kib = a->used_kib;
    for (size_t i = 0; i < NUMBERS; i++) {
        if (record_number(a, &numbers[i]) != record_number(&other, &numbers[i]))
            return false;
    }
    return strcmp(a->owner, b->owner) == 0 && strcmp(a->label, b->label) == 0 &&
           strcmp(a->guest_name, b->guest_name) == 0 &&
           memcmp(a->guest_uuid, b->guest_uuid, LEDGER_UUID) == 0 && a->kind == b->kind &&
           a->state == b->state && a->reason == b->reason && a->domid == b->domid &&
           memcmp(a->uuid, b->uuid, LEDGER_UUID) == 0;
}
