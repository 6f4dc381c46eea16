/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* When a value is worth a write: by its step, by time, and never beside another program. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "app/agent/rules.h"
#include "core/base/units.h"

enum { GIB_KIB = 1024 * 1024 };
#define BEGIN  (1000 * BALLAST_SEC_USEC)
#define MINUTE (60 * BALLAST_SEC_USEC)
/* The least time between two writes of a node. */
#define LEAST (2 * BALLAST_SEC_USEC)

static struct proc_sample quiet_sample(void)
{
    struct proc_sample sample = {
        .total_kib = GIB_KIB, .available_kib = GIB_KIB / 2, .has_balloon = true};
    sample.pressure.known = (UINT32_C(1) << BALLAST_PRESSURES) - 1;
    return sample;
}

/* The nodes that are due, as bits; with `writes` they are written. */
static unsigned take_due(struct agent_rules *rules, const struct proc_sample *sample,
                         uint64_t now_usec, bool writes)
{
    struct agent_values values;
    unsigned due = 0;
    agent_values_of(sample, now_usec, &values);
    agent_rules_note_total(rules, &values, now_usec);
    for (int node = 0; node < AGENT_NODES; node++) {
        if (!agent_rules_is_due(rules, &values, node, now_usec))
            continue;
        due |= 1u << node;
        if (writes)
            agent_rules_note_written(rules, node, values.values[node], now_usec);
    }
    return due;
}

enum { ALL = (1 << AGENT_NODES) - 1 };

static void all_is_due_first_and_then_nothing(void **state)
{
    struct agent_rules rules = {0};
    struct proc_sample sample = quiet_sample();
    (void)state;
    assert_int_equal(take_due(&rules, &sample, BEGIN, true), ALL);
    assert_int_equal(take_due(&rules, &sample, BEGIN, true), 0);
    assert_int_equal(take_due(&rules, &sample, BEGIN + MINUTE / 2 - 1, true), 0);
    assert_int_equal(take_due(&rules, &sample, BEGIN + MINUTE / 2, true), 1 << AGENT_ALIVE);
    assert_int_equal(take_due(&rules, &sample, BEGIN + MINUTE, true), 1 << AGENT_ALIVE);
    agent_rules_forget(&rules);
    assert_int_equal(take_due(&rules, &sample, BEGIN + MINUTE, true), ALL);
}

static void what_the_kernel_does_not_tell_is_not_written(void **state)
{
    struct agent_rules rules = {0};
    struct proc_sample sample = quiet_sample();
    (void)state;
    sample.pressure.known = UINT32_C(1) << BALLAST_PRESSURE_STALLS;
    assert_int_equal(take_due(&rules, &sample, BEGIN, true),
                     1 << AGENT_FREE | 1 << AGENT_STALLS | 1 << AGENT_BALLOON | 1 << AGENT_ALIVE);
}

static bool is_free_due(struct agent_rules *rules, const struct proc_sample *sample,
                        uint64_t now_usec, bool writes)
{
    return take_due(rules, sample, now_usec, writes) & 1u << AGENT_FREE;
}

static void free_memory_has_a_step_of_its_total(void **state)
{
    struct agent_rules rules = {0};
    struct proc_sample sample = quiet_sample();
    (void)state;
    take_due(&rules, &sample, BEGIN, true);
    sample.available_kib -= GIB_KIB / 64 - 1;
    assert_false(is_free_due(&rules, &sample, BEGIN + LEAST, false));
    assert_true(is_free_due(&rules, &sample, BEGIN + MINUTE, false));
    sample.available_kib--;
    assert_true(is_free_due(&rules, &sample, BEGIN + LEAST, false));
    sample.available_kib += 2 * (GIB_KIB / 64);
    assert_true(is_free_due(&rules, &sample, BEGIN + LEAST, true));
    /* A small guest: 4 MiB. */
    sample.total_kib = 65536;
    sample.available_kib = 32768;
    take_due(&rules, &sample, BEGIN + 2 * LEAST, true);
    sample.available_kib = 32768 + 4095;
    assert_false(is_free_due(&rules, &sample, BEGIN + 3 * LEAST, true));
    sample.available_kib = 32768 + 4096;
    assert_true(is_free_due(&rules, &sample, BEGIN + 3 * LEAST, true));
}

/* A guest that uses all that it gets has the same free, of more: its use is news. */
static void use_that_grows_with_the_guest_is_written(void **state)
{
    struct agent_rules rules = {0};
    struct proc_sample sample = quiet_sample();
    (void)state;
    sample.available_kib = 8192;
    take_due(&rules, &sample, BEGIN, true);
    sample.total_kib += GIB_KIB / 64;
    assert_false(is_free_due(&rules, &sample, BEGIN + LEAST - 1, false));
    assert_false(is_free_due(&rules, &sample, BEGIN + LEAST, false));
    sample.total_kib += GIB_KIB / 64;
    assert_true(is_free_due(&rules, &sample, BEGIN + LEAST, true));
    assert_false(is_free_due(&rules, &sample, BEGIN + MINUTE, true));
    /* Ballooned down by what it uses, likewise; by what it has free, the figure moves itself. */
    sample.total_kib -= 2 * (GIB_KIB / 64);
    assert_true(is_free_due(&rules, &sample, BEGIN + 2 * MINUTE, true));
    sample.total_kib -= 8192;
    sample.available_kib -= 8192;
    assert_false(is_free_due(&rules, &sample, BEGIN + 2 * MINUTE + LEAST, true));
}

/* Where memory lacks everything moves in each turn: the host has less to do, and fresh values. */
static void what_moves_all_the_time_is_written_each_two_seconds(void **state)
{
    enum { TURNS = 60 };
    struct agent_rules rules = {0};
    struct proc_sample sample = quiet_sample();
    uint64_t now_usec = BEGIN;
    int writes[AGENT_NODES] = {0};
    (void)state;
    for (int turn = 0; turn < TURNS; turn++, now_usec += BALLAST_SEC_USEC) {
        sample.available_kib += turn % 2 ? UINT64_C(32768) : -UINT64_C(32768);
        for (int kind = 0; kind < BALLAST_PRESSURES; kind++)
            sample.pressure.values[kind] += kind <= BALLAST_PRESSURE_FULL ? 150 : 3000;
        unsigned due = take_due(&rules, &sample, now_usec, true);
        for (int node = 0; node < AGENT_NODES; node++) {
            writes[node] += (due >> node & 1) != 0;
            assert_true(now_usec - rules.nodes[node].at_usec < LEAST || node == AGENT_ALIVE ||
                        node == AGENT_BALLOON || node == AGENT_FREE);
        }
    }
    for (int node = AGENT_PSI_SOME; node <= AGENT_OOM_KILLS; node++)
        assert_int_equal(writes[node], TURNS / 2);
    assert_in_range(writes[AGENT_FREE], 1, TURNS / 2);
    assert_int_equal(writes[AGENT_BALLOON], 1);
    assert_int_equal(writes[AGENT_ALIVE], 2);
}

/* The others are written. */
static void a_refused_node_is_tried_later(void **state)
{
    static const struct {
        int code;
        uint64_t usec;
    } cases[] = {{-EACCES, 5 * MINUTE}, {-ENOSPC, 5 * MINUTE}, {-E2BIG, 5 * MINUTE},
                 {-EBUSY, LEAST},       {-EAGAIN, LEAST},      {-ENOMEM, LEAST}};
    struct proc_sample sample = quiet_sample();
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct agent_rules rules = {0};
        agent_rules_note_refused(&rules, AGENT_STALLS, cases[i].code, BEGIN);
        assert_true(agent_rules_was_refused(&rules, cases[i].code));
        assert_false(agent_rules_was_refused(&rules, -EIO));
        assert_int_equal(take_due(&rules, &sample, BEGIN, true), ALL & ~(1 << AGENT_STALLS));
        assert_false(take_due(&rules, &sample, BEGIN + cases[i].usec - 1, false) &
                     1 << AGENT_STALLS);
        assert_true(take_due(&rules, &sample, BEGIN + cases[i].usec, true) & 1 << AGENT_STALLS);
        assert_false(agent_rules_was_refused(&rules, 0));
    }
}

static void expect_step(enum ballast_pressure_kind kind, enum agent_node node, uint64_t from,
                        uint64_t to, bool is_due)
{
    struct agent_rules rules = {0};
    struct proc_sample sample = quiet_sample();
    sample.pressure.values[kind] = from;
    take_due(&rules, &sample, BEGIN, true);
    sample.pressure.values[kind] = to;
    assert_int_equal(take_due(&rules, &sample, BEGIN + LEAST, false), is_due ? 1 << node : 0);
    /* Each change is written in the end. */
    assert_int_equal(take_due(&rules, &sample, BEGIN + MINUTE, false),
                     1 << node | 1 << AGENT_ALIVE);
}

static void each_pressure_has_its_step(void **state)
{
    (void)state;
    expect_step(BALLAST_PRESSURE_SOME, AGENT_PSI_SOME, 0, 1, true);
    expect_step(BALLAST_PRESSURE_SOME, AGENT_PSI_SOME, 1, 0, true);
    expect_step(BALLAST_PRESSURE_SOME, AGENT_PSI_SOME, 1, 100, false);
    expect_step(BALLAST_PRESSURE_SOME, AGENT_PSI_SOME, 1, 101, true);
    expect_step(BALLAST_PRESSURE_FULL, AGENT_PSI_FULL, 300, 200, true);
    expect_step(BALLAST_PRESSURE_FULL, AGENT_PSI_FULL, 299, 200, false);
    expect_step(BALLAST_PRESSURE_REFAULTS, AGENT_REFAULTS, 7, 262, false);
    expect_step(BALLAST_PRESSURE_REFAULTS, AGENT_REFAULTS, 7, 263, true);
    expect_step(BALLAST_PRESSURE_SWAPINS, AGENT_SWAPIN, 0, 255, false);
    expect_step(BALLAST_PRESSURE_SWAPINS, AGENT_SWAPIN, 0, 256, true);
    expect_step(BALLAST_PRESSURE_STALLS, AGENT_STALLS, 0, 15, false);
    expect_step(BALLAST_PRESSURE_STALLS, AGENT_STALLS, 0, 16, true);
    expect_step(BALLAST_PRESSURE_OOM_KILLS, AGENT_OOM_KILLS, 0, 1, true);
    expect_step(BALLAST_PRESSURE_STALLS, AGENT_STALLS, 0, UINT64_MAX, true);
}

static void another_program_keeps_the_node_for_ten_minutes(void **state)
{
    struct agent_rules rules = {0};
    struct proc_sample sample = quiet_sample();
    (void)state;
    take_due(&rules, &sample, BEGIN, true);
    assert_true(agent_rules_note_foreign(&rules, BEGIN));
    assert_false(agent_rules_note_foreign(&rules, BEGIN + MINUTE));
    sample.available_kib = 5;
    assert_int_equal(take_due(&rules, &sample, BEGIN + MINUTE, true), 1 << AGENT_ALIVE);
    assert_int_equal(take_due(&rules, &sample, BEGIN + 11 * MINUTE - 1, true), 1 << AGENT_ALIVE);
    assert_int_equal(take_due(&rules, &sample, BEGIN + 11 * MINUTE, true), 1 << AGENT_FREE);
    assert_true(agent_rules_note_foreign(&rules, BEGIN + 12 * MINUTE));
    /* A directory that is another one has that program in it as before. */
    agent_rules_forget(&rules);
    assert_int_equal(take_due(&rules, &sample, BEGIN + 12 * MINUTE, true),
                     ALL & ~(1 << AGENT_FREE));
}

/* What waits for pressure after it took memory has signs of life soon. */
static void life_is_shown_often_while_memory_moves(void **state)
{
    struct agent_rules rules = {0};
    struct proc_sample sample = quiet_sample();
    uint64_t now_usec = BEGIN;
    int signs = 0;
    (void)state;
    take_due(&rules, &sample, now_usec, true);
    sample.total_kib -= GIB_KIB / 66;
    assert_int_equal(take_due(&rules, &sample, now_usec += 2 * BALLAST_SEC_USEC, true), 0);
    sample.total_kib -= GIB_KIB / 66;
    assert_int_equal(take_due(&rules, &sample, now_usec, true), 1 << AGENT_FREE | 1 << AGENT_ALIVE);
    for (int turn = 0; turn < 28; turn++) {
        unsigned due = take_due(&rules, &sample, now_usec += BALLAST_SEC_USEC, true);
        assert_int_equal(due & ~(1u << AGENT_ALIVE), 0);
        signs += due != 0;
    }
    assert_int_equal(signs, 5);
}

static void paths_are_those_of_the_manual(void **state)
{
    (void)state;
    assert_string_equal(agent_node_path(AGENT_FREE), "data/meminfo_free");
    assert_string_equal(agent_node_path(AGENT_PSI_SOME), "data/ballast/psi_some");
    assert_string_equal(agent_node_path(AGENT_PSI_FULL), "data/ballast/psi_full");
    assert_string_equal(agent_node_path(AGENT_REFAULTS), "data/ballast/refaults");
    assert_string_equal(agent_node_path(AGENT_SWAPIN), "data/ballast/swapin");
    assert_string_equal(agent_node_path(AGENT_STALLS), "data/ballast/stalls");
    assert_string_equal(agent_node_path(AGENT_OOM_KILLS), "data/ballast/oom_kills");
    assert_string_equal(agent_node_path(AGENT_BALLOON), "data/ballast/balloon");
    assert_string_equal(agent_node_path(AGENT_ALIVE), "data/ballast/alive");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_is_due_first_and_then_nothing),
        cmocka_unit_test(what_the_kernel_does_not_tell_is_not_written),
        cmocka_unit_test(free_memory_has_a_step_of_its_total),
        cmocka_unit_test(use_that_grows_with_the_guest_is_written),
        cmocka_unit_test(what_moves_all_the_time_is_written_each_two_seconds),
        cmocka_unit_test(a_refused_node_is_tried_later),
        cmocka_unit_test(each_pressure_has_its_step),
        cmocka_unit_test(another_program_keeps_the_node_for_ten_minutes),
        cmocka_unit_test(life_is_shown_often_while_memory_moves),
        cmocka_unit_test(paths_are_those_of_the_manual),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
