/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/hv/replay.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/array.h"
#include "core/base/error.h"

struct replay {
    struct hv hv; /* first */
    const struct ballast_host *samples;
    size_t count;
    size_t at;
    struct ballast_host shown;
    struct ballast_domain *domains; /* as shown; room for the most that any sample has */
    struct ballast_domain *spare;   /* the same, for the next sample */
    struct replay_change *changes;
    size_t change_count;
    size_t change_room;
};

static struct replay *replay_of(struct hv *hv)
{
    return (struct replay *)hv;
}

static int replay_refresh(struct hv *hv, const struct ballast_host **out, struct ballast_error *err)
{
    (void)err;
    *out = &replay_of(hv)->shown;
    return 0;
}

static int keep_change(struct replay *replay, const struct replay_change *change,
                       struct ballast_error *err)
{
    if (!array_reserve(&replay->changes, &replay->change_room, replay->change_count + 1,
                       sizeof(*replay->changes)))
        return ballast_fail(err, -ENOMEM, "out of memory");
    replay->changes[replay->change_count++] = *change;
    return 0;
}

static int replay_set(struct hv *hv, uint32_t domid, uint64_t target_kib, uint64_t maxmem_kib,
                      struct ballast_error *err)
{
    struct replay *replay = replay_of(hv);
    const struct ballast_domain *found =
        ballast_domain_find(replay->domains, replay->shown.domain_count, domid);
    if (!found)
        return ballast_fail(err, -ENOENT, "domain %" PRIu32 " is gone", domid);
    int rc = keep_change(
        replay, &(struct replay_change){replay->shown.now_usec, domid, target_kib, maxmem_kib},
        err);
    if (rc < 0)
        return rc;
    struct ballast_domain *domain = &replay->domains[found - replay->domains];
    if (target_kib != BALLAST_NONE)
        domain->target_kib = target_kib;
    if (maxmem_kib != BALLAST_NONE)
        domain->maxmem_kib = maxmem_kib;
    return 0;
}

static void replay_close(struct hv *hv)
{
    replay_free(replay_of(hv));
}

static const struct hv_ops ops = {
    .name = "file",
    .refresh = replay_refresh,
    .set = replay_set,
    .close = replay_close,
};

int replay_new(const struct ballast_host *samples, size_t count, struct replay **out,
               struct ballast_error *err)
{
    size_t most = 1;
    if (count == 0)
        return ballast_fail(err, -EINVAL, "recording: it has no samples: record at least one");
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && samples[i].now_usec <= samples[i - 1].now_usec)
            return ballast_fail(
                err, -EINVAL,
                "sample %zu: it is not later than the one before: use one recording, in order",
                i + 1);
        most = samples[i].domain_count > most ? samples[i].domain_count : most;
    }
    struct replay *replay = calloc(1, sizeof(*replay));
    if (!replay)
        return ballast_fail(err, -ENOMEM, "out of memory");
    *replay = (struct replay){.hv.ops = &ops, .samples = samples, .count = count};
    replay->domains = calloc(most, sizeof(*replay->domains));
    replay->spare = calloc(most, sizeof(*replay->spare));
    if (!replay->domains || !replay->spare) {
        replay_free(replay);
        return ballast_fail(err, -ENOMEM, "out of memory");
    }
    replay->shown = samples[0];
    replay->shown.domains = replay->domains;
    if (samples[0].domain_count > 0)
        memcpy(replay->domains, samples[0].domains,
               samples[0].domain_count * sizeof(*replay->domains));
    *out = replay;
    return 0;
}

void replay_free(struct replay *replay)
{
    if (!replay)
        return;
    free(replay->domains);
    free(replay->spare);
    free(replay->changes);
    free(replay);
}

struct hv *replay_hv(struct replay *replay)
{
    return &replay->hv;
}

/* `before` and `now` are one domain in two recorded samples; `shown` is it as it was shown. */
static void carry_on(const struct ballast_domain *before, const struct ballast_domain *shown,
                     struct ballast_domain *now)
{
    if (now->target_kib == before->target_kib)
        now->target_kib = shown->target_kib;
    if (now->maxmem_kib == before->maxmem_kib)
        now->maxmem_kib = shown->maxmem_kib;
}

bool replay_next(struct replay *replay)
{
    if (replay->at + 1 == replay->count)
        return false;
    const struct ballast_host *before = &replay->samples[replay->at++];
    const struct ballast_host *now = &replay->samples[replay->at];
    struct ballast_domain *next = replay->spare;
    for (size_t i = 0; i < now->domain_count; i++) {
        next[i] = now->domains[i];
        /* What is shown has the order of its sample. */
        const struct ballast_domain *was =
            ballast_domain_find(before->domains, before->domain_count, next[i].id);
        if (was)
            carry_on(was, &replay->domains[was - before->domains], &next[i]);
    }
    replay->spare = replay->domains;
    replay->domains = next;
    replay->shown = *now;
    replay->shown.domains = next;
    return true;
}

uint64_t replay_now_usec(const struct replay *replay)
{
    return replay->samples[replay->at].now_usec;
}

const struct replay_change *replay_changes(const struct replay *replay, size_t *count)
{
    *count = replay->change_count;
    return replay->changes;
}
