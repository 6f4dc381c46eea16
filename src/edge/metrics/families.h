/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The families, in the order of writing. Shared only by the files of this folder. */
#ifndef EDGE_METRICS_FAMILIES_H
#define EDGE_METRICS_FAMILIES_H

#include "edge/metrics/format.h"

/* The daemon itself, and the host. */
void metrics_daemon(struct metrics_text *text, const struct metrics_input *input);
void metrics_host(struct metrics_text *text, const struct json_object *host);
/* Each takes an array. */
void metrics_domains(struct metrics_text *text, const struct json_object *domains);
void metrics_reservations(struct metrics_text *text, const struct json_object *reservations);

#endif
