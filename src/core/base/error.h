/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Filling the error record of include/ballast/error.h. */
#ifndef CORE_BASE_ERROR_H
#define CORE_BASE_ERROR_H

#include <ballast/error.h>

/*
 * Fills *err (NULL is allowed) and returns `code`, which must be a negative errno, so that a
 * function can end with `return ballast_fail(err, -EINVAL, "...")`. A text that is too long is cut.
 */
__attribute__((format(printf, 3, 4))) int ballast_fail(struct ballast_error *err, int code,
                                                       const char *format, ...);

/* The same, naming the guest attribute that is at fault. */
__attribute__((format(printf, 4, 5))) int ballast_fail_at(struct ballast_error *err, int code,
                                                          int subject, const char *format, ...);

#endif
