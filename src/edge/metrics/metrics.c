/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/metrics/metrics.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/units.h"
#include "edge/metrics/families.h"
#include "edge/json/field.h"

static void left_out(struct metrics_text *text, const struct metrics_input *input)
{
    static const struct metrics_family family = {
        "ballast_metrics_left_out", METRICS_GAUGE, METRICS_PLAIN,
        "Domains and reservations beyond the limits, which have no metrics of their own."};
    const struct {
        const char *of;
        uint64_t count;
    } rows[] = {
        {"domains", ballast_sub_floor(json_count(input->domains), METRICS_DOMAINS)},
        {"reservations", ballast_sub_floor(json_count(input->reservations), METRICS_RESERVATIONS)},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct metrics_label label = {"of", rows[i].of};
        metrics_sample(text, &family, &label, 1, rows[i].count, false);
    }
}

static void write_families(struct metrics_text *text, const struct metrics_input *input)
{
    metrics_daemon(text, input);
    if (input->host)
        metrics_host(text, input->host);
    if (input->domains)
        metrics_domains(text, input->domains);
    if (input->reservations)
        metrics_reservations(text, input->reservations);
    if (input->domains || input->reservations)
        left_out(text, input);
    if (text->format == METRICS_OPENMETRICS)
        (void)fputs("# EOF\n", text->file);
}

int metrics_write(const struct metrics_input *input, enum metrics_format format, char **out,
                  size_t *length, struct ballast_error *err)
{
    char *buf = NULL;
    size_t size = 0;
    struct metrics_text text = {.format = format, .file = open_memstream(&buf, &size)};
    if (!text.file)
        return ballast_fail(err, -ENOMEM, "out of memory");
    write_families(&text, input);
    bool whole = !ferror(text.file);
    if (fclose(text.file) != 0 || !whole) {
        free(buf);
        return ballast_fail(err, -ENOMEM, "out of memory");
    }
    *out = buf;
    *length = size;
    return 0;
}

const char *metrics_content_type(enum metrics_format format)
{
    return format == METRICS_OPENMETRICS
               ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
               : "text/plain; version=0.0.4; charset=utf-8";
}

enum metrics_format metrics_format_for(const char *accept)
{
    return accept && strcasestr(accept, "application/openmetrics-text") ? METRICS_OPENMETRICS
                                                                        : METRICS_TEXT;
}
