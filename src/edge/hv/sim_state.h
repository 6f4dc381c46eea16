/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A file with two places for one image: the newer one counts, the other is written to. A program
 * that is killed at any instant leaves a whole image behind.
 */
#ifndef EDGE_HV_SIM_STATE_H
#define EDGE_HV_SIM_STATE_H

#include <stddef.h>

#include <ballast/error.h>

struct sim_state;

/* Images of at most `most` bytes in the file at `path`, which is made where it is not there. */
int sim_state_open(const char *path, size_t most, struct sim_state **out,
                   struct ballast_error *err);
void sim_state_close(struct sim_state *state); /* NULL is allowed */
/* The newest image, or NULL; `age` 1 is the one before. Lives until the next sim_state_begin(). */
const void *sim_state_image(const struct sim_state *state, unsigned age, size_t *size);
/* Room for the next image of `size` bytes, which must not be more than `most`; then
 * sim_state_end(). */
void *sim_state_begin(struct sim_state *state, size_t size);
void sim_state_end(struct sim_state *state);

#endif
