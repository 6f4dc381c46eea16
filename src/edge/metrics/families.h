/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The families, in the order in which they are written. Shared by the files of this folder alone.
 */
#ifndef EDGE_METRICS_FAMILIES_H
#define EDGE_METRICS_FAMILIES_H

#include "edge/metrics/format.h"

/* The daemon itself, and the host. */
void metrics_daemon(struct metrics_text *text, const struct metrics_input *input);
void metrics_host(struct metrics_text *text, const struct json_object *host);
/* An array each. */
void metrics_domains(struct metrics_text *text, const struct json_object *domains);
void metrics_reservations(struct metrics_text *text, const struct json_object *reservations);

/* Members of an answer. NULL and BALLAST_NONE are "not known", as is what has another type. */
struct json_object *metrics_member(const struct json_object *object, const char *key);
uint64_t metrics_number(const struct json_object *object, const char *key);
/* "" where it is not known. */
const char *metrics_word(const struct json_object *object, const char *key);
size_t metrics_count(const struct json_object *array);

#endif
