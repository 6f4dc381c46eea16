/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/access/host_access.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/ballast/access/host_access_daemon.h"
#include "app/ballast/cli/args.h"
#include "app/ballast/cli/command.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/cli/rundir.h"
#include "app/ballast/cli/time.h"
#include "app/ballast/client/daemon.h"
#include "app/ballast/client/host_lock.h"
#include "app/host/host.h"
#include "core/base/error.h"
#include "core/base/units.h"
#include "edge/file/file.h"
#include "edge/snapshot/snapshot.h"

/* CLI_UNREACHABLE where the running Xen cannot be opened, CLI_BAD for all others. */
static int open_named_host(struct host_access *access, const char *which, bool changes,
                           bool unchecked)
{
    struct ballast_error err;
    struct host_options options = {.which = which,
                                   .read_only = !changes,
                                   .unchecked = unchecked,
                                   .sim = {.stepped = true},
                                   .lacks = host_access_report_lacks};
    if (host_open(&options, &access->hv, &err) < 0) {
        bool is_xen = host_kind_of(which) == HOST_XEN;
        access->hv = NULL;
        cli_error(is_xen
                      ? "the running Xen cannot be reached: %s ('--host sim' is a simulated host)"
                      : "%s",
                  err.text);
        return is_xen ? CLI_UNREACHABLE : CLI_BAD;
    }
    return changes && access->hv->ops->is_machine
               ? cli_host_lock_take(&access->lock, NULL, CLI_HOST_LOCK_ALONE)
               : CLI_DONE;
}

/* CLI_DONE without a host where no daemon runs. */
static int open_daemon(struct host_access *access, bool changes)
{
    struct cli_daemon daemon;
    int rc =
        cli_daemon_try(&daemon, "daemon", NULL, changes ? CLI_DAEMON_CHANGES : CLI_DAEMON_READS);
    if (rc || !daemon.client)
        return rc;
    access->hv = host_access_daemon_new(&daemon);
    return CLI_DONE;
}

/*
 * A command that changes something goes through the daemon; one that only reads asks Xen itself,
 * which has more, unless a daemon was named.
 */
static int open_default_host(struct host_access *access, bool changes)
{
    bool named = cli_run_dir_is_named();
    if (!changes && !named && host_access_try(access) == CLI_DONE)
        return CLI_DONE;
    int rc = open_daemon(access, changes);
    return rc || access->hv ? rc : open_named_host(access, NULL, changes, false);
}

void host_access_report_lacks(const struct snapshot *snapshot, const char *path)
{
    char text[CLI_MESSAGE];
    if (snapshot_lacks_text(snapshot, text, sizeof(text)) > 0)
        cli_error("%s: note: %s", file_name(path), text);
}

bool host_access_is_file(const char *which)
{
    return host_kind_of(which) == HOST_FILE;
}

static bool is_file_there(const char *path)
{
    struct stat found;
    return stat(path, &found) == 0;
}

/* What is neither a host nor a file, and a file to change. */
static int refuse_host(const char *which, bool changes)
{
    if (which && strcmp(which, "sim:") == 0) {
        cli_error(
            "--host 'sim:': the scenario is missing: use sim, the built-in simulated host, or "
            "sim:SCENARIO");
        return CLI_BAD;
    }
    if (!host_access_is_file(which))
        return CLI_DONE;
    if (strcmp(which, "-") != 0 && !is_file_there(which))
        cli_error("--host %s: there is no such file: use xen, sim, sim:SCENARIO, or a file with a "
                  "snapshot or with what 'xl info' prints",
                  which);
    else if (changes)
        cli_error("--host %s: a file cannot be changed: use xen or sim[:SCENARIO]", which);
    else
        return CLI_DONE;
    return CLI_BAD;
}

static int open_access(struct host_access *access, const char *which, bool changes, bool unchecked)
{
    *access = (struct host_access){.lock = -1};
    int rc = refuse_host(which, changes);
    if (!rc)
        rc = which ? open_named_host(access, which, changes, unchecked)
                   : open_default_host(access, changes);
    if (rc != CLI_DONE)
        host_access_close(access);
    return rc;
}

int host_access_open(struct host_access *access, const char *which, bool changes)
{
    return open_access(access, which, changes, false);
}

int host_access_open_unchecked(struct host_access *access, const char *which)
{
    return open_access(access, which, false, true);
}

int host_access_try(struct host_access *access)
{
    const struct host_options options = {.read_only = true};
    *access = (struct host_access){.lock = -1};
    return host_open(&options, &access->hv, NULL) == 0 ? CLI_DONE : CLI_UNREACHABLE;
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
    hv_close(access->hv);
    if (access->lock >= 0)
        (void)close(access->lock);
    *access = (struct host_access){.lock = -1};
}

/* `seen` is it in the snapshot, where it has it: a dying one may be missing there. */
static void add_access_domain(struct host_access *access, const struct hv_domain *is,
                              const struct ballast_domain *seen)
{
    static const struct ballast_domain unseen = {.state = BALLAST_DOMAIN_RUN};
    struct cli_domain *domain = &access->domains[access->count++];
    if (!seen)
        seen = &unseen;
    *domain = (struct cli_domain){
        .is = *is,
        .shown = cli_shown(is->name),
        .is_dom0 = seen == &unseen ? is->id == 0 : seen->is_dom0,
        .state = seen->state,
        .whole_target_kib = is->target_kib,
        .overhead_kib = seen->overhead_kib,
        .video_kib = seen->video_kib,
        .pinned_kib = seen->pinned_kib ? seen->pinned_kib : BALLAST_NONE,
    };
    if (is->target_kib != BALLAST_NONE && is->videoram_kib != BALLAST_NONE)
        domain->whole_target_kib = ballast_add_ceil(is->target_kib, is->videoram_kib);
}

/* What the host itself knows of its domains, else what its snapshot shows. */
static void add_access_domains(struct host_access *access)
{
    const struct hv_domain *domains;
    size_t count;
    hv_domains(access->hv, &domains, &count);
    size_t room = domains ? count : access->host->domain_count;
    access->domains = xcheck(calloc(room + 1, sizeof(*access->domains)));
    for (size_t i = 0; i < room; i++) {
        struct hv_domain shown;
        if (domains) {
            add_access_domain(access, &domains[i],
                              ballast_domain_find(access->host->domains, access->host->domain_count,
                                                  domains[i].id));
            continue;
        }
        hv_domain_of_snapshot(&access->host->domains[i], &shown);
        add_access_domain(access, &shown, &access->host->domains[i]);
    }
}

int host_access_refresh(struct host_access *access)
{
    struct ballast_error err;
    forget_domains(access);
    if (access->hv->ops->refresh(access->hv, &access->host, &err) < 0) {
        cli_error("the host cannot be read: %s", err.text);
        return CLI_UNREACHABLE;
    }
    add_access_domains(access);
    bool is_daemon = host_access_daemon_of(access->hv);
    for (size_t i = 0; is_daemon && i < access->count; i++) {
        access->domains[i].is.extra_internal_kib =
            host_access_daemon_extra_internal_kib(access->hv, i);
        access->domains[i].is.malformed = host_access_daemon_malformed(access->hv, i);
        access->domains[i].is.hotplugs = host_access_daemon_hotplugs(access->hv, i);
    }
    return CLI_DONE;
}

int host_access_sample(struct host_access *access, const char *which)
{
    int rc = host_access_open(access, which, false);
    return rc ? rc : host_access_refresh(access);
}

int host_access_step(struct host_access *access, uint64_t usec)
{
    struct ballast_error err;
    bool behind;
    if (!access->hv->stepped || hv_step(access->hv, usec, &behind, &err) == 0)
        return CLI_DONE;
    cli_error("the simulated host: %s", err.text);
    return CLI_UNREACHABLE;
}

int host_access_wait(struct host_access *access, uint64_t usec)
{
    struct cli_daemon *daemon = host_access_daemon_of(access->hv);
    if (daemon)
        return cli_daemon_pass(daemon, usec);
    if (access->hv->stepped)
        return host_access_step(access, usec);
    cli_sleep(usec);
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
    uint64_t id;
    if (!found && cli_args_number(id_or_name, 0, UINT32_MAX, &id))
        found = host_access_by_id(access, (uint32_t)id);
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

int host_access_config(const struct host_access *access, uint32_t domid, struct ballast_guest *out,
                       struct ballast_error *err)
{
    if (access->hv->ops->is_exact)
        return ballast_fail(err, -ENOTSUP, "domain %" PRIu32 ": no toolstack keeps a configuration",
                            domid);
    return hv_config(access->hv, domid, out, err);
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
    return domain->is.knows_type ? ballast_guest_type_name(domain->is.type) : "-";
}

uint64_t cli_domain_maximum_kib(const struct cli_domain *domain)
{
    if (domain->is.max_kib == BALLAST_NONE)
        return BALLAST_NONE;
    return ballast_sub_floor(domain->is.max_kib, domain->is.extra_internal_kib);
}
