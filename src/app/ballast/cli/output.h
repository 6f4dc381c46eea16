/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the commands write: answers to standard output, messages to standard error. */
#ifndef APP_BALLAST_CLI_OUTPUT_H
#define APP_BALLAST_CLI_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ballast_domain;
struct ballast_host;
struct balancer_set;

enum { CLI_MESSAGE = 1024 };

/* One line on standard error, after "ballast: ". */
__attribute__((format(printf, 1, 2))) void cli_error(const char *format, ...);

/*
 * `status`, or CLI_UNREACHABLE with a message when not all of standard output could be written: a
 * full disk or a closed pipe must not look like an answer. Nothing can be printed after it.
 */
int cli_finish(int status);

/* `pointer`, unless it is NULL: then the program ends, out of memory. */
void *xcheck(void *pointer);

/*
 * Whether to use colour on standard output: `when` is "always", "never", or "auto" for a terminal
 * where NO_COLOR is not set. -EINVAL for another word.
 */
int cli_colour(const char *when, bool *out);

/* A name of ours, "extra_external", as people read it: "extra external". */
void cli_spaced(const char *words, char *out, size_t size);

/*
 * A guest's name as it can be shown on a terminal, in new memory: a question mark replaces what is
 * not a character or would steer the terminal.
 */
char *cli_shown(const char *name);

/* "domain 3 web", or "domain 3" where it has no name, in new memory; as above. */
char *cli_domain_label(const struct ballast_domain *domain);

/* What the balancer sets on a domain of the host, and why, in new memory. */
char *cli_set_sentence(const struct ballast_host *host, const struct balancer_set *set);

enum { CLI_SIZE = 24 };
/* A size in MiB with two decimals, rounded. */
void cli_mib(uint64_t kib, char out[CLI_SIZE]);

#endif
