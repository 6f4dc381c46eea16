/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any bytes as a scenario: read, or refused with a message. An accepted one runs for a few steps,
 * so that no file can lose a page, exceed an array or divide by zero.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "core/sim/score/score.h"

enum { STEPS = 30, LARGEST = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void play(const struct scenario *scenario)
{
    struct sim *sim = NULL;
    struct scenario_watch watch;
    char text[256];
    struct ballast_error err = {0};
    if (sim_new(&scenario->config, 0, &sim, &err) < 0)
        return;
    if (sim_score_begin(sim, &err) < 0)
        abort();
    scenario_watch_init(&watch);
    for (int i = 0; i < STEPS; i++) {
        const struct ballast_host *host;
        for (size_t start = 0; start < sim_start_count(sim); start++)
            (void)sim_start_grant(sim, start, i % 2 == 0, NULL);
        if (sim_refresh(sim, &host, NULL) == 0 && ballast_host_check(host, &err) < 0)
            abort();
        if (sim_step(sim, scenario->config.tick_usec, &err) < 0)
            abort(); /* a page was lost or made */
        if (sim_score_step(sim, scenario->config.tick_usec, &err) < 0)
            abort();
        scenario_watch_step(scenario, sim, &watch);
    }
    for (size_t i = 0; i < scenario->expect_count; i++)
        (void)scenario_met(scenario, i, sim, &watch, text, sizeof(text));
    sim_free(sim);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct scenario scenario;
    struct ballast_error err = {0};
    if (scenario_parse_expects("fuzz", (const char *)data, size, &scenario, &err) < 0) {
        if (err.text[0] == '\0')
            abort();
        return 0;
    }
    /* The look ahead of a slow start is long by nature: only small ones are played. */
    if (scenario.config.guest_count <= LARGEST && scenario.config.start_count == 0)
        play(&scenario);
    else if (scenario.config.guest_count <= 8 && scenario.config.start_count <= 4 &&
             scenario.config.tick_usec >= 100000)
        play(&scenario);
    scenario_release(&scenario);
    return 0;
}
