/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/local/local_host.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/ballast/cli/command.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/client/host_lock.h"
#include "app/ballast/local/local.h"
#include "app/ballastd/engine/config.h"
#include "edge/file/file.h"
#include "edge/hv/sim_live.h"
#include "edge/hv/xen.h"

#define USUAL_STATE_DIR "/var/lib/ballast"

static bool is_directory(const char *path)
{
    struct stat found;
    return stat(path, &found) == 0 && S_ISDIR(found.st_mode);
}

/* A directory that a daemon has not made yet has no ledger, and to look is no reason to make one.
 */
static int find_state_dir(struct cli_local_host *local, bool dry)
{
    struct ballast_error err;
    char ledger[512];
    const char *named = getenv(CLI_STATE_DIR_ENV);
    const char *path = named && *named ? named : USUAL_STATE_DIR;
    (void)snprintf(ledger, sizeof(ledger), "%s/ledger.db", path);
    if (!is_directory(path) || (dry && access(ledger, F_OK) < 0))
        return CLI_DONE;
    int fd = file_own_dir(path, 0700, &err);
    if (fd < 0) {
        cli_error("%s", err.text);
        return CLI_UNREACHABLE;
    }
    (void)close(fd);
    local->state_dir = xcheck(strdup(path));
    return CLI_DONE;
}

static int open_local_xen(struct cli_local_host *local, bool dry, struct engine_config *config)
{
    struct ballast_error err;
    if (xen_open(NULL, &local->hv, &err) < 0) {
        cli_error("the running Xen cannot be reached: %s ('--host sim' is a simulated host)",
                  err.text);
        return CLI_UNREACHABLE;
    }
    int rc = cli_host_lock_take(&local->lock);
    if (!rc)
        rc = find_state_dir(local, dry);
    if (!rc && engine_config_read(NULL, config, &err) < 0) {
        cli_error("%s", err.text);
        rc = CLI_BAD;
    }
    return rc;
}

static int open_local_sim(struct cli_local_host *local, const char *scenario)
{
    struct ballast_error err;
    struct sim_live_options options = {.scenario = scenario, .stepped = true};
    if (sim_live_open(&options, &local->hv, &err) == 0)
        return CLI_DONE;
    cli_error("%s", err.text);
    return CLI_BAD;
}

static int open_local_file(struct cli_local_host *local, const char *path, bool dry)
{
    int rc = host_access_open(&local->file, path, !dry);
    local->hv = local->file.hv;
    local->file.hv = NULL;
    return rc;
}

int cli_local_host_open(struct cli_local_host *out, const char *which, bool dry,
                        struct engine_config *config)
{
    *out = (struct cli_local_host){.lock = -1, .file = {.lock = -1}};
    *config = engine_config_default();
    if (!which || strcmp(which, "xen") == 0)
        return open_local_xen(out, dry, config);
    if (host_access_is_sim(which))
        return open_local_sim(out, which[strlen("sim")] ? which + strlen("sim:") : NULL);
    return open_local_file(out, which, dry);
}

void cli_local_host_close(struct cli_local_host *local)
{
    hv_close(local->hv);
    host_access_close(&local->file);
    free(local->state_dir);
    if (local->lock >= 0)
        (void)close(local->lock);
}
