/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/hv/sim_live.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/base/units.h"
#include "core/sim/scenario.h"
#include "core/sim/scenario_builtin.h"
#include "core/sim/sim_low.h"
#include "edge/file/file.h"
#include "edge/hv/sim_host.h"
#include "edge/hv/sim_state.h"

struct sim_live {
    struct sim_host host; /* first */
    struct hv_ops ops;    /* those of sim_host.c, and more */
    struct scenario scenario;
    size_t own_starts; /* of the scenario; those behind are spare */
    struct sim_state *state;
    struct sim_low low;
    int low_fd; /* -1: not asked for */
    uint64_t speed_permyriad;
    uint64_t real_from_usec; /* when the simulated clock stood at sim_from_usec */
    uint64_t sim_from_usec;
};

static struct sim_live *sim_live_of(struct hv *hv)
{
    return (struct sim_live *)hv;
}

static const struct sim_live *sim_live_of_const(const struct hv *hv)
{
    return (const struct sim_live *)hv;
}

static int read_scenario(const char *path, bool kept, struct scenario *out,
                         struct ballast_error *err)
{
    char *data = NULL;
    size_t length;
    if (!path)
        return scenario_parse("built-in", scenario_builtin, strlen(scenario_builtin), out, err);
    int rc = file_read(path, kept ? FILE_REGULAR : FILE_ANY, SCENARIO_BYTES, &data, &length, err);
    if (rc == 0)
        rc = scenario_parse(file_name(path), data, length, out, err);
    free(data);
    return rc;
}

/* Starts that never come by themselves: what toolstacks build by asking for it. */
static int add_spare_starts(struct sim_live *live, struct ballast_error *err)
{
    struct sim_config *config = &live->scenario.config;
    size_t count = ballast_min_u64(config->start_count + SIM_LIVE_SPARE, SIM_STARTS);
    struct sim_start_config *starts = reallocarray(config->starts, count, sizeof(*starts));
    if (!starts)
        return ballast_fail(err, -ENOMEM, "out of memory");
    config->starts = starts;
    live->own_starts = config->start_count;
    for (size_t i = config->start_count; i < count; i++)
        starts[i] =
            (struct sim_start_config){.arrives_usec = BALLAST_NONE, .deadline_usec = BALLAST_NONE};
    config->start_count = count;
    return 0;
}

/* A simulation as it was kept, or NULL. */
static struct sim *load_kept(struct sim_live *live)
{
    struct sim *kept;
    size_t size;
    for (unsigned age = 0; age < 2; age++) {
        const void *image = sim_state_image(live->state, age, &size);
        if (image && sim_image_load(&live->scenario.config, image, size, &kept, NULL) == 0)
            return kept;
    }
    return NULL;
}

static int keep_in_file(struct sim_live *live, const char *run_dir, struct ballast_error *err)
{
    char path[512];
    if (snprintf(path, sizeof(path), "%s/sim.host", run_dir) >= (int)sizeof(path))
        return ballast_fail(err, -ENAMETOOLONG, "%s: the path is too long: use a shorter directory",
                            run_dir);
    return sim_state_open(path, sim_image_most(live->host.sim), &live->state, err);
}

static void close_sim_live(struct hv *hv)
{
    struct sim_live *live = sim_live_of(hv);
    sim_free(live->host.sim);
    if (live->low_fd >= 0)
        close(live->low_fd);
    sim_state_close(live->state);
    scenario_release(&live->scenario);
    free(live);
}

static void save_sim_live(struct hv *hv)
{
    struct sim_live *live = sim_live_of(hv);
    struct sim *sim = live->host.sim;
    if (!live->state || !live->host.changed)
        return;
    sim_image_save(sim, sim_state_begin(live->state, sim_image_bytes(sim)));
    sim_state_end(live->state);
    live->host.changed = false;
}

static uint64_t sim_live_lasts_usec(const struct hv *hv)
{
    return sim_live_of_const(hv)->scenario.duration_usec;
}

static uint64_t sim_live_real_usec(const struct hv *hv, uint64_t usec)
{
    const struct sim_live *live = sim_live_of_const(hv);
    return hv->stepped ? 0 : ballast_mul_div(usec, BALLAST_PERMYRIAD, live->speed_permyriad);
}

static int sim_live_low_fd(struct hv *hv, struct ballast_error *err)
{
    struct sim_live *live = sim_live_of(hv);
    if (live->low_fd < 0)
        live->low_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return live->low_fd < 0 ? ballast_fail(err, -errno, "eventfd: %s", strerror(errno))
                            : live->low_fd;
}

static bool take_sim_live_low(struct hv *hv)
{
    eventfd_t count;
    return eventfd_read(sim_live_of(hv)->low_fd, &count) == 0;
}

/* As Xen would, where that was asked for. */
static void report_low_memory(struct sim_live *live)
{
    const struct sim *sim = live->host.sim;
    uint64_t kib = ballast_sub_floor(sim_free_kib(sim), sim_claimed_kib(sim));
    if (sim_low_note(&live->low, kib) && live->low_fd >= 0)
        (void)eventfd_write(live->low_fd, 1);
}

/* What its clock should show by the real one. */
static uint64_t sim_live_due_usec(const struct sim_live *live)
{
    return live->sim_from_usec + ballast_mul_div(hv_clock_usec() - live->real_from_usec,
                                                 live->speed_permyriad, BALLAST_PERMYRIAD);
}

static int step_sim_live(struct hv *hv, uint64_t most_usec, bool *behind, struct ballast_error *err)
{
    struct sim_live *live = sim_live_of(hv);
    struct sim *sim = live->host.sim;
    uint64_t tick_usec = live->scenario.config.tick_usec;
    uint64_t due_usec = hv->stepped ? sim_now_usec(sim) + ballast_max_u64(most_usec, tick_usec)
                                    : sim_live_due_usec(live);
    int rc = 0;
    for (uint64_t done_usec = 0;
         rc == 0 && done_usec < most_usec && sim_now_usec(sim) + tick_usec <= due_usec;
         done_usec += tick_usec) {
        rc = sim_step(sim, tick_usec, err);
        report_low_memory(live);
        live->host.changed = true;
    }
    *behind = !hv->stepped && sim_now_usec(sim) + tick_usec <= due_usec;
    /* A clock that cannot keep up, or a machine that slept: what was missed is missed. */
    if (*behind &&
        due_usec - sim_now_usec(sim) >
            ballast_mul_div(BALLAST_SEC_USEC, live->speed_permyriad, BALLAST_PERMYRIAD)) {
        live->real_from_usec = hv_clock_usec();
        live->sim_from_usec = sim_now_usec(sim);
        *behind = false;
    }
    return rc;
}

static int begin_or_resume(struct sim_live *live, const struct sim_live_options *options,
                           struct ballast_error *err)
{
    struct sim *begun;
    int rc;
    if ((rc = read_scenario(options->scenario, options->run_dir, &live->scenario, err)) < 0 ||
        (options->run_dir && (rc = add_spare_starts(live, err)) < 0) ||
        (rc = sim_new(&live->scenario.config, 0, &begun, err)) < 0)
        return rc;
    live->host.sim = begun;
    if (!options->run_dir)
        return 0;
    if ((rc = keep_in_file(live, options->run_dir, err)) < 0)
        return rc;
    struct sim *kept = options->fresh ? NULL : load_kept(live);
    if (kept) {
        live->host.hv.resumed = true;
        live->host.sim = kept;
        sim_free(begun);
    }
    return 0;
}

static void fill_sim_live_ops(struct sim_live *live)
{
    live->ops = *sim_host_init(&live->host, NULL)->ops;
    live->ops.close = close_sim_live;
    live->ops.low_memory_fd = sim_live_low_fd;
    live->ops.take_low_memory = take_sim_live_low;
    live->ops.lasts_usec = sim_live_lasts_usec;
    live->ops.real_usec = sim_live_real_usec;
    live->ops.step = step_sim_live;
    live->ops.save = save_sim_live;
    live->host.hv.ops = &live->ops;
}

int sim_live_open(const struct sim_live_options *options, struct hv **out,
                  struct ballast_error *err)
{
    struct sim_live *live = calloc(1, sizeof(*live));
    if (!live)
        return ballast_fail(err, -ENOMEM, "out of memory");
    live->low_fd = -1;
    live->speed_permyriad = options->speed_permyriad;
    fill_sim_live_ops(live);
    live->host.hv.stepped = options->stepped;
    int rc = begin_or_resume(live, options, err);
    if (rc < 0) {
        close_sim_live(&live->host.hv);
        return rc;
    }
    (void)snprintf(live->host.hv.name, sizeof(live->host.hv.name),
                   options->scenario ? "sim:%s" : "sim", options->scenario);
    live->real_from_usec = hv_clock_usec();
    live->sim_from_usec = sim_now_usec(live->host.sim);
    live->host.changed = true;
    save_sim_live(&live->host.hv);
    *out = &live->host.hv;
    return 0;
}

struct sim *sim_live_sim(struct hv *hv)
{
    if (hv->ops->close != close_sim_live)
        return NULL;
    sim_live_of(hv)->host.changed = true;
    return sim_live_of(hv)->host.sim;
}

int sim_live_build(struct hv *hv, const struct sim_build *build, uint32_t *domid,
                   struct ballast_error *err)
{
    struct sim_live *live = sim_live_of(hv);
    struct sim_build_room room = {.sim = live->host.sim,
                                  .starts = live->scenario.config.starts,
                                  .from = live->own_starts,
                                  .count = live->scenario.config.start_count};
    live->host.changed = true;
    return sim_build_guest(&room, build, domid, err);
}
