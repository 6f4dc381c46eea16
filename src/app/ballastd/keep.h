/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A file with two places for one image: the newer one counts, the other is written to. A program
 * that is killed at any instant leaves a whole image behind.
 */
#ifndef APP_BALLASTD_KEEP_H
#define APP_BALLASTD_KEEP_H

#include <stddef.h>

#include <ballast/error.h>

struct keep;

/* Images of at most `most` bytes in the file at `path`, which is made where it is not there. */
int keep_open(const char *path, size_t most, struct keep **out, struct ballast_error *err);
void keep_close(struct keep *keep); /* NULL is allowed */
/* The newest image, or NULL; `age` 1 is the one before. Lives until the next keep_begin(). */
const void *keep_image(const struct keep *keep, unsigned age, size_t *size);
/* Room for the next image of `size` bytes, which must not be more than `most`; then keep_end(). */
void *keep_begin(struct keep *keep, size_t size);
void keep_end(struct keep *keep);

#endif
