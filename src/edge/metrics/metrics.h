/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The answers of ballastd as metrics for Prometheus. Pure except for memory: the input is results
 * of the protocol (ballast-protocol(7)) as the client of edge/wire returns them; status.sock
 * answers all of them. They come from another program, maybe an older or a newer one: if a member
 * is missing or has another type, the metric is absent; it is never an error.
 *
 * Sizes are in bytes, times in seconds. The components of ballast_host_memory_bytes sum to
 * ballast_host_memory_total_bytes, and those of a domain's ballast_domain_memory_bytes to its
 * current memory plus its overhead, whatever the answers are.
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

/* This many domains and reservations have metrics; the rest is counted. */
enum { METRICS_DOMAINS = 4096, METRICS_RESERVATIONS = 1024 };

/* Each may be NULL for unknown, as when the daemon cannot be reached or has just started. */
struct metrics_input {
    const struct json_object *hello;        /* result of hello */
    const struct json_object *status;       /* result of status */
    const struct json_object *host;         /* result of host */
    const struct json_object *domains;      /* an array: all pages of domains */
    const struct json_object *reservations; /* an array: all pages of reservations, open = true */
};

/*
 * The whole text in *out, which the caller frees, with a NUL that *length does not count. With
 * nothing known it is `ballast_up 0`. -ENOMEM; nothing else can fail.
 */
int metrics_write(const struct metrics_input *input, enum metrics_format format, char **out,
                  size_t *length, struct ballast_error *err);

/* The value of the Content-Type header. */
const char *metrics_content_type(enum metrics_format format);
/*
 * The format for the value of an Accept header (NULL: absent): OpenMetrics if it is named, as
 * Prometheus does, else the text format, which every client reads.
 */
enum metrics_format metrics_format_for(const char *accept);

#endif
