/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ballast doctor */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "app/ballast/access/host_access.h"
#include "app/ballast/access/host_access_daemon.h"
#include "app/ballast/access/own_profile.h"
#include "app/ballast/cli/args.h"
#include "app/ballast/cli/fields.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/cli/values.h"
#include "app/ballast/client/daemon.h"
#include "app/ballast/host/rival_balancers.h"
#include "core/base/units.h"
#include "core/model/doctor.h"
#include "edge/guestcfg/guestcfg.h"

/* Between the two samples: squeezed acts every 2 s at most, qmemman within 0.5 s of a change. */
#define BETWEEN_USEC (2 * BALLAST_SEC_USEC + BALLAST_SEC_USEC / 2)

#define SYSTEM_XL_CONF "/etc/xen/xl.conf"

enum { OPTION_INTERVAL, OPTION_XL_CONF, OPTION_HOST, OPTION_JSON };

static const struct cli_option doctor_options[] = {
    [OPTION_INTERVAL] = {"interval", "T", "sample again after T (default 2500ms; 0: do not)"},
    [OPTION_XL_CONF] = {"xl-conf", "FILE", "instead of /etc/xen/xl.conf"},
    [OPTION_HOST] = {"host", "WHAT", CLI_HOST_HELP},
    [OPTION_JSON] = {"json", NULL, "an object per finding, one per line"},
    {NULL, NULL, NULL},
};

struct doctor {
    const struct cli_args *args;
    const char *host;
    const char *xl_conf;
    bool json;
    uint64_t interval_usec;
    struct host_access access;
    struct doctor_facts facts;
    struct doctor_domain *domains;
    struct cli_rival_balancers rivals;
};

static int parse_doctor(struct doctor *doctor, struct cli_args *args)
{
    int option;
    while ((option = cli_args_next(args)) != CLI_ARGS_END) {
        if (option == CLI_ARGS_BAD)
            return CLI_BAD;
        doctor->json |= option == OPTION_JSON;
        if (option == OPTION_HOST)
            doctor->host = args->value;
        if (option == OPTION_XL_CONF)
            doctor->xl_conf = args->value;
        if (option == OPTION_INTERVAL && cli_args_time(args, &doctor->interval_usec))
            return CLI_BAD;
    }
    return cli_args_no_operands(args, NULL);
}

static enum doctor_known doctor_known(bool is)
{
    return is ? DOCTOR_YES : DOCTOR_NO;
}

static int read_doctor_xl_conf(struct doctor *doctor)
{
    struct ballast_error err;
    struct guestcfg_xl_conf conf;
    const char *path = doctor->xl_conf ? doctor->xl_conf : SYSTEM_XL_CONF;
    if (!doctor->access.hv->ops->is_machine && !doctor->xl_conf)
        return CLI_DONE;
    if (guestcfg_read_xl_conf(path, &conf, &err) < 0) {
        cli_error("doctor: %s", err.text);
        return doctor->xl_conf ? CLI_BAD : CLI_DONE;
    }
    static const enum doctor_autoballoon of[] = {
        [GUESTCFG_AUTOBALLOON_AUTO] = DOCTOR_AUTOBALLOON_AUTO,
        [GUESTCFG_AUTOBALLOON_ON] = DOCTOR_AUTOBALLOON_ON,
        [GUESTCFG_AUTOBALLOON_OFF] = DOCTOR_AUTOBALLOON_OFF,
    };
    doctor->facts.autoballoon = of[conf.autoballoon];
    doctor->facts.claims = doctor_known(conf.claim_mode != 0);
    return CLI_DONE;
}

static void read_doctor_commandline(struct doctor *doctor)
{
    const char *commandline = hv_commandline(doctor->access.hv);
    if (commandline)
        doctor_read_commandline(commandline, &doctor->facts.dom0_mem, &doctor->facts.dom0_mem_max);
}

static void read_own_profile(struct doctor *doctor)
{
    char *unknown = cli_xen_unknown(&doctor->access);
    doctor->facts.has_own_profile = unknown == NULL;
    free(unknown);
}

/* The other findings do not need it. */
static void read_low_memory(struct doctor *doctor)
{
    uint64_t kib;
    if (hv_low_free(doctor->access.hv, &kib, NULL) == 0)
        doctor->facts.low_free_kib = kib;
}

static void fill_doctor_domain(const struct cli_domain *domain, struct doctor_domain *out)
{
    const struct hv_domain *is = &domain->is;
    *out = (struct doctor_domain){
        .id = is->id,
        .name = domain->shown,
        .is_dom0 = domain->is_dom0,
        .runs = domain->state == BALLAST_DOMAIN_RUN && !is->paused && !is->dying && !is->shutdown &&
                !is->building,
        .has_balloon = is->has_balloon,
        .kernel_is_up = is->kernel_is_up,
        .reports = is->report_source != BALLAST_REPORT_NONE,
        .tot_kib = is->tot_kib,
        .target_kib = domain->whole_target_kib,
        .maximum_kib = cli_domain_maximum_kib(domain),
        .static_max_kib = is->static_max_kib,
        .dynamic_min_kib = is->dynamic_min_kib,
        .dynamic_max_kib = is->dynamic_max_kib,
        .malformed = is->malformed,
        .pod_entries_kib = is->pod_entries_kib,
        .pod_cache_kib = is->pod_cache_kib,
        .earlier_target_kib = BALLAST_NONE,
    };
}

static const struct doctor_domain *find_doctor_domain(const struct doctor_domain *domains,
                                                      size_t count, uint32_t id)
{
    for (size_t i = 0; i < count; i++) {
        if (domains[i].id == id)
            return &domains[i];
    }
    return NULL;
}

/* Replaces an earlier sample, whose figures it keeps. */
static void fill_domains(struct doctor *doctor)
{
    const struct host_access *access = &doctor->access;
    struct doctor_domain *domains = xcheck(calloc(access->count + 1, sizeof(*domains)));
    for (size_t i = 0; i < access->count; i++) {
        fill_doctor_domain(&access->domains[i], &domains[i]);
        const struct doctor_domain *earlier =
            find_doctor_domain(doctor->domains, doctor->facts.domain_count, domains[i].id);
        if (earlier) {
            domains[i].earlier_target_kib = earlier->target_kib;
        }
    }
    free(doctor->domains);
    doctor->domains = domains;
    doctor->facts.domains = domains;
    doctor->facts.domain_count = access->count;
    doctor->facts.xen_version = access->host->xen_version;
    doctor->facts.total_kib = access->host->total_kib;
    doctor->facts.free_kib = access->host->free_kib;
    doctor->facts.reserved_claim_kib = access->host->reserved_claim_kib;
}

static int sample_doctor(struct doctor *doctor)
{
    int rc = host_access_refresh(&doctor->access);
    if (rc)
        return rc;
    fill_domains(doctor);
    if (doctor->interval_usec == 0 || hv_lasts_usec(doctor->access.hv) == 0)
        return CLI_DONE;
    rc = host_access_wait(&doctor->access, doctor->interval_usec);
    if (!rc)
        rc = host_access_refresh(&doctor->access);
    if (rc)
        return rc;
    doctor->facts.sampled_usec = doctor->interval_usec;
    fill_domains(doctor);
    return CLI_DONE;
}

/* What the daemon of this host says of itself; NULL: there is none. */
static struct json_object *daemon_status(struct doctor *doctor)
{
    struct cli_daemon daemon;
    struct json_object *status = NULL;
    struct cli_daemon *asked = host_access_daemon_of(doctor->access.hv);
    if (asked) {
        (void)cli_daemon_call(asked, "status", NULL, &status);
        return status;
    }
    if (!doctor->access.hv->ops->is_machine ||
        cli_daemon_try(&daemon, "doctor", NULL, CLI_DAEMON_READS) != CLI_DONE)
        return NULL;
    if (daemon.client)
        (void)cli_daemon_call(&daemon, "status", NULL, &status);
    cli_daemon_close(&daemon);
    /* One that simulates has nothing to do with this host. */
    if (status && strcmp(json_field_string(status, "host"), "xen") != 0) {
        json_object_put(status);
        status = NULL;
    }
    return status;
}

/* It sees every foreign write, where two samples show only that something moved. */
static void add_rival(struct cli_rival_balancers *rivals, const struct json_object *status)
{
    for (size_t i = 0; i < json_field_count(status, "alerts"); i++) {
        const struct json_object *alert = json_field_at(status, "alerts", i);
        if (strcmp(json_field_string(alert, "name"), "second-balancer") != 0)
            continue;
        char *shown = cli_field_shown(alert, "message");
        cli_rival_balancers_add(rivals, shown);
        free(shown);
    }
}

static void look_for_libvirt(struct doctor *doctor)
{
    if (doctor->rivals.libvirt == CLI_LIBVIRT_NONE)
        return;
    bool shrinks =
        doctor->rivals.libvirt == CLI_LIBVIRT_SHRINKS ||
        (doctor->rivals.libvirt == CLI_LIBVIRT_AUTO && doctor->facts.dom0_mem == DOCTOR_NO);
    doctor->facts.libvirt_autoballoon = doctor_known(shrinks);
}

static void find_rivals(struct doctor *doctor)
{
    struct json_object *status = daemon_status(doctor);
    if (doctor->access.hv->ops->is_machine ||
        (status && strcmp(json_field_string(status, "host"), "xen") == 0)) {
        cli_rival_balancers_find(&doctor->rivals, "");
        look_for_libvirt(doctor);
    }
    if (status)
        add_rival(&doctor->rivals, status);
    doctor->facts.own_daemon = status || doctor->rivals.ours;
    doctor->facts.balancers = (const char *const *)doctor->rivals.balancers;
    doctor->facts.balancer_count = doctor->rivals.count;
    json_object_put(status);
}

static void print_doctor_json(const struct doctor_finding *finding)
{
    struct json_object *object = cli_json_object();
    cli_json_string(object, "rule", finding->rule);
    cli_json_string(object, "severity", doctor_severity_name(finding->severity));
    cli_json_kib(object, "domid", finding->domain ? finding->domain->id : BALLAST_NONE);
    cli_json_string(object, "name", finding->domain ? finding->domain->name : NULL);
    cli_json_string(object, "evidence", finding->evidence);
    cli_json_string(object, "remedy", finding->remedy);
    cli_json_print(object);
}

static void print_finding(const struct doctor_finding *finding)
{
    printf("%s: %s", doctor_severity_name(finding->severity), finding->rule);
    if (finding->domain)
        printf(": domain %" PRIu32 " (%s)", finding->domain->id, finding->domain->name);
    printf("\n    %s\n    -> %s\n", finding->evidence, finding->remedy);
}

static int print_doctor(const struct doctor *doctor)
{
    size_t count = doctor_examine(&doctor->facts, NULL, 0);
    struct doctor_finding *found = xcheck(calloc(count + 1, sizeof(*found)));
    (void)doctor_examine(&doctor->facts, found, count);
    enum doctor_severity worst = DOCTOR_NOTE;
    for (size_t i = 0; i < count; i++) {
        if (found[i].severity > worst)
            worst = found[i].severity;
        if (doctor->json)
            print_doctor_json(&found[i]);
        else
            print_finding(&found[i]);
    }
    free(found);
    if (!doctor->json && count == 0)
        puts("nothing found");
    return worst > DOCTOR_NOTE ? CLI_NO : CLI_DONE;
}

static int doctor_main(struct cli_args *args)
{
    struct doctor doctor = {.args = args, .interval_usec = BETWEEN_USEC};
    int rc = parse_doctor(&doctor, args);
    if (!rc)
        rc = host_access_open(&doctor.access, doctor.host, false);
    if (rc)
        return rc;
    doctor.facts.low_free_kib = BALLAST_NONE;
    rc = read_doctor_xl_conf(&doctor);
    if (!rc)
        rc = sample_doctor(&doctor);
    if (!rc) {
        read_doctor_commandline(&doctor);
        read_own_profile(&doctor);
        read_low_memory(&doctor);
        find_rivals(&doctor);
        rc = print_doctor(&doctor);
    }
    cli_rival_balancers_release(&doctor.rivals);
    free(doctor.domains);
    host_access_close(&doctor.access);
    return rc;
}

const struct cli_command cmd_doctor = {
    .name = "doctor",
    .summary = "find known problems of this host, with remedies",
    .operands = "",
    .text = "Looks for what takes reserved memory, kills guests or wastes memory, and prints\n"
            "for each finding what was seen and what helps. Exit status 0: nothing worse\n"
            "than notes; 1: findings.",
    .options = doctor_options,
    .run = doctor_main,
};
