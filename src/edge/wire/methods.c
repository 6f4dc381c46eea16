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
        .help = "its owner; default: the last login on this connection"                            \
    }
#define MOST                                                                                       \
    {                                                                                              \
        .name = "most", .type = WIRE_COUNT, .least = 1,                                            \
        .help = "the most items in the answer; default 256"                                        \
    }
#define DEADLINE                                                                                   \
    {                                                                                              \
        .name = "deadline_usec", .type = WIRE_USEC, .least = 1,                                    \
        .help = "from now; how long it may wait; default: forever"                                 \
    }
#define WAIT                                                                                       \
    {                                                                                              \
        .name = "wait", .type = WIRE_BOOL, .help = "answer when it is decided; default: at once"   \
    }
#define DRY_RUN                                                                                    \
    {                                                                                              \
        .name = "dry_run", .type = WIRE_BOOL, .help = "only answer what would come of it"          \
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
     .help = "the highest protocol version of the client"},
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
    {.name = "open", .type = WIRE_BOOL, .help = "only open ones"},
    {.name = "after", .type = WIRE_COUNT, .help = "only those with a higher id"},
    MOST,
    END,
};

static const struct wire_param history[] = {
    DOMAIN_ONLY("only this one, which may be gone; default: the host"),
    {.name = "since_usec",
     .type = WIRE_USEC,
     .least = 1,
     .help = "how long ago it starts; default: a day"},
    {.name = "until_usec", .type = WIRE_USEC, .help = "how long ago it ends; default: now"},
    {.name = "points", .type = WIRE_COUNT, .least = 1, .help = "the most points; default 240"},
    END,
};

static const struct wire_param events[] = {
    DOMAIN_ONLY("only those about this one, which may be gone"),
    {.name = "since_usec",
     .type = WIRE_USEC,
     .least = 1,
     .help = "only those of this last time; default: all"},
    {.name = "reason", .type = WIRE_STRING, .help = "only those of that reason"},
    {.name = "after", .type = WIRE_COUNT, .help = "only those with a higher number"},
    {.name = "before", .type = WIRE_COUNT, .help = "only those with a lower number"},
    MOST,
    END,
};

static const struct wire_param start_items[] = {
    {.name = "label", .type = WIRE_STRING, .help = "its name, for people"},
    {.name = "min_kib",
     .type = WIRE_KIB,
     .required = true,
     .least = 1,
     .help = "the minimum of the start"},
    {.name = "max_kib",
     .type = WIRE_KIB,
     .least = 1,
     .help = "the maximum of the start; default: min_kib"},
    END,
};

static const struct wire_param plan[] = {
    {.name = "requests",
     .type = WIRE_OBJECTS,
     .required = true,
     .help = "guests to start, in this order",
     .items = start_items},
    END,
};

static const struct wire_param login[] = {
    {.name = "owner",
     .type = WIRE_STRING,
     .required = true,
     .help = "the owner that restarts: its unbound reservations are released"},
    END,
};

static const struct wire_param reserve[] = {
    {.name = "min_kib", .type = WIRE_KIB, .required = true, .least = 1, .help = "the minimum"},
    {.name = "max_kib", .type = WIRE_KIB, .least = 1, .help = "the maximum; default: min_kib"},
    {.name = "name", .type = WIRE_STRING, .help = "of its guest"},
    {.name = "uuid", .type = WIRE_UUID, .help = "of its guest"},
    {.name = "pool",
     .type = WIRE_BOOL,
     .help = "pay any new domain that has no reservation; without name and uuid"},
    {.name = "node",
     .type = WIRE_COUNT,
     .help = "the NUMA node whose memory it is to be, where the host can claim that; without pool"},
    {.name = "label", .type = WIRE_STRING, .help = "what it is, for people; default: name"},
    {.name = "lease_usec",
     .type = WIRE_USEC,
     .least = 1,
     .help = "how long a grant may stay unbound; default: the daemon's"},
    DEADLINE,
    OWNER,
    WAIT,
    {.name = "with_connection",
     .type = WIRE_BOOL,
     .help = "release it if this connection ends before it is bound; default: keep it"},
    {.name = "starts",
     .type = WIRE_BOOL,
     .help = "its start follows the grant at once, so its memory is not claimed in Xen"},
    END,
};

static const struct wire_param attach[] = {RESERVATION, OWNER, END};

static const struct wire_param detach[] = {RESERVATION, OWNER, END};

static const struct wire_param release[] = {RESERVATION, OWNER, END};

static const struct wire_param bind[] = {
    RESERVATION,
    {.name = "domid", .type = WIRE_DOMID, .required = true, .help = "of its domain"},
    {.name = "uuid", .type = WIRE_UUID, .help = "of that domain; another one is refused"},
    OWNER,
    END,
};

static const struct wire_param free_memory[] = {
    {.name = "kib",
     .type = WIRE_KIB,
     .required = true,
     .least = 1,
     .help = "to be available beyond reservations"},
    DEADLINE,
    WAIT,
    END,
};

static const struct wire_param set_target[] = {
    DOMAIN,
    {.name = "target_kib",
     .type = WIRE_KIB,
     .least = 1,
     .help = "video included; it stays pinned until it is unpinned"},
    {.name = "auto", .type = WIRE_BOOL, .help = "unpin it instead"},
    {.name = "force", .type = WIRE_BOOL, .help = "even below its floor"},
    {.name = "enforce",
     .type = WIRE_BOOL,
     .help = "set the xen maximum with it (the default); a daemon always does"},
    DRY_RUN,
    END,
};

static const struct wire_param set_max[] = {
    DOMAIN,
    {.name = "maxmem_kib",
     .type = WIRE_KIB,
     .required = true,
     .least = 1,
     .help = "the most that it can ever have, video included"},
    DRY_RUN,
    END,
};

static const struct wire_param set_range[] = {
    DOMAIN,
    {.name = "min_kib", .type = WIRE_KIB, .help = "dynamic minimum; default: as configured"},
    {.name = "max_kib", .type = WIRE_KIB, .help = "dynamic maximum; default: as configured"},
    {.name = "force", .type = WIRE_BOOL, .help = "even with a maximum below its floor"},
    DRY_RUN,
    END,
};

static const struct wire_param set_shares[] = {
    DOMAIN,
    {.name = "shares",
     .type = WIRE_COUNT,
     .required = true,
     .help = "its weight; 1000 is the default, 0 means not balanced"},
    END,
};

static const struct wire_param opt_out[] = {
    DOMAIN,
    {.name = "on", .type = WIRE_BOOL, .required = true, .help = "true: never balance it"},
    END,
};

static const struct wire_param set_policy[] = {
    {.name = "name", .type = WIRE_STRING, .required = true, .help = "a policy that `policy` lists"},
    END,
};

static const struct wire_param pause_or_resume[] = {
    DOMAIN_ONLY("only this one; default: all balancing"),
    END,
};

static const struct wire_method methods[] = {
    {"hello", false, "the program and its version", hello},
    {"ping", false, "whether the daemon answers", none},
    {"subscribe", false, "select the notifications for this connection", subscribe},
    {"status", false, "the state of the daemon", none},
    {"host", false, "the parts of the host's memory", none},
    {"host-profile", false, "the profile that predicts the cost of guests", none},
    {"domains", false, "all domains: facts, bounds, estimates and reasons", domains},
    {"reservations", false, "the reservations", reservations},
    {"history", false, "current memory, target and need over time", history},
    {"events", false, "decisions and incidents, as sentences", events},
    {"policy", false, "the policy, and the available ones", none},
    {"plan", false, "the result of these starts, without a change", plan},
    {"login", true, "restart as an owner of reservations", login},
    {"reserve", true, "reserve memory for a start", reserve},
    {"attach", true, "tie a reservation to this connection", attach},
    {"detach", true, "untie a reservation from its connection", detach},
    {"release", true, "release a reservation, in any state", release},
    {"cancel", true, "another name for release", release},
    {"bind", true, "bind a reservation to its domain", bind},
    {"free", true, "free memory without reserving it", free_memory},
    {"set-target", true, "pin or unpin a domain's target", set_target},
    {"set-max", true, "set a domain's xen maximum", set_max},
    {"set-range", true, "set a domain's dynamic range", set_range},
    {"set-shares", true, "set a domain's shares", set_shares},
    {"opt-out", true, "exclude a domain from balancing, or include it", opt_out},
    {"set-policy", true, "change the policy", set_policy},
    {"pause", true, "stop balancing", pause_or_resume},
    {"resume", true, "resume balancing", pause_or_resume},
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
