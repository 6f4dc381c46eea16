/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One run of `ballast calibrate`, and what it tells. */
#ifndef APP_BALLAST_LAB_CALIBRATE_H
#define APP_BALLAST_LAB_CALIBRATE_H

#include "app/ballast/access/host_access.h"
#include "app/ballast/lab/probe.h"
#include "app/ballast/lab/probe_shapes.h"
#include "core/fit/fit.h"
#include "core/model/breakdown.h"
#include "edge/calibration/calibration.h"

struct cli_calibrate {
    const char *kernel; /* NULL: the one that comes with the program */
    const char *guests_path;
    const char *out_path;
    const char *name;
    const struct ballast_profile *profile;
    uint64_t keep_kib;
    bool dry;
    bool json;
    struct host_access access;
    struct ballast_host_caps caps;
    struct cli_probes probes;
    struct cli_probe_shape *shapes;
    size_t shape_count;
    struct fit_cell *cells;
    size_t cell_count;
};

/* One guest: what was predicted, and what was seen where it was built. */
struct cli_calibrate_line {
    const struct cli_probe_shape *shape;
    struct ballast_breakdown breakdown;
    struct cli_probe_seen seen;
    bool is_built;
    bool has_no_room; /* else xl refused it */
};

void cli_calibrate_print_shapes(const struct cli_calibrate *run);
void cli_calibrate_print_line(const struct cli_calibrate *run,
                              const struct cli_calibrate_line *line);
/* CLI_UNREACHABLE, with a message: the file cannot be written, and the old one is unchanged. */
int cli_calibrate_write(const struct cli_calibrate *run, const struct calibration *calibration,
                        const struct fit_result *result);
/* The exit status: CLI_NO where the profile that was compared with is wrong here. */
int cli_calibrate_print_result(const struct cli_calibrate *run,
                               const struct calibration *calibration,
                               const struct fit_result *result);

#endif
