/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The last decisions, numbered, in a ring. */
#ifndef APP_BALLASTD_ENGINE_DECISIONS_H
#define APP_BALLASTD_ENGINE_DECISIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "app/tick/tick.h"

enum { DECISIONS_KEPT = 1024, DECISION_NAME = 48 };

enum decision_what { DECISION_SET, DECISION_GRANT, DECISION_REFUSE };

struct decision {
    uint64_t number; /* from 1 on */
    uint64_t time_usec;
    enum decision_what what;
    uint32_t domid; /* of a set */
    char name[DECISION_NAME];
    uint64_t target_kib;
    uint64_t maxmem_kib;
    enum tick_outcome outcome;
    uint64_t reservation; /* of the others */
    enum balancer_reason reason;
    uint64_t a_kib;
    uint64_t b_kib;
    struct floor floor; /* of a set: that its target was held to */
};

struct decisions;

struct decisions *decisions_new(void); /* NULL: out of memory */
void decisions_free(struct decisions *decisions);
/* Numbers it and keeps it; the one that is kept, until the next one. */
const struct decision *decisions_add(struct decisions *decisions, const struct decision *decision);
/* The highest number; 0: none yet. */
uint64_t decisions_last(const struct decisions *decisions);
/* NULL where it is not there (any more). */
const struct decision *decisions_at(const struct decisions *decisions, uint64_t number);
/* The last set of a domain that is kept, or NULL. */
const struct decision *decisions_of(const struct decisions *decisions, uint32_t domid);
/* Whom it is about: the domain, or "reservation 12". */
void decision_name(const struct decision *decision, char out[DECISION_NAME]);
/* The sentence before it is filled (core/base/pattern.h) and in KiB, as snprintf. */
size_t decision_pattern(const struct decision *decision, char *buf, size_t size);
size_t decision_text(const struct decision *decision, char *buf, size_t size);

#endif
