/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/wire/methods.h"

#include <string.h>

static const char *const notifications[] = {
    "reservation-changed", "event", "tick", "settings-changed", "alert", NULL,
};

#define END                                                                                        \
    {                                                                                              \
        .name = NULL                                                                               \
    }
#define OWNER                                                                                      \
    {                                                                                              \
        .name = "owner", .type = WIRE_STRING,                                                      \
        .help = "whose it is; default: who logged in last here"                                    \
    }
#define MOST                                                                                       \
    {                                                                                              \
        .name = "most", .type = WIRE_COUNT, .least = 1,                                            \
        .help = "how many to answer with; default 256"                                             \
    }
#define DEADLINE                                                                                   \
    {                                                                                              \
        .name = "deadline_usec", .type = WIRE_USEC, .least = 1,                                    \
        .help = "from now; how long it may wait; default: for ever"                                \
    }
#define WAIT                                                                                       \
    {                                                                                              \
        .name = "wait", .type = WIRE_BOOL, .help = "answer when it is decided; default: at once"   \
    }
#define RESERVATION                                                                                \
    {                                                                                              \
        .name = "id", .type = WIRE_COUNT, .required = true, .least = 1,                            \
        .help = "of the reservation"                                                               \
    }
#define DOMAIN                                                                                     \
    {                                                                                              \
        .name = "domain", .type = WIRE_DOMAIN, .required = true, .help = "number, name or uuid"    \
    }
#define DOMAIN_ONLY(what)                                                                          \
    {                                                                                              \
        .name = "domain", .type = WIRE_DOMAIN, .help = what                                        \
    }

static const struct wire_param none[] = {END};

static const struct wire_param hello[] = {
    {.name = "version",
     .type = WIRE_COUNT,
     .required = true,
     .least = 1,
     .help = "of the protocol, the highest that the client speaks"},
    {.name = "client", .type = WIRE_STRING, .help = "its name, for the daemon's log"},
    END,
};

static const struct wire_param subscribe[] = {
    {.name = "events",
     .type = WIRE_STRINGS,
     .required = true,
     .help = "names of notifications; [] for none",
     .words = notifications},
    END,
};

static const struct wire_param domains[] = {
    DOMAIN_ONLY("only this one"),
    {.name = "after", .type = WIRE_DOMID, .help = "only those with a higher number"},
    MOST,
    END,
};

static const struct wire_param reservations[] = {
    {.name = "id", .type = WIRE_COUNT, .least = 1, .help = "only this one"},
    {.name = "owner", .type = WIRE_STRING, .help = "only this owner's"},
    {.name = "open", .type = WIRE_BOOL, .help = "only those that can still change"},
    {.name = "after", .type = WIRE_COUNT, .help = "only those with a higher id"},
    MOST,
    END,
};

static const struct wire_param history[] = {
    DOMAIN_ONLY("only this one, also one that is gone; default: the host"),
    {.name = "since_usec",
     .type = WIRE_USEC,
     .least = 1,
     .help = "how long ago it begins; default: a day"},
    {.name = "until_usec", .type = WIRE_USEC, .help = "how long ago it ends; default: now"},
    {.name = "points", .type = WIRE_COUNT, .least = 1, .help = "at most so many; default 240"},
    END,
};

static const struct wire_param events[] = {
    DOMAIN_ONLY("only those about this one, also one that is gone"),
    {.name = "since_usec",
     .type = WIRE_USEC,
     .least = 1,
     .help = "only those of so long; default: all"},
    {.name = "reason", .type = WIRE_STRING, .help = "only those of that reason"},
    {.name = "after", .type = WIRE_COUNT, .help = "only those with a higher number"},
    {.name = "before", .type = WIRE_COUNT, .help = "only those with a lower number"},
    MOST,
    END,
};

static const struct wire_param start_items[] = {
    {.name = "label", .type = WIRE_STRING, .help = "what it is, for people"},
    {.name = "min_kib",
     .type = WIRE_KIB,
     .required = true,
     .least = 1,
     .help = "what the start needs at least"},
    {.name = "max_kib",
     .type = WIRE_KIB,
     .least = 1,
     .help = "and takes at most; default: min_kib"},
    END,
};

static const struct wire_param plan[] = {
    {.name = "requests",
     .type = WIRE_OBJECTS,
     .required = true,
     .help = "guests to be started, in this order",
     .items = start_items},
    END,
};

static const struct wire_param login[] = {
    {.name = "owner",
     .type = WIRE_STRING,
     .required = true,
     .help = "who begins anew: what it has not bound is released"},
    END,
};

static const struct wire_param reserve[] = {
    {.name = "min_kib", .type = WIRE_KIB, .required = true, .least = 1, .help = "at least so much"},
    {.name = "max_kib", .type = WIRE_KIB, .least = 1, .help = "at most so much; default: min_kib"},
    {.name = "label", .type = WIRE_STRING, .help = "name or uuid of the guest that it is for"},
    {.name = "lease_usec",
     .type = WIRE_USEC,
     .least = 1,
     .help = "how long a grant lives unbound; default: the daemon's"},
    DEADLINE,
    OWNER,
    WAIT,
    {.name = "with_connection",
     .type = WIRE_BOOL,
     .help = "release it when this connection ends and it is not bound; default: keep it"},
    END,
};

static const struct wire_param attach[] = {RESERVATION, OWNER, END};

static const struct wire_param release[] = {RESERVATION, OWNER, END};

static const struct wire_param bind[] = {
    RESERVATION,
    {.name = "domid", .type = WIRE_DOMID, .required = true, .help = "of the domain it is for"},
    {.name = "uuid", .type = WIRE_UUID, .help = "of that domain; refused where it is another"},
    OWNER,
    END,
};

static const struct wire_param free_memory[] = {
    {.name = "kib",
     .type = WIRE_KIB,
     .required = true,
     .least = 1,
     .help = "to be free beyond what is promised"},
    DEADLINE,
    WAIT,
    END,
};

static const struct wire_param set_target[] = {
    DOMAIN,
    {.name = "target_kib",
     .type = WIRE_KIB,
     .least = 1,
     .help = "video included; it is pinned there until it is given back"},
    {.name = "auto", .type = WIRE_BOOL, .help = "give it back to the balancer instead"},
    {.name = "force", .type = WIRE_BOOL, .help = "even below what it can give without harm"},
    END,
};

static const struct wire_param set_max[] = {
    DOMAIN,
    {.name = "maxmem_kib", .type = WIRE_KIB, .required = true, .least = 1, .help = "Xen's limit"},
    END,
};

static const struct wire_param set_range[] = {
    DOMAIN,
    {.name = "min_kib", .type = WIRE_KIB, .help = "dynamic minimum; default: as configured"},
    {.name = "max_kib", .type = WIRE_KIB, .help = "dynamic maximum; default: as configured"},
    END,
};

static const struct wire_param set_shares[] = {
    DOMAIN,
    {.name = "shares",
     .type = WIRE_COUNT,
     .required = true,
     .help = "weight among the others; 1000 is usual, 0 is left alone"},
    END,
};

static const struct wire_param opt_out[] = {
    DOMAIN,
    {.name = "on", .type = WIRE_BOOL, .required = true, .help = "true: never balance it"},
    END,
};

static const struct wire_param set_policy[] = {
    {.name = "name", .type = WIRE_STRING, .required = true, .help = "one that `policy` lists"},
    END,
};

static const struct wire_param pause_or_resume[] = {
    DOMAIN_ONLY("only this one; default: all balancing"),
    END,
};

static const struct wire_method methods[] = {
    {"hello", false, "who is there, and in which version", hello},
    {"ping", false, "whether the daemon answers", none},
    {"subscribe", false, "which notifications to send on this connection", subscribe},
    {"status", false, "how the daemon itself is", none},
    {"host", false, "where the host's memory is", none},
    {"host-profile", false, "by which profile guests are predicted there", none},
    {"domains", false, "every domain: facts, bounds, estimate and why", domains},
    {"reservations", false, "who has been promised how much", reservations},
    {"history", false, "what a domain held, was told to hold and needed, over time", history},
    {"events", false, "what was decided and happened, as sentences", events},
    {"policy", false, "the policy, and those there are", none},
    {"plan", false, "what these starts would come to, without doing anything", plan},
    {"login", true, "begin anew as an owner of reservations", login},
    {"reserve", true, "have free memory promised to a start", reserve},
    {"attach", true, "have a reservation go with this connection", attach},
    {"release", true, "give a reservation back, in any state", release},
    {"cancel", true, "another name of release", release},
    {"bind", true, "say which domain a reservation is for", bind},
    {"free", true, "make memory free without promising it", free_memory},
    {"set-target", true, "pin a domain's target, or give it back", set_target},
    {"set-max", true, "set Xen's limit of a domain", set_max},
    {"set-range", true, "set the range of a domain's targets", set_range},
    {"set-shares", true, "set a domain's weight", set_shares},
    {"opt-out", true, "take a domain out of balancing, or back in", opt_out},
    {"set-policy", true, "balance by another policy", set_policy},
    {"pause", true, "stop balancing", pause_or_resume},
    {"resume", true, "go on balancing", pause_or_resume},
};

enum { METHODS = sizeof(methods) / sizeof(methods[0]) };

const struct wire_method *wire_method_at(size_t i)
{
    return i < METHODS ? &methods[i] : NULL;
}

const struct wire_method *wire_method_find(const char *name)
{
    for (size_t i = 0; i < METHODS; i++) {
        if (strcmp(methods[i].name, name) == 0)
            return &methods[i];
    }
    return NULL;
}

const char *wire_event_at(size_t i)
{
    return i < sizeof(notifications) / sizeof(notifications[0]) ? notifications[i] : NULL;
}

const char *wire_type_name(enum wire_type type)
{
    static const char *const words[WIRE_TYPES] = {
        [WIRE_KIB] = "KiB",         [WIRE_USEC] = "usec",     [WIRE_COUNT] = "number",
        [WIRE_DOMID] = "domain id", [WIRE_DOMAIN] = "domain", [WIRE_BOOL] = "boolean",
        [WIRE_STRING] = "string",   [WIRE_UUID] = "uuid",     [WIRE_STRINGS] = "strings",
        [WIRE_OBJECTS] = "objects",
    };
    return (unsigned)type < WIRE_TYPES ? words[type] : NULL;
}
