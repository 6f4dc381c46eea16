/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A run as a picture: which guests are worth a strip, and what the others make together. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ballast/cli/output.h"
#include "app/ballast/lab/simulate.h"
#include "core/base/units.h"
#include "core/draw/chart.h"

/* More strips are no picture any more; the rest is summed up in one. */
enum { STRIPS = 10, LANES = 12, TITLE = 160 };

struct picture {
    const struct cli_played *played;
    struct chart_strip *strips;
    size_t strip_count;
    struct chart_span *spans;
    size_t span_count;
    uint64_t *values; /* of all strips: actual, target, need */
    char others[48];
};

static const struct simulate_point *points_of(const struct simulate_trace *trace, size_t domain)
{
    return trace->points + domain * trace->samples;
}

/* How much there is to see: how far what it holds and what it needs move. */
static uint64_t strip_liveliness(const struct simulate_trace *trace, size_t domain)
{
    const struct simulate_point *points = points_of(trace, domain);
    uint64_t moved = 0;
    for (size_t i = 1; i < trace->samples; i++) {
        uint64_t a = points[i - 1].tot_kib;
        uint64_t b = points[i].tot_kib;
        moved += a > b ? a - b : b - a;
    }
    return moved;
}

/* The liveliest, if not all have room; in order of id all the same. */
static void choose_strips(const struct simulate_trace *trace, bool *chosen)
{
    size_t most = trace->domains <= STRIPS ? trace->domains : STRIPS - 1;
    for (size_t n = 0; n < most; n++) {
        size_t best = trace->domains;
        uint64_t best_moved = 0;
        for (size_t i = 0; i < trace->domains; i++) {
            uint64_t moved = strip_liveliness(trace, i);
            if (!chosen[i] && (best == trace->domains || moved > best_moved)) {
                best = i;
                best_moved = moved;
            }
        }
        chosen[best] = true;
    }
}

static struct chart_strip *new_strip(struct picture *picture, const char *name)
{
    size_t samples = picture->played->run.trace.samples;
    struct chart_strip *strip = &picture->strips[picture->strip_count];
    uint64_t *values = picture->values + 3 * samples * picture->strip_count++;
    *strip = (struct chart_strip){.name = name,
                                  .current_kib = values,
                                  .target_kib = values + samples,
                                  .need_kib = values + 2 * samples};
    return strip;
}

static void add_to_strip(struct picture *picture, size_t strip, size_t domain)
{
    const struct simulate_trace *trace = &picture->played->run.trace;
    const struct simulate_point *points = points_of(trace, domain);
    uint64_t *values = picture->values + 3 * trace->samples * strip;
    for (size_t i = 0; i < trace->samples; i++) {
        values[i] += points[i].tot_kib;
        values[trace->samples + i] += points[i].target_kib;
        values[2 * trace->samples + i] += points[i].need_kib;
    }
}

static void fill_strips(struct picture *picture)
{
    const struct simulate_trace *trace = &picture->played->run.trace;
    bool *chosen = xcheck(calloc(trace->domains + 1, sizeof(*chosen)));
    size_t left = 0;
    choose_strips(trace, chosen);
    for (size_t i = 0; i < trace->domains; i++) {
        struct sim_domain_view view;
        left += !chosen[i];
        if (!chosen[i])
            continue;
        sim_domain_view(picture->played->run.sim, i, &view);
        new_strip(picture, view.name);
        add_to_strip(picture, picture->strip_count - 1, i);
    }
    if (left > 0) {
        (void)snprintf(picture->others, sizeof(picture->others), "%zu others", left);
        new_strip(picture, picture->others);
        for (size_t i = 0; i < trace->domains; i++) {
            if (!chosen[i])
                add_to_strip(picture, picture->strip_count - 1, i);
        }
    }
    free(chosen);
}

static void fill_spans(struct picture *picture)
{
    const struct sim *sim = picture->played->run.sim;
    for (size_t i = 0; i < sim_start_count(sim) && picture->span_count < LANES; i++) {
        const struct sim_start *start = sim_start_at(sim, i);
        bool waits = start->state == SIM_START_WAITING;
        if (start->state == SIM_START_COMING)
            continue;
        picture->spans[picture->span_count++] = (struct chart_span){
            .name = start->is->guest.name,
            .from_usec = start->arrived_usec,
            .until_usec = waits ? sim_now_usec(sim) : start->answered_usec,
            .need_kib = start->is->need_kib,
            .answer = waits                               ? CHART_WAITING
                      : start->state == SIM_START_REFUSED ? CHART_REFUSED
                                                          : CHART_GRANTED,
        };
    }
}

static bool write_chart(const struct chart *chart, FILE *out)
{
    size_t length = ballast_chart_svg(chart, NULL, 0);
    char *text = xcheck(malloc(length + 1));
    ballast_chart_svg(chart, text, length + 1);
    bool written = fwrite(text, 1, length, out) == length && fflush(out) == 0;
    free(text);
    return written;
}

bool cli_simulate_svg(const struct cli_played *played, FILE *out)
{
    const struct simulate_trace *trace = &played->run.trace;
    char title[TITLE];
    struct picture picture = {.played = played};
    picture.strips = xcheck(calloc(STRIPS, sizeof(*picture.strips)));
    picture.spans = xcheck(calloc(LANES, sizeof(*picture.spans)));
    picture.values = xcheck(calloc(3 * STRIPS * trace->samples, sizeof(*picture.values)));
    fill_strips(&picture);
    fill_spans(&picture);
    (void)snprintf(title, sizeof(title), "%s, policy %s", played->name, played->run.policy->name);
    bool written = write_chart(&(struct chart){.title = title,
                                               .subtitle = played->scenario->sentence,
                                               .usec = trace->usec,
                                               .free_kib = trace->free_kib,
                                               .samples = trace->samples,
                                               .strips = picture.strips,
                                               .strip_count = picture.strip_count,
                                               .spans = picture.spans,
                                               .span_count = picture.span_count},
                               out);
    free(picture.strips);
    free(picture.spans);
    free(picture.values);
    return written;
}
