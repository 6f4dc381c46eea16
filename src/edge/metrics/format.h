/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Families and samples as text, in either format. Shared only by the files of this folder. */
#ifndef EDGE_METRICS_FORMAT_H
#define EDGE_METRICS_FORMAT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "edge/metrics/metrics.h"

struct json_object;

enum metrics_type { METRICS_GAUGE, METRICS_COUNTER, METRICS_INFO };

enum metrics_unit {
    METRICS_PLAIN,   /* a count, 0 or 1, or a state */
    METRICS_BYTES,   /* values are given in KiB */
    METRICS_SECONDS, /* values are given in microseconds */
    METRICS_RATIO,   /* values are given in permyriad */
};

struct metrics_family {
    const char *name; /* without "_total" and "_info", which follow from the type */
    enum metrics_type type;
    enum metrics_unit unit; /* its name ends with it, except for plain ones */
    const char *help;       /* no line ends, quotes or backslashes */
};

enum { METRICS_LABELS = 6 };

struct metrics_label {
    const char *name;
    const char *value; /* any bytes; NULL is "" */
};

struct metrics_text {
    FILE *file;
    enum metrics_format format;
    const struct metrics_family *family; /* of the last sample */
};

/*
 * Writes a sample, after the header of its family if it is the first; the samples of a family must
 * follow each other. `value` is in the unit of the family; a negative one is written as such.
 */
void metrics_sample(struct metrics_text *text, const struct metrics_family *family,
                    const struct metrics_label *labels, size_t count, uint64_t value,
                    bool negative);

#endif
