/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/engine/host.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "app/ballastd/engine/clock.h"
#include "app/ballastd/engine/sim_state.h"
#include "core/base/error.h"
#include "core/base/units.h"
#include "core/model/breakdown.h"
#include "core/model/running.h"
#include "core/sim/scenario.h"
#include "core/sim/scenario_builtin.h"
#include "core/sim/sim_low.h"
#include "edge/file/file.h"
#include "edge/hv/sim_host.h"
#include "edge/hv/xen.h"

struct engine_host {
    struct hv *hv;
    char name[256];
    struct sim *sim; /* NULL: it is real */
    struct sim_host sim_host;
    struct scenario scenario;
    size_t own_starts; /* of the scenario; those behind are spare */
    struct sim_state *state;
    struct sim_low low;
    int low_fd; /* of a simulated host */
    bool goes_on;
    bool changed; /* since it was kept */
    uint64_t speed_permyriad;
    uint64_t real_from_usec; /* when the simulated clock stood at sim_from_usec */
    uint64_t sim_from_usec;
};

static int read_scenario(struct engine_host *host, const char *path, struct ballast_error *err)
{
    char *data = NULL;
    size_t length;
    if (!path)
        return scenario_parse("built-in", scenario_builtin, strlen(scenario_builtin),
                              &host->scenario, err);
    int rc = file_read(path, FILE_REGULAR, SCENARIO_BYTES, &data, &length, err);
    if (rc == 0)
        rc = scenario_parse(path, data, length, &host->scenario, err);
    free(data);
    return rc;
}

/* Starts that never come by themselves: what toolstacks build by asking for it. */
static int add_spare(struct engine_host *host, struct ballast_error *err)
{
    struct sim_config *config = &host->scenario.config;
    size_t count = ballast_min_u64(config->start_count + ENGINE_HOST_SPARE, SIM_STARTS);
    struct sim_start_config *starts = reallocarray(config->starts, count, sizeof(*starts));
    if (!starts)
        return ballast_fail(err, -ENOMEM, "out of memory");
    config->starts = starts;
    host->own_starts = config->start_count;
    for (size_t i = config->start_count; i < count; i++)
        starts[i] =
            (struct sim_start_config){.arrives_usec = BALLAST_NONE, .deadline_usec = BALLAST_NONE};
    config->start_count = count;
    return 0;
}

static int go_on(struct engine_host *host)
{
    size_t size;
    for (unsigned age = 0; age < 2; age++) {
        const void *image = sim_state_image(host->state, age, &size);
        if (image && sim_image_load(&host->scenario.config, image, size, &host->sim, NULL) == 0)
            return 0;
    }
    return -ENOENT;
}

static int open_state(struct engine_host *host, const char *run_dir, struct ballast_error *err)
{
    char path[512];
    struct sim *most;
    if (snprintf(path, sizeof(path), "%s/sim.host", run_dir) >= (int)sizeof(path))
        return ballast_fail(err, -ENAMETOOLONG, "%s: is too long", run_dir);
    int rc = sim_new(&host->scenario.config, 0, &most, err);
    if (rc < 0)
        return rc;
    host->sim = most;
    rc = sim_state_open(path, sim_image_most(most), &host->state, err);
    return rc;
}

static int open_sim(struct engine_host *host, const struct engine_host_options *options,
                    struct ballast_error *err)
{
    int rc = read_scenario(host, options->scenario, err);
    if (rc < 0 || (rc = add_spare(host, err)) < 0 ||
        (rc = open_state(host, options->run_dir, err)) < 0)
        return rc;
    struct sim *anew = host->sim;
    if (!options->fresh && go_on(host) == 0) {
        host->goes_on = true;
        sim_free(anew);
    }
    host->hv = sim_host_init(&host->sim_host, host->sim);
    host->real_from_usec = clock_real_usec();
    host->sim_from_usec = sim_now_usec(host->sim);
    (void)snprintf(host->name, sizeof(host->name), options->scenario ? "sim:%s" : "sim",
                   options->scenario);
    host->changed = true;
    engine_host_save(host);
    return 0;
}

static int open_xen(struct engine_host *host, struct ballast_error *err)
{
    struct xen_options options = {0};
    int rc = xen_open(&options, &host->hv, err);
    if (rc == 0)
        (void)snprintf(host->name, sizeof(host->name), "xen");
    return rc;
}

/* Nobody is to take a simulated host for the one that this runs on: it must be asked for. */
static int open_default(struct engine_host *host, struct ballast_error *err)
{
    struct ballast_error why;
    int rc = open_xen(host, &why);
    if (rc == -ENODEV || rc == -ENOTSUP)
        return ballast_fail(
            err, rc, "no Xen here: %s; use --host sim to try it on a simulated host", why.text);
    return rc < 0 ? ballast_fail(err, rc, "%s", why.text) : 0;
}

int engine_host_open(const struct engine_host_options *options, struct engine_host **out,
                     struct ballast_error *err)
{
    struct engine_host *host = calloc(1, sizeof(*host));
    int rc;
    if (!host)
        return ballast_fail(err, -ENOMEM, "out of memory");
    host->speed_permyriad = options->speed_permyriad;
    host->low_fd = -1;
    if (options->kind == ENGINE_HOST_SIM)
        rc = open_sim(host, options, err);
    else if (options->kind == ENGINE_HOST_XEN)
        rc = open_xen(host, err);
    else
        rc = open_default(host, err);
    if (rc < 0) {
        engine_host_close(host);
        return rc;
    }
    *out = host;
    return 0;
}

void engine_host_close(struct engine_host *host)
{
    if (!host)
        return;
    if (host->sim)
        sim_free(host->sim);
    else if (host->hv)
        host->hv->ops->close(host->hv);
    if (host->low_fd >= 0)
        close(host->low_fd);
    sim_state_close(host->state);
    scenario_release(&host->scenario);
    free(host);
}

struct hv *engine_host_hv(struct engine_host *host)
{
    return host->hv;
}

const char *engine_host_name(const struct engine_host *host)
{
    return host->name;
}

bool engine_host_goes_on(const struct engine_host *host)
{
    return host->goes_on;
}

bool engine_host_is_sim(const struct engine_host *host)
{
    return host->sim != NULL;
}

uint64_t engine_host_guard_kib(const struct engine_host *host)
{
    return host->hv->ops->guard_kib;
}

struct sim *engine_host_sim(struct engine_host *host)
{
    /* Whoever asks for it is about to change it. */
    host->changed = true;
    return host->sim;
}

uint64_t engine_host_now_usec(const struct engine_host *host)
{
    return host->sim ? sim_now_usec(host->sim) : clock_real_usec();
}

uint64_t engine_host_real_usec(const struct engine_host *host, uint64_t usec)
{
    return host->sim ? ballast_mul_div(usec, BALLAST_PERMYRIAD, host->speed_permyriad) : usec;
}

/* As its Xen would, where somebody listens. */
static void say_low(struct engine_host *host)
{
    uint64_t kib = ballast_sub_floor(sim_free_kib(host->sim), sim_claimed_kib(host->sim));
    if (sim_low_note(&host->low, kib) && host->low_fd >= 0)
        (void)eventfd_write(host->low_fd, 1);
}

int engine_host_step(struct engine_host *host, uint64_t most_usec, bool *behind,
                     struct ballast_error *err)
{
    *behind = false;
    if (!host->sim)
        return 0;
    uint64_t tick_usec = host->scenario.config.tick_usec;
    uint64_t due_usec =
        host->sim_from_usec + ballast_mul_div(clock_real_usec() - host->real_from_usec,
                                              host->speed_permyriad, BALLAST_PERMYRIAD);
    int rc = 0;
    for (uint64_t done_usec = 0;
         rc == 0 && done_usec < most_usec && sim_now_usec(host->sim) + tick_usec <= due_usec;
         done_usec += tick_usec) {
        rc = sim_step(host->sim, tick_usec, err);
        say_low(host);
        host->changed = true;
    }
    *behind = sim_now_usec(host->sim) + tick_usec <= due_usec;
    /* A clock that cannot keep up, or a machine that slept: what was missed is missed. */
    if (*behind &&
        due_usec - sim_now_usec(host->sim) >
            ballast_mul_div(BALLAST_SEC_USEC, host->speed_permyriad, BALLAST_PERMYRIAD)) {
        host->real_from_usec = clock_real_usec();
        host->sim_from_usec = sim_now_usec(host->sim);
        *behind = false;
    }
    return rc;
}

void engine_host_save(struct engine_host *host)
{
    if (!host->sim || !host->changed)
        return;
    sim_image_save(host->sim, sim_state_begin(host->state, sim_image_bytes(host->sim)));
    sim_state_end(host->state);
    host->changed = false;
}

int engine_host_fd(const struct engine_host *host)
{
    return host->hv->ops->event_fd ? host->hv->ops->event_fd(host->hv) : -1;
}

bool engine_host_take_events(struct engine_host *host)
{
    return host->hv->ops->take_events && host->hv->ops->take_events(host->hv);
}

size_t engine_host_noisy(const struct engine_host *host, uint32_t *domids, size_t most)
{
    return host->hv->ops->noisy ? host->hv->ops->noisy(host->hv, domids, most) : 0;
}

int engine_host_low_fd(struct engine_host *host, struct ballast_error *err)
{
    if (!host->sim)
        return xen_low_memory_fd(host->hv, err);
    if (host->low_fd < 0)
        host->low_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return host->low_fd < 0 ? ballast_fail(err, -errno, "eventfd: %s", strerror(errno))
                            : host->low_fd;
}

bool engine_host_take_low(struct engine_host *host)
{
    eventfd_t count;
    return host->sim ? eventfd_read(host->low_fd, &count) == 0 : xen_low_memory_heard(host->hv);
}

/* FNV-1a, twice from other beginnings: a simulated guest is the same one when it is built anew. */
static void uuid_of_name(const char *name, uint8_t out[LEDGER_UUID])
{
    for (unsigned half = 0; half < 2; half++) {
        uint64_t sum = UINT64_C(0xcbf29ce484222325) + half;
        for (const char *at = name; *at; at++)
            sum = (sum ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
        memcpy(out + 8 * half, &sum, sizeof(sum));
    }
}

static int compare_domid(const void *key, const void *member)
{
    uint32_t a = *(const uint32_t *)key;
    uint32_t b = ((const struct xen_domain *)member)->id;
    return (a > b) - (a < b);
}

static const struct xen_domain *xen_domain_of(const struct engine_host *host, uint32_t domid)
{
    const struct xen_domain *domains;
    size_t count;
    if (host->sim)
        return NULL;
    xen_domains(host->hv, &domains, &count);
    return count ? bsearch(&domid, domains, count, sizeof(*domains), compare_domid) : NULL;
}

uint64_t engine_host_extra_internal_kib(const struct engine_host *host, uint32_t domid,
                                        uint64_t maxmem_kib)
{
    const struct xen_domain *domain = xen_domain_of(host, domid);
    return domain ? ballast_sub_floor(domain->max_kib, maxmem_kib) : 0;
}

/* Of a simulated domain whose type the scenario tells, or NULL. */
static const struct sim_guest_config *sim_config_of(const struct engine_host *host, uint32_t domid)
{
    const struct sim_guest_config *config = host->sim ? sim_domain_config(host->sim, domid) : NULL;
    return config && config->type != SIM_TYPE_UNKNOWN ? config : NULL;
}

static enum ballast_guest_type type_of(const struct sim_guest_config *config)
{
    if (config->type == SIM_TYPE_HVM)
        return BALLAST_HVM;
    return config->type == SIM_TYPE_PV ? BALLAST_PV : BALLAST_PVH;
}

const char *engine_host_type_name(const struct engine_host *host, uint32_t domid)
{
    const struct xen_domain *domain = xen_domain_of(host, domid);
    const struct sim_guest_config *config = sim_config_of(host, domid);
    if (config)
        return ballast_guest_type_name(type_of(config));
    return domain ? ballast_guest_type_name(domain->type) : NULL;
}

static struct ballast_running running_in_sim(const struct sim_guest_config *config,
                                             const struct ballast_domain *domain)
{
    uint64_t pool_kib = ballast_min_u64(config->pool_kib, domain->overhead_kib);
    return (struct ballast_running){
        .type = type_of(config),
        .tot_kib = domain->tot_kib,
        .target_kib = ballast_sub_floor(domain->target_kib, config->video_kib),
        .static_max_kib = domain->static_max_kib,
        .videoram_kib = config->video_kib,
        .pool_kib = pool_kib,
        .overhead_kib = domain->overhead_kib - pool_kib,
    };
}

int engine_host_breakdown(struct engine_host *host, const struct ballast_domain *domain,
                          const struct ballast_host_caps *caps, struct ballast_breakdown *out)
{
    struct xen_version version;
    const struct xen_domain *is = xen_domain_of(host, domain->id);
    const struct sim_guest_config *config = sim_config_of(host, domain->id);
    if (!is && !config)
        return -ENOENT;
    if (config) {
        struct ballast_running running = running_in_sim(config, domain);
        return ballast_running_breakdown(&running, NULL, caps, out, NULL);
    }
    struct ballast_running running = xen_running(is);
    const struct ballast_profile *profile =
        xen_version(host->hv, &version, NULL) < 0 ? NULL : xen_profile(&version);
    return ballast_running_breakdown(&running, profile, caps, out, NULL);
}

/* A simulated guest has no devices. */
static int sim_guest(const struct sim_guest_config *config, struct ballast_guest *out)
{
    *out = (struct ballast_guest){.type = type_of(config)};
    (void)snprintf(out->name, sizeof(out->name), "%s", config->name);
    for (int i = 0; i < BALLAST_GUEST_ATTRS; i++)
        out->attr[i] = BALLAST_UNSET;
    out->attr[BALLAST_MEMORY] = config->tot_kib;
    out->attr[BALLAST_MAXMEM] = ballast_max_u64(config->static_max_kib, config->tot_kib);
    out->attr[BALLAST_VCPUS] = config->vcpus;
    if (config->type == SIM_TYPE_HVM && config->video_kib == 0)
        out->attr[BALLAST_VGA] = BALLAST_VGA_NONE;
    return 0;
}

int engine_host_guest(struct engine_host *host, uint32_t domid, struct ballast_guest *out,
                      struct ballast_error *err)
{
    const struct sim_guest_config *config = sim_config_of(host, domid);
    if (!host->sim)
        return xen_config(host->hv, domid, out, err);
    if (!config || config->vcpus == 0)
        return ballast_fail(err, -ENOTSUP, "its configuration is not told");
    return sim_guest(config, out);
}

void engine_host_uuid(const struct engine_host *host, uint32_t domid, const char *name,
                      uint8_t out[LEDGER_UUID])
{
    if (host->sim) {
        uuid_of_name(name, out);
        return;
    }
    memset(out, 0, LEDGER_UUID);
    const struct xen_domain *domain = xen_domain_of(host, domid);
    if (domain)
        memcpy(out, domain->uuid, LEDGER_UUID);
}

static bool is_free(const struct engine_host *host, size_t i)
{
    const struct sim_start *start = sim_start_at(host->sim, i);
    if (start->state == SIM_START_COMING || start->state == SIM_START_DIED)
        return true;
    for (size_t d = 0; d < sim_domain_count(host->sim); d++) {
        struct sim_domain_view view;
        sim_domain_view(host->sim, d, &view);
        if (view.id == start->domid && view.alive)
            return false;
    }
    return start->state == SIM_START_BUILT;
}

static int find_start_slot(struct engine_host *host, const char *name, size_t *out,
                           struct ballast_error *err)
{
    for (size_t d = 0; d < sim_domain_count(host->sim); d++) {
        struct sim_domain_view view;
        sim_domain_view(host->sim, d, &view);
        if (view.alive && strcmp(view.name, name) == 0)
            return ballast_fail(err, -EEXIST, "domain %" PRIu32 " is named %s already", view.id,
                                name);
    }
    for (size_t i = host->own_starts; i < host->scenario.config.start_count; i++) {
        if (is_free(host, i)) {
            *out = i;
            return 0;
        }
    }
    return ballast_fail(err, -EBUSY, "%d guests are there already", ENGINE_HOST_SPARE);
}

static struct sim_start_config config_of(const struct sim_build *build)
{
    struct sim_start_config start = {
        .arrives_usec = BALLAST_NONE,
        .deadline_usec = BALLAST_NONE,
        .need_kib = build->memory_kib + build->overhead_kib,
        .build_rate_kib = build->rate_kib,
        .guest = {.type = SIM_TYPE_PVH,
                  .tot_kib = build->memory_kib,
                  .pool_kib = build->overhead_kib,
                  .overhead_kib = build->overhead_kib,
                  .vcpus = build->vcpus,
                  .target_kib = build->memory_kib,
                  .maxmem_kib = build->static_max_kib,
                  .dynamic_min_kib = build->min_kib,
                  .dynamic_max_kib = build->max_kib,
                  .static_max_kib = build->static_max_kib,
                  .shares = BALLAST_DEFAULT_SHARES,
                  .reclaim_kib_per_sec = 200 * BALLAST_MIB_KIB,
                  .grow_kib_per_sec = 200 * BALLAST_MIB_KIB,
                  .ceiling_kib = BALLAST_NONE,
                  .boot_usec = 2 * BALLAST_SEC_USEC,
                  .crash_usec = BALLAST_NONE,
                  .shutdown_usec = BALLAST_NONE,
                  .report = SIM_REPORT_HONEST,
                  .report_every_usec = BALLAST_SEC_USEC},
    };
    /* It needs most of what it was given, so that it is not a donor the moment it runs. */
    start.guest.need.step_count = 1;
    start.guest.need.steps[0].kib = build->memory_kib / 4 * 3;
    (void)snprintf(start.guest.name, sizeof(start.guest.name), "%s", build->name);
    return start;
}

int engine_host_build(struct engine_host *host, const struct sim_build *build, bool claim,
                      uint32_t *domid, struct ballast_error *err)
{
    size_t place = 0;
    if (strlen(build->name) >= SIM_NAME)
        return ballast_fail(err, -EINVAL, "name: is longer than %d bytes", SIM_NAME - 1);
    int rc = find_start_slot(host, build->name, &place, err);
    if (rc < 0)
        return rc;
    host->scenario.config.starts[place] = config_of(build);
    if ((rc = sim_start_build(host->sim, place, claim, err)) < 0)
        return rc;
    *domid = sim_start_at(host->sim, place)->domid;
    host->changed = true;
    return 0;
}
