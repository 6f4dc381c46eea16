/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * property SEED: laws that hold for every guest, tried on random ones, ordinary and extreme.
 *
 * Each guest goes through every profile. What was evaluated must satisfy the laws, computed here
 * again in 128 bits; what was refused must say why and leave its output alone.
 * BALLAST_PROPERTY_COUNT guests (a million; never fewer than 100,000). The same seed, the same
 * guests: those of tests/seeds/list are tried.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/units.h"
#include "core/model/breakdown.h"
#include "core/model/guest.h"

typedef unsigned __int128 wide;

enum { LEAST_COUNT = 100000, MOST_COUNT = 1000000 };

/* xorshift64* (Vigna 2016): the same guests on every machine for one seed. */
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

static bool one_in(uint64_t chances)
{
    return below(chances) == 0;
}

/* A size: mostly whole MiB that people use, else odd, else anything up to the end of 64 bits. */
static uint64_t draw_kib(void)
{
    switch (below(8)) {
    case 0:
        return below(8);
    case 1:
        return below(UINT64_C(1) << 24);
    case 2:
        return draw() >> below(64);
    case 3:
        return UINT64_MAX - 1 - below(4096);
    default:
        return (1 + below(UINT64_C(1) << below(21))) * 1024;
    }
}

static uint64_t draw_count(void)
{
    switch (below(6)) {
    case 0:
        return below(2048);
    case 1:
        return below(UINT64_C(2147483648));
    default:
        return below(130);
    }
}

static uint64_t draw_value(enum ballast_guest_attr attr)
{
    switch (ballast_guest_attr_kind(attr)) {
    case BALLAST_ATTR_FLAG:
        return below(2);
    case BALLAST_ATTR_COUNT:
        return draw_count();
    case BALLAST_ATTR_CHOICE:
        return below(attr == BALLAST_DEVICE_MODEL ? 2 : 4);
    case BALLAST_ATTR_KIB:
        break;
    }
    /* Powers of two that Xen takes, mostly. */
    if (attr == BALLAST_VMTRACE_BUF && !one_in(8))
        return UINT64_C(4) << below(15);
    return draw_kib();
}

/* How often each attribute is left to its default: the rarer ones mostly, or all would be refused.
 */
static const uint64_t one_set_in[BALLAST_GUEST_ATTRS] = {
    [BALLAST_MEMORY] = 1,
    [BALLAST_MAXMEM] = 3,
    [BALLAST_VCPUS] = 2,
    [BALLAST_MAXVCPUS] = 6,
    [BALLAST_VGA] = 2,
    [BALLAST_VIDEORAM] = 8,
    [BALLAST_SHADOW_MEMORY] = 6,
    [BALLAST_HAP] = 3,
    [BALLAST_DEVICE_MODEL] = 4,
    [BALLAST_STUBDOMAIN] = 4,
    [BALLAST_PASSTHROUGH] = 5,
    [BALLAST_STUBDOMAIN_MEMORY] = 6,
    [BALLAST_PCI_DEVICES] = 12,
    [BALLAST_PVSHIM] = 4,
    [BALLAST_VNUMA_NODES] = 12,
    [BALLAST_ALTP2M] = 12,
    [BALLAST_NESTEDHVM] = 8,
    [BALLAST_CLAIM] = 8,
    [BALLAST_IS_DEVICE_MODEL] = 24,
    [BALLAST_MAX_GRANT_FRAMES] = 6,
    [BALLAST_MAX_MAPTRACK_FRAMES] = 6,
    [BALLAST_MAX_EVENT_CHANNELS] = 6,
    [BALLAST_VMTRACE_BUF] = 24,
};

static void draw_guest(struct ballast_guest *guest)
{
    ballast_guest_init(guest, (enum ballast_guest_type)below(BALLAST_GUEST_TYPES), "random", NULL);
    for (int i = 0; i < BALLAST_GUEST_ATTRS; i++) {
        enum ballast_guest_attr attr = (enum ballast_guest_attr)i;
        if (one_in(one_set_in[i]))
            ballast_guest_set(guest, attr, draw_value(attr), NULL);
    }
    /* maxmem below memory is refused; it is here, too, but not most of the time. */
    uint64_t *memory = &guest->attr[BALLAST_MEMORY], *maxmem = &guest->attr[BALLAST_MAXMEM];
    if (*memory != BALLAST_UNSET && *maxmem < *memory && !one_in(8)) {
        uint64_t less = *maxmem;
        *maxmem = *memory;
        *memory = less;
    }
    if (one_in(64))
        *memory = BALLAST_UNSET;
}

static void print_guest(const struct ballast_guest *guest, const struct ballast_profile *profile)
{
    fprintf(stderr, "  %s %s:", ballast_profile_name(profile),
            ballast_guest_type_name(guest->type));
    for (int i = 0; i < BALLAST_GUEST_ATTRS; i++) {
        if (guest->attr[i] != BALLAST_UNSET)
            fprintf(stderr, " %s=%" PRIu64, ballast_guest_attr_name((enum ballast_guest_attr)i),
                    guest->attr[i]);
    }
    fputc('\n', stderr);
}

/* Each law: NULL, or what is broken. */

static const char *spans_are_sums(const struct ballast_breakdown *b)
{
    for (int i = 0; i < BALLAST_SPANS; i++) {
        enum ballast_segment first, last;
        ballast_span_covers((enum ballast_span)i, &first, &last);
        wide sum = 0;
        for (int s = (int)first; s <= (int)last; s++)
            sum += ballast_breakdown_segment_kib(b, (enum ballast_segment)s);
        if (sum != ballast_breakdown_span_kib(b, (enum ballast_span)i))
            return "a span is not the sum of its segments";
    }
    return NULL;
}

static const char *need_is_footprint_and_terms(const struct ballast_breakdown *b)
{
    wide plus = ballast_breakdown_span_kib(b, BALLAST_FOOTPRINT), minus = 0;
    for (int i = 0; i < BALLAST_NEED_TERMS; i++) {
        bool taken_off;
        uint64_t kib = ballast_breakdown_need_term_kib(b, (enum ballast_need_term)i, &taken_off);
        *(taken_off ? &minus : &plus) += kib;
    }
    return plus == minus + ballast_breakdown_need_kib(b) ? NULL : "need is not footprint and terms";
}

static const char *types_have_their_segments(const struct ballast_breakdown *b)
{
    bool is_pv = b->type == BALLAST_PV;
    if (is_pv && ballast_breakdown_segment_kib(b, BALLAST_SHADOW) != 0)
        return "a PV guest with a shadow segment";
    if (b->type != BALLAST_HVM && ballast_breakdown_segment_kib(b, BALLAST_VIDEO) != 0)
        return "video outside HVM";
    return is_pv || ballast_breakdown_segment_kib(b, BALLAST_SHADOW) > 0 ? NULL
                                                                         : "a guest without a pool";
}

/* What the configuration says is what comes out: nothing is lost between memory and balloon. */
static const char *memory_is_kept(const struct ballast_breakdown *b,
                                  const struct ballast_guest *guest)
{
    uint64_t memory = guest->attr[BALLAST_MEMORY], maxmem = guest->attr[BALLAST_MAXMEM];
    if (memory == BALLAST_UNSET || strncmp(ballast_profile_name(b->profile), "libxl", 5) != 0)
        return NULL;
    if (maxmem == BALLAST_UNSET)
        maxmem = memory;
    if (ballast_breakdown_span_kib(b, BALLAST_ACTUAL_TARGET) != memory ||
        ballast_breakdown_span_kib(b, BALLAST_STATIC_MAXIMUM) != maxmem)
        return "memory or maxmem is not what was asked for";
    if (b->need_kib != 0 && (b->need_kib % 2048 != 0 || b->need_kib < memory))
        return "libxl's need is not a multiple of 2 MiB above memory";
    const struct ballast_xenstore_kib x = ballast_breakdown_xenstore(b);
    return x.static_max_kib == maxmem && x.target_kib <= memory ? NULL : "a wrong xenstore node";
}

static const char *outside_and_back(const struct ballast_breakdown *b)
{
    struct ballast_breakdown again;
    if (ballast_breakdown_from_segments(&again, b->type, b->profile, b->segment_kib, b->need_kib,
                                        &b->xenstore, NULL) < 0)
        return "its own segments are refused";
    if (memcmp(again.span_kib, b->span_kib, sizeof(b->span_kib)) != 0 ||
        again.need_kib != b->need_kib || ballast_breakdown_check(&again, NULL) < 0)
        return "its own segments make another breakdown";
    return NULL;
}

/*
 * A larger guest may have two of the IOMMU's tables less, being better aligned: so Xen was measured
 * (tests/lab/iommu). It has at least a page more for them, so that it costs a page less at most.
 */
static bool is_footprint_less(const struct ballast_breakdown *larger,
                              const struct ballast_breakdown *b)
{
    uint64_t kib = larger->span_kib[BALLAST_FOOTPRINT], before_kib = b->span_kib[BALLAST_FOOTPRINT];
    bool grew = larger->segment_kib[BALLAST_GUEST] > b->segment_kib[BALLAST_GUEST];
    uint64_t saved_kib = grew && larger->segment_kib[BALLAST_IOMMU] < b->segment_kib[BALLAST_IOMMU]
                             ? BALLAST_PAGE_KIB
                             : 0;
    return kib + saved_kib < before_kib;
}

/* With so much more memory, and maxmem with it; refusing that instead is no answer. */
static const char *compare_larger(const struct ballast_breakdown *b,
                                  const struct ballast_guest *guest, uint64_t kib)
{
    struct ballast_guest more = *guest;
    struct ballast_breakdown larger;
    for (int i = BALLAST_MEMORY; i <= BALLAST_MAXMEM; i++) {
        if (more.attr[i] != BALLAST_UNSET &&
            __builtin_add_overflow(more.attr[i], kib, &more.attr[i]))
            return NULL;
        if (guest->attr[i] != BALLAST_UNSET && more.attr[i] == BALLAST_UNSET)
            return NULL;
    }
    if (ballast_breakdown_evaluate(&larger, b->profile, &more, NULL, NULL) < 0)
        return NULL;
    if (larger.need_kib < b->need_kib)
        return "more memory needs less";
    if (larger.cost.fresh_max_kib < b->cost.fresh_max_kib ||
        larger.cost.later_max_kib < b->cost.later_max_kib)
        return "more memory costs less at most";
    return is_footprint_less(&larger, b) ? "more memory costs less" : NULL;
}

/* No guest needs less with more memory, so that a need holds for every size up to its own. */
static const char *more_memory_needs_no_less(const struct ballast_breakdown *b,
                                             const struct ballast_guest *guest)
{
    const char *broken = compare_larger(b, guest, 1 + below(UINT64_C(1) << below(32)));
    /* Where tables are saved, the next sizes are the worst ones. */
    if (!broken && b->segment_kib[BALLAST_IOMMU] > 0)
        broken = compare_larger(b, guest, 1);
    if (!broken && b->segment_kib[BALLAST_IOMMU] > 0)
        broken = compare_larger(b, guest, BALLAST_PAGE_KIB);
    return broken;
}

/* settled <= fresh_max <= later_max, and need is enough for a heap at its worst. */
static const char *costs_are_in_order(const struct ballast_breakdown *b)
{
    struct ballast_cost_kib cost;
    __int128 pages[BALLAST_COST_SUMS] = {0};
    if (!ballast_breakdown_cost(b, &cost))
        return strncmp(ballast_profile_name(b->profile), "xen-", 4) == 0 ? "no cost" : NULL;
    for (int i = 0; i < BALLAST_COST_TERMS; i++)
        pages[ballast_cost_about((enum ballast_cost_term)i)->sum] +=
            ballast_breakdown_cost_pages(b, (enum ballast_cost_term)i);
    if (cost.settled_kib > cost.fresh_max_kib || cost.fresh_max_kib > cost.later_max_kib)
        return "a later cost is below an earlier one";
    if (pages[0] * 4 != cost.settled_kib || (pages[0] + pages[1]) * 4 != cost.fresh_max_kib ||
        (pages[0] + pages[1] + pages[2]) * 4 != cost.later_max_kib)
        return "a cost is not the sum of its terms";
    bool charged = b->term_kib[BALLAST_NEED_CHARGED] > 0;
    return charged || b->need_kib >= cost.fresh_max_kib ? NULL
                                                        : "need is less than a fresh heap may take";
}

static bool costs_less(const struct ballast_breakdown *more, const struct ballast_breakdown *b)
{
    return more->cost.settled_kib < b->cost.settled_kib ||
           more->cost.fresh_max_kib < b->cost.fresh_max_kib ||
           more->cost.later_max_kib < b->cost.later_max_kib;
}

/* With one vCPU more, or one MiB more of all its memory, no guest costs less. */
static const char *more_costs_no_less(const struct ballast_breakdown *b,
                                      const struct ballast_guest *guest)
{
    struct ballast_breakdown made;
    struct ballast_guest more = *guest;
    if (!b->has_cost || !one_in(4))
        return NULL;
    for (int i = BALLAST_VCPUS; i <= BALLAST_MAXVCPUS; i++)
        more.attr[i] += more.attr[i] != BALLAST_UNSET;
    if (ballast_breakdown_evaluate(&made, b->profile, &more, NULL, NULL) == 0 &&
        costs_less(&made, b))
        return "more vCPUs cost less";
    more = *guest;
    for (int i = BALLAST_MEMORY; i <= BALLAST_MAXMEM; i++) {
        if (more.attr[i] < UINT64_MAX - 2048)
            more.attr[i] += 1024;
    }
    if (ballast_breakdown_evaluate(&made, b->profile, &more, NULL, NULL) == 0 &&
        costs_less(&made, b))
        return "more memory costs less";
    return NULL;
}

static const char *first_broken_law(const struct ballast_breakdown *b,
                                    const struct ballast_guest *guest)
{
    const char *broken;
    if ((broken = spans_are_sums(b)) || (broken = need_is_footprint_and_terms(b)) ||
        (broken = types_have_their_segments(b)) || (broken = memory_is_kept(b, guest)) ||
        (broken = outside_and_back(b)) || (broken = costs_are_in_order(b)) ||
        (broken = more_costs_no_less(b, guest)))
        return broken;
    return more_memory_needs_no_less(b, guest);
}

static const char *bad_refusal(int rc, const struct ballast_error *err,
                               const struct ballast_breakdown *out,
                               const struct ballast_breakdown *before)
{
    if (memcmp(out, before, sizeof(*out)) != 0)
        return "refused, but the output was touched";
    if (err->code != rc || err->text[0] == '\0')
        return "refused without saying why";
    if (rc == -EINVAL && (err->subject < 0 || err->subject >= BALLAST_GUEST_ATTRS))
        return "refused without the attribute at fault";
    return rc == -EINVAL || rc == -EOVERFLOW ? NULL : "refused with another errno";
}

struct tally {
    uint64_t evaluated, invalid, overflow;
};

static const char *try_one(const struct ballast_guest *guest, const struct ballast_profile *profile,
                           struct tally *tally)
{
    struct ballast_breakdown out, before;
    struct ballast_error err = {0};
    memset(&out, 0x5a, sizeof(out));
    memset(&before, 0x5a, sizeof(before));
    int rc = ballast_breakdown_evaluate(&out, profile, guest, NULL, &err);
    if (rc < 0) {
        (*(rc == -EOVERFLOW ? &tally->overflow : &tally->invalid))++;
        return bad_refusal(rc, &err, &out, &before);
    }
    tally->evaluated++;
    return first_broken_law(&out, guest);
}

static unsigned long wanted_count(void)
{
    const char *asked = getenv("BALLAST_PROPERTY_COUNT");
    unsigned long count = asked ? strtoul(asked, NULL, 10) : MOST_COUNT;
    return count < LEAST_COUNT ? LEAST_COUNT : count;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: property SEED\n");
        return 2;
    }
    uint64_t seed = strtoull(argv[1], NULL, 0);
    random_state = seed ? seed : 1;
    unsigned long count = wanted_count();
    printf("property: %lu guests, seed %" PRIu64 "\n", count, seed);
    struct tally tally = {0};
    for (unsigned long i = 0; i < count; i++) {
        struct ballast_guest guest;
        draw_guest(&guest);
        const struct ballast_profile *profile;
        for (size_t p = 0; (profile = ballast_profile_at(p)); p++) {
            const char *broken = try_one(&guest, profile, &tally);
            if (broken) {
                fprintf(stderr, "guest %lu of seed %" PRIu64 ": %s\n", i, seed, broken);
                print_guest(&guest, profile);
                return 1;
            }
        }
    }
    printf("property: %" PRIu64 " breakdowns, %" PRIu64 " refused, %" PRIu64 " past 64 bits\n",
           tally.evaluated, tally.invalid, tally.overflow);
    /* A run that saw little of one kind has not tried much. */
    return tally.evaluated < count || tally.invalid < count / 2 || tally.overflow < count / 1000;
}
