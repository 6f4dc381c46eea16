/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/lab/calibrate.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <json-c/json.h>

#include "app/ballast/cli/command.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/cli/values.h"
#include "core/base/units.h"

static uint64_t mib_of(const struct ballast_guest *guest)
{
    uint64_t kib = guest->attr[BALLAST_MEMORY];
    return kib == BALLAST_UNSET ? 0 : kib / BALLAST_MIB_KIB;
}

static uint64_t vcpus_of(const struct ballast_guest *guest)
{
    if (guest->attr[BALLAST_MAXVCPUS] != BALLAST_UNSET)
        return guest->attr[BALLAST_MAXVCPUS];
    return guest->attr[BALLAST_VCPUS] == BALLAST_UNSET ? 1 : guest->attr[BALLAST_VCPUS];
}

void cli_calibrate_print_shapes(const struct cli_calibrate *run)
{
    for (size_t i = 0; i < run->shape_count; i++) {
        const struct ballast_guest *guest = &run->shapes[i].guest;
        printf("%zu: %s, %" PRIu64 " vCPUs, %" PRIu64 " MiB%s\n", i + 1,
               ballast_guest_type_name(guest->type), vcpus_of(guest), mib_of(guest),
               guest->attr[BALLAST_NESTEDHVM] == 1 ? ", nested" : "");
    }
}

static struct json_object *cost_json(const struct ballast_cost_kib *cost)
{
    struct json_object *object = cli_json_object();
    cli_json_kib(object, "settled", cost->settled_kib);
    cli_json_kib(object, "fresh_max", cost->fresh_max_kib);
    cli_json_kib(object, "later_max", cost->later_max_kib);
    return object;
}

/* What each toolstack's rules would have asked for, where they know the guest. */
static struct json_object *needs_json(const struct cli_calibrate *run,
                                      const struct ballast_guest *guest)
{
    struct json_object *object = cli_json_object();
    for (size_t i = 0; ballast_profile_at(i); i++) {
        const struct ballast_profile *profile = ballast_profile_at(i);
        struct ballast_breakdown breakdown;
        if (ballast_profile_exact(profile, NULL) ||
            ballast_breakdown_evaluate(&breakdown, profile, guest, &run->caps, NULL) < 0)
            continue;
        cli_json_kib(object, ballast_profile_name(profile), breakdown.need_kib);
    }
    return object;
}

static struct json_object *guest_json(const struct ballast_guest *guest)
{
    struct json_object *object = cli_json_object();
    cli_json_string(object, "type", ballast_guest_type_name(guest->type));
    for (int i = 0; i < BALLAST_GUEST_ATTRS; i++) {
        enum ballast_guest_attr attr = (enum ballast_guest_attr)i;
        if (guest->attr[i] == BALLAST_UNSET)
            continue;
        if (ballast_guest_attr_kind(attr) == BALLAST_ATTR_CHOICE)
            cli_json_string(object, ballast_guest_attr_name(attr),
                            ballast_guest_attr_choice(attr, guest->attr[i]));
        else
            cli_json_kib(object, ballast_guest_attr_name(attr), guest->attr[i]);
    }
    return object;
}

static void print_line_json(const struct cli_calibrate *run, const struct cli_calibrate_line *line)
{
    struct ballast_cost_kib cost = {0};
    struct json_object *object = cli_json_object();
    const struct cli_probe_seen *seen = &line->seen;
    (void)ballast_breakdown_cost(&line->breakdown, &cost);
    cli_json_string(object, "name", line->shape->guest.name);
    cli_json_add(object, "guest", guest_json(&line->shape->guest));
    cli_json_string(object, "profile", ballast_profile_name(run->profile));
    cli_json_add(object, "cost", cost_json(&cost));
    cli_json_kib(object, "need", line->breakdown.need_kib);
    cli_json_add(object, "needs", needs_json(run, &line->shape->guest));
    cli_json_string(object, "outcome",
                    line->is_built      ? "built"
                    : line->has_no_room ? "no-room"
                                        : "refused");
    if (line->is_built) {
        cli_json_add(
            object, "taken",
            xcheck(json_object_new_int64(seen->cell.taken_pages * (int64_t)BALLAST_PAGE_KIB)));
        cli_json_kib(object, "actual", seen->cell.tot_pages * BALLAST_PAGE_KIB);
        cli_json_kib(object, "pool", seen->cell.pool_pages * BALLAST_PAGE_KIB);
        cli_json_add(object, "left",
                     xcheck(json_object_new_int64(seen->left_pages * (int64_t)BALLAST_PAGE_KIB)));
    }
    cli_json_print(object);
    (void)fflush(stdout);
}

void cli_calibrate_print_line(const struct cli_calibrate *run,
                              const struct cli_calibrate_line *line)
{
    struct ballast_cost_kib cost = {0};
    if (run->json) {
        print_line_json(run, line);
        return;
    }
    char *shown = cli_shown(line->shape->guest.name);
    (void)ballast_breakdown_cost(&line->breakdown, &cost);
    if (line->is_built)
        printf("%s: predicted %" PRIu64 " to %" PRIu64 " KiB, took %" PRId64 " KiB\n", shown,
               cost.settled_kib, cost.fresh_max_kib,
               line->seen.cell.taken_pages * (int64_t)BALLAST_PAGE_KIB);
    else
        printf("%s: predicted %" PRIu64 " to %" PRIu64 " KiB, %s\n", shown, cost.settled_kib,
               cost.fresh_max_kib,
               line->has_no_room ? "not built: not enough memory is available"
                                 : "not built: xl refused it");
    free(shown);
}

int cli_calibrate_write(const struct cli_calibrate *run, const struct calibration *calibration,
                        const struct fit_result *result)
{
    char path[512];
    if (snprintf(path, sizeof(path), "%s.new", run->out_path) >= (int)sizeof(path)) {
        cli_error("calibrate: --out %s: the name is too long: use a shorter one", run->out_path);
        return CLI_BAD;
    }
    FILE *file = fopen(path, "we");
    int rc = file ? calibration_write(file, calibration, result) : -errno;
    if (rc == 0 && (fflush(file) != 0 || fsync(fileno(file)) != 0))
        rc = -errno;
    if (file && fclose(file) != 0 && rc == 0)
        rc = -errno;
    if (rc == 0 && rename(path, run->out_path) != 0)
        rc = -errno;
    if (rc == 0)
        return CLI_DONE;
    (void)unlink(path);
    cli_error("calibrate: %s: %s", run->out_path, strerror(-rc));
    return CLI_UNREACHABLE;
}

static void print_arena_fit(const struct fit_arena *arena, enum ballast_guest_type type)
{
    if (arena->cells == 0)
        return;
    printf("Xen's own heap, %s: %zu of %zu guests made it grow, by at most %" PRIu64
           " pages (%" PRIu64 " vCPUs)",
           ballast_guest_type_name(type), arena->cells - arena->zero, arena->cells,
           arena->worst_pages, arena->worst_vcpus);
    if (arena->beyond > 0)
        printf("; %zu beyond the bound of the profile", arena->beyond);
    putchar('\n');
}

int cli_calibrate_print_result(const struct cli_calibrate *run,
                               const struct calibration *calibration,
                               const struct fit_result *result)
{
    bool disagrees = fit_disagrees(result);
    if (run->json)
        return calibration_write(stdout, calibration, result) == 0 && !disagrees ? CLI_DONE
               : disagrees                                                       ? CLI_NO
                                                                                 : CLI_UNREACHABLE;
    printf("%zu guests on Xen %s, compared with %s\n", run->cell_count,
           run->access.host->xen_version, ballast_profile_name(run->profile));
    for (int i = 0; i < FIT_TERMS; i++) {
        char text[CLI_MESSAGE];
        fit_estimate_text(result, (enum fit_term)i, text, sizeof(text));
        printf("%-10s %s\n", fit_verdict_name(result->estimates[i].verdict), text);
    }
    for (int i = 0; i < BALLAST_GUEST_TYPES; i++)
        print_arena_fit(&result->arenas[i], (enum ballast_guest_type)i);
    printf(disagrees ? "%s is wrong on this host%s%s\n" : "%s is right on this host%s%s\n",
           ballast_profile_name(run->profile), run->out_path ? "; its own profile is in " : "",
           run->out_path ? run->out_path : "");
    return disagrees ? CLI_NO : CLI_DONE;
}
