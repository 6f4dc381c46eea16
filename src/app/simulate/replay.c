/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/simulate/replay.h"

#include <errno.h>

#include "core/base/error.h"
#include "edge/hv/replay.h"

static int no_request_waits(void *book, const struct balancer_request **out, size_t *count,
                            struct ballast_error *err)
{
    (void)book;
    (void)err;
    *out = NULL;
    *count = 0;
    return 0;
}

static uint64_t nothing_is_reserved(void *book, const struct ballast_host *host)
{
    (void)book;
    (void)host;
    return 0;
}

static int refuse_answer(void *book, const struct ballast_host *host,
                         const struct balancer_verdict *verdict, struct ballast_error *err)
{
    (void)book;
    (void)host;
    (void)verdict;
    return ballast_fail(err, -EPROTO,
                        "replay: the balancer answered a request, and a recording has none");
}

static int replay_one_sample(struct tick *tick, uint64_t now_usec,
                             const struct simulate_replay_ear *ear, struct simulate_replay *out,
                             struct ballast_error *err)
{
    struct tick_result result;
    int rc = tick_run(tick, now_usec, &result, err);
    out->samples++;
    out->sets += result.done;
    out->skipped += result.skipped;
    out->failed += result.failed;
    out->breaches += result.breach_count;
    for (size_t i = 0; i < result.breach_count && ear->breach; i++)
        ear->breach(ear->arg, now_usec, &result.breaches[i]);
    return rc;
}

int simulate_replay(const struct ballast_host *samples, size_t count, const struct policy *policy,
                    const struct balancer_options *options, const struct simulate_replay_ear *ear,
                    struct simulate_replay *out, struct ballast_error *err)
{
    const struct simulate_replay_ear deaf = {0};
    struct replay *replay;
    *out = (struct simulate_replay){0};
    ear = ear ? ear : &deaf;
    int rc = replay_new(samples, count, &replay, err);
    if (rc < 0)
        return rc;
    struct tick *tick = tick_new(&(struct tick_config){
        .hv = replay_hv(replay),
        .policy = policy,
        .options = options ? *options : BALANCER_OPTIONS_DEFAULT,
        .book = {.waiting = no_request_waits,
                 .reserved_kib = nothing_is_reserved,
                 .answer = refuse_answer},
        .memory = {.memory = ear->arg, .set = ear->set},
        .checks_laws = true,
    });
    rc = tick ? 0 : ballast_fail(err, -ENOMEM, "out of memory");
    uint64_t begin_usec = replay_now_usec(replay);
    while (rc == 0) {
        rc = replay_one_sample(tick, replay_now_usec(replay), ear, out, err);
        out->span_usec = replay_now_usec(replay) - begin_usec;
        if (rc < 0 || !replay_next(replay))
            break;
    }
    tick_free(tick);
    replay_free(replay);
    return rc;
}
