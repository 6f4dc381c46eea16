/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The reader of scenarios. A statement is a word and, in most cases, KEY=VALUE words in any order;
 * the tables below list the keys, their kinds, and where the values go.
 */
#include "core/sim/scenario.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/base/units.h"
#include "core/sim/scenario_inside.h"
#include "core/sim/scenario_value.h"

enum { LINE_BYTES = 2000 };

/* The default rate of a guest: what a Linux guest did in a measurement under emulation. */
#define RATE_KIB (UINT64_C(200) << 10)
/* Between the end of a domain that reboots and the next one's beginning, which one process does. */
#define RETURN_USEC UINT64_C(500000)

enum key_kind {
    KEY_SIZE,
    KEY_RATE,
    KEY_TIME,
    KEY_COUNT,
    KEY_FLAG,
    KEY_SPANS,
    KEY_DUTY, /* two consecutive uint64_t */
    KEY_USES,
    KEY_SET_TARGET,
    KEY_REPORT,
    KEY_PRESSURE,
    KEY_SWAP,
    KEY_RATIO,
    KEY_PERCENT,
    KEY_VERSION,
    KEY_NAME,
    KEY_TYPE,
    KEY_NODES,
};

struct key {
    const char *name;
    enum key_kind kind;
    size_t offset;
};

#define HOST(field)  offsetof(struct sim_config, field)
#define GUEST(field) offsetof(struct sim_guest_config, field)
#define START(field) offsetof(struct sim_start_config, field)

static const struct key host_keys[] = {
    {"total", KEY_SIZE, HOST(total_kib)},     {"xen", KEY_SIZE, HOST(xen_kib)},
    {"slack", KEY_SIZE, HOST(slack_kib)},     {"scrub", KEY_RATE, HOST(scrub_rate_kib)},
    {"page", KEY_SIZE, HOST(page_kib)},       {"nodes", KEY_NODES, HOST(nodes)},
    {"tick", KEY_TIME, HOST(tick_usec)},      {"xen-version", KEY_VERSION, HOST(xen_version)},
    {"processor", KEY_NAME, HOST(processor)}, {NULL, KEY_SIZE, 0},
};

static const struct key guest_keys[] = {
    {"dom0", KEY_FLAG, GUEST(dom0)},
    {"no-balloon", KEY_FLAG, GUEST(no_balloon)},
    {"grabs", KEY_FLAG, GUEST(grabs)},
    {"pod", KEY_FLAG, GUEST(pod)},
    {"panics", KEY_FLAG, GUEST(panics)},
    {"starves", KEY_TIME, GUEST(starve_usec)},
    {"set-target", KEY_SET_TARGET, GUEST(set_targets)},
    {"tot", KEY_SIZE, GUEST(tot_kib)},
    {"overhead", KEY_SIZE, GUEST(overhead_kib)},
    {"type", KEY_TYPE, GUEST(type)},
    {"vcpus", KEY_COUNT, GUEST(vcpus)},
    {"node", KEY_COUNT, GUEST(node)},
    {"video", KEY_SIZE, GUEST(video_kib)},
    {"pool", KEY_SIZE, GUEST(pool_kib)},
    {"target", KEY_SIZE, GUEST(target_kib)},
    {"maxmem", KEY_SIZE, GUEST(maxmem_kib)},
    {"min", KEY_SIZE, GUEST(dynamic_min_kib)},
    {"max", KEY_SIZE, GUEST(dynamic_max_kib)},
    {"static", KEY_SIZE, GUEST(static_max_kib)},
    {"pinned", KEY_SIZE, GUEST(pinned_kib)},
    {"shares", KEY_COUNT, GUEST(shares)},
    {"reclaim-rate", KEY_RATE, GUEST(reclaim_kib_per_sec)},
    {"grow-rate", KEY_RATE, GUEST(grow_kib_per_sec)},
    {"floor", KEY_SIZE, GUEST(floor_kib)},
    {"ceiling", KEY_SIZE, GUEST(ceiling_kib)},
    {"inaccuracy", KEY_SIZE, GUEST(inaccuracy_kib)},
    {"dies-below", KEY_SIZE, GUEST(dies_below_kib)},
    {"duty", KEY_DUTY, GUEST(duty_work_usec)},
    {"drip", KEY_TIME, GUEST(drip_usec)},
    {"boot", KEY_TIME, GUEST(boot_usec)},
    {"crash", KEY_TIME, GUEST(crash_usec)},
    {"shutdown", KEY_TIME, GUEST(shutdown_usec)},
    {"reboots", KEY_TIME, GUEST(reboot_usec)},
    {"returns", KEY_TIME, GUEST(return_usec)},
    {"stuck", KEY_SPANS, GUEST(stuck)},
    {"paused", KEY_SPANS, GUEST(paused)},
    {"migrating", KEY_SPANS, GUEST(migrating)},
    {"says-suspend", KEY_SPANS, GUEST(says_suspend)},
    {"uses", KEY_USES, GUEST(need)},
    {"report", KEY_REPORT, GUEST(report)},
    {"claims", KEY_SIZE, GUEST(claim_kib)},
    {"scale", KEY_RATIO, GUEST(scale_permyriad)},
    {"report-noise", KEY_PERCENT, GUEST(noise_permyriad)},
    {"pressure", KEY_PRESSURE, GUEST(pressure)},
    {"swap", KEY_SWAP, GUEST(swap)},
    {"report-every", KEY_TIME, GUEST(report_every_usec)},
    {"report-late", KEY_TIME, GUEST(report_late_usec)},
    {NULL, KEY_SIZE, 0},
};

static const struct key start_keys[] = {
    {"at", KEY_TIME, START(arrives_usec)},
    {"need", KEY_SIZE, START(need_kib)},
    {"deadline", KEY_TIME, START(deadline_usec)},
    {"build", KEY_RATE, START(build_rate_kib)},
    {"hesitates", KEY_TIME, START(hesitate_usec)},
    {"binds", KEY_TIME, START(bind_usec)},
    {"waits", KEY_TIME, START(wait_usec)},
    {"unreserved", KEY_FLAG, START(unreserved)},
    {NULL, KEY_SIZE, 0},
};

/* A key that is not given; its default is set at the end of the statement. */
#define OPEN BALLAST_NONE

int scenario_wrong(const struct scenario_line *line, const char *word, const char *problem,
                   const char *right, struct ballast_error *err)
{
    return ballast_fail(err, -EINVAL, "%s:%u: \"%.64s\": %s: use %s", line->file, line->number,
                        word, problem, right);
}

static bool read_spans(const char *value, struct sim_spans *spans, const char **what)
{
    struct sim_span span;
    if (!scenario_value_span(value, &span, what))
        return false;
    if (spans->count == SIM_SPANS) {
        *what = "at most 8 of them";
        return false;
    }
    spans->at[spans->count++] = span;
    return true;
}

static bool read_node_sizes(const char *value, struct sim_nodes *nodes, const char **what)
{
    char size[32];
    nodes->count = 0;
    for (const char *at = value; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
        size_t length = strcspn(at, ",");
        *what = "such as 4GiB,4GiB, for at most 8 nodes";
        if (nodes->count == SIM_NODES || length >= sizeof(size))
            return false;
        memcpy(size, at, length);
        size[length] = '\0';
        if (!scenario_value_size(size, &nodes->kib[nodes->count++], what))
            return false;
    }
    return true;
}

static bool read_key_value(enum key_kind kind, const char *value, void *at, const char **what)
{
    uint64_t *number = at;
    switch (kind) {
    case KEY_SIZE:
        return scenario_value_size(value, number, what);
    case KEY_RATE:
        return scenario_value_rate(value, number, what);
    case KEY_TIME:
        return scenario_value_time(value, number, what);
    case KEY_COUNT:
        return scenario_value_count(value, number, what);
    case KEY_SPANS:
        return read_spans(value, at, what);
    case KEY_DUTY:
        return scenario_value_duty(value, number, number + 1, what);
    case KEY_USES:
        return scenario_value_need(value, at, what);
    case KEY_SET_TARGET:
        *what = "such as 10s=512MiB,20s=1GiB";
        return scenario_value_targets(value, at);
    case KEY_REPORT:
        return scenario_value_report(value, at, what);
    case KEY_PRESSURE:
        return scenario_value_pressure(value, at, what);
    case KEY_SWAP:
        return scenario_value_swap(value, at, what);
    case KEY_RATIO:
        return scenario_value_ratio(value, number, what);
    case KEY_PERCENT:
        return scenario_value_percent(value, number, what);
    case KEY_VERSION:
        return scenario_value_version(value, at, what);
    case KEY_NAME:
        return scenario_value_name(value, at, what);
    case KEY_TYPE:
        return scenario_value_type(value, at, what);
    case KEY_NODES:
        return read_node_sizes(value, at, what);
    case KEY_FLAG:
    default:
        *what = "the word alone";
        return false;
    }
}

static const struct key *find_key(const struct key *keys, const char *word, size_t length)
{
    for (; keys->name; keys++) {
        if (strlen(keys->name) == length && memcmp(keys->name, word, length) == 0)
            return keys;
    }
    return NULL;
}

/* 1: the table has no such key. */
static int read_key(const struct scenario_line *line, const struct key *keys, const char *word,
                    void *into, struct ballast_error *err)
{
    const char *equals = strchr(word, '=');
    size_t length = equals ? (size_t)(equals - word) : strlen(word);
    const struct key *key = find_key(keys, word, length);
    if (!key)
        return 1;
    void *at = (char *)into + key->offset;
    if (key->kind == KEY_FLAG && !equals) {
        *(bool *)at = true;
        return 0;
    }
    if (!equals)
        return scenario_wrong(line, word, "has no value", "KEY=VALUE", err);
    const char *what;
    if (!read_key_value(key->kind, equals + 1, at, &what))
        return scenario_wrong(line, word, "cannot be read", what, err);
    return 0;
}

static int no_such_key(const struct scenario_line *line, const char *word, const struct key *a,
                       const struct key *b, struct ballast_error *err)
{
    char right[BALLAST_ERROR_TEXT];
    struct ballast_text text = ballast_text_over(right, sizeof(right));
    ballast_text_add(&text, "one of");
    for (; a->name; a++)
        ballast_text_add(&text, " %s", a->name);
    for (; b && b->name; b++)
        ballast_text_add(&text, " %s", b->name);
    return scenario_wrong(line, word, "no such key", right, err);
}

/* Adds an entry at the end of an array; NULL: out of memory. */
static void *grow_scenario_array(void *array, size_t count, size_t size)
{
    /* Doubling at the powers of two keeps it linear without a field for the capacity. */
    if (count > 0 && (count & (count - 1)) != 0)
        return array;
    return realloc(array, (count == 0 ? 1 : 2 * count) * size);
}

static struct sim_guest_config open_guest(void)
{
    return (struct sim_guest_config){
        .tot_kib = OPEN,
        .target_kib = OPEN,
        .maxmem_kib = OPEN,
        .dynamic_min_kib = OPEN,
        .dynamic_max_kib = OPEN,
        .static_max_kib = OPEN,
        .vcpus = 1,
        .shares = BALLAST_DEFAULT_SHARES,
        .reclaim_kib_per_sec = RATE_KIB,
        .grow_kib_per_sec = RATE_KIB,
        .ceiling_kib = BALLAST_NONE,
        .crash_usec = BALLAST_NONE,
        .shutdown_usec = BALLAST_NONE,
        .return_usec = RETURN_USEC,
        .claim_kib = OPEN,
        .scale_permyriad = 2 * BALLAST_PERMYRIAD,
        .report_every_usec = BALLAST_SEC_USEC,
    };
}

static void settle_size(uint64_t *kib, uint64_t otherwise_kib)
{
    if (*kib == OPEN)
        *kib = otherwise_kib;
}

/* The keys that divide a guest into segments: all or none of them, and no part above its whole. */
static int check_guest_segments(const struct scenario_line *line,
                                const struct sim_guest_config *guest, struct ballast_error *err)
{
    const char *name = guest->name;
    if (guest->type == SIM_TYPE_UNKNOWN && (guest->video_kib > 0 || guest->pool_kib > 0))
        return scenario_wrong(line, name, "has segments and no type", "type=hvm", err);
    if (guest->type != SIM_TYPE_HVM && guest->video_kib > 0)
        return scenario_wrong(line, name, "is not HVM and has video", "type=hvm", err);
    if (guest->type == SIM_TYPE_PV && guest->pool_kib > 0)
        return scenario_wrong(line, name, "is PV and has a pool", "type=pvh", err);
    if (guest->video_kib > ballast_min_u64(guest->tot_kib, guest->dynamic_min_kib))
        return scenario_wrong(line, name, "video is above tot or min", "video <= min, tot", err);
    if (guest->pool_kib > guest->overhead_kib)
        return scenario_wrong(line, name, "pool is above overhead", "pool <= overhead", err);
    return 0;
}

/* Sets defaults, and rejects contradictions. */
static int settle_guest(const struct scenario_line *line, struct sim_guest_config *guest,
                        struct ballast_error *err)
{
    const char *name = guest->name;
    if (guest->tot_kib == OPEN)
        return scenario_wrong(line, name, "has no memory", "tot=SIZE", err);
    settle_size(&guest->target_kib, guest->tot_kib);
    settle_size(&guest->dynamic_max_kib, guest->target_kib);
    settle_size(&guest->dynamic_min_kib,
                ballast_min_u64(guest->target_kib, guest->dynamic_max_kib));
    settle_size(&guest->static_max_kib, ballast_max_u64(guest->dynamic_max_kib, guest->target_kib));
    settle_size(&guest->claim_kib, guest->dynamic_max_kib);
    settle_size(&guest->maxmem_kib, ballast_max_u64(guest->static_max_kib, guest->tot_kib));
    if (guest->dynamic_min_kib > guest->dynamic_max_kib)
        return scenario_wrong(line, name, "min is above max", "min <= max <= static", err);
    if (guest->dynamic_max_kib > guest->static_max_kib)
        return scenario_wrong(line, name, "max is above static", "min <= max <= static", err);
    if (guest->report_late_usec > SIM_LATE / 2 * guest->report_every_usec)
        return scenario_wrong(line, name, "too many reports are under way",
                              "report-late at most 32 times report-every", err);
    return check_guest_segments(line, guest, err);
}

/* The name and keys of a guest or a start; count= is handled separately. */
static int read_scenario_keys(const struct scenario_line *line, const struct key *a, void *into_a,
                              const struct key *b, void *into_b, struct ballast_error *err)
{
    for (size_t i = 2; i < line->count; i++) {
        int rc = read_key(line, a, line->words[i], into_a, err);
        if (rc == 1 && b)
            rc = read_key(line, b, line->words[i], into_b, err);
        if (rc == 1)
            rc = no_such_key(line, line->words[i], a, b, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static bool name_taken(const struct scenario *scenario, const char *name)
{
    const struct sim_config *config = &scenario->config;
    for (size_t i = 0; i < config->guest_count; i++) {
        if (strcmp(config->guests[i].name, name) == 0)
            return true;
    }
    for (size_t i = 0; i < config->start_count; i++) {
        if (strcmp(config->starts[i].guest.name, name) == 0)
            return true;
    }
    return false;
}

static int read_name(const struct scenario_line *line, const struct scenario *out,
                     char name[SIM_NAME], struct ballast_error *err)
{
    const char *what = "a name";
    if (line->count < 2)
        return scenario_wrong(line, line->words[0], "lacks a name", "a name after it", err);
    if (!scenario_value_name(line->words[1], name, &what))
        return scenario_wrong(line, line->words[1], "cannot be a name", what, err);
    if (name_taken(out, name))
        return scenario_wrong(line, name, "already exists", "another name", err);
    return 0;
}

static int add_scenario_guest(const struct scenario_line *line, struct scenario *out,
                              const struct sim_guest_config *guest, struct ballast_error *err)
{
    struct sim_config *config = &out->config;
    if (guest->dom0 && config->guest_count > 0)
        return scenario_wrong(line, guest->name, "dom0 comes late", "dom0 as the first guest", err);
    if (config->guest_count == SIM_GUESTS)
        return scenario_wrong(line, guest->name, "exceeds the limit", "at most 20000 guests", err);
    struct sim_guest_config *guests =
        grow_scenario_array(config->guests, config->guest_count, sizeof(*config->guests));
    if (!guests)
        return ballast_fail(err, -ENOMEM, "out of memory");
    config->guests = guests;
    guests[config->guest_count++] = *guest;
    return 0;
}

/* guest web*12 ...: web1 to web12. */
static int add_scenario_guests(const struct scenario_line *line, struct scenario *out,
                               struct sim_guest_config *guest, uint64_t times,
                               struct ballast_error *err)
{
    char base[SIM_NAME];
    memcpy(base, guest->name, sizeof(base));
    for (uint64_t i = 1; i <= times; i++) {
        int length =
            snprintf(guest->name, sizeof(guest->name), "%.40s%llu", base, (unsigned long long)i);
        if (length < 0 || length >= SIM_NAME || name_taken(out, guest->name))
            return scenario_wrong(line, guest->name, "already exists", "another name", err);
        int rc = add_scenario_guest(line, out, guest, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int read_scenario_guest(const struct scenario_line *line, struct scenario *out,
                               struct ballast_error *err)
{
    struct sim_guest_config guest = open_guest();
    uint64_t times = 0;
    const char *what;
    char *star = line->count > 1 ? strchr(line->words[1], '*') : NULL;
    if (star) {
        if (!scenario_value_count(star + 1, &times, &what) || times == 0 || times > 2000)
            return scenario_wrong(line, line->words[1], "cannot be read", "NAME*1 to NAME*2000",
                                  err);
        *star = '\0';
    }
    int rc = read_name(line, out, guest.name, err);
    if (rc < 0 || (rc = read_scenario_keys(line, guest_keys, &guest, NULL, NULL, err)) < 0 ||
        (rc = settle_guest(line, &guest, err)) < 0)
        return rc;
    return times > 0 ? add_scenario_guests(line, out, &guest, times, err)
                     : add_scenario_guest(line, out, &guest, err);
}

static int settle_start(const struct scenario_line *line, struct sim_start_config *start,
                        struct ballast_error *err)
{
    struct sim_guest_config *guest = &start->guest;
    if (start->need_kib == OPEN || start->need_kib == 0)
        return scenario_wrong(line, guest->name, "needs no memory", "need=SIZE", err);
    if (guest->overhead_kib > start->need_kib)
        return scenario_wrong(line, guest->name, "overhead is above need", "a need that covers it",
                              err);
    if (guest->dom0)
        return scenario_wrong(line, guest->name, "dom0 cannot be started", "a guest", err);
    settle_size(&guest->tot_kib, start->need_kib - guest->overhead_kib);
    if (guest->tot_kib > start->need_kib - guest->overhead_kib)
        return scenario_wrong(line, guest->name, "takes more than it requested",
                              "tot + overhead <= need", err);
    start->deadline_usec = ballast_add_ceil(start->arrives_usec, start->deadline_usec);
    return settle_guest(line, guest, err);
}

static int read_scenario_start(const struct scenario_line *line, struct scenario *out,
                               struct ballast_error *err)
{
    struct sim_start_config start = {
        .guest = open_guest(),
        .deadline_usec = BALLAST_NONE,
        .need_kib = OPEN,
        .build_rate_kib = SIM_BUILD_RATE_KIB,
    };
    struct sim_config *config = &out->config;
    int rc = read_name(line, out, start.guest.name, err);
    if (rc < 0 ||
        (rc = read_scenario_keys(line, start_keys, &start, guest_keys, &start.guest, err)) < 0 ||
        (rc = settle_start(line, &start, err)) < 0)
        return rc;
    if (config->start_count == SIM_STARTS)
        return scenario_wrong(line, start.guest.name, "exceeds the limit", "at most 1024 starts",
                              err);
    struct sim_start_config *starts =
        grow_scenario_array(config->starts, config->start_count, sizeof(*config->starts));
    if (!starts)
        return ballast_fail(err, -ENOMEM, "out of memory");
    config->starts = starts;
    starts[config->start_count++] = start;
    return 0;
}

static int read_scenario_host(const struct scenario_line *line, struct scenario *out,
                              struct ballast_error *err)
{
    for (size_t i = 1; i < line->count; i++) {
        const char *what;
        const char *word = line->words[i];
        /* free= is the other way to give the size: this much beside Xen and the guests. */
        int rc = 0;
        if (strncmp(word, "free=", 5) == 0) {
            if (!scenario_value_size(word + 5, &out->free_kib, &what))
                rc = scenario_wrong(line, word, "cannot be read", what, err);
        } else if ((rc = read_key(line, host_keys, word, &out->config, err)) == 1) {
            rc = no_such_key(line, word, host_keys, NULL, err);
        }
        if (rc < 0)
            return rc;
    }
    if (out->config.tick_usec < 1000 || out->config.tick_usec % 1000 != 0)
        return scenario_wrong(line, "tick", "is not a whole number of ms", "100ms", err);
    return 0;
}

static int read_fault(const struct scenario_line *line, struct scenario *out,
                      struct ballast_error *err)
{
    static const char *const kinds[SIM_FAULTS_KINDS] = {"set-fails", "set-lost", "snapshot-late",
                                                        "refresh-fails", "claim-fails"};
    const char *what = "fault KIND FROM..UNTIL [chance=N%]";
    struct sim_fault fault = {.kind = SIM_FAULTS_KINDS, .chance_permyriad = BALLAST_PERMYRIAD};
    if (line->count < 3 || line->count > 4)
        return scenario_wrong(line, line->words[0], "is not whole", what, err);
    for (int i = 0; i < SIM_FAULTS_KINDS; i++) {
        if (strcmp(line->words[1], kinds[i]) == 0)
            fault.kind = (enum sim_fault_kind)i;
    }
    if (fault.kind == SIM_FAULTS_KINDS)
        return scenario_wrong(line, line->words[1], "no such fault",
                              "set-fails, set-lost, snapshot-late, refresh-fails or claim-fails",
                              err);
    if (!scenario_value_span(line->words[2], &fault.span, &what))
        return scenario_wrong(line, line->words[2], "cannot be read", what, err);
    if (line->count == 4 &&
        (strncmp(line->words[3], "chance=", 7) != 0 ||
         !scenario_value_percent(line->words[3] + 7, &fault.chance_permyriad, &what)))
        return scenario_wrong(line, line->words[3], "cannot be read", "chance=30%", err);
    if (out->config.fault_count == SIM_FAULTS)
        return scenario_wrong(line, line->words[1], "exceeds the limit", "at most 64 faults", err);
    struct sim_fault *faults = grow_scenario_array(out->config.faults, out->config.fault_count,
                                                   sizeof(*out->config.faults));
    if (!faults)
        return ballast_fail(err, -ENOMEM, "out of memory");
    out->config.faults = faults;
    faults[out->config.fault_count++] = fault;
    return 0;
}

static int read_time_statement(const struct scenario_line *line, uint64_t *out_usec,
                               struct ballast_error *err)
{
    const char *what = "a time after it";
    if (line->count != 2 || !scenario_value_time(line->words[1], out_usec, &what) || *out_usec == 0)
        return scenario_wrong(line, line->words[line->count - 1], "cannot be read", what, err);
    return 0;
}

static int read_duration(const struct scenario_line *line, struct scenario *out,
                         struct ballast_error *err)
{
    return read_time_statement(line, &out->duration_usec, err);
}

static int read_restart(const struct scenario_line *line, struct scenario *out,
                        struct ballast_error *err)
{
    if (out->restart_count == SCENARIO_RESTARTS)
        return scenario_wrong(line, line->words[0], "exceeds the limit", "at most 16 restarts",
                              err);
    int rc = read_time_statement(line, &out->restarts_usec[out->restart_count], err);
    if (rc == 0)
        out->restart_count++;
    return rc;
}

static int read_scenario_seed(const struct scenario_line *line, struct scenario *out,
                              struct ballast_error *err)
{
    const char *what = "a whole number";
    if (line->count != 2 || !scenario_value_count(line->words[1], &out->config.seed, &what))
        return scenario_wrong(line, line->words[line->count - 1], "cannot be read", what, err);
    return 0;
}

static int read_balancer(const struct scenario_line *line, struct scenario *out,
                         struct ballast_error *err)
{
    const char *word = line->count == 2 ? line->words[1] : line->words[0];
    const char *what;
    if (strncmp(word, "headroom=", 9) == 0)
        return scenario_value_size(word + 9, &out->headroom_kib, &what)
                   ? 0
                   : scenario_wrong(line, word, "cannot be read", what, err);
    if (strncmp(word, "squeeze-limit=", 14) == 0)
        return scenario_value_percent(word + 14, &out->squeeze_permyriad, &what)
                   ? 0
                   : scenario_wrong(line, word, "cannot be read", what, err);
    if (strncmp(word, "start-up=", 9) == 0)
        return scenario_value_time(word + 9, &out->start_up_usec, &what)
                   ? 0
                   : scenario_wrong(line, word, "cannot be read", what, err);
    if (strcmp(word, "take-before-free") == 0)
        out->take_before_free = true;
    else if (strcmp(word, "no-inaccuracy") == 0)
        out->no_inaccuracy = true;
    else if (strcmp(word, "no-floors") == 0)
        out->no_floors = true;
    else
        return scenario_wrong(
            line, word, "no such option",
            "headroom=SIZE, squeeze-limit=PERCENT, start-up=TIME, take-before-free, no-inaccuracy "
            "or no-floors",
            err);
    return 0;
}

static int read_statement(const struct scenario_line *line,
                          const struct scenario_expecting *expecting, struct scenario *out,
                          struct ballast_error *err)
{
    static const struct {
        const char *word;
        int (*read)(const struct scenario_line *line, struct scenario *out,
                    struct ballast_error *err);
    } statements[] = {
        {"host", read_scenario_host},   {"guest", read_scenario_guest},
        {"start", read_scenario_start}, {"fault", read_fault},
        {"restart", read_restart},      {"duration", read_duration},
        {"seed", read_scenario_seed},   {"balancer", read_balancer},
    };
    const char *word = line->words[0];
    if (strcmp(word, "expect") == 0 || strncmp(word, "expect[", 7) == 0)
        return expecting ? expecting->parse(line, out, err) : 0;
    for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
        if (strcmp(word, statements[i].word) == 0)
            return statements[i].read(line, out, err);
    }
    return scenario_wrong(
        line, word, "no such statement",
        "says, host, guest, start, fault, restart, duration, seed, balancer or expect", err);
}

static int cut_words(struct scenario_line *line, char *text, struct ballast_error *err)
{
    char *save = NULL;
    line->count = 0;
    for (char *word = strtok_r(text, " \t", &save); word && word[0] != '#';
         word = strtok_r(NULL, " \t", &save)) {
        if (line->count == SCENARIO_WORDS)
            return scenario_wrong(line, word, "exceeds the limit", "at most 64 words", err);
        line->words[line->count++] = word;
    }
    return 0;
}

/* says "SENTENCE" */
static int read_says(const struct scenario_line *line, const char *text, struct scenario *out,
                     struct ballast_error *err)
{
    const char *open = strchr(text, '"');
    const char *close = strrchr(text, '"');
    if (!open || close <= open + 1 || close[1] != '\0')
        return scenario_wrong(line, "says", "has no sentence", "says \"What this shows.\"", err);
    size_t length = (size_t)(close - open - 1);
    if (length >= SCENARIO_TEXT)
        return scenario_wrong(line, "says", "the sentence is too long", "at most 255 bytes", err);
    memcpy(out->sentence, open + 1, length);
    out->sentence[length] = '\0';
    return 0;
}

static int read_scenario_line(struct scenario_line *line, const char *text, size_t length,
                              const struct scenario_expecting *expecting, struct scenario *out,
                              struct ballast_error *err)
{
    char copy[LINE_BYTES];
    if (length >= sizeof(copy))
        return scenario_wrong(line, "line", "is too long", "at most 1999 bytes", err);
    memcpy(copy, text, length);
    copy[length] = '\0';
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)copy[i];
        if (c == '\r' && i + 1 == length)
            copy[i] = '\0';
        else if ((c < ' ' && c != '\t') || c == 0x7f)
            return scenario_wrong(line, "line", "has a control character", "plain text", err);
    }
    const char *start = copy + strspn(copy, " \t");
    if (strncmp(start, "says", 4) == 0 && strchr(" \t\"", start[4]))
        return read_says(line, start, out, err);
    int rc = cut_words(line, copy, err);
    return rc < 0 || line->count == 0 ? rc : read_statement(line, expecting, out, err);
}

static int settle_host(const char *file, const struct scenario_expecting *expecting,
                       struct scenario *out, struct ballast_error *err)
{
    struct sim_config *config = &out->config;
    uint64_t held_kib = config->xen_kib;
    for (size_t i = 0; i < config->guest_count; i++)
        held_kib += config->guests[i].tot_kib + config->guests[i].overhead_kib;
    if ((config->total_kib == 0) == (out->free_kib == OPEN))
        return ballast_fail(
            err, -EINVAL,
            "%s: the host's size is missing or given in two ways: write either \"host "
            "total=SIZE\" or \"host free=SIZE\"",
            file);
    if (out->free_kib != OPEN)
        config->total_kib = held_kib + out->free_kib;
    if (held_kib > config->total_kib)
        return ballast_fail(
            err, -EINVAL,
            "%s: Xen and the guests have %llu KiB, more than the host's %llu KiB: use a larger "
            "total",
            file, (unsigned long long)held_kib, (unsigned long long)config->total_kib);
    if (out->duration_usec == 0)
        return ballast_fail(err, -EINVAL, "%s: no duration: add one, such as \"duration 60s\"",
                            file);
    if (out->sentence[0] == '\0')
        return ballast_fail(err, -EINVAL,
                            "%s: no sentence says what it shows: add says \"SENTENCE\"", file);
    return expecting ? expecting->bind(file, out, err) : 0;
}

static int read_scenario_lines(const char *file, const char *text, size_t size,
                               const struct scenario_expecting *expecting, struct scenario *out,
                               struct ballast_error *err)
{
    struct scenario_line line = {.file = file};
    int rc = 0;
    while (size > 0 && rc == 0) {
        const char *end = memchr(text, '\n', size);
        size_t length = end ? (size_t)(end - text) : size;
        size_t used = length + (end ? 1 : 0);
        line.number++;
        rc = read_scenario_line(&line, text, length, expecting, out, err);
        text += used;
        size -= used;
    }
    return rc;
}

int scenario_parse_with(const char *file, const char *text, size_t size,
                        const struct scenario_expecting *expecting, struct scenario *out,
                        struct ballast_error *err)
{
    struct scenario scenario = {
        .config = {.page_kib = BALLAST_PAGE_KIB, .tick_usec = SIM_TICK_USEC, .seed = 1},
        .free_kib = OPEN,
        .squeeze_permyriad = BALLAST_NONE,
        .start_up_usec = BALLAST_NONE,
    };
    if (size > SCENARIO_BYTES)
        return ballast_fail(err, -EINVAL, "%s: larger than 1 MiB: use a shorter scenario", file);
    int rc = read_scenario_lines(file, text, size, expecting, &scenario, err);
    if (rc == 0)
        rc = settle_host(file, expecting, &scenario, err);
    if (rc < 0) {
        scenario_release(&scenario);
        return rc;
    }
    *out = scenario;
    return 0;
}

int scenario_parse(const char *file, const char *text, size_t size, struct scenario *out,
                   struct ballast_error *err)
{
    return scenario_parse_with(file, text, size, NULL, out, err);
}

void scenario_release(struct scenario *scenario)
{
    free(scenario->config.guests);
    free(scenario->config.starts);
    free(scenario->config.faults);
    *scenario = (struct scenario){0};
}
