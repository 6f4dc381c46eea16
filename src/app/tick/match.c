/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/tick/match.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/array.h"
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

/* What is no character becomes a question mark, what is too long is cut. */
void match_name(const char *name, char out[LEDGER_OWNER])
{
    size_t used = 0;
    while (*name) {
        size_t length = ballast_text_character(name);
        size_t size = length ? length : 1;
        if (used + size >= LEDGER_OWNER)
            break;
        if (length == 0)
            out[used] = '?';
        else
            memcpy(out + used, name, length);
        used += size;
        name += size;
    }
    out[used] = '\0';
}

static bool has_uuid(const uint8_t uuid[LEDGER_UUID])
{
    static const uint8_t nil[LEDGER_UUID];
    return memcmp(uuid, nil, LEDGER_UUID) != 0;
}

bool match_is_given(const struct match *match, uint64_t id)
{
    for (size_t i = 0; i < match->given_count; i++) {
        if (match->given[i] == id)
            return true;
    }
    return false;
}

/* A snapshot from before the grant says nothing of what came after it. Without one: any may. */
static bool may_draw(const struct match *match, const struct ballast_host *host, uint32_t domid,
                     const struct ledger_reservation *record)
{
    if (!host)
        return true;
    return domid > record->older_domid && host->now_usec >= record->changed_usec &&
           !match_is_given(match, record->id);
}

static const struct ledger_reservation *older_of(const struct ledger_reservation *a,
                                                 const struct ledger_reservation *b)
{
    return !a || b->id < a->id ? b : a;
}

static const struct ledger_reservation *oldest_for_uuid(const struct match *match,
                                                        const struct ballast_host *host,
                                                        uint32_t domid,
                                                        const uint8_t uuid[LEDGER_UUID])
{
    const struct ledger_reservation *at = NULL;
    const struct ledger_reservation *oldest = NULL;
    while (has_uuid(uuid) && (at = ledger_next_for_uuid(match->ledger, uuid, at))) {
        if (may_draw(match, host, domid, at))
            oldest = older_of(oldest, at);
    }
    return oldest;
}

static const struct ledger_reservation *oldest_for_name(const struct match *match,
                                                        const struct ballast_host *host,
                                                        uint32_t domid, const char *name)
{
    const struct ledger_reservation *at = NULL;
    const struct ledger_reservation *oldest = NULL;
    while (*name && (at = ledger_next_for_name(match->ledger, name, at))) {
        if (may_draw(match, host, domid, at))
            oldest = older_of(oldest, at);
    }
    return oldest;
}

/* Without memory for it no match is made: it then counts twice, which is safer than not at all. */
static bool assign_domain(struct match *match, uint64_t id)
{
    if (!array_reserve(&match->given, &match->given_room, match->given_count + 1,
                       sizeof(*match->given)))
        return false;
    match->given[match->given_count++] = id;
    return true;
}

static const struct ledger_reservation *oldest_for(const struct match *match,
                                                   const struct ballast_host *host, uint32_t domid,
                                                   const uint8_t uuid[LEDGER_UUID],
                                                   const char *name)
{
    char shortened[LEDGER_OWNER];
    const struct ledger_reservation *found = oldest_for_uuid(match, host, domid, uuid);
    match_name(name, shortened);
    return found ? found : oldest_for_name(match, host, domid, shortened);
}

const struct ledger_reservation *match_newcomer(const struct ledger *ledger,
                                                const uint8_t uuid[LEDGER_UUID], const char *name)
{
    const struct match match = {.ledger = ledger};
    return oldest_for(&match, NULL, 0, uuid, name);
}

static const struct ledger_reservation *find_awaiting(struct match *match,
                                                      const struct ballast_host *host,
                                                      const struct ballast_domain *domain,
                                                      const uint8_t uuid[LEDGER_UUID])
{
    const struct ledger_reservation *found =
        oldest_for(match, host, domain->id, uuid, domain->name);
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

uint32_t match_newest(const struct ballast_host *host, tick_uuid_fn *uuid_of,
                      const struct ledger_reservation *record)
{
    uint32_t newest = 0;
    bool by_uuid = has_uuid(record->guest_uuid);
    for (size_t i = 0; uuid_of && i < host->domain_count; i++) {
        const struct ballast_domain *domain = &host->domains[i];
        char name[LEDGER_OWNER];
        uint8_t uuid[LEDGER_UUID];
        match_name(domain->name, name);
        bool same = record->kind == LEDGER_POOL;
        if (!same)
            same = record->guest_name[0] && strcmp(name, record->guest_name) == 0;
        if (!same && by_uuid) {
            uuid_of(domain->id, uuid);
            same = memcmp(uuid, record->guest_uuid, LEDGER_UUID) == 0;
        }
        if (same && domain->id > newest)
            newest = domain->id;
    }
    return newest;
}
