/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/access/host_access.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "app/ballast/access/host_access_daemon.h"
#include "app/ballast/cli/command.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/cli/rundir.h"
#include "app/ballast/client/daemon.h"
#include "app/ballast/client/host_lock.h"
#include "core/base/units.h"
#include "core/sim/scenario.h"
#include "core/sim/scenario_builtin.h"
#include "edge/file/file.h"
#include "edge/hv/replay.h"
#include "edge/hv/sim_host.h"
#include "edge/json/json.h"
#include "edge/snapshot/snapshot.h"

/* NULL as `path`: the built-in one. */
static int read_host_scenario(const char *path, struct scenario *out, struct ballast_error *err)
{
    char *text = NULL;
    size_t size;
    if (!path)
        return scenario_parse("built-in", scenario_builtin, strlen(scenario_builtin), out, err);
    int rc = file_read(path, FILE_ANY, SCENARIO_BYTES, &text, &size, err);
    if (rc == 0)
        rc = scenario_parse(file_name(path), text, size, out, err);
    free(text);
    return rc;
}

static int open_sim_host(struct host_access *access, const char *path)
{
    struct ballast_error err;
    access->scenario = xcheck(calloc(1, sizeof(*access->scenario)));
    int rc = read_host_scenario(path, access->scenario, &err);
    if (rc == 0)
        rc = sim_new(&access->scenario->config, 0, &access->sim, &err);
    if (rc < 0) {
        cli_error("%s", err.text);
        return CLI_BAD;
    }
    access->sim_host = xcheck(calloc(1, sizeof(*access->sim_host)));
    access->hv = sim_host_init(access->sim_host, access->sim);
    return CLI_DONE;
}

static int open_xen_host(struct host_access *access, bool changes)
{
    struct ballast_error err;
    struct xen_options options = {.read_only = !changes};
    if (xen_open(&options, &access->hv, &err) < 0) {
        access->hv = NULL;
        cli_error("the running Xen cannot be reached: %s ('--host sim' is a simulated host)",
                  err.text);
        return CLI_UNREACHABLE;
    }
    access->is_xen = true;
    return changes ? cli_host_lock_take(&access->lock) : CLI_DONE;
}

/* CLI_DONE without a host where no daemon runs. */
static int open_daemon(struct host_access *access, bool changes)
{
    struct cli_daemon daemon;
    int rc =
        cli_daemon_try(&daemon, "daemon", NULL, changes ? CLI_DAEMON_CHANGES : CLI_DAEMON_READS);
    if (rc || !daemon.client)
        return rc;
    access->is_daemon = true;
    access->hv = host_access_daemon_new(&daemon);
    return CLI_DONE;
}

/*
 * Who changes something goes through the daemon; who only looks asks Xen itself, which tells more,
 * unless a daemon was named.
 */
static int open_default_host(struct host_access *access, bool changes)
{
    bool named = cli_run_dir_is_named();
    if (!changes && !named && host_access_try(access) == CLI_DONE)
        return CLI_DONE;
    int rc = open_daemon(access, changes);
    return rc || access->hv ? rc : open_xen_host(access, changes);
}

static int open_file(struct host_access *access, const char *path, bool changes)
{
    struct ballast_error err;
    struct replay *replay;
    if (changes) {
        cli_error("--host %s: a file is only looked at: use xen or sim[:SCENARIO]", path);
        return CLI_BAD;
    }
    access->snapshot = xcheck(calloc(1, sizeof(*access->snapshot)));
    if (snapshot_read(path, access->snapshot, &err) < 0 ||
        snapshot_check(access->snapshot, path, &err) < 0 ||
        replay_new(&access->snapshot->host, 1, &replay, &err) < 0) {
        cli_error("%s", err.text);
        return CLI_BAD;
    }
    host_access_report_lacks(access->snapshot, path);
    access->hv = replay_hv(replay);
    return CLI_DONE;
}

void host_access_report_lacks(const struct snapshot *snapshot, const char *path)
{
    char text[CLI_MESSAGE];
    if (snapshot_lacks_text(snapshot, text, sizeof(text)) > 0)
        cli_error("%s: note: %s", file_name(path), text);
}

bool host_access_is_file(const char *which)
{
    return which && strcmp(which, "xen") != 0 && !host_access_is_sim(which);
}

bool host_access_is_sim(const char *which)
{
    return strcmp(which, "sim") == 0 || strncmp(which, "sim:", strlen("sim:")) == 0;
}

static bool is_file_there(const char *path)
{
    struct stat found;
    return stat(path, &found) == 0;
}

static int refuse_host(const char *which)
{
    cli_error("--host %s: there is no such file: use xen, sim, sim:SCENARIO, or a file with a "
              "snapshot or with what 'xl info' prints",
              which);
    return CLI_BAD;
}

int host_access_open(struct host_access *access, const char *which, bool changes)
{
    *access = (struct host_access){.lock = -1};
    int rc;
    if (!which)
        rc = open_default_host(access, changes);
    else if (strcmp(which, "xen") == 0)
        rc = open_xen_host(access, changes);
    else if (host_access_is_sim(which))
        rc = open_sim_host(access, which[strlen("sim")] ? which + strlen("sim:") : NULL);
    else if (strcmp(which, "-") == 0 || is_file_there(which))
        rc = open_file(access, which, changes);
    else
        rc = refuse_host(which);
    if (rc != CLI_DONE)
        host_access_close(access);
    return rc;
}

int host_access_try(struct host_access *access)
{
    struct xen_options options = {.read_only = true};
    *access = (struct host_access){.lock = -1};
    access->is_xen = xen_open(&options, &access->hv, NULL) == 0;
    return access->is_xen ? CLI_DONE : CLI_UNREACHABLE;
}

static void forget_domains(struct host_access *access)
{
    for (size_t i = 0; i < access->count; i++)
        free(access->domains[i].shown);
    free(access->domains);
    access->domains = NULL;
    access->count = 0;
}

void host_access_close(struct host_access *access)
{
    forget_domains(access);
    if (access->hv)
        access->hv->ops->close(access->hv);
    free(access->sim_host);
    sim_free(access->sim);
    if (access->scenario)
        scenario_release(access->scenario);
    free(access->scenario);
    if (access->snapshot)
        snapshot_release(access->snapshot);
    free(access->snapshot);
    if (access->lock >= 0)
        (void)close(access->lock);
    *access = (struct host_access){.lock = -1};
}

static const struct ballast_domain *in_snapshot(const struct ballast_host *host, uint32_t id)
{
    for (size_t i = 0; i < host->domain_count; i++) {
        if (host->domains[i].id == id)
            return &host->domains[i];
    }
    return NULL;
}

/* The snapshot's view of a real domain, where it has one: a dying one may be missing there. */
static void add_xen(struct host_access *access, const struct hv_domain *is)
{
    const struct ballast_domain *seen = in_snapshot(access->host, is->id);
    struct cli_domain *domain = &access->domains[access->count++];
    *domain = (struct cli_domain){
        .is = *is,
        .shown = cli_shown(is->name),
        .knows_type = true,
        .is_dom0 = is->id == 0,
        .state = seen ? seen->state : BALLAST_DOMAIN_RUN,
        .whole_target_kib = is->target_kib,
        .overhead_kib = seen ? seen->overhead_kib : 0,
        .video_kib = seen ? seen->video_kib : 0,
        .pinned_kib = BALLAST_NONE,
    };
    struct ballast_target_domain target;
    if (xen_target_domain(is, &target, NULL) == 0)
        domain->extra_internal_kib = target.extra_internal_kib;
    if (is->target_kib != BALLAST_NONE && is->videoram_kib != BALLAST_NONE)
        domain->whole_target_kib = ballast_add_ceil(is->target_kib, is->videoram_kib);
}

static void add_simulated(struct host_access *access, const struct ballast_domain *seen)
{
    struct cli_domain *domain = &access->domains[access->count++];
    *domain = (struct cli_domain){
        .shown = cli_shown(seen->name),
        .is_dom0 = seen->is_dom0,
        .state = seen->state,
        .whole_target_kib = seen->target_kib,
        .overhead_kib = seen->overhead_kib,
        .video_kib = seen->video_kib,
        .pinned_kib = seen->pinned_kib ? seen->pinned_kib : BALLAST_NONE,
        .is = {.id = seen->id,
               .type = BALLAST_PV,
               .paused = seen->state == BALLAST_DOMAIN_PAUSED,
               .building = seen->state == BALLAST_DOMAIN_BUILD,
               .has_balloon = seen->has_balloon,
               .kernel_is_up = seen->has_balloon,
               .tot_kib = seen->tot_kib,
               .max_kib = seen->maxmem_kib,
               .pool_kib = BALLAST_NONE,
               .pod_entries_kib = seen->pod_entries_kib,
               .pod_cache_kib = seen->pod_cache_kib,
               .target_kib = seen->target_kib,
               .static_max_kib = seen->static_max_kib,
               .videoram_kib = BALLAST_NONE,
               .dynamic_min_kib = seen->dynamic_min_kib,
               .dynamic_max_kib = seen->dynamic_max_kib,
               .used_kib = seen->used_kib,
               .used_since_usec = BALLAST_NONE},
    };
    (void)stpncpy(domain->is.name, seen->name, HV_NAME - 1);
}

static void add_type(struct host_access *access, size_t i)
{
    int type = host_access_daemon_type(access->hv, i);
    access->domains[i].knows_type = type >= 0;
    if (type >= 0)
        access->domains[i].is.type = (enum ballast_guest_type)type;
}

int host_access_refresh(struct host_access *access)
{
    struct ballast_error err;
    const struct hv_domain *domains = NULL;
    size_t count;
    forget_domains(access);
    if (access->hv->ops->refresh(access->hv, &access->host, &err) < 0) {
        cli_error("the host cannot be read: %s", err.text);
        return CLI_UNREACHABLE;
    }
    if (access->is_xen)
        hv_domains(access->hv, &domains, &count);
    else
        count = access->host->domain_count;
    access->domains = xcheck(calloc(count + 1, sizeof(*access->domains)));
    for (size_t i = 0; i < count; i++) {
        if (access->is_xen)
            add_xen(access, &domains[i]);
        else
            add_simulated(access, &access->host->domains[i]);
        if (access->is_daemon)
            add_type(access, i);
    }
    return CLI_DONE;
}

static int step_sim(struct host_access *access, uint64_t usec)
{
    struct ballast_error err;
    uint64_t tick = access->scenario->config.tick_usec;
    uint64_t steps = ballast_max_u64(usec / ballast_max_u64(tick, 1), 1);
    for (uint64_t i = 0; i < steps; i++) {
        if (sim_step(access->sim, tick, &err) < 0) {
            cli_error("the simulated host: %s", err.text);
            return CLI_UNREACHABLE;
        }
    }
    return CLI_DONE;
}

int host_access_wait(struct host_access *access, uint64_t usec)
{
    if (access->sim)
        return step_sim(access, usec);
    struct timespec span = {.tv_sec = (time_t)(usec / BALLAST_SEC_USEC),
                            .tv_nsec = (long)(usec % BALLAST_SEC_USEC) * 1000};
    (void)nanosleep(&span, NULL);
    return CLI_DONE;
}

const struct cli_domain *host_access_by_id(const struct host_access *access, uint32_t id)
{
    for (size_t i = 0; i < access->count; i++) {
        if (access->domains[i].is.id == id)
            return &access->domains[i];
    }
    return NULL;
}

static const struct cli_domain *by_name(const struct host_access *access, const char *name)
{
    for (size_t i = 0; i < access->count; i++) {
        if (strcmp(access->domains[i].is.name, name) == 0)
            return &access->domains[i];
    }
    return NULL;
}

int host_access_find(const struct host_access *access, const char *command, const char *id_or_name,
                     const struct cli_domain **out)
{
    const struct cli_domain *found = *id_or_name ? by_name(access, id_or_name) : NULL;
    if (!found && *id_or_name && strspn(id_or_name, "0123456789") == strlen(id_or_name)) {
        errno = 0;
        unsigned long long id = strtoull(id_or_name, NULL, 10);
        found = errno == 0 && id <= UINT32_MAX ? host_access_by_id(access, (uint32_t)id) : NULL;
    }
    if (found) {
        *out = found;
        return CLI_DONE;
    }
    if (command) {
        char *shown = cli_shown(id_or_name);
        cli_error("%s: there is no domain '%s' ('ballast list' shows them)", command, shown);
        free(shown);
    }
    return CLI_BAD;
}

int host_access_target_domain(const struct host_access *access, const struct cli_domain *domain,
                              struct ballast_target_domain *out, struct ballast_error *err)
{
    if (access->is_xen)
        return xen_target_domain(&domain->is, out, err);
    *out = (struct ballast_target_domain){
        .id = domain->is_dom0 ? 0 : (uint32_t)ballast_max_u64(domain->is.id, 1),
        .type = BALLAST_PV,
        .target_kib = domain->is.target_kib,
        .static_max_kib = domain->is.static_max_kib,
    };
    return 0;
}

const char *cli_domain_state_name(const struct cli_domain *domain)
{
    if (domain->is.dying)
        return "dying";
    if (domain->is.shutdown)
        return "shutdown";
    if (domain->is.building)
        return "build";
    return domain->is.paused ? "paused" : ballast_domain_state_name(domain->state);
}

const char *cli_domain_type_name(const struct cli_domain *domain)
{
    return domain->knows_type ? ballast_guest_type_name(domain->is.type) : "-";
}

uint64_t cli_domain_maximum_kib(const struct cli_domain *domain)
{
    if (domain->is.max_kib == BALLAST_NONE)
        return BALLAST_NONE;
    return ballast_sub_floor(domain->is.max_kib, domain->extra_internal_kib);
}
