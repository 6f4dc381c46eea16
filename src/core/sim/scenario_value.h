/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The values of a scenario: 512MiB, 100MiB/s, 2.5s, 3s..10s ... Every reader takes a whole
 * terminated word. If the word is invalid it returns false, and *what names what to use instead.
 */
#ifndef CORE_SIM_SCENARIO_VALUE_H
#define CORE_SIM_SCENARIO_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/sim/sim.h"

/* Sizes and times as in core/base/quantity.h. */
bool scenario_value_size(const char *word, uint64_t *out_kib, const char **what);
bool scenario_value_rate(const char *word, uint64_t *out_kib, const char **what); /* per second */
bool scenario_value_time(const char *word, uint64_t *out_usec, const char **what);
bool scenario_value_span(const char *word, struct sim_span *out, const char **what);
/* 3s/1s: two times. */
bool scenario_value_duty(const char *word, uint64_t *first_usec, uint64_t *second_usec,
                         const char **what);
bool scenario_value_count(const char *word, uint64_t *out, const char **what);
/* 1.5x */
bool scenario_value_ratio(const char *word, uint64_t *out_permyriad, const char **what);
/* Likewise up to `most` instead of 1000; the caller names a valid one. */
bool scenario_value_ratio_to(const char *word, uint64_t most, uint64_t *out_permyriad);
/* 30% */
bool scenario_value_percent(const char *word, uint64_t *out_permyriad, const char **what);
/* 20GiBs: size x seconds, in KiB x ms. */
bool scenario_value_integral(const char *word, uint64_t *out_kibms, const char **what);
/* 2GiB; steps:0s=1GiB,20s=3GiB; ramp:1GiB..3GiB,10s..60s; square:1GiB..3GiB,20s/10s;
 * walk:1GiB..3GiB,64MiB/s */
bool scenario_value_need(const char *word, struct sim_need *out, const char **what);
/* "pv", "pvh", "hvm". */
bool scenario_value_type(const char *word, enum sim_type *out, const char **what);
/* 10s=512MiB,20s=1GiB */
bool scenario_value_targets(const char *word, struct sim_need *out);
/* "none", "honest", "false". */
bool scenario_value_pressure(const char *word, enum sim_pressure_report *out, const char **what);
bool scenario_value_swap(const char *word, enum sim_swap_report *out, const char **what);
bool scenario_value_report(const char *word, enum sim_report *out, const char **what);
/* A version of Xen: 4.17.7, optionally with a suffix. */
bool scenario_value_version(const char *word, char out[SIM_NAME], const char **what);
/* Letters, digits, - _ . and at most SIM_NAME - 1 of them. */
bool scenario_value_name(const char *word, char out[SIM_NAME], const char **what);

#endif
