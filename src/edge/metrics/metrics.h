/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What ballastd answers, as metrics that Prometheus scrapes. Pure but for its memory: what goes in
 * are results of the protocol (ballast-protocol(7)) as the client of edge/wire hands them out, and
 * all of them are answered on status.sock. They come from another program, maybe an older or a
 * newer one: what is missing or of another type is a metric that is not there, never an error.
 *
 * Sizes are in bytes, times in seconds. The components of ballast_host_memory_bytes sum to
 * ballast_host_memory_total_bytes, and those of a domain's ballast_domain_memory_bytes to what it
 * holds and what the host spends on it beyond that, whatever the answers say.
 */
#ifndef EDGE_METRICS_METRICS_H
#define EDGE_METRICS_METRICS_H

#include <stddef.h>

#include <ballast/error.h>

struct json_object;

enum metrics_format {
    METRICS_OPENMETRICS, /* OpenMetrics 1.0.0, with units, ended by "# EOF" */
    /*
     * Prometheus' text format 0.0.4, with the same samples: what node_exporter's textfile collector
     * and promtool check read, which do not understand the other one.
     */
    METRICS_TEXT,
};

/* Of the first so many domains and reservations there are metrics; the rest is counted. */
enum { METRICS_DOMAINS = 4096, METRICS_RESERVATIONS = 1024 };

/* Each may be NULL: it is not known, as when the daemon cannot be reached or has just begun. */
struct metrics_input {
    const struct json_object *hello;        /* result of hello */
    const struct json_object *status;       /* result of status */
    const struct json_object *host;         /* result of host */
    const struct json_object *domains;      /* an array: all pages of domains */
    const struct json_object *reservations; /* an array: all pages of reservations, open = true */
};

/*
 * The whole text in *out (malloc'ed, the caller's, NUL behind it), *length without the NUL. With
 * nothing known it is `ballast_up 0`. -ENOMEM; nothing else can fail.
 */
int metrics_write(const struct metrics_input *input, enum metrics_format format, char **out,
                  size_t *length, struct ballast_error *err);

/* The value of the Content-Type header. */
const char *metrics_content_type(enum metrics_format format);
/*
 * Which format the value of an Accept header asks for (NULL: there was none): OpenMetrics where it
 * is named, as Prometheus does, and else the text format, which everything reads.
 */
enum metrics_format metrics_format_for(const char *accept);

#endif
