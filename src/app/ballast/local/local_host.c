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
#include "app/ballastd/engine/engine.h"
#include "app/host/host.h"
#include "edge/file/file.h"
#include "edge/hv/hv.h"

static bool is_directory(const char *path)
{
    struct stat found;
    return stat(path, &found) == 0 && S_ISDIR(found.st_mode);
}

/* What cannot be looked for may be there: opening it then says why it cannot be read. */
static bool has_no_ledger(const char *directory)
{
    char *path = NULL;
    if (asprintf(&path, "%s/ledger.db", directory) < 0)
        xcheck(NULL);
    bool missing = access(path, F_OK) < 0 && errno == ENOENT;
    free(path);
    return missing;
}

/* Without the daemon's directory there is no ledger, and a dry run creates none in it. */
static int find_state_dir(struct cli_local_host *local, bool dry)
{
    struct ballast_error err;
    const char *named = getenv(ENGINE_STATE_DIR_ENV);
    const char *path = named && *named ? named : ENGINE_STATE_DIR;
    local->keeps = is_directory(path);
    if (!local->keeps || (dry && has_no_ledger(path)))
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

/* An engine opens its host to change it, also where it only looks. */
static int open_local_xen(struct cli_local_host *local, const struct cli_local_options *options,
                          struct engine_config *config)
{
    struct ballast_error err;
    bool dry = options->purpose == CLI_LOCAL_DRY_RUN;
    struct host_options host = {.way = options->by_libxl ? XEN_WAY_LIBXL : XEN_WAY_OWN};
    if (host_open(&host, &local->hv, &err) < 0) {
        local->hv = NULL;
        cli_error("the running Xen cannot be reached: %s ('--host sim' is a simulated host)",
                  err.text);
        return CLI_UNREACHABLE;
    }
    int rc = find_state_dir(local, dry);
    enum cli_host_lock_purpose purpose =
        dry && !local->state_dir ? CLI_HOST_LOCK_WATCH : CLI_HOST_LOCK_ALONE;
    if (!rc)
        rc = cli_host_lock_take(&local->access.lock, options->command, purpose);
    if (!rc && engine_config_read(NULL, config, &err) < 0) {
        cli_error("%s", err.text);
        rc = CLI_BAD;
    }
    return rc;
}

int cli_local_host_open(struct cli_local_host *out, const struct cli_local_options *options,
                        struct engine_config *config)
{
    bool dry = options->purpose == CLI_LOCAL_DRY_RUN;
    *out = (struct cli_local_host){.access = {.lock = -1}};
    *config = engine_config_default();
    if (host_kind_of(options->host) == HOST_XEN)
        return open_local_xen(out, options, config);
    /* A file is only read. */
    int rc =
        host_access_open(&out->access, options->host, !dry || !host_access_is_file(options->host));
    out->hv = out->access.hv;
    out->access.hv = NULL;
    return rc;
}

void cli_local_host_close(struct cli_local_host *local)
{
    hv_close(local->hv);
    host_access_close(&local->access);
    free(local->state_dir);
}
