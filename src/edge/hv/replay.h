/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A recorded host: the third one behind hv.h, beside the real and the simulated. It shows sample
 * after sample what a real host has shown, so that what decides there can be run over it again.
 *
 * What guests had and reported stays as it was recorded: no guest obeys. Targets and maxima that
 * are set are shown from then on, as a host shows them, until a later sample has another one than
 * the sample before: then another program has set it on the real host, after us.
 */
#ifndef EDGE_HV_REPLAY_H
#define EDGE_HV_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ballast/error.h>

#include "core/model/host.h"
#include "edge/hv/hv.h"

struct replay;

/* What was set; BALLAST_NONE: kept as it was. */
struct replay_change {
    uint64_t at_usec; /* of the sample that was shown then */
    uint32_t domid;
    uint64_t target_kib;
    uint64_t maxmem_kib;
};

/*
 * Over the samples of one host in order of time, which stay the caller's and must outlive it; it
 * begins at the first. -EINVAL: there are none, or time does not rise; -ENOMEM.
 */
int replay_new(const struct ballast_host *samples, size_t count, struct replay **out,
               struct ballast_error *err);
void replay_free(struct replay *replay); /* NULL is allowed */

/*
 * The host of hv.h; it belongs to the replay, and its close() frees that. A set for a domain that
 * the sample has not is -ENOENT.
 */
struct hv *replay_hv(struct replay *replay);

/* Goes on to the next sample. False: this is the last one, and stays. */
bool replay_next(struct replay *replay);
uint64_t replay_now_usec(const struct replay *replay);
/* All that was set so far, in order; valid until the next set. */
const struct replay_change *replay_changes(const struct replay *replay, size_t *count);

#endif
