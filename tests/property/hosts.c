/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hosts SEED: the breakdown of random hosts, ordinary and extreme, consistent and not, always sums,
 * and no part exceeds its bounds. Everything is recomputed here in 128 bits. BALLAST_PROPERTY_COUNT
 * hosts (a million; never fewer than 100,000). The same seed gives the same hosts; tests/seeds/list
 * has the seeds.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/model/breakdown.h"
#include "core/model/host_breakdown.h"

typedef unsigned __int128 wide;

enum { LEAST_COUNT = 100000, MOST_COUNT = 1000000, MOST_DOMAINS = 12 };

struct sample {
    struct ballast_host host;
    struct ballast_domain domains[MOST_DOMAINS];
    struct ballast_breakdown made[MOST_DOMAINS];
    const struct ballast_breakdown *configurations[MOST_DOMAINS];
    uint64_t reserved_kib;
};

/* xorshift64* (Vigna 2016): the same hosts on every machine for one seed. */
static uint64_t random_state;

static uint64_t draw(void)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return random_state * UINT64_C(2685821657736338717);
}

static uint64_t below(uint64_t limit)
{
    return draw() % limit;
}

/* Mostly what people have; nothing; now and then anything up to the end of 64 bits. */
static uint64_t draw_kib(unsigned bits)
{
    switch (below(16)) {
    case 0:
    case 1:
    case 2:
        return 0;
    case 3:
        return below(64) ? below(8) : draw() >> below(64);
    case 4:
        return below(64) ? below(4096) : UINT64_MAX - below(4);
    default:
        return below(UINT64_C(1) << bits);
    }
}

static void draw_domain(struct sample *sample, size_t i)
{
    struct ballast_domain *domain = &sample->domains[i];
    *domain = (struct ballast_domain){.id = (uint32_t)i,
                                      .name = "",
                                      .state = (enum ballast_domain_state)below(4),
                                      .is_dom0 = i == 0 || below(16) == 0,
                                      .tot_kib = draw_kib(24),
                                      .overhead_kib = draw_kib(18),
                                      .build_left_kib = draw_kib(22)};
    domain->target_kib = below(2) ? domain->tot_kib - below(domain->tot_kib / 2 + 1) : draw_kib(24);
    sample->configurations[i] = below(2) ? &sample->made[i] : NULL;
    for (int s = 0; s < BALLAST_SEGMENTS; s++)
        sample->made[i].segment_kib[s] = draw_kib(s == BALLAST_GUEST ? 24 : 18);
}

static void draw_host(struct sample *sample)
{
    struct ballast_host *host = &sample->host;
    *host = (struct ballast_host){.total_kib = draw_kib(27),
                                  .free_kib = draw_kib(25),
                                  .scrub_kib = draw_kib(23),
                                  .claimed_kib = draw_kib(23),
                                  .xen_kib = draw_kib(20),
                                  .slack_kib = draw_kib(18),
                                  .domains = sample->domains,
                                  .domain_count = below(MOST_DOMAINS + 1)};
    sample->reserved_kib = draw_kib(23);
    for (size_t i = 0; i < host->domain_count; i++)
        draw_domain(sample, i);
}

static const char *fault;

static void law(int holds, const char *what)
{
    if (!holds && !fault)
        fault = what;
}

static void check_domain(const struct ballast_domain *domain,
                         const struct ballast_breakdown *configuration,
                         const struct ballast_domain_parts *parts)
{
    const uint64_t *kib = parts->segment_kib;
    law(parts->tot_kib == domain->tot_kib, "a domain holds what it holds");
    law((wide)kib[BALLAST_GUEST] + kib[BALLAST_VIDEO] + kib[BALLAST_EXTRA_INTERNAL] +
                parts->other_held_kib ==
            parts->tot_kib,
        "what a domain holds sums");
    law((wide)kib[BALLAST_SHADOW] + kib[BALLAST_IOMMU] + kib[BALLAST_EXTRA_EXTERNAL] +
                parts->other_overhead_kib ==
            parts->overhead_kib,
        "a domain's overhead sums");
    law(parts->is_estimated ? domain->overhead_kib == 0 && configuration
                            : parts->overhead_kib == domain->overhead_kib,
        "overhead is measured, or estimated where it is not");
    law(parts->is_split == (configuration != NULL), "split by its configuration");
    law(kib[BALLAST_BALLOON] == 0, "a balloon is no memory");
    for (int s = 0; s < BALLAST_SEGMENTS; s++)
        law(kib[s] == 0 || s == BALLAST_GUEST || kib[s] <= configuration->segment_kib[s],
            "no segment is beyond its configuration");
}

/* Everything allocated, in 128 bits; *estimated: the part of it that is not measured. */
static wide allocated(const struct sample *sample, const struct ballast_domain_parts *parts,
                      wide *estimated)
{
    wide sum = sample->host.xen_kib;
    *estimated = 0;
    for (size_t i = 0; i < sample->host.domain_count; i++) {
        sum += (wide)sample->domains[i].tot_kib + parts[i].overhead_kib;
        if (parts[i].is_estimated)
            *estimated += parts[i].overhead_kib;
    }
    return sum;
}

static void check_free(const struct sample *sample, const struct ballast_host_breakdown *made)
{
    const struct ballast_host *host = &sample->host;
    const uint64_t *part = made->part_kib;
    wide building = 0;
    wide parts = 0;
    for (size_t i = 0; i < host->domain_count; i++) {
        if (host->domains[i].state == BALLAST_DOMAIN_BUILD)
            building += host->domains[i].build_left_kib;
    }
    wide claimed = building > host->claimed_kib ? building : host->claimed_kib;
    wide promised = claimed + sample->reserved_kib + host->slack_kib;
    for (int i = BALLAST_PART_CLAIMED; i < BALLAST_PARTS; i++)
        parts += part[i];
    law(parts == host->free_kib, "the free parts sum to what is free");
    law(part[BALLAST_PART_CLAIMED] <= claimed, "claims");
    law(part[BALLAST_PART_RESERVED] <= sample->reserved_kib, "reservations");
    law(part[BALLAST_PART_SLACK] <= host->slack_kib, "slack");
    law(part[BALLAST_PART_SCRUB] <= host->scrub_kib, "scrubbing");
    wide deficit = promised > host->free_kib ? promised - host->free_kib : 0;
    law(made->deficit_kib == (promised > UINT64_MAX ? UINT64_MAX - host->free_kib : deficit),
        "the deficit is what is promised beyond what is free");
    wide nobodys = promised < host->free_kib ? host->free_kib - promised : 0;
    law((wide)part[BALLAST_PART_FREE] + part[BALLAST_PART_SCRUB] == nobodys,
        "nobody's is what is not promised");
}

static void check_host(const struct sample *sample)
{
    struct ballast_host_breakdown made;
    struct ballast_domain_parts parts[MOST_DOMAINS];
    struct ballast_error err;
    wide estimated;
    wide sum = 0;
    memset(parts, 0, sizeof(parts));
    int rc = ballast_host_divide(&sample->host, sample->reserved_kib, sample->configurations, &made,
                                 parts, &err);
    wide known = allocated(sample, parts, &estimated) + sample->host.free_kib;
    if (rc < 0) {
        law(rc == -EOVERFLOW && known > UINT64_MAX, "only an overflow is refused");
        return;
    }
    for (int i = 0; i < BALLAST_PARTS; i++)
        sum += made.part_kib[i];
    law(sum - made.overcounted_kib == sample->host.total_kib, "it sums to the total");
    law(made.part_kib[BALLAST_PART_UNEXPLAINED] == 0 || made.overcounted_kib == 0,
        "unexplained and overcounted exclude each other");
    law(sum - made.part_kib[BALLAST_PART_UNEXPLAINED] == known, "what is known is shown");
    law(made.part_kib[BALLAST_PART_XEN] == sample->host.xen_kib, "Xen's part");
    law(made.estimated_kib == estimated, "estimates are told");
    check_free(sample, &made);
    for (size_t i = 0; i < sample->host.domain_count; i++)
        check_domain(&sample->domains[i], sample->configurations[i], &parts[i]);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: property-hosts SEED\n");
        return 2;
    }
    const char *wish = getenv("BALLAST_PROPERTY_COUNT");
    uint64_t seed = strtoull(argv[1], NULL, 10);
    unsigned long count = wish ? strtoul(wish, NULL, 10) : MOST_COUNT;
    if (count < LEAST_COUNT)
        count = LEAST_COUNT;
    random_state = seed * 2 + 1; /* never 0 */
    printf("seed %" PRIu64 ", %lu hosts\n", seed, count);
    for (unsigned long i = 0; i < count; i++) {
        static struct sample sample;
        draw_host(&sample);
        check_host(&sample);
        if (fault) {
            fprintf(stderr, "host %lu of seed %" PRIu64 ": broken: %s\n", i, seed, fault);
            return 1;
        }
    }
    return 0;
}
