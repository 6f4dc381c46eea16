/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/metrics/format.h"

#include <inttypes.h>

#include "core/base/text.h"
#include "core/base/units.h"

static const char *family_suffix(const struct metrics_family *family)
{
    static const char *const suffixes[] = {
        [METRICS_GAUGE] = "", [METRICS_COUNTER] = "_total", [METRICS_INFO] = "_info"};
    return suffixes[family->type];
}

/* The older format has no info type, and names a family like its samples. */
static void begin_family(const struct metrics_text *text, const struct metrics_family *family)
{
    static const char *const types[] = {
        [METRICS_GAUGE] = "gauge", [METRICS_COUNTER] = "counter", [METRICS_INFO] = "info"};
    static const char *const units[] = {
        [METRICS_BYTES] = "bytes", [METRICS_SECONDS] = "seconds", [METRICS_RATIO] = "ratio"};
    bool open = text->format == METRICS_OPENMETRICS;
    const char *end = open ? "" : family_suffix(family);
    const char *type = !open && family->type == METRICS_INFO ? "gauge" : types[family->type];
    (void)fprintf(text->file, "# HELP %s%s %s\n", family->name, end, family->help);
    (void)fprintf(text->file, "# TYPE %s%s %s\n", family->name, end, type);
    if (open && family->unit != METRICS_PLAIN)
        (void)fprintf(text->file, "# UNIT %s %s\n", family->name, units[family->unit]);
}

/*
 * Guests choose their names: bytes that are not printable characters become '?', since Prometheus
 * refuses a whole scrape for one byte that is not UTF-8.
 */
static void write_value(FILE *file, const char *value)
{
    while (value && *value) {
        size_t length = ballast_text_character(value);
        if (*value == '\\' || *value == '"')
            (void)fprintf(file, "\\%c", *value);
        else if (length == 0)
            (void)fputc('?', file);
        else
            (void)fwrite(value, 1, length, file);
        value += length ? length : 1;
    }
}

static void write_labels(FILE *file, const struct metrics_label *labels, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        (void)fprintf(file, "%c%s=\"", i == 0 ? '{' : ',', labels[i].name);
        write_value(file, labels[i].value);
        (void)fputc('"', file);
    }
    if (count > 0)
        (void)fputc('}', file);
}

/* Without floating point, so that every page counts. */
static void write_number(FILE *file, enum metrics_unit unit, uint64_t value)
{
    switch (unit) {
    case METRICS_PLAIN:
        (void)fprintf(file, "%" PRIu64, value);
        break;
    case METRICS_BYTES:
        (void)fprintf(file, "%" PRIu64, ballast_mul_div(value, 1024, 1));
        break;
    case METRICS_SECONDS:
        (void)fprintf(file, "%" PRIu64 ".%06" PRIu64, value / BALLAST_SEC_USEC,
                      value % BALLAST_SEC_USEC);
        break;
    case METRICS_RATIO:
        (void)fprintf(file, "%" PRIu64 ".%04" PRIu64, value / BALLAST_PERMYRIAD,
                      value % BALLAST_PERMYRIAD);
        break;
    }
}

void metrics_sample(struct metrics_text *text, const struct metrics_family *family,
                    const struct metrics_label *labels, size_t count, uint64_t value, bool negative)
{
    if (text->family != family)
        begin_family(text, family);
    text->family = family;
    (void)fprintf(text->file, "%s%s", family->name, family_suffix(family));
    write_labels(text->file, labels, count);
    (void)fputs(negative && value > 0 ? " -" : " ", text->file);
    write_number(text->file, family->unit, value);
    (void)fputc('\n', text->file);
}
