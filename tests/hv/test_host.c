/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What hosts of different kinds answer to the same questions. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/host/host.h"
#include "core/base/units.h"
#include "core/model/breakdown.h"
#include "core/sim/scenario_builtin.h"

static char dir[] = "/tmp/ballast-host-XXXXXX";

static int make_dir(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static void path_in_dir(const char *name, char out[256])
{
    (void)snprintf(out, 256, "%s/%s", dir, name);
}

static void write_file(const char *name, const char *text)
{
    char path[256];
    path_in_dir(name, path);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_not_equal(fputs(text, file), EOF);
    assert_int_equal(fclose(file), 0);
}

static int remove_dir(void **state)
{
    static const char *const names[] = {"sim.host", "host.json", "a.scenario"};
    char path[256];
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        path_in_dir(names[i], path);
        (void)unlink(path);
    }
    return rmdir(dir);
}

static struct hv *open_as(const struct host_options *options)
{
    struct ballast_error err;
    struct hv *hv = NULL;
    if (host_open(options, &hv, &err) < 0)
        fail_msg("%s", err.text);
    return hv;
}

static const struct ballast_domain *refresh_and_find(struct hv *hv, const char *name)
{
    struct ballast_error err;
    const struct ballast_host *host;
    assert_int_equal(hv->ops->refresh(hv, &host, &err), 0);
    for (size_t i = 0; i < host->domain_count; i++) {
        if (strcmp(host->domains[i].name, name) == 0)
            return &host->domains[i];
    }
    fail_msg("there is no %s", name);
    return NULL;
}

static void kinds_by_their_words(void **state)
{
    (void)state;
    assert_int_equal(host_kind_of(NULL), HOST_XEN);
    assert_int_equal(host_kind_of("xen"), HOST_XEN);
    assert_int_equal(host_kind_of("sim"), HOST_SIM);
    assert_int_equal(host_kind_of("sim:xen"), HOST_SIM);
    assert_int_equal(host_kind_of("simple"), HOST_FILE);
    assert_int_equal(host_kind_of("-"), HOST_FILE);
}

/* A table without any of the members that may be missing. */
static void host_without_any_member(void **state)
{
    (void)state;
    static const struct hv_ops ops = {.name = "plain"};
    struct hv hv = {.ops = &ops};
    struct ballast_domain domain = {.id = 3, .name = "a", .maxmem_kib = 8};
    struct ballast_breakdown breakdown;
    struct ballast_guest guest;
    struct ballast_error err;
    const struct hv_domain *domains = (const struct hv_domain *)&err;
    uint8_t uuid[HV_UUID] = {1};
    uint64_t kib;
    size_t count = 5;
    bool behind = true;
    hv_domains(&hv, &domains, &count);
    assert_null(domains);
    assert_int_equal(count, 0);
    hv_uuid(&hv, &domain, uuid);
    assert_int_equal(uuid[0], 0);
    assert_int_equal(hv_extra_internal_kib(&hv, 3, 8), 0);
    assert_int_equal(hv_breakdown(&hv, &domain, NULL, &breakdown, &err), -ENOENT);
    assert_int_equal(hv_config(&hv, 3, &guest, &err), -ENOTSUP);
    assert_int_equal(hv_event_fd(&hv), -1);
    assert_false(hv_take_events(&hv));
    assert_int_equal(hv_noisy(&hv, NULL, 0), 0);
    assert_int_equal(hv_low_memory_fd(&hv, &err), -ENOTSUP);
    assert_false(hv_take_low_memory(&hv));
    assert_ptr_equal(hv_profile(&hv), ballast_profile_find(NULL));
    assert_null(hv_commandline(&hv));
    assert_int_equal(hv_low_free(&hv, &kib, &err), -ENOTSUP);
    assert_int_equal(hv_lasts_usec(&hv), BALLAST_NONE);
    assert_int_equal(hv_real_usec(&hv, 7), 7);
    assert_int_equal(hv_step(&hv, 7, &behind, &err), 0);
    assert_false(behind);
    hv_save(&hv);
    hv_close(NULL);
}

static void simulated_host_that_is_stepped(void **state)
{
    (void)state;
    struct ballast_error err;
    bool behind;
    struct hv *hv = open_as(&(struct host_options){.which = "sim", .sim = {.stepped = true}});
    assert_string_equal(hv->name, "sim");
    assert_true(hv->ops->is_exact);
    assert_false(hv->ops->is_machine);
    assert_int_equal(hv_lasts_usec(hv), 24 * 3600 * BALLAST_SEC_USEC);
    uint64_t begin_usec = hv_now_usec(hv);
    assert_int_equal(hv_step(hv, 2 * BALLAST_SEC_USEC, &behind, &err), 0);
    assert_false(behind);
    assert_int_equal(hv_now_usec(hv) - begin_usec, 2 * BALLAST_SEC_USEC);
    /* A step too short for its clock is a tick of it. */
    assert_int_equal(hv_step(hv, 1, &behind, &err), 0);
    assert_true(hv_now_usec(hv) - begin_usec > 2 * BALLAST_SEC_USEC);
    assert_int_equal(hv_real_usec(hv, BALLAST_SEC_USEC), 0);
    struct ballast_breakdown breakdown;
    const struct ballast_domain *domain = refresh_and_find(hv, "office");
    assert_int_equal(hv_breakdown(hv, domain, &(struct ballast_host_caps){0}, &breakdown, &err), 0);
    assert_int_equal(breakdown.type, BALLAST_HVM);
    assert_int_equal(breakdown.segment_kib[BALLAST_VIDEO], 16 * MIB);
    assert_int_equal(breakdown.segment_kib[BALLAST_SHADOW], 7 * MIB);
    uint8_t one[HV_UUID];
    uint8_t other[HV_UUID];
    hv_uuid(hv, domain, one);
    hv_uuid(hv, refresh_and_find(hv, "dns"), other);
    assert_memory_not_equal(one, other, HV_UUID);
    hv_close(hv);
}

static uint32_t build_one(struct hv *hv, const char *name)
{
    struct ballast_error err;
    uint32_t domid = 0;
    struct sim_build build = {.name = name,
                              .memory_kib = 64 * MIB,
                              .min_kib = 32 * MIB,
                              .max_kib = 64 * MIB,
                              .static_max_kib = 64 * MIB,
                              .rate_kib = 1024 * MIB};
    if (sim_live_build(hv, &build, &domid, &err) < 0)
        fail_msg("%s", err.text);
    return domid;
}

static void simulated_host_that_is_kept(void **state)
{
    (void)state;
    struct ballast_error err;
    struct host_options options = {.which = "sim",
                                   .sim = {.run_dir = dir, .speed_permyriad = BALLAST_PERMYRIAD}};
    struct hv *hv = open_as(&options);
    assert_false(hv->resumed);
    assert_int_equal(hv_real_usec(hv, 7), 7);
    uint32_t domid = build_one(hv, "built");
    hv_save(hv);
    hv_close(hv);
    hv = open_as(&options);
    assert_true(hv->resumed);
    assert_int_equal(refresh_and_find(hv, "built")->id, domid);
    assert_int_equal(sim_live_build(hv, &(struct sim_build){.name = "built"}, &domid, &err),
                     -EEXIST);
    /* What is not saved is lost. */
    (void)build_one(hv, "lost");
    hv_close(hv);
    options.sim.fresh = true;
    hv = open_as(&options);
    assert_false(hv->resumed);
    (void)build_one(hv, "built");
    hv_close(hv);
}

static void simulated_host_of_a_file(void **state)
{
    (void)state;
    char which[256 + 4];
    struct ballast_error err;
    struct hv *hv = NULL;
    write_file("a.scenario", scenario_builtin);
    (void)snprintf(which, sizeof(which), "sim:%s/a.scenario", dir);
    hv = open_as(&(struct host_options){.which = which, .sim = {.stepped = true}});
    assert_string_equal(hv->name, which);
    hv_close(hv);
    write_file("a.scenario", "nonsense\n");
    assert_int_equal(host_open(&(struct host_options){.which = which}, &hv, &err), -EINVAL);
    unit_assert_text(err, "a.scenario:1:");
}

static unsigned lacking;

static void count_lacking(const struct snapshot *snapshot, const char *path)
{
    assert_non_null(snapshot);
    assert_non_null(strstr(path, dir));
    lacking++;
}

static void host_in_a_file(void **state)
{
    (void)state;
    char path[256];
    struct ballast_error err;
    const struct ballast_host *host;
    struct hv *hv = NULL;
    path_in_dir("host.json", path);
    write_file("host.json",
               "{\"v\":1,\"t\":3,\"host\":{\"total_kib\":8388608,\"free_kib\":4194304},"
               "\"doms\":[{\"id\":3,\"tot_kib\":4194304,\"type\":\"pvh\",\"name\":\"a\"}]}\n");
    const struct host_options options = {.which = path, .read_only = true, .lacks = count_lacking};
    hv = open_as(&options);
    assert_int_equal(lacking, 0);
    assert_int_equal(hv_lasts_usec(hv), 0);
    assert_int_equal(hv_now_usec(hv), 3 * BALLAST_SEC_USEC);
    assert_int_equal(hv->ops->refresh(hv, &host, &err), 0);
    assert_int_equal(host->domain_count, 1);
    struct hv_domain domain;
    hv_domain_of_snapshot(&host->domains[0], &domain);
    assert_true(domain.knows_type);
    assert_int_equal(domain.type, BALLAST_PVH);
    assert_string_equal(domain.name, "a");
    assert_int_equal(hv->ops->set(hv, 3, 4, BALLAST_NONE, &err), -EPERM);
    assert_int_equal(hv_claim(hv, NULL, 0, &err), -ENOTSUP);
    hv_close(hv);
    struct host_options changes = options;
    changes.read_only = false;
    assert_int_equal(host_open(&changes, &hv, &err), -EPERM);
    unit_assert_text(err, "host.json: a file cannot be changed");
    write_file("host.json", "xen_version            : 4.17.3\ntotal_memory           : 8192\n"
                            "free_memory            : 4096\n");
    hv_close(open_as(&options));
    assert_int_equal(lacking, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_by_their_words),
        cmocka_unit_test(host_without_any_member),
        cmocka_unit_test(simulated_host_that_is_stepped),
        cmocka_unit_test(simulated_host_that_is_kept),
        cmocka_unit_test(simulated_host_of_a_file),
        cmocka_unit_test(host_in_a_file),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
