/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A simulated host driven by ballast decide --stdio, as a foreign simulator does, and by the
 * balancer in this process beside it: both are shown the same host at each tick, and must decide
 * the same. test_same BALLAST SCENARIO...
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/policy/balancer.h"
#include "core/policy/policy.h"
#include "core/sim/score/score.h"
#include "edge/snapshot/snapshot.h"

enum { LINE = 1 << 20, REQUESTS = 16 };

/* The program at the other end. */
struct peer {
    FILE *to;
    FILE *from;
    pid_t pid;
};

static void stop_test(const char *what)
{
    fprintf(stderr, "test_same: %s\n", what);
    exit(1);
}

static struct peer start_peer(const char *program)
{
    int in[2];
    int out[2];
    struct peer peer;
    if (pipe(in) < 0 || pipe(out) < 0 || (peer.pid = fork()) < 0)
        stop_test("no child process");
    if (peer.pid == 0) {
        dup2(in[0], STDIN_FILENO);
        dup2(out[1], STDOUT_FILENO);
        close(in[1]);
        close(out[0]);
        execl(program, program, "decide", "--stdio", (char *)NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    peer.to = fdopen(in[1], "w");
    peer.from = fdopen(out[0], "r");
    if (!peer.to || !peer.from)
        stop_test("no streams");
    return peer;
}

static void end_peer(struct peer *peer)
{
    int status;
    fclose(peer->to);
    fclose(peer->from);
    if (waitpid(peer->pid, &status, 0) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        stop_test("ballast decide failed");
}

/* The starts that wait; a request's id is the index of its start. */
static size_t waiting(const struct sim *sim, struct balancer_request out[REQUESTS])
{
    size_t count = 0;
    for (size_t i = 0; i < sim_start_count(sim); i++) {
        const struct sim_start *start = sim_start_at(sim, i);
        if (start->state == SIM_START_WAITING && count < REQUESTS)
            out[count++] = (struct balancer_request){.id = i,
                                                     .need_kib = start->is->need_kib,
                                                     .arrived_usec = start->arrived_usec,
                                                     .deadline_usec = start->is->deadline_usec};
    }
    return count;
}

static void write_seconds(FILE *out, const char *key, uint64_t usec)
{
    fprintf(out, ",\"%s\":%" PRIu64 ".%06" PRIu64, key, usec / 1000000, usec % 1000000);
}

/* What a recording has of the host, and the requests behind it. */
static void write_line(FILE *out, const struct ballast_host *host,
                       const struct balancer_request *requests, size_t count)
{
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    struct ballast_error err = {0};
    if (!memory || snapshot_write_json(memory, host, &err) < 0 || fclose(memory) != 0)
        stop_test(err.text);
    fwrite(text, 1, size - strlen("}\n"), out);
    free(text);
    fputs(",\"reqs\":[", out);
    for (size_t i = 0; i < count; i++) {
        fprintf(out, "%s{\"id\":%" PRIu64 ",\"need_kib\":%" PRIu64, i ? "," : "", requests[i].id,
                requests[i].need_kib);
        write_seconds(out, "arrived", requests[i].arrived_usec);
        if (requests[i].deadline_usec != BALLAST_NONE)
            write_seconds(out, "deadline", requests[i].deadline_usec);
        fputc('}', out);
    }
    fputs("]}\n", out);
    fflush(out);
}

/* What decide answers to this, without the reasons of refusals. */
static char *text_of(const struct balancer_output *output)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        stop_test("out of memory");
    fputs("{\"set\":[", out);
    for (size_t i = 0; i < output->set_count; i++) {
        const struct balancer_set *set = &output->sets[i];
        fprintf(out, "%s{\"id\":%" PRIu32, i ? "," : "", set->id);
        if (set->target_kib != BALLAST_NONE)
            fprintf(out, ",\"target_kib\":%" PRIu64, set->target_kib);
        if (set->maxmem_kib != BALLAST_NONE)
            fprintf(out, ",\"maxmem_kib\":%" PRIu64, set->maxmem_kib);
        fputc('}', out);
    }
    fputs("],\"grant\":[", out);
    const char *comma = "";
    for (size_t i = 0; i < output->verdict_count; i++) {
        const struct balancer_verdict *verdict = &output->verdicts[i];
        if (!verdict->granted)
            continue;
        fprintf(out, "%s{\"id\":%" PRIu64 ",\"claim\":%s}", comma, verdict->request,
                verdict->claim ? "true" : "false");
        comma = ",";
    }
    fputs("],\"fail\":[", out);
    fclose(out);
    return text;
}

static void carry_out(struct sim *sim, const struct balancer_output *output)
{
    for (size_t i = 0; i < output->take_count; i++)
        (void)sim_set(sim, output->sets[i].id, output->sets[i].target_kib,
                      output->sets[i].maxmem_kib, NULL);
    for (size_t i = 0; i < output->verdict_count; i++) {
        const struct balancer_verdict *verdict = &output->verdicts[i];
        if (verdict->granted)
            (void)sim_start_grant(sim, (size_t)verdict->request, verdict->claim, NULL);
        else
            (void)sim_start_refuse(sim, (size_t)verdict->request, NULL);
    }
    for (size_t i = output->take_count; i < output->set_count; i++)
        (void)sim_set(sim, output->sets[i].id, output->sets[i].target_kib,
                      output->sets[i].maxmem_kib, NULL);
}

/* One tick; returns how many sets and verdicts there were. */
static size_t compare_tick(struct peer *peer, struct balancer *balancer, struct sim *sim)
{
    static char answer[LINE];
    const struct ballast_host *host;
    struct balancer_request requests[REQUESTS];
    struct balancer_output output;
    struct ballast_error err = {0};
    if (sim_refresh(sim, &host, &err) < 0)
        stop_test(err.text);
    struct balancer_input input = {
        .host = host, .requests = requests, .request_count = waiting(sim, requests)};
    if (balancer_decide(balancer, &input, &output, &err) < 0)
        stop_test(err.text);
    write_line(peer->to, host, requests, input.request_count);
    char *expected = text_of(&output);
    if (!fgets(answer, sizeof(answer), peer->from))
        stop_test("ballast decide has ended");
    if (strncmp(answer, expected, strlen(expected)) != 0) {
        fprintf(stderr, "at %.1f s in process: %s\nover stdio:  %s", (double)host->now_usec / 1e6,
                expected, answer);
        stop_test("the two decide differently");
    }
    free(expected);
    carry_out(sim, &output);
    return output.set_count + output.verdict_count;
}

static size_t compare_scenario(const char *program, const struct scenario *scenario)
{
    struct peer peer = start_peer(program);
    struct balancer_options options = BALANCER_OPTIONS_DEFAULT;
    struct balancer *balancer = balancer_new(policy_find(NULL), &options);
    struct ballast_error err = {0};
    struct sim *sim;
    size_t decisions = 0;
    if (!balancer || sim_new(&scenario->config, 0, &sim, &err) < 0)
        stop_test(err.text);
    while (sim_now_usec(sim) < scenario->duration_usec) {
        decisions += compare_tick(&peer, balancer, sim);
        if (sim_step(sim, scenario->config.tick_usec, &err) < 0)
            stop_test(err.text);
    }
    sim_free(sim);
    balancer_free(balancer);
    end_peer(&peer);
    return decisions;
}

static void read_scenario(const char *path, struct scenario *out)
{
    static char text[SCENARIO_BYTES];
    struct ballast_error err = {0};
    FILE *file = fopen(path, "r");
    size_t size = file ? fread(text, 1, sizeof(text), file) : 0;
    if (!file || scenario_parse(path, text, size, out, &err) < 0)
        stop_test(file ? err.text : path);
    fclose(file);
}

int main(int argc, char **argv)
{
    for (int i = 2; i < argc; i++) {
        struct scenario scenario;
        read_scenario(argv[i], &scenario);
        size_t decisions = compare_scenario(argv[1], &scenario);
        scenario_release(&scenario);
        printf("%s: %zu decisions are the same\n", argv[i], decisions);
        /* A comparison of nothing with nothing would hold too. */
        if (decisions < 10)
            stop_test("hardly anything was decided");
    }
    return argc < 3;
}
