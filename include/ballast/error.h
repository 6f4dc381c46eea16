/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How functions of Ballast report failure.
 *
 * A function that can fail returns 0 or a negative errno and takes a `struct ballast_error *` as
 * its last parameter, which may be NULL. On failure the record says what is wrong and what to do
 * instead, and all other outputs are unchanged. On success the record is unchanged.
 */
#ifndef BALLAST_ERROR_H
#define BALLAST_ERROR_H

#include <ballast/export.h>

enum { BALLAST_ERROR_TEXT = 384 };

/* `subject` where no guest attribute is at fault. */
enum { BALLAST_ERROR_NO_SUBJECT = -1 };

struct ballast_error {
    int code;    /* the negative errno that the function returned */
    int subject; /* enum ballast_guest_attr at fault, or BALLAST_ERROR_NO_SUBJECT */
    char text[BALLAST_ERROR_TEXT]; /* one sentence, no trailing newline; cut short if too long */
};

#endif
