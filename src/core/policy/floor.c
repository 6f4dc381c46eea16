/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/policy/floor.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "core/base/text.h"
#include "core/model/host_inline.h"

#define BACKOFF_USEC     (10 * BALLAST_SEC_USEC)
#define BACKOFF_MAX_USEC (3600 * BALLAST_SEC_USEC)
#define FORGET_USEC      (7 * 24 * 3600 * BALLAST_SEC_USEC)
/* Stops at two sizes that differ by less than this part count as one. */
#define SAME_PART 8
/*
 * How much less a guest is asked for after its backoff; if it frees half of that, the stop is
 * disproved.
 */
#define PROBE_PART 16
/* 10 s doubled this many times is more than an hour. */
enum { STOPS_MOST = 10 };

static uint64_t stops_apart_kib(uint64_t a, uint64_t b)
{
    return a > b ? a - b : b - a;
}

void floor_record_stop(struct balloon_stop *stop, uint64_t tot_kib, uint64_t now_usec)
{
    bool again = stop->kib > 0 && stops_apart_kib(stop->kib, tot_kib) <= stop->kib / SAME_PART;
    stop->stops = again && stop->stops < STOPS_MOST ? stop->stops + 1 : again ? STOPS_MOST : 1;
    stop->kib = tot_kib;
    stop->usec = now_usec;
}

bool floor_review_stop(struct balloon_stop *stop, uint64_t tot_kib, uint64_t now_usec)
{
    if (stop->kib == 0)
        return false;
    bool belied = tot_kib < stop->kib - stop->kib / (2 * PROBE_PART);
    if (!belied && ballast_sub_floor(now_usec, stop->usec) < FORGET_USEC)
        return false;
    *stop = (struct balloon_stop){0};
    return true;
}

uint64_t floor_backoff_usec(const struct balloon_stop *stop)
{
    if (stop->kib == 0 || stop->stops == 0)
        return 0;
    uint64_t doubled = UINT64_C(1) << (ballast_min_u64(stop->stops, STOPS_MOST) - 1);
    return ballast_min_u64(doubled * BACKOFF_USEC, BACKOFF_MAX_USEC);
}

bool floor_in_backoff(const struct balloon_stop *stop, uint64_t now_usec)
{
    return ballast_sub_floor(now_usec, stop->usec) < floor_backoff_usec(stop);
}

struct floor_facts floor_facts_seen(const struct ballast_domain *domain, uint64_t now_usec)
{
    struct floor_facts facts = FLOOR_NO_FACTS;
    facts.now_usec = now_usec;
    facts.static_max_kib = domain->static_max_kib;
    facts.videoram_kib = domain->video_kib;
    facts.reported_used_kib = ballast_domain_used_kib(domain);
    facts.report_age_usec = domain->report_age_usec;
    /* What is not late is as good as fresh. */
    if (domain->report_source == BALLAST_REPORT_GUEST_AGENT &&
        domain->report_age_usec != BALLAST_NONE)
        facts.report_age_usec = ballast_sub_floor(
            domain->report_age_usec, FLOOR_AGENT_PERIOD_USEC - FLOOR_REPORT_FRESH_USEC);
    return facts;
}

uint64_t floor_minimal_kernel_kib(uint64_t static_max_kib, uint64_t videoram_kib)
{
    if (static_max_kib < FLOOR_ORDINARY_KIB)
        return 0;
    uint64_t beyond_kib = ballast_sub_floor(static_max_kib, FLOOR_MEASURED_STATIC_KIB);
    uint64_t kib = BALLAST_IDLE_LINUX_KIB + beyond_kib / FLOOR_STRUCT_PAGE_PART;
    return ballast_add_ceil(kib, videoram_kib);
}

static uint64_t faded_kib(const struct floor_facts *facts, uint64_t kib)
{
    uint64_t age_usec = facts->report_age_usec == BALLAST_NONE ? 0 : facts->report_age_usec;
    if (age_usec <= FLOOR_REPORT_FRESH_USEC)
        return kib;
    uint64_t left_usec = ballast_sub_floor(FLOOR_REPORT_OLD_USEC, age_usec);
    return ballast_mul_div(kib, left_usec, FLOOR_REPORT_OLD_USEC - FLOOR_REPORT_FRESH_USEC);
}

static void raise_to(struct floor *floor, struct floor other)
{
    other.video_kib = floor->video_kib;
    if (other.kib > floor->kib)
        *floor = other;
}

/* Kernel and services take twice as much while it boots; its video memory does not. */
static uint64_t boot_floor_kib(const struct floor_facts *facts)
{
    uint64_t least_kib = floor_minimal_kernel_kib(facts->static_max_kib, 0);
    uint64_t kib = ballast_mul_div(least_kib, FLOOR_BOOT_FACTOR, 1);
    return kib == 0 ? 0 : ballast_add_ceil(kib, facts->videoram_kib);
}

/* 0: it reports nothing. */
static uint64_t reported_floor_kib(const struct floor_facts *facts)
{
    if (facts->reported_used_kib == BALLAST_NONE)
        return 0;
    return ballast_min_u64(faded_kib(facts, facts->reported_used_kib), facts->report_most_kib);
}

static uint64_t stop_floor_kib(const struct floor_facts *facts)
{
    uint64_t kib = facts->last_stop.kib;
    return floor_in_backoff(&facts->last_stop, facts->now_usec) ? kib : kib - kib / PROBE_PART;
}

struct floor floor_of(const struct floor_facts *facts)
{
    struct floor floor = {.video_kib = facts->videoram_kib};
    uint64_t least_kib = floor_minimal_kernel_kib(facts->static_max_kib, facts->videoram_kib);
    raise_to(&floor, (struct floor){.kib = least_kib,
                                    .reason = FLOOR_MINIMAL_KERNEL,
                                    .static_max_kib = facts->static_max_kib});
    if (facts->up_usec < FLOOR_BOOT_USEC)
        raise_to(&floor, (struct floor){.kib = boot_floor_kib(facts),
                                        .reason = FLOOR_BOOT,
                                        .up_usec = facts->up_usec});
    raise_to(&floor, (struct floor){.kib = reported_floor_kib(facts),
                                    .reason = FLOOR_REPORTED_USE,
                                    .used_kib = facts->reported_used_kib,
                                    .justified_kib = facts->report_most_kib});
    raise_to(&floor, (struct floor){.kib = stop_floor_kib(facts),
                                    .reason = FLOOR_LAST_STOP,
                                    .stopped_kib = facts->last_stop.kib,
                                    .stops = facts->last_stop.stops});
    return floor;
}

uint64_t floor_size_kib(const struct floor_facts *facts)
{
    uint64_t kib = floor_minimal_kernel_kib(facts->static_max_kib, facts->videoram_kib);
    if (facts->up_usec < FLOOR_BOOT_USEC)
        kib = ballast_max_u64(kib, boot_floor_kib(facts));
    kib = ballast_max_u64(kib, reported_floor_kib(facts));
    return facts->last_stop.kib == 0 ? kib : ballast_max_u64(kib, stop_floor_kib(facts));
}

static const char *const words[FLOOR_REASONS] = {
    [FLOOR_NONE] = "none",           [FLOOR_MINIMAL_KERNEL] = "minimal-kernel",
    [FLOOR_BOOT] = "boot",           [FLOOR_REPORTED_USE] = "reported-use",
    [FLOOR_LAST_STOP] = "last-stop",
};

const char *floor_reason_name(enum floor_reason reason)
{
    return (unsigned)reason < FLOOR_REASONS ? words[reason] : NULL;
}

int floor_reason_find(const char *word)
{
    for (int i = 0; i < FLOOR_REASONS; i++) {
        if (strcmp(words[i], word) == 0)
            return i;
    }
    return -ENOENT;
}

static void add_reported_use(struct ballast_text *text, const struct floor *floor)
{
    ballast_text_add(text, "the memory that it reports in use");
    if (floor->justified_kib >= floor->used_kib && floor->kib >= floor->used_kib)
        return;
    ballast_text_add(text, ", ");
    ballast_text_add_size(text, floor->used_kib);
    ballast_text_add(text, floor->justified_kib < floor->used_kib ? ", up to its share of the host"
                                                                  : ", as far as its trust goes");
}

size_t floor_text(const struct floor *floor, char *buf, size_t size)
{
    struct ballast_text text = ballast_text_over(buf, size);
    switch (floor->reason) {
    case FLOOR_MINIMAL_KERNEL:
        ballast_text_add(&text, "the minimum of an idle Linux (80 to 90 MiB, and a 64th of what "
                                "its static maximum of ");
        ballast_text_add_size(&text, floor->static_max_kib);
        ballast_text_add(&text, " has beyond 512 MiB)");
        break;
    case FLOOR_BOOT:
        ballast_text_add(&text,
                         "twice the minimum of an idle Linux, since it booted only %" PRIu64
                         ".%" PRIu64 " s ago",
                         floor->up_usec / BALLAST_SEC_USEC,
                         floor->up_usec / (BALLAST_SEC_USEC / 10) % 10);
        break;
    case FLOOR_REPORTED_USE:
        add_reported_use(&text, floor);
        break;
    case FLOOR_LAST_STOP:
        ballast_text_add(&text, "the size at which its balloon stopped, ");
        ballast_text_add_size(&text, floor->stopped_kib);
        ballast_text_add(&text, " (%" PRIu64 " %s)", floor->stops,
                         floor->stops == 1 ? "time" : "times");
        return text.length;
    case FLOOR_NONE:
    case FLOOR_REASONS:
        ballast_text_add(&text, "without a known floor");
        return text.length;
    }
    if (floor->video_kib > 0) {
        ballast_text_add(&text, ", and its video memory, ");
        ballast_text_add_size(&text, floor->video_kib);
    }
    return text.length;
}
