/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/engine/floors.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/base/units.h"

/* Of one entry as text: 32 digits, three numbers of at most 20, and what is between them. Ten of
 * them are less than the longest setting, STORE_VALUE. */
enum { ENTRY_TEXT = 32 + 3 * 21 + 2, SLOT_TEXT = FLOORS_IN_SLOT * ENTRY_TEXT, KEY = 24 };

static void floor_key(size_t slot, char out[KEY])
{
    (void)snprintf(out, KEY, "floors.%zu", slot);
}

static bool read_uuid(const char *text, uint8_t out[LEDGER_UUID])
{
    if (strspn(text, "0123456789abcdef") != 2 * LEDGER_UUID)
        return false;
    for (size_t i = 0; i < LEDGER_UUID; i++) {
        char byte[3] = {text[2 * i], text[2 * i + 1], '\0'};
        out[i] = (uint8_t)strtoul(byte, NULL, 16);
    }
    return true;
}

/* "UUID KIB USEC STOPS" */
static bool read_entry(const char *text, struct floors_entry *out)
{
    struct balloon_stop stop;
    int length = 0;
    if (!read_uuid(text, out->uuid) ||
        sscanf(text + 2 * LEDGER_UUID, " %" SCNu64 " %" SCNu64 " %" SCNu32 "%n", &stop.kib,
               &stop.usec, &stop.stops, &length) != 3)
        return false;
    if (text[2 * LEDGER_UUID + (size_t)length] != '\0' || stop.stops == 0)
        return false;
    out->last_stop = stop;
    return true;
}

static void read_slot(struct floors_entry *entries, char *text)
{
    char *rest = text;
    size_t count = 0;
    for (char *word; count < FLOORS_IN_SLOT && (word = strsep(&rest, ","));) {
        if (read_entry(word, &entries[count]))
            count++;
    }
}

void floors_load(struct floors *floors, struct reservations *reservations)
{
    *floors = (struct floors){0};
    for (size_t slot = 0; slot < FLOORS_SLOTS; slot++) {
        char key[KEY];
        char text[SLOT_TEXT];
        floor_key(slot, key);
        if (reservations_get_text(reservations, key, text, sizeof(text)) == 0)
            read_slot(&floors->at[slot * FLOORS_IN_SLOT], text);
    }
}

static void write_entry(struct ballast_text *text, const struct floors_entry *entry)
{
    ballast_text_add(text, "%s", text->length > 0 ? "," : "");
    for (size_t i = 0; i < LEDGER_UUID; i++)
        ballast_text_add(text, "%02x", entry->uuid[i]);
    ballast_text_add(text, " %" PRIu64 " %" PRIu64 " %" PRIu32, entry->last_stop.kib,
                     entry->last_stop.usec, entry->last_stop.stops);
}

/* "" where the slot is empty. */
static void write_slot(const struct floors_entry *entries, char out[SLOT_TEXT])
{
    struct ballast_text text = ballast_text_over(out, SLOT_TEXT);
    out[0] = '\0';
    for (size_t i = 0; i < FLOORS_IN_SLOT; i++) {
        if (entries[i].last_stop.kib > 0)
            write_entry(&text, &entries[i]);
    }
}

static bool keep_slot(const struct floors *floors, size_t slot, struct reservations *reservations)
{
    char key[KEY];
    char text[SLOT_TEXT];
    floor_key(slot, key);
    write_slot(&floors->at[slot * FLOORS_IN_SLOT], text);
    return reservations_put_text(reservations, key, *text ? text : NULL, NULL) == 0;
}

void floors_keep(struct floors *floors, struct reservations *reservations)
{
    for (size_t slot = 0; slot < FLOORS_SLOTS; slot++) {
        if (floors->changed[slot] && keep_slot(floors, slot, reservations))
            floors->changed[slot] = false;
    }
}

void floors_move_back(const struct ledger_back *back, const char *key, char value[STORE_VALUE])
{
    struct floors_entry entries[FLOORS_IN_SLOT] = {0};
    char text[STORE_VALUE];
    char moved[SLOT_TEXT];
    if (strncmp(key, "floors.", 7) != 0)
        return;
    memcpy(text, value, sizeof(text));
    read_slot(entries, text);
    for (size_t i = 0; i < FLOORS_IN_SLOT; i++)
        entries[i].last_stop.usec = ledger_back_usec(back, entries[i].last_stop.usec);
    write_slot(entries, moved);
    (void)snprintf(value, STORE_VALUE, "%s", moved);
}

static size_t place_of(const struct floors *floors, const uint8_t uuid[LEDGER_UUID])
{
    for (size_t i = 0; i < FLOORS_MOST; i++) {
        const struct floors_entry *entry = &floors->at[i];
        if (entry->last_stop.kib > 0 && memcmp(entry->uuid, uuid, LEDGER_UUID) == 0)
            return i;
    }
    return FLOORS_MOST;
}

struct balloon_stop floors_find(const struct floors *floors, const uint8_t uuid[LEDGER_UUID])
{
    size_t place = place_of(floors, uuid);
    return place < FLOORS_MOST ? floors->at[place].last_stop : (struct balloon_stop){0};
}

/* A free place (it has stopped at 0 us), or that of the one that stopped longest ago. */
static size_t find_oldest(const struct floors *floors)
{
    size_t found = 0;
    for (size_t i = 1; i < FLOORS_MOST; i++) {
        if (floors->at[i].last_stop.usec < floors->at[found].last_stop.usec)
            found = i;
    }
    return found;
}

void floors_note(struct floors *floors, const uint8_t uuid[LEDGER_UUID],
                 const struct balloon_stop *stop)
{
    size_t place = place_of(floors, uuid);
    if (place == FLOORS_MOST && stop->kib == 0)
        return;
    if (place == FLOORS_MOST)
        place = find_oldest(floors);
    struct floors_entry *entry = &floors->at[place];
    if (memcmp(entry->uuid, uuid, LEDGER_UUID) == 0 && entry->last_stop.kib == stop->kib &&
        entry->last_stop.usec == stop->usec)
        return;
    *entry = (struct floors_entry){.last_stop = *stop};
    memcpy(entry->uuid, uuid, LEDGER_UUID);
    floors->changed[place / FLOORS_IN_SLOT] = true;
}
