/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A host's memory over time as a stand-alone SVG: a lane for each start that waited, a strip for
 * free memory, and a strip per guest with its current memory, target and need. Every line is named
 * at its end, so there is no legend; colour-blind readers can distinguish the colours, which follow
 * the reader's light or dark ground.
 */
#ifndef CORE_DRAW_CHART_H
#define CORE_DRAW_CHART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One guest; each array has one value per sample of the chart. 0: it does not exist then. */
struct chart_strip {
    const char *name;
    const uint64_t *current_kib;
    const uint64_t *target_kib;
    const uint64_t *need_kib; /* NULL or all 0: it has none */
    const uint64_t *peak_kib; /* NULL: the peaks of current_kib between samples are unknown */
};

enum chart_answer { CHART_GRANTED, CHART_REFUSED, CHART_WAITING };

/* A start, from its arrival to its answer (or the end). */
struct chart_span {
    const char *name;
    uint64_t from_usec;
    uint64_t until_usec;
    uint64_t need_kib;
    enum chart_answer answer;
};

/* An event, as a line through all strips; the first ones have a line of text below the axis. */
struct chart_mark {
    uint64_t usec;
    const char *when; /* for people */
    const char *text;
};

/* A figure of the time axis. */
struct chart_tick {
    uint64_t usec;
    const char *label;
};

/* A part of the host, the lowest first. A sample whose parts are all 0 is unknown. */
struct chart_layer {
    const char *name;
    const char *light; /* colours on a light and a dark ground, as CSS has them */
    const char *dark;
    bool hatched; /* it differs from its neighbours without colour */
    const uint64_t *kib;
};

enum { CHART_LAYERS = 12 };

struct chart {
    const char *title;        /* escaped by the chart, as all its texts */
    const char *subtitle;     /* a sentence; broken into lines if it is long */
    const uint64_t *usec;     /* rising */
    const uint64_t *free_kib; /* of the host; NULL: it has no strip */
    const struct chart_layer
        *layers;        /* of the host, in a strip of their own; instead of free_kib */
    size_t layer_count; /* at most CHART_LAYERS */
    size_t samples;     /* at least 2 */
    const struct chart_strip *strips;
    size_t strip_count;
    const struct chart_span *spans;
    size_t span_count;
    const struct chart_mark *marks;
    size_t mark_count;
    const struct chart_tick *ticks; /* NULL: seconds from the first sample on */
    size_t tick_count;
};

/*
 * Writes like snprintf(): always terminated; returns the full length, so that the caller can
 * enlarge a buffer that was too small.
 */
size_t ballast_chart_svg(const struct chart *chart, char *buf, size_t size);

#endif
