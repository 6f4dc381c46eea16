/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is worth a write into xenstore, and when. Pure: the time is an argument, monotonic
 * microseconds. A write costs the host more than the guest (xenstored, and all that watch the
 * node), so a value is written when it moved by its step, and within a minute if it moved at all.
 */
#ifndef APP_AGENT_RULES_H
#define APP_AGENT_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "edge/proc/files.h"

/* In the order in which they are written: the sign of life is the last, when all else is there. */
enum agent_node {
    AGENT_FREE,
    AGENT_PSI_SOME,
    AGENT_PSI_FULL,
    AGENT_REFAULTS,
    AGENT_SWAPIN,
    AGENT_STALLS,
    AGENT_OOM_KILLS,
    AGENT_BALLOON,
    AGENT_ALIVE,
    AGENT_NODES
};

struct agent_written {
    bool there; /* the node has `value`, written by this process */
    uint64_t value;
    uint64_t at_usec;
    int refused;                 /* the error of the last write; 0: it was done */
    uint64_t refused_until_usec; /* until then it is not tried again */
};

/* Zeros: nothing was written. */
struct agent_rules {
    struct agent_written nodes[AGENT_NODES];
    uint64_t foreign_until_usec; /* until then another program reports what is free */
    uint64_t total_kib;          /* the guest's memory when it last moved by a step; 0: not yet */
    uint64_t sample_total_kib;   /* the guest's memory in this sample */
    uint64_t free_of_kib;        /* the guest's memory when what is free of it was last written */
    uint64_t moved_until_usec;   /* until then signs of life come often, since it has moved */
};

/* A node's path in the guest's directory: "data/ballast/alive". */
const char *agent_node_path(enum agent_node node);

/* The values of all nodes; false in `known` for those that this kernel does not tell. */
struct agent_values {
    bool known[AGENT_NODES];
    uint64_t values[AGENT_NODES];
    uint64_t total_kib;
    uint64_t free_step_kib;
};
void agent_values_of(const struct proc_sample *sample, uint64_t now_usec, struct agent_values *out);

/* Takes in how much memory the guest has, in each sample. */
void agent_rules_note_total(struct agent_rules *rules, const struct agent_values *values,
                            uint64_t now_usec);
bool agent_rules_is_due(const struct agent_rules *rules, const struct agent_values *values,
                        enum agent_node node, uint64_t now_usec);
void agent_rules_note_written(struct agent_rules *rules, enum agent_node node, uint64_t value,
                              uint64_t now_usec);
/* Its write failed with `code`; the others are written as before. */
void agent_rules_note_refused(struct agent_rules *rules, enum agent_node node, int code,
                              uint64_t now_usec);
/* Whether the last write of any node failed with that code; 0: with any. */
bool agent_rules_was_refused(const struct agent_rules *rules, int code);
/* How long to wait after a refusal: it may pass by itself, or a person has to change something. */
uint64_t agent_rules_retry_usec(int code);
/* The guest's directory is another one, as after a migration: all is due. */
void agent_rules_forget(struct agent_rules *rules);
/*
 * Another program wrote what is free: leave it that node, for ten minutes after the last sign of
 * it. Returns whether that is news.
 */
bool agent_rules_note_foreign(struct agent_rules *rules, uint64_t now_usec);

#endif
