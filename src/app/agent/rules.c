/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/agent/rules.h"

#include <errno.h>
#include <string.h>

#include "core/base/units.h"

/* All that moved is written within this time. */
#define SETTLE_USEC (60 * BALLAST_SEC_USEC)
/*
 * No node more often, however fast it moves: where memory lacks all of them do, in each second. The
 * averages of PSI are made each 2 s.
 */
#define LEAST_USEC (2 * BALLAST_SEC_USEC)
/*
 * A balancer that takes a little memory waits for the pressure after that, but not for long
 * (core/policy/probe.h: it counts from 3 s after, up to 10 s).
 */
#define MOVED_USEC       (12 * BALLAST_SEC_USEC)
#define MOVED_ALIVE_USEC (2 * BALLAST_SEC_USEC)
/* A refusal lasts until a person changes something; asking costs xenstored. */
#define REFUSED_USEC (300 * BALLAST_SEC_USEC)
/* Other agents report each minute or each two (docs/glossary.md: report); some pauses are longer.
 */
#define FOREIGN_USEC (600 * BALLAST_SEC_USEC)

/* What is free moves all the time: a part of the total, but not less than 4 MiB. */
enum { FREE_STEP_PART = 64, FREE_STEP_MIN_KIB = 4096 };

/*
 * Steps. Pressure: 1 %. Pages read again: 1 MiB. Stalls: a few occur without a lack of memory. A
 * process killed for lack of memory is always news. 0: as the sample says, or by time alone.
 */
static const struct {
    const char *path;
    uint64_t step;
    bool is_average; /* its first sign and its end count as much as a step */
} agent_nodes[AGENT_NODES] = {
    [AGENT_FREE] = {"data/meminfo_free", 0, false},
    [AGENT_PSI_SOME] = {"data/ballast/psi_some", 100, true},
    [AGENT_PSI_FULL] = {"data/ballast/psi_full", 100, true},
    [AGENT_REFAULTS] = {"data/ballast/refaults", 256, false},
    [AGENT_SWAPIN] = {"data/ballast/swapin", 256, false},
    [AGENT_STALLS] = {"data/ballast/stalls", 16, false},
    [AGENT_OOM_KILLS] = {"data/ballast/oom_kills", 1, false},
    [AGENT_BALLOON] = {"data/ballast/balloon", 1, false},
    [AGENT_ALIVE] = {"data/ballast/alive", 0, false},
};

const char *agent_node_path(enum agent_node node)
{
    return agent_nodes[node].path;
}

static void set_node_value(struct agent_values *out, enum agent_node node, uint64_t value)
{
    out->known[node] = true;
    out->values[node] = value;
}

void agent_values_of(const struct proc_sample *sample, uint64_t now_usec, struct agent_values *out)
{
    static const enum agent_node nodes[BALLAST_PRESSURES] = {
        [BALLAST_PRESSURE_SOME] = AGENT_PSI_SOME,
        [BALLAST_PRESSURE_FULL] = AGENT_PSI_FULL,
        [BALLAST_PRESSURE_REFAULTS] = AGENT_REFAULTS,
        [BALLAST_PRESSURE_SWAPINS] = AGENT_SWAPIN,
        [BALLAST_PRESSURE_STALLS] = AGENT_STALLS,
        [BALLAST_PRESSURE_OOM_KILLS] = AGENT_OOM_KILLS,
    };
    memset(out, 0, sizeof(*out));
    set_node_value(out, AGENT_FREE, sample->available_kib);
    for (int kind = 0; kind < BALLAST_PRESSURES; kind++) {
        if (sample->pressure.known & UINT32_C(1) << kind)
            set_node_value(out, nodes[kind], sample->pressure.values[kind]);
    }
    set_node_value(out, AGENT_BALLOON, sample->has_balloon);
    /* Any number that changes will do; seconds need no state, and say something to a person. */
    set_node_value(out, AGENT_ALIVE, now_usec / BALLAST_SEC_USEC);
    out->total_kib = sample->total_kib;
    out->free_step_kib = ballast_max_u64(sample->total_kib / FREE_STEP_PART, FREE_STEP_MIN_KIB);
}

static uint64_t distance_of(uint64_t one, uint64_t other)
{
    return one > other ? one - other : other - one;
}

void agent_rules_note_total(struct agent_rules *rules, const struct agent_values *values,
                            uint64_t now_usec)
{
    rules->sample_total_kib = values->total_kib;
    if (distance_of(rules->total_kib, values->total_kib) < values->free_step_kib)
        return;
    if (rules->total_kib > 0)
        rules->moved_until_usec = now_usec + MOVED_USEC;
    rules->total_kib = values->total_kib;
}

static bool has_moved_enough(enum agent_node node, uint64_t before, uint64_t now, uint64_t step)
{
    if (agent_nodes[node].is_average && (before == 0) != (now == 0))
        return true;
    return step > 0 && distance_of(before, now) >= step;
}

static uint64_t longest_usec(const struct agent_rules *rules, enum agent_node node,
                             uint64_t now_usec)
{
    if (node != AGENT_ALIVE)
        return SETTLE_USEC;
    return now_usec < rules->moved_until_usec ? MOVED_ALIVE_USEC : BALLAST_PRESSURE_ALIVE_USEC;
}

/*
 * The host computes use from what the guest has when this is written, so a guest that uses all that
 * it is given has to write the same figure again.
 */
static bool has_use_moved(const struct agent_rules *rules, const struct agent_values *values)
{
    uint64_t before_kib = ballast_sub_floor(rules->free_of_kib, rules->nodes[AGENT_FREE].value);
    uint64_t now_kib = ballast_sub_floor(values->total_kib, values->values[AGENT_FREE]);
    return distance_of(before_kib, now_kib) >= values->free_step_kib;
}

bool agent_rules_is_due(const struct agent_rules *rules, const struct agent_values *values,
                        enum agent_node node, uint64_t now_usec)
{
    const struct agent_written *written = &rules->nodes[node];
    uint64_t step = node == AGENT_FREE ? values->free_step_kib : agent_nodes[node].step;
    if (now_usec < written->refused_until_usec)
        return false;
    if (!values->known[node] || (node == AGENT_FREE && now_usec < rules->foreign_until_usec))
        return false;
    if (!written->there)
        return true;
    if (now_usec - written->at_usec < LEAST_USEC)
        return false;
    if (node == AGENT_FREE && has_use_moved(rules, values))
        return true;
    if (written->value == values->values[node])
        return false;
    return has_moved_enough(node, written->value, values->values[node], step) ||
           now_usec - written->at_usec >= longest_usec(rules, node, now_usec);
}

void agent_rules_note_written(struct agent_rules *rules, enum agent_node node, uint64_t value,
                              uint64_t now_usec)
{
    rules->nodes[node] = (struct agent_written){.there = true, .value = value, .at_usec = now_usec};
    if (node == AGENT_FREE)
        rules->free_of_kib = rules->sample_total_kib;
}

uint64_t agent_rules_retry_usec(int code)
{
    return code == -EBUSY || code == -EAGAIN || code == -ENOMEM ? LEAST_USEC : REFUSED_USEC;
}

void agent_rules_note_refused(struct agent_rules *rules, enum agent_node node, int code,
                              uint64_t now_usec)
{
    rules->nodes[node].refused = code;
    rules->nodes[node].refused_until_usec = now_usec + agent_rules_retry_usec(code);
}

bool agent_rules_was_refused(const struct agent_rules *rules, int code)
{
    for (int node = 0; node < AGENT_NODES; node++) {
        int refused = rules->nodes[node].refused;
        if (refused != 0 && (code == 0 || code == refused))
            return true;
    }
    return false;
}

void agent_rules_forget(struct agent_rules *rules)
{
    memset(rules->nodes, 0, sizeof(rules->nodes));
}

bool agent_rules_note_foreign(struct agent_rules *rules, uint64_t now_usec)
{
    bool is_new = now_usec >= rules->foreign_until_usec;
    rules->foreign_until_usec = now_usec + FOREIGN_USEC;
    rules->nodes[AGENT_FREE].there = false;
    return is_new;
}
