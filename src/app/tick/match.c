/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/tick/match.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

void match_begin(struct match *match, const struct ledger *ledger, tick_uuid_fn *uuid_of)
{
    match->ledger = ledger;
    match->uuid_of = uuid_of;
    match->given_count = 0;
}

void match_free(struct match *match)
{
    free(match->given);
    *match = (struct match){0};
}

/*
 * As labels are made of names: a question mark replaces what is not a character, and a long name is
 * cut.
 */
static void name_label(const char *name, char label[LEDGER_OWNER])
{
    size_t used = 0;
    while (*name) {
        size_t length = ballast_text_character(name);
        size_t size = length ? length : 1;
        if (used + size >= LEDGER_OWNER)
            break;
        if (length == 0)
            label[used] = '?';
        else
            memcpy(label + used, name, length);
        used += size;
        name += size;
    }
    label[used] = '\0';
}

static void uuid_label(const uint8_t uuid[LEDGER_UUID], char label[LEDGER_OWNER])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < LEDGER_UUID; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *label++ = '-';
        *label++ = digits[uuid[i] >> 4];
        *label++ = digits[uuid[i] & 15];
    }
    *label = '\0';
}

static bool is_given(const struct match *match, uint64_t id)
{
    for (size_t i = 0; i < match->given_count; i++) {
        if (match->given[i] == id)
            return true;
    }
    return false;
}

/* A snapshot from before the grant says nothing of what came after it. */
static const struct ledger_reservation *oldest_awaiting(const struct match *match,
                                                        const struct ballast_host *host,
                                                        uint32_t domid, const char *label)
{
    const struct ledger_reservation *at = NULL;
    const struct ledger_reservation *oldest = NULL;
    while (*label && (at = ledger_next_awaiting(match->ledger, label, at))) {
        if ((!oldest || at->id < oldest->id) && domid > at->older_domid &&
            host->now_usec >= at->changed_usec && !is_given(match, at->id))
            oldest = at;
    }
    return oldest;
}

/* Without memory for it no match is made: it then counts twice, which is safer than not at all. */
static bool assign_domain(struct match *match, uint64_t id)
{
    if (match->given_count == match->given_room) {
        size_t room = match->given_room ? 2 * match->given_room : 16;
        uint64_t *given = reallocarray(match->given, room, sizeof(*given));
        if (!given)
            return false;
        match->given = given;
        match->given_room = room;
    }
    match->given[match->given_count++] = id;
    return true;
}

static const struct ledger_reservation *find_awaiting(struct match *match,
                                                      const struct ballast_host *host,
                                                      const struct ballast_domain *domain,
                                                      const uint8_t uuid[LEDGER_UUID])
{
    char label[LEDGER_OWNER];
    uuid_label(uuid, label);
    const struct ledger_reservation *found = oldest_awaiting(match, host, domain->id, label);
    if (!found) {
        name_label(domain->name, label);
        found = oldest_awaiting(match, host, domain->id, label);
    }
    return found && assign_domain(match, found->id) ? found : NULL;
}

const struct ledger_reservation *match_domain(struct match *match, const struct ballast_host *host,
                                              const struct ballast_domain *domain)
{
    struct ledger_sums sums = ledger_sums(match->ledger);
    struct ledger_domain life = {.domid = domain->id};
    if (domain->is_dom0 || !match->uuid_of ||
        sums.in_state[LEDGER_BOUND] + sums.in_state[LEDGER_GRANTED] == 0)
        return NULL;
    match->uuid_of(domain->id, life.uuid);
    const struct ledger_reservation *bound = ledger_find_domain(match->ledger, &life);
    if (bound || sums.in_state[LEDGER_GRANTED] == 0 || ledger_had_domain(match->ledger, &life))
        return bound;
    return find_awaiting(match, host, domain, life.uuid);
}

uint32_t match_newest(const struct ballast_host *host, tick_uuid_fn *uuid_of, const char *label)
{
    uint32_t newest = 0;
    for (size_t i = 0; *label && uuid_of && i < host->domain_count; i++) {
        const struct ballast_domain *domain = &host->domains[i];
        char own[LEDGER_OWNER];
        uint8_t uuid[LEDGER_UUID];
        name_label(domain->name, own);
        bool same = strcmp(own, label) == 0;
        if (!same) {
            uuid_of(domain->id, uuid);
            uuid_label(uuid, own);
            same = strcmp(own, label) == 0;
        }
        if (same && domain->id > newest)
            newest = domain->id;
    }
    return newest;
}
