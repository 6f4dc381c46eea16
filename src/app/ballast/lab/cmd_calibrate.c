/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ballast calibrate: what this host takes for guests, by building some. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ballast/ballast.h>

#include "app/ballast/access/profile_option.h"
#include "app/ballast/cli/args.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/cli/progress.h"
#include "app/ballast/cli/signals.h"
#include "app/ballast/explain/guests.h"
#include "app/ballast/lab/calibrate.h"
#include "app/ballast/lab/probe_shapes.h"
#include "core/base/quantity.h"
#include "core/base/units.h"
#include "core/model/xen_nearest.h"

/* Free memory that stays on the host whatever is built, beside what is kept for Xen. */
#define KEEP_KIB (64 * BALLAST_MIB_KIB)

enum {
    OPTION_KERNEL,
    OPTION_GUESTS,
    OPTION_OUT,
    OPTION_NAME,
    OPTION_PROFILE,
    OPTION_KEEP,
    OPTION_DRY_RUN,
    OPTION_JSON,
};

static const struct cli_option calibrate_options[] = {
    [OPTION_KERNEL] = {"kernel", "FILE", "the kernel of PV and PVH guests; it never runs"},
    [OPTION_GUESTS] = {"guests", "FILE", "only measure these guests, one at a time"},
    [OPTION_OUT] = {"out", "FILE", "write the host's profile to FILE"},
    [OPTION_NAME] = {"name", "NAME", "the name of that profile (host)"},
    [OPTION_PROFILE] = {"profile", "NAME", "compare with this profile, not that of the running Xen",
                        .value = cli_profile_name},
    [OPTION_KEEP] = {"keep", "SIZE", "free memory to leave at all times (64M)"},
    [OPTION_DRY_RUN] = {"dry-run", NULL, "only list what would be built", 'n'},
    [OPTION_JSON] = {"json", NULL, "the profile, or an object per guest; sizes in KiB"},
    {NULL, NULL, NULL},
};

static int set_calibrate_option(struct cli_calibrate *run, struct cli_args *args, int option)
{
    struct ballast_error err;
    run->dry |= option == OPTION_DRY_RUN;
    run->json |= option == OPTION_JSON;
    if (option == OPTION_KERNEL)
        run->kernel = args->value;
    if (option == OPTION_GUESTS)
        run->guests_path = args->value;
    if (option == OPTION_OUT)
        run->out_path = args->value;
    if (option == OPTION_NAME)
        run->name = args->value;
    if (option == OPTION_PROFILE)
        return cli_profile_option(args, args->value, &run->profile);
    if (option == OPTION_KEEP && ballast_size_parse(args->value, &run->keep_kib, &err) < 0)
        return cli_args_wrong(args, "--keep: %s", err.text);
    return CLI_DONE;
}

static int parse_calibrate(struct cli_calibrate *run, struct cli_args *args)
{
    int option;
    while ((option = cli_args_next(args)) != CLI_ARGS_END) {
        if (option == CLI_ARGS_BAD)
            return CLI_BAD;
        int wrong = set_calibrate_option(run, args, option);
        if (wrong)
            return wrong;
    }
    int rc = cli_args_no_operands(args, "use --guests FILE to measure certain guests");
    if (rc)
        return rc;
    if (run->guests_path && run->out_path)
        return cli_args_wrong(
            args, "--guests only measures, without a profile to write: leave out --out");
    if (run->profile && !ballast_profile_exact(run->profile, NULL))
        return cli_args_wrong(args,
                              "--profile %s: it is not exact: use one that 'ballast profiles' "
                              "lists as exact",
                              ballast_profile_name(run->profile));
    return CLI_DONE;
}

/* Beside the program in a build tree, else where it is installed. */
static const char *usual_kernel(char *beside, size_t size)
{
    char self[512];
    ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
    self[length < 0 ? 0 : length] = '\0';
    char *slash = strrchr(self, '/');
    if (slash)
        *slash = '\0';
    (void)snprintf(beside, size, "%s/probe-kernel", self);
    return access(beside, R_OK) == 0 ? beside : BALLAST_PROBE_KERNEL;
}

static int choose_profile(struct cli_calibrate *run)
{
    bool is_known;
    const char *version = run->access.host->xen_version;
    if (run->profile)
        return CLI_DONE;
    run->profile = ballast_xen_nearest(version, &is_known);
    if (run->profile && !is_known)
        cli_error("calibrate: no profile is of Xen %s: comparing with %s, the nearest", version,
                  ballast_profile_name(run->profile));
    if (run->profile)
        return CLI_DONE;
    cli_error("calibrate: invalid version of Xen '%s': use --profile to name a profile to compare "
              "with",
              version);
    return CLI_BAD;
}

static int read_shapes(struct cli_calibrate *run)
{
    if (!run->guests_path) {
        cli_probe_shapes(&run->shapes, &run->shape_count);
        return CLI_DONE;
    }
    char *path = (char *)run->guests_path;
    struct cli_sources sources = {.paths = &path, .path_count = 1};
    struct cli_guests guests;
    int rc = cli_guests_read(&guests, &sources);
    if (rc)
        return rc;
    run->shapes = xcheck(calloc(guests.count + 1, sizeof(*run->shapes)));
    for (size_t i = 0; i < guests.count && !rc; i++) {
        const struct ballast_guest *config = cli_guest_config(&guests.guests[i]);
        struct cli_probe_shape *shape = &run->shapes[run->shape_count];
        if (!config || guests.guests[i].stubdomain) {
            cli_error("calibrate: %s: %s: cannot be built alone: remove it from the file",
                      run->guests_path, guests.guests[i].shown);
            rc = CLI_BAD;
            break;
        }
        *shape = (struct cli_probe_shape){.guest = *config, .may_be_refused = true};
        run->shape_count++;
    }
    cli_guests_release(&guests);
    return rc;
}

static int measure_calibrate(struct cli_calibrate *run, const struct cli_probe_shape *shape,
                             struct cli_calibrate_line *line)
{
    struct ballast_error err;
    *line = (struct cli_calibrate_line){.shape = shape};
    if (ballast_breakdown_evaluate(&line->breakdown, run->profile, &shape->guest, &run->caps,
                                   &err) < 0) {
        cli_error("calibrate: %s: %s", shape->guest.name, err.text);
        return CLI_BAD;
    }
    line->seen.cell.guest = shape->guest;
    return cli_probes_measure(&run->probes, &shape->guest, line->breakdown.need_kib, &line->seen);
}

static void show_calibrate_progress(struct cli_calibrate *run, struct cli_progress *progress,
                                    size_t i)
{
    char text[CLI_MESSAGE];
    const struct ballast_guest *guest = &run->shapes[i].guest;
    uint64_t vcpus = guest->attr[BALLAST_MAXVCPUS] == BALLAST_UNSET ? guest->attr[BALLAST_VCPUS]
                                                                    : guest->attr[BALLAST_MAXVCPUS];
    (void)snprintf(text, sizeof(text), "guest %zu of %zu: %s, %" PRIu64 " vCPUs, %" PRIu64 " MiB",
                   i + 1, run->shape_count, ballast_guest_type_name(guest->type), vcpus,
                   guest->attr[BALLAST_MEMORY] / BALLAST_MIB_KIB);
    cli_progress_show(progress, run->access.host->now_usec,
                      (uint32_t)ballast_mul_div(i, BALLAST_PERMYRIAD, run->shape_count), text);
}

/* A guest that is not built for a reason of its own is left out. */
static int measure_all(struct cli_calibrate *run)
{
    struct cli_progress progress;
    int rc = CLI_DONE;
    run->cells = xcheck(calloc(run->shape_count + 1, sizeof(*run->cells)));
    cli_progress_begin(&progress, run->access.host->now_usec, run->json && !isatty(STDERR_FILENO));
    for (size_t i = 0; i < run->shape_count && !rc; i++) {
        struct cli_calibrate_line line;
        show_calibrate_progress(run, &progress, i);
        rc = measure_calibrate(run, &run->shapes[i], &line);
        line.is_built = rc == CLI_DONE;
        line.has_no_room = rc == CLI_NO;
        if (run->guests_path && (rc == CLI_DONE || rc == CLI_NO || rc == CLI_PROBE_REFUSED)) {
            cli_progress_end(&progress);
            cli_calibrate_print_line(run, &line);
        }
        if (line.is_built)
            run->cells[run->cell_count++] = line.seen.cell;
        if (rc == CLI_NO || (rc == CLI_PROBE_REFUSED && run->shapes[i].may_be_refused))
            rc = CLI_DONE;
        if (rc == CLI_PROBE_REFUSED)
            rc = CLI_UNREACHABLE;
    }
    cli_progress_end(&progress);
    return rc;
}

static int find_calibrate(struct cli_calibrate *run)
{
    struct ballast_error err;
    struct fit_result result;
    struct calibration *calibration = NULL;
    if (run->cell_count == 0) {
        cli_error(
            "calibrate: the available memory does not suffice for one guest: free some, or lower --keep");
        return CLI_NO;
    }
    if (fit_cells(run->cells, run->cell_count, run->profile, &run->caps, &result, &err) < 0 ||
        calibration_of(&result, run->name, run->access.host, run->cell_count, &calibration, &err) <
            0) {
        cli_error("calibrate: %s", err.text);
        return CLI_BAD;
    }
    int rc = run->out_path ? cli_calibrate_write(run, calibration, &result) : CLI_DONE;
    if (!rc)
        rc = cli_calibrate_print_result(run, calibration, &result);
    calibration_free(calibration);
    return rc;
}

static int calibrate_on_host(struct cli_calibrate *run)
{
    char beside[600];
    int rc = host_access_refresh(&run->access);
    if (!rc)
        rc = choose_profile(run);
    if (rc)
        return rc;
    run->caps = run->access.host->caps;
    if (!run->kernel)
        run->kernel = usual_kernel(beside, sizeof(beside));
    cli_signals_catch();
    rc = cli_probes_begin(&run->probes, &run->access, run->kernel, run->keep_kib);
    if (!rc)
        rc = measure_all(run);
    cli_probes_end(&run->probes);
    return rc || run->guests_path ? rc : find_calibrate(run);
}

static int calibrate_main(struct cli_args *args)
{
    struct cli_calibrate run = {.keep_kib = KEEP_KIB, .name = "host"};
    int rc = parse_calibrate(&run, args);
    if (!rc)
        rc = read_shapes(&run);
    if (!rc && run.dry) {
        cli_calibrate_print_shapes(&run);
    } else if (!rc) {
        rc = host_access_open(&run.access, "xen", true);
        if (!rc) {
            rc = calibrate_on_host(&run);
            host_access_close(&run.access);
        }
    }
    free(run.shapes);
    free(run.cells);
    return rc;
}

const struct cli_command cmd_calibrate = {
    .name = "calibrate",
    .summary = "measure what guests cost on this host, by building some",
    .operands = "",
    .text = "Builds guests that never run, measures to the page what Xen takes for each,\n"
            "destroys them, and shows where the profile of this Xen is wrong here. Nothing\n"
            "else may change on the host meanwhile: it ends at the first such change. With\n"
            "--guests FILE it only measures the guests of that file.\n"
            "Exit status 0: the profile is right; 1: it is not.",
    .options = calibrate_options,
    .run = calibrate_main,
};
