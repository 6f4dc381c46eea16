/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_replay RECORDING...: replays recordings through the host interface, and runs the balancer
 * over them. The recordings are of real hosts and of the simulated one, made by `ballast record`.
 */
#include "unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <json-c/json.h>

#include "app/simulate/replay.h"
#include "core/base/units.h"
#include "edge/hv/replay.h"
#include "edge/snapshot/recording.h"

static char **files;
static size_t file_count;

/* Each line by json-c alone, so that the readers under test are not asked about themselves. */
struct raw {
    struct json_object **lines;
    size_t count;
};

static struct raw read_raw(const char *path)
{
    struct raw raw = {0};
    char *line = NULL;
    size_t room = 0;
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (getline(&line, &room, file) > 0) {
        raw.lines = reallocarray(raw.lines, raw.count + 1, sizeof(*raw.lines));
        assert_non_null(raw.lines);
        raw.lines[raw.count] = json_tokener_parse(line);
        assert_non_null(raw.lines[raw.count++]);
    }
    free(line);
    (void)fclose(file);
    return raw;
}

static void free_raw(struct raw *raw)
{
    for (size_t i = 0; i < raw->count; i++)
        json_object_put(raw->lines[i]);
    free(raw->lines);
}

static uint64_t number(const struct json_object *object, const char *key)
{
    struct json_object *value = json_object_object_get(object, key);
    return value ? json_object_get_uint64(value) : 0;
}

static void same_domain(const struct ballast_domain *domain, struct json_object *raw)
{
    assert_int_equal(domain->id, number(raw, "id"));
    assert_string_equal(domain->name, json_object_get_string(json_object_object_get(raw, "name")));
    assert_int_equal(domain->tot_kib, number(raw, "tot_kib"));
    assert_int_equal(domain->target_kib, number(raw, "target_kib"));
    assert_int_equal(domain->maxmem_kib, number(raw, "maxmem_kib"));
    assert_int_equal(domain->dynamic_min_kib, number(raw, "dyn_min_kib"));
    assert_int_equal(domain->dynamic_max_kib, number(raw, "dyn_max_kib"));
    assert_int_equal(domain->static_max_kib, number(raw, "static_max_kib"));
    if (json_object_object_get(raw, "used_kib"))
        assert_int_equal(domain->used_kib, number(raw, "used_kib"));
    else
        assert_int_equal(domain->used_kib, BALLAST_NONE);
}

/* What the port shows is what the line says, and it closes. */
static void same_sample(const struct ballast_host *host, struct json_object *raw)
{
    struct json_object *of_host = json_object_object_get(raw, "host");
    struct json_object *domains = json_object_object_get(raw, "doms");
    uint64_t sum_kib = number(of_host, "free_kib") + number(of_host, "xen_kib");
    assert_int_equal(host->total_kib, number(of_host, "total_kib"));
    assert_int_equal(host->free_kib, number(of_host, "free_kib"));
    assert_int_equal(host->slack_kib, number(of_host, "slush_kib"));
    assert_int_equal(host->domain_count, json_object_array_length(domains));
    for (size_t i = 0; i < host->domain_count; i++) {
        struct json_object *domain = json_object_array_get_idx(domains, i);
        same_domain(&host->domains[i], domain);
        sum_kib += number(domain, "tot_kib") + number(domain, "overhead_kib");
    }
    /* Only a simulated host knows what Xen itself holds: there nothing is left over. */
    if (number(of_host, "xen_kib") > 0)
        assert_int_equal(sum_kib, host->total_kib);
    assert_true(sum_kib <= host->total_kib);
}

static void replay_shows_each_line(const char *path)
{
    struct recording recording;
    struct replay *replay;
    struct ballast_error err = {0};
    struct raw raw = read_raw(path);
    assert_int_equal(recording_read(path, &recording, &err), 0);
    assert_int_equal(recording.count, raw.count);
    assert_int_equal(replay_new(recording.samples, recording.count, &replay, &err), 0);
    struct hv *hv = replay_hv(replay);
    for (size_t i = 0; i < raw.count; i++) {
        const struct ballast_host *host;
        assert_int_equal(hv->ops->refresh(hv, &host, &err), 0);
        assert_int_equal(host->now_usec, replay_now_usec(replay));
        same_sample(host, raw.lines[i]);
        assert_int_equal(replay_next(replay), i + 1 < raw.count);
    }
    hv->ops->close(hv);
    recording_release(&recording);
    free_raw(&raw);
}

/* Targets move in it, and guests follow: otherwise it would show nothing. */
static void something_moves(const char *path)
{
    struct recording recording;
    size_t changes = 0;
    size_t followed = 0;
    assert_int_equal(recording_read(path, &recording, NULL), 0);
    for (size_t i = 1; i < recording.count; i++) {
        const struct ballast_host *sample = &recording.samples[i];
        const struct ballast_host *before = &recording.samples[i - 1];
        for (size_t j = 0; j < sample->domain_count && j < before->domain_count; j++) {
            if (sample->domains[j].id != before->domains[j].id)
                break;
            changes += sample->domains[j].target_kib != before->domains[j].target_kib;
            followed += sample->domains[j].tot_kib != before->domains[j].tot_kib;
        }
    }
    recording_release(&recording);
    assert_true(changes >= 3);
    assert_true(followed >= 3);
}

static void print_breach(void *arg, uint64_t at_usec, const struct tick_breach *breach)
{
    char text[256];
    (void)tick_breach_text(breach, text, sizeof(text));
    print_message("%s: %" PRIu64 " us: %s\n", (const char *)arg, at_usec, text);
}

static void no_policy_breaks_a_law(char *path)
{
    struct recording recording;
    struct ballast_error err = {0};
    assert_int_equal(recording_read(path, &recording, &err), 0);
    const struct simulate_replay_ear ear = {.arg = path, .breach = print_breach};
    for (size_t i = 0; policy_at(i); i++) {
        struct simulate_replay done;
        assert_int_equal(simulate_replay(recording.samples, recording.count, policy_at(i), NULL,
                                         &ear, &done, &err),
                         0);
        assert_int_equal(done.samples, recording.count);
        assert_int_equal(done.breaches, 0);
        assert_int_equal(done.failed, 0);
        if (i == 0)
            assert_true(done.sets > 0);
    }
    recording_release(&recording);
}

static void each_recording(void **state)
{
    (void)state;
    assert_true(file_count > 0);
    for (size_t i = 0; i < file_count; i++) {
        replay_shows_each_line(files[i]);
        something_moves(files[i]);
        no_policy_breaks_a_law(files[i]);
    }
}

enum { SAMPLES = 4 };

/* One guest that holds 100 MiB, sample after sample, and a second from the third sample on. */
struct world {
    struct ballast_domain domains[SAMPLES][2];
    struct ballast_host samples[SAMPLES];
};

static void make_world(struct world *world)
{
    for (size_t i = 0; i < SAMPLES; i++) {
        for (size_t j = 0; j < 2; j++)
            world->domains[i][j] = (struct ballast_domain){.id = (uint32_t)(7 - 2 * j),
                                                           .name = "guest",
                                                           .has_balloon = true,
                                                           .tot_kib = 100 * MIB,
                                                           .target_kib = 100 * MIB,
                                                           .maxmem_kib = 100 * MIB,
                                                           .dynamic_min_kib = 50 * MIB,
                                                           .dynamic_max_kib = 200 * MIB,
                                                           .static_max_kib = 200 * MIB,
                                                           .used_kib = BALLAST_NONE,
                                                           .reported_free_kib = BALLAST_NONE,
                                                           .report_age_usec = BALLAST_NONE,
                                                           .shares = BALLAST_DEFAULT_SHARES};
        world->samples[i] = (struct ballast_host){.now_usec = 1000000 * (i + 1),
                                                  .total_kib = 1000 * MIB,
                                                  .free_kib = 600 * MIB,
                                                  .domains = world->domains[i],
                                                  .domain_count = i < 2 ? 1 : 2};
    }
    /* The new one comes first: what changes must not stay with a place in the list. */
    for (size_t i = 2; i < SAMPLES; i++) {
        struct ballast_domain swap = world->domains[i][0];
        world->domains[i][0] = world->domains[i][1];
        world->domains[i][1] = swap;
    }
}

static void shows_what_was_set_until_somebody_else_sets(void **state)
{
    (void)state;
    struct world world;
    struct replay *replay;
    struct ballast_error err = {0};
    const struct ballast_host *host;
    size_t count;
    make_world(&world);
    world.domains[3][1].target_kib = 150 * MIB;
    assert_int_equal(replay_new(world.samples, SAMPLES, &replay, &err), 0);
    struct hv *hv = replay_hv(replay);
    assert_int_equal(hv->ops->set(hv, 7, 80 * MIB, BALLAST_NONE, &err), 0);
    assert_int_equal(hv->ops->set(hv, 7, BALLAST_NONE, 90 * MIB, &err), 0);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(hv->ops->refresh(hv, &host, &err), 0);
        const struct ballast_domain *domain = &host->domains[i < 2 ? 0 : 1];
        assert_int_equal(domain->id, 7);
        assert_int_equal(domain->target_kib, 80 * MIB);
        assert_int_equal(domain->maxmem_kib, 90 * MIB);
        assert_int_equal(domain->tot_kib, 100 * MIB);
        assert_true(replay_next(replay));
    }
    assert_int_equal(hv->ops->refresh(hv, &host, &err), 0);
    assert_int_equal(host->domains[0].target_kib, 100 * MIB);
    assert_int_equal(host->domains[1].target_kib, 150 * MIB);
    assert_int_equal(host->domains[1].maxmem_kib, 90 * MIB);
    assert_false(replay_next(replay));
    const struct replay_change *changes = replay_changes(replay, &count);
    assert_int_equal(count, 2);
    assert_int_equal(changes[0].at_usec, 1000000);
    assert_int_equal(changes[0].target_kib, 80 * MIB);
    assert_int_equal(changes[1].maxmem_kib, 90 * MIB);
    hv->ops->close(hv);
    /* The recording itself is as it was. */
    assert_int_equal(world.domains[0][0].target_kib, 100 * MIB);
}

static void refuses_what_a_recording_has_not(void **state)
{
    (void)state;
    struct world world;
    struct replay *replay;
    struct ballast_error err = {0};
    size_t count;
    make_world(&world);
    assert_int_equal(replay_new(world.samples, 0, &replay, &err), -EINVAL);
    world.samples[2].now_usec = world.samples[1].now_usec;
    assert_int_equal(replay_new(world.samples, SAMPLES, &replay, &err), -EINVAL);
    unit_assert_text(err, "sample 3");
    assert_int_equal(replay_new(world.samples, 2, &replay, &err), 0);
    struct hv *hv = replay_hv(replay);
    assert_int_equal(hv->ops->set(hv, 5, 80 * MIB, BALLAST_NONE, &err), -ENOENT);
    assert_int_equal(hv_claim(hv, NULL, 0, &err), -ENOTSUP);
    (void)replay_changes(replay, &count);
    assert_int_equal(count, 0);
    hv->ops->close(hv);
}

/* A balancer that tells guests to grow before there is memory is found out. */
static void sees_a_law_broken(void **state)
{
    (void)state;
    struct world world;
    struct simulate_replay done;
    struct ballast_error err = {0};
    struct balancer_options options = BALANCER_OPTIONS_DEFAULT;
    make_world(&world);
    for (size_t i = 0; i < SAMPLES; i++) {
        struct ballast_domain *domains = world.domains[i];
        world.samples[i].domain_count = 2;
        for (size_t j = 0; j < 2; j++)
            domains[j].used_kib = domains[j].id == 7 ? 190 * MIB : 10 * MIB;
        for (size_t j = 0; j < 2; j++) {
            domains[j].report_age_usec = 0;
            domains[j].tot_kib = domains[j].target_kib = domains[j].maxmem_kib =
                domains[j].id == 7 ? 100 * MIB : 200 * MIB;
            domains[j].dynamic_min_kib = domains[j].id == 7 ? 150 * MIB : 50 * MIB;
        }
        world.samples[i].total_kib = 300 * MIB;
        world.samples[i].free_kib = 0;
    }
    assert_int_equal(
        simulate_replay(world.samples, SAMPLES, policy_at(0), &options, NULL, &done, &err), 0);
    assert_int_equal(done.breaches, 0);
    assert_true(done.sets > 0);
    options.take_before_free = true;
    assert_int_equal(
        simulate_replay(world.samples, SAMPLES, policy_at(0), &options, NULL, &done, &err), 0);
    assert_true(done.breaches > 0);
}

#define GOOD                                                                                       \
    "{\"t\":1,\"host\":{\"total_kib\":9000,\"free_kib\":1000},\"doms\":[{\"id\":1,\"tot_kib\":8}]}\n"

static void refuses(const char *second, const char *text)
{
    struct recording recording;
    struct ballast_error err = {0};
    char data[1024];
    int length = snprintf(data, sizeof(data), "%s%s", GOOD, second);
    assert_int_equal(recording_parse("x.jsonl", data, (size_t)length, &recording, &err), -EINVAL);
    unit_assert_text(err, text);
}

static void refuses_a_corrupted_line(void **state)
{
    (void)state;
    struct recording recording;
    struct ballast_error err = {0};
    assert_int_equal(recording_parse("x.jsonl", GOOD, strlen(GOOD), &recording, &err), 0);
    assert_int_equal(recording.count, 1);
    recording_release(&recording);
    assert_int_equal(recording_parse("x.jsonl", "\n", 1, &recording, &err), -EINVAL);
    unit_assert_text(err, "x.jsonl: is empty");
    refuses("{\"t\":2,\"host\":{\"total_kib\":9000,\"fr", "x.jsonl:2: ");
    refuses("{\"t\":2,\"host\":{\"total_kib\":9000}}", "x.jsonl:2: host.free_kib: ");
    refuses("{\"t\":2,\"host\":{\"total_kib\":9000,\"free_kib\":-1}}",
            "x.jsonl:2: host.free_kib: ");
    refuses("{\"t\":2,\"host\":{\"total_kib\":9000,\"free_kib\":9001}}", "x.jsonl:2: ");
    refuses("{\"t\":1,\"host\":{\"total_kib\":9000,\"free_kib\":1}}",
            "x.jsonl:2: t: must be later");
    refuses("{\"t\":2,\"host\":{\"total_kib\":9001,\"free_kib\":1}}",
            "x.jsonl:2: host.total_kib: 9001: the previous line has 9000");
    refuses("{\"t\":2,\"host\":{\"total_kib\":9000,\"free_kib\":1},"
            "\"doms\":[{\"id\":1,\"tot_kib\":9000}]}",
            "make 9001 KiB, more than");
    refuses("{\"t\":2,\"host\":{\"total_kib\":9000,\"free_kib\":1},"
            "\"doms\":[{\"id\":1,\"tot_kib\":1},{\"id\":1,\"tot_kib\":1}]}",
            "x.jsonl:2: ");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_recording),
        cmocka_unit_test(shows_what_was_set_until_somebody_else_sets),
        cmocka_unit_test(refuses_what_a_recording_has_not),
        cmocka_unit_test(sees_a_law_broken),
        cmocka_unit_test(refuses_a_corrupted_line),
    };
    files = argv + 1;
    file_count = (size_t)argc - 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
