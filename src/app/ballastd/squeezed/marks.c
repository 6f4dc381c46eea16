/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/squeezed/marks.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/ballastd/engine/engine.h"
#include "app/ballastd/engine/log.h"
#include "app/ballastd/engine/reservations.h"
#include "app/ballastd/squeezed/ids.h"

#define LOGINS "squeezed-logins"

/* Marks that are kept, newest first: those of services that log in while one crash is cured. */
enum { LOGINS_MOST = 16, MARK_DIGITS = 16, LOGINS_ROOM = LOGINS_MOST * MARK_DIGITS + 1 };

void squeezed_mark_label(uint64_t mark, char out[LEDGER_OWNER])
{
    (void)snprintf(out, LEDGER_OWNER, "message %016" PRIx64, mark);
}

const struct ledger_reservation *squeezed_mark_find(struct engine *engine, uint64_t mark)
{
    const struct ledger *ledger = engine_ledger(engine);
    const struct ledger_reservation *record = NULL;
    char label[LEDGER_OWNER];
    squeezed_mark_label(mark, label);
    while (ledger && mark && (record = ledger_previous(ledger, record))) {
        if (strcmp(record->label, label) == 0 && squeezed_is_owner(record->owner))
            return record;
    }
    return NULL;
}

static void read_logins(struct engine *engine, char out[LOGINS_ROOM])
{
    if (reservations_get_text(engine_reservations(engine), LOGINS, out, LOGINS_ROOM) < 0 ||
        strlen(out) % MARK_DIGITS != 0)
        out[0] = '\0';
}

bool squeezed_mark_is_login(struct engine *engine, uint64_t mark)
{
    char logins[LOGINS_ROOM];
    char digits[MARK_DIGITS + 1];
    read_logins(engine, logins);
    (void)snprintf(digits, sizeof(digits), "%016" PRIx64, mark);
    for (const char *at = logins; mark && *at; at += MARK_DIGITS) {
        if (strncmp(at, digits, MARK_DIGITS) == 0)
            return true;
    }
    return false;
}

void squeezed_mark_note_login(struct engine *engine, uint64_t mark)
{
    struct ballast_error err;
    char logins[LOGINS_ROOM];
    char text[LOGINS_ROOM];
    if (!mark)
        return;
    read_logins(engine, logins);
    (void)snprintf(text, sizeof(text), "%016" PRIx64 "%.*s", mark, (LOGINS_MOST - 1) * MARK_DIGITS,
                   logins);
    if (reservations_put_text(engine_reservations(engine), LOGINS, text, &err) < 0)
        engine_log(LOG_WARNING, "squeezed: login: %s, ignoring: after a crash it may be repeated",
                   err.text);
}
