/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/engine/set_back.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/ballastd/engine/clock.h"
#include "app/ballastd/engine/floors.h"
#include "app/ballastd/engine/log.h"
#include "app/ballastd/engine/pin_text.h"
#include "core/base/error.h"
#include "core/base/units.h"
#include "edge/file/file.h"
#include "edge/history/history.h"
#include "edge/store/store.h"

enum { EXIT_DONE = 0, EXIT_NO = 1, EXIT_STATE = 3 };
/* No bound: nothing is added to the history. */
#define HISTORY_MOST_KIB (UINT64_C(1) << 32)

static void move_record(void *context, struct ledger_reservation *record)
{
    ledger_back_record(context, record);
}

static void move_setting(void *context, const char *key, char value[STORE_VALUE])
{
    const struct ledger_back *back = context;
    struct overlay_pin pin;
    if (strncmp(key, "pin/", 4) == 0 && pin_text_parse(value, &pin)) {
        pin.usec = ledger_back_usec(back, pin.usec);
        pin_text_write(&pin, value);
    } else {
        floors_move_back(back, key, value);
    }
}

/* The clock of a ledger is that of its last transition. */
static int find_last(void *context, const struct ledger_reservation *record,
                     struct ballast_error *err)
{
    uint64_t *last_usec = context;
    (void)err;
    *last_usec = ballast_max_u64(*last_usec, record->changed_usec);
    return 0;
}

static bool is_there(const char *directory, const char *name)
{
    char path[4096];
    (void)snprintf(path, sizeof(path), "%s/%s", directory, name);
    return access(path, F_OK) == 0;
}

/* It is not worth leaving reservations in the future for. Doing it twice does no harm. */
static void move_history(const char *directory, const struct ledger_back *back)
{
    struct history *history = NULL;
    struct ballast_error err;
    if (!is_there(directory, "history.db"))
        return;
    int rc = history_open(directory, HISTORY_MOST_KIB, &history, &err);
    if (rc == 1)
        engine_log(LOG_WARNING, "history: %s; starting a new one", err.text);
    if (rc >= 0)
        rc = history_set_back(history, back->now_usec, back->by_usec, &err);
    if (rc < 0)
        engine_log(LOG_WARNING, "history: %s; ignoring, and leaving samples of the future in it",
                   err.text);
    history_close(history);
}

static int set_back(struct store *store, const char *directory, struct ballast_error *err)
{
    size_t count = 0;
    uint64_t last_usec = 0;
    struct ledger_back back = {.now_usec = clock_calendar_usec()};
    int rc = store_load(store, find_last, &last_usec, err);
    if (rc < 0)
        return rc;
    back.by_usec = ballast_sub_floor(last_usec, back.now_usec);
    if (back.now_usec == 0)
        return ballast_fail(err, -EALREADY, "%s: the calendar is beyond the year 2255: correct it",
                            directory);
    if (back.by_usec <= CLOCK_AHEAD_SEC * BALLAST_SEC_USEC)
        return ballast_fail(
            err, -EALREADY,
            "%s: the ledger's clock is not ahead of the calendar: there is nothing to "
            "set back",
            directory);
    move_history(directory, &back);
    rc = store_revise(
        store,
        &(struct store_revision){.record = move_record, .setting = move_setting, .context = &back},
        &count, err);
    if (rc == 0)
        engine_log(LOG_NOTICE,
                   "%s: set the ledger's clock back by %" PRIu64
                   " s, to the calendar; %zu entries changed",
                   directory, back.by_usec / BALLAST_SEC_USEC, count);
    return rc;
}

int set_back_run(const char *directory)
{
    struct store *store = NULL;
    struct ballast_error err;
    if (!is_there(directory, "ledger.db") && !is_there(directory, "ledger.db-mark")) {
        engine_log(LOG_ERR, "%s: has no ledger: use --state-dir to name its directory", directory);
        return EXIT_NO;
    }
    int fd = file_own_dir(directory, 0, &err);
    int rc = fd < 0 ? fd : store_open(directory, &store, &err);
    if (fd >= 0)
        (void)close(fd);
    if (rc == 0)
        rc = set_back(store, directory, &err);
    if (rc < 0)
        engine_log(LOG_ERR, "%s%s", err.text, rc == -EBUSY ? "; stop ballastd first" : "");
    store_close(store);
    return rc == 0 ? EXIT_DONE : rc == -EBUSY || rc == -EALREADY ? EXIT_NO : EXIT_STATE;
}
