/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How every fallible function of Ballast reports failure.
 *
 * A function that can fail returns 0 or a negative errno and takes, last, a `struct
 * ballast_error *` that may be NULL. On failure the record says what was wrong and what would
 * be right, and no other output of the function has been touched. On success the record is
 * left as it was.
 */
#ifndef BALLAST_ERROR_H
#define BALLAST_ERROR_H

#include <ballast/export.h>

enum { BALLAST_ERROR_TEXT = 384 };

/* `subject` of a record that speaks of no guest attribute. */
enum { BALLAST_ERROR_NO_SUBJECT = -1 };

struct ballast_error {
    int code;    /* the negative errno that was returned */
    int subject; /* enum ballast_guest_attr at fault, or BALLAST_ERROR_NO_SUBJECT */
    char text[BALLAST_ERROR_TEXT]; /* one sentence, no trailing newline; cut short if too long */
};

#endif
