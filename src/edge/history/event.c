/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guests and events. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/units.h"
#include "core/model/host.h"
#include "edge/history/internal.h"

/* The precision of a guest's last sample: one write an hour. */
enum { SEEN_SEC = 3600 };

static void column_text(sqlite3_stmt *statement, int column, char *out, size_t size)
{
    const unsigned char *text = sqlite3_column_text(statement, column);
    (void)snprintf(out, size, "%s", text ? (const char *)text : "");
}

/* All 0 where there is none. */
static void column_uuid(sqlite3_stmt *statement, int column, uint8_t out[HISTORY_UUID])
{
    const void *bytes = sqlite3_column_blob(statement, column);
    memset(out, 0, HISTORY_UUID);
    if (bytes && sqlite3_column_bytes(statement, column) == HISTORY_UUID)
        memcpy(out, bytes, HISTORY_UUID);
}

static int touch_guest(struct history *history, uint64_t id, uint64_t now_sec,
                       struct ballast_error *err)
{
    int rc;
    sqlite3_stmt *statement = history_statement(history, HISTORY_SEEN_GUEST, &rc, err);
    if (!statement)
        return rc;
    sqlite3_bind_int64(statement, 1, (int64_t)id);
    sqlite3_bind_int64(statement, 2, (int64_t)now_sec);
    return history_step_all(history, statement, err);
}

static int insert_guest(struct history *history, const uint8_t uuid[HISTORY_UUID], const char *name,
                        uint64_t now_sec, uint64_t *out, struct ballast_error *err)
{
    int rc;
    sqlite3_stmt *statement = history_statement(history, HISTORY_MAKE_GUEST, &rc, err);
    if (!statement)
        return rc;
    sqlite3_bind_blob(statement, 1, uuid, HISTORY_UUID, SQLITE_STATIC);
    sqlite3_bind_text(statement, 2, name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 3, (int64_t)now_sec);
    rc = history_step_all(history, statement, err);
    if (rc == 0)
        *out = (uint64_t)sqlite3_last_insert_rowid(history->db);
    return rc;
}

int history_guest_of(struct history *history, const uint8_t uuid[HISTORY_UUID], const char *name,
                     uint64_t now_sec, uint64_t *out, struct ballast_error *err)
{
    char cut[HISTORY_NAME];
    int rc;
    sqlite3_stmt *statement = history_statement(history, HISTORY_FIND_GUEST, &rc, err);
    if (!statement)
        return rc;
    (void)snprintf(cut, sizeof(cut), "%s", name);
    sqlite3_bind_blob(statement, 1, uuid, HISTORY_UUID, SQLITE_STATIC);
    sqlite3_bind_text(statement, 2, cut, -1, SQLITE_STATIC);
    uint64_t id = 0;
    uint64_t last_sec = 0;
    int step = sqlite3_step(statement);
    if (step == SQLITE_ROW) {
        id = (uint64_t)sqlite3_column_int64(statement, 0);
        last_sec = (uint64_t)sqlite3_column_int64(statement, 1);
    }
    rc = history_finish(history, statement, step, err);
    if (rc == 0 && id == 0)
        return insert_guest(history, uuid, cut, now_sec, out, err);
    if (rc == 0 && now_sec >= last_sec + SEEN_SEC)
        rc = touch_guest(history, id, now_sec, err);
    if (rc == 0)
        *out = id;
    return rc;
}

int history_find(struct history *history, const uint8_t *uuid, const char *name,
                 struct history_guest *out, struct ballast_error *err)
{
    int rc;
    int count = 0;
    char cut[HISTORY_NAME];
    sqlite3_stmt *statement =
        history_statement(history, uuid ? HISTORY_BY_UUID : HISTORY_BY_NAME, &rc, err);
    if (!statement)
        return rc;
    (void)snprintf(cut, sizeof(cut), "%s", name ? name : "");
    if (uuid)
        sqlite3_bind_blob(statement, 1, uuid, HISTORY_UUID, SQLITE_STATIC);
    else
        sqlite3_bind_text(statement, 1, cut, -1, SQLITE_STATIC);
    sqlite3_bind_int(statement, 2, HISTORY_LIVES);
    int step = SQLITE_ROW;
    while (count < HISTORY_LIVES && (step = sqlite3_step(statement)) == SQLITE_ROW) {
        struct history_guest *guest = &out[count++];
        *guest = (struct history_guest){.id = (uint64_t)sqlite3_column_int64(statement, 0),
                                        .last_sec = (uint64_t)sqlite3_column_int64(statement, 3)};
        column_uuid(statement, 1, guest->uuid);
        column_text(statement, 2, guest->name, sizeof(guest->name));
    }
    rc = history_finish(history, statement, step, err);
    return rc < 0 ? rc : count;
}

static const char *const figure_names[HISTORY_FIGURES] = {
    [HISTORY_NEEDED] = "needed_kib",   [HISTORY_CURRENT] = "current_kib",
    [HISTORY_MISSING] = "missing_kib", [HISTORY_SHARE] = "share_kib",
    [HISTORY_PINNED] = "pinned_kib",   [HISTORY_CHANGE] = "change_kib",
    [HISTORY_LEFT] = "left_kib",       [HISTORY_POSSIBLE] = "possible_kib",
    [HISTORY_HELD] = "held_kib",       [HISTORY_USED] = "used_kib",
};

const char *history_figure_name(enum history_figure figure)
{
    return (unsigned)figure < HISTORY_FIGURES ? figure_names[figure] : NULL;
}

int history_figure_find(const char *name)
{
    for (int i = 0; i < HISTORY_FIGURES; i++) {
        if (strcmp(figure_names[i], name) == 0)
            return i;
    }
    return -ENOENT;
}

struct history_event history_event_new(uint64_t time_usec, const char *who, const char *what)
{
    struct history_event event = {.time_usec = time_usec,
                                  .until_usec = time_usec,
                                  .from_kib = BALLAST_NONE,
                                  .to_kib = BALLAST_NONE,
                                  .floor_kib = BALLAST_NONE,
                                  .reservation = BALLAST_NONE,
                                  .steps = 1};
    for (int i = 0; i < HISTORY_FIGURES; i++)
        event.figure_kib[i] = BALLAST_NONE;
    (void)snprintf(event.who, sizeof(event.who), "%s", who);
    (void)snprintf(event.what, sizeof(event.what), "%s", what);
    return event;
}

/* Numbers from 2^63 up are none. */
static void bind_number(sqlite3_stmt *statement, int at, uint64_t value)
{
    if (value <= INT64_MAX)
        sqlite3_bind_int64(statement, at, (int64_t)value);
    else
        sqlite3_bind_null(statement, at);
}

static uint64_t column_number(sqlite3_stmt *statement, int column)
{
    if (sqlite3_column_type(statement, column) != SQLITE_INTEGER)
        return BALLAST_NONE;
    return (uint64_t)sqlite3_column_int64(statement, column);
}

int history_note(struct history *history, const struct history_event *event,
                 struct ballast_error *err)
{
    int rc;
    sqlite3_stmt *statement = history_statement(history, HISTORY_NOTE, &rc, err);
    if (!statement)
        return rc;
    const uint64_t numbers[] = {event->from_kib, event->to_kib, event->reservation, event->steps,
                                event->floor_kib};
    const char *const words[] = {event->who, event->what, event->reason, event->floor_reason,
                                 event->detail};
    bind_number(statement, 1, event->number);
    bind_number(statement, 2, event->guest);
    bind_number(statement, 3, event->time_usec);
    bind_number(statement, 4, event->until_usec);
    for (int i = 0; i < 5; i++)
        sqlite3_bind_text(statement, 5 + i, words[i], -1, SQLITE_STATIC);
    for (int i = 0; i < 5; i++)
        bind_number(statement, 10 + i, numbers[i]);
    for (int i = 0; i < HISTORY_FIGURES; i++)
        bind_number(statement, 15 + i, event->figure_kib[i]);
    return history_step_all(history, statement, err);
}

int history_last(struct history *history, uint64_t *out, struct ballast_error *err)
{
    return history_number(history, HISTORY_LAST, out, err);
}

static void read_event(sqlite3_stmt *statement, struct history_event *out)
{
    uint64_t *const numbers[] = {&out->from_kib, &out->to_kib, &out->reservation, &out->steps,
                                 &out->floor_kib};
    out->number = column_number(statement, 0);
    out->guest = column_number(statement, 1);
    out->time_usec = column_number(statement, 2);
    out->until_usec = column_number(statement, 3);
    column_text(statement, 4, out->who, sizeof(out->who));
    column_text(statement, 5, out->what, sizeof(out->what));
    column_text(statement, 6, out->reason, sizeof(out->reason));
    column_text(statement, 7, out->floor_reason, sizeof(out->floor_reason));
    column_text(statement, 8, out->detail, sizeof(out->detail));
    for (int i = 0; i < 5; i++)
        *numbers[i] = column_number(statement, 9 + i);
    for (int i = 0; i < HISTORY_FIGURES; i++)
        out->figure_kib[i] = column_number(statement, 14 + i);
    out->has_guest = sqlite3_column_type(statement, 14 + HISTORY_FIGURES) == SQLITE_BLOB;
    column_uuid(statement, 14 + HISTORY_FIGURES, out->uuid);
    column_text(statement, 15 + HISTORY_FIGURES, out->name, sizeof(out->name));
}

int history_events(struct history *history, const struct history_wanted *wanted,
                   void (*each)(void *context, const struct history_event *event), void *context,
                   struct ballast_error *err)
{
    int rc;
    bool all = wanted->guest == BALLAST_NONE;
    sqlite3_stmt *statement =
        history_statement(history, all ? HISTORY_EVENTS_ALL : HISTORY_EVENTS_OF, &rc, err);
    if (!statement)
        return rc;
    sqlite3_bind_int64(statement, 1, (int64_t)ballast_min_u64(wanted->before, INT64_MAX));
    sqlite3_bind_int64(statement, 2, (int64_t)ballast_min_u64(wanted->most, INT64_MAX));
    sqlite3_bind_int64(statement, 3, (int64_t)ballast_min_u64(wanted->after, INT64_MAX));
    if (wanted->reason)
        sqlite3_bind_text(statement, 4, wanted->reason, -1, SQLITE_STATIC);
    if (!all)
        sqlite3_bind_int64(statement, 5, (int64_t)wanted->guest);
    int step = SQLITE_DONE;
    bool over = false;
    while (!over && (step = sqlite3_step(statement)) == SQLITE_ROW) {
        struct history_event event;
        read_event(statement, &event);
        over = event.until_usec < wanted->since_usec;
        if (!over)
            each(context, &event);
    }
    /* Stopping early is not an error; a failure is reported again at the reset. */
    rc = over || step == SQLITE_DONE ? 0 : history_failure(history, step, "cannot be read", err);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return rc;
}
