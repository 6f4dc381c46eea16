/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/model/breakdown.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "core/base/error.h"
#include "core/base/units.h"
#include "core/model/cost.h"

static const char *const segment_names[BALLAST_SEGMENTS] = {
    [BALLAST_SHADOW] = "shadow",
    [BALLAST_IOMMU] = "iommu",
    [BALLAST_EXTRA_EXTERNAL] = "extra_external",
    [BALLAST_EXTRA_INTERNAL] = "extra_internal",
    [BALLAST_VIDEO] = "video",
    [BALLAST_GUEST] = "guest",
    [BALLAST_BALLOON] = "balloon",
};

static const struct {
    const char *word;
    enum ballast_segment first;
    enum ballast_segment last;
} spans[BALLAST_SPANS] = {
    [BALLAST_OVERHEAD] = {"overhead", BALLAST_SHADOW, BALLAST_EXTRA_INTERNAL},
    [BALLAST_STATIC_MAXIMUM] = {"static_maximum", BALLAST_VIDEO, BALLAST_BALLOON},
    [BALLAST_BUILD_START] = {"build_start", BALLAST_GUEST, BALLAST_GUEST},
    [BALLAST_BUILD_MAXIMUM] = {"build_maximum", BALLAST_GUEST, BALLAST_BALLOON},
    [BALLAST_ACTUAL_TARGET] = {"actual_target", BALLAST_VIDEO, BALLAST_GUEST},
    [BALLAST_XEN_MAXIMUM] = {"xen_maximum", BALLAST_EXTRA_INTERNAL, BALLAST_GUEST},
    [BALLAST_FOOTPRINT] = {"footprint", BALLAST_SHADOW, BALLAST_GUEST},
};

static const char *const term_names[BALLAST_NEED_TERMS] = {
    [BALLAST_NEED_EXTRA_INTERNAL] = "extra_internal",
    [BALLAST_NEED_POOL] = "pool",
    [BALLAST_NEED_STUBDOMAIN] = "stubdomain",
    [BALLAST_NEED_CHARGED] = "charged_to_its_guest",
    [BALLAST_NEED_ROUNDING] = "rounding",
    [BALLAST_NEED_ARENA] = "arena",
    [BALLAST_NEED_IOMMU_PIECES] = "iommu_pieces",
    [BALLAST_NEED_OTHER] = "other",
};

const char *ballast_segment_name(enum ballast_segment segment)
{
    return (unsigned)segment < BALLAST_SEGMENTS ? segment_names[segment] : NULL;
}

const char *ballast_span_name(enum ballast_span span)
{
    return (unsigned)span < BALLAST_SPANS ? spans[span].word : NULL;
}

const char *ballast_need_term_name(enum ballast_need_term term)
{
    return (unsigned)term < BALLAST_NEED_TERMS ? term_names[term] : NULL;
}

void ballast_span_covers(enum ballast_span span, enum ballast_segment *first,
                         enum ballast_segment *last)
{
    *first = spans[span].first;
    *last = spans[span].last;
}

bool ballast_segment_applies(enum ballast_segment segment, enum ballast_guest_type type)
{
    if (segment == BALLAST_SHADOW)
        return type != BALLAST_PV;
    if (segment == BALLAST_VIDEO)
        return type == BALLAST_HVM;
    return true;
}

struct ballast_breakdown *ballast_breakdown_new(void)
{
    return calloc(1, sizeof(struct ballast_breakdown));
}

void ballast_breakdown_free(struct ballast_breakdown *breakdown)
{
    free(breakdown);
}

uint64_t ballast_breakdown_segment_kib(const struct ballast_breakdown *breakdown,
                                       enum ballast_segment segment)
{
    return breakdown->segment_kib[segment];
}

uint64_t ballast_breakdown_span_kib(const struct ballast_breakdown *breakdown,
                                    enum ballast_span span)
{
    return breakdown->span_kib[span];
}

uint64_t ballast_breakdown_need_kib(const struct ballast_breakdown *breakdown)
{
    return breakdown->need_kib;
}

uint64_t ballast_breakdown_need_term_kib(const struct ballast_breakdown *breakdown,
                                         enum ballast_need_term term, bool *minus)
{
    if (minus)
        *minus = breakdown->term_minus[term];
    return breakdown->term_kib[term];
}

enum ballast_guest_type ballast_breakdown_guest_type(const struct ballast_breakdown *breakdown)
{
    return breakdown->type;
}

const struct ballast_profile *ballast_breakdown_profile(const struct ballast_breakdown *breakdown)
{
    return breakdown->profile;
}

struct ballast_xenstore_kib ballast_breakdown_xenstore(const struct ballast_breakdown *breakdown)
{
    return breakdown->xenstore;
}

void ballast_breakdown_set_term(struct ballast_breakdown *breakdown, enum ballast_need_term term,
                                bool minus, uint64_t kib)
{
    breakdown->term_kib[term] = kib;
    breakdown->term_minus[term] = minus && kib > 0;
}

void ballast_breakdown_set_term_between(struct ballast_breakdown *breakdown,
                                        enum ballast_need_term term, uint64_t has_kib,
                                        uint64_t wants_kib)
{
    bool minus = has_kib > wants_kib;
    ballast_breakdown_set_term(breakdown, term, minus,
                               minus ? has_kib - wants_kib : wants_kib - has_kib);
}

static int sum_run(const struct ballast_breakdown *breakdown, enum ballast_span span,
                   uint64_t *out_kib, struct ballast_error *err)
{
    uint64_t sum_kib = 0;
    for (int i = (int)spans[span].first; i <= (int)spans[span].last; i++) {
        uint64_t more_kib = breakdown->segment_kib[i];
        uint64_t before_kib = sum_kib;
        /* In place, and a call only for the message: a quarter of an evaluation is spent in here.
         */
        if (__builtin_add_overflow(before_kib, more_kib, &sum_kib))
            return ballast_kib_add(before_kib, more_kib, &sum_kib, err);
    }
    *out_kib = sum_kib;
    return 0;
}

int ballast_breakdown_sum_spans(struct ballast_breakdown *breakdown, struct ballast_error *err)
{
    for (int i = 0; i < BALLAST_SPANS; i++) {
        int rc = sum_run(breakdown, (enum ballast_span)i, &breakdown->span_kib[i], err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int check_segment_sums(const struct ballast_breakdown *breakdown, struct ballast_error *err)
{
    for (int i = 0; i < BALLAST_SEGMENTS; i++) {
        if (breakdown->segment_kib[i] != 0 &&
            !ballast_segment_applies((enum ballast_segment)i, breakdown->type))
            return ballast_fail(err, -EPROTO,
                                "a %s guest has no %s segment, yet it is %" PRIu64 " KiB",
                                ballast_guest_type_name(breakdown->type), segment_names[i],
                                breakdown->segment_kib[i]);
    }
    return 0;
}

static int check_span_sums(const struct ballast_breakdown *breakdown, struct ballast_error *err)
{
    for (int i = 0; i < BALLAST_SPANS; i++) {
        uint64_t sum_kib = 0;
        int rc = sum_run(breakdown, (enum ballast_span)i, &sum_kib, err);
        if (rc < 0)
            return rc;
        if (sum_kib != breakdown->span_kib[i])
            return ballast_fail(err, -EPROTO,
                                "%s is %" PRIu64 " KiB, but its segments sum to %" PRIu64 " KiB",
                                spans[i].word, breakdown->span_kib[i], sum_kib);
    }
    return 0;
}

static int check_need(const struct ballast_breakdown *breakdown, struct ballast_error *err)
{
    uint64_t need_kib = breakdown->span_kib[BALLAST_FOOTPRINT];
    for (int i = 0; i < BALLAST_NEED_TERMS; i++) {
        int rc = breakdown->term_minus[i]
                     ? ballast_kib_sub(need_kib, breakdown->term_kib[i], &need_kib, err)
                     : ballast_kib_add(need_kib, breakdown->term_kib[i], &need_kib, err);
        if (rc < 0)
            return rc;
    }
    if (need_kib != breakdown->need_kib)
        return ballast_fail(err, -EPROTO,
                            "need is %" PRIu64 " KiB, but footprint and its terms make %" PRIu64
                            " KiB",
                            breakdown->need_kib, need_kib);
    return 0;
}

int ballast_breakdown_check(const struct ballast_breakdown *breakdown, struct ballast_error *err)
{
    int rc;
    if ((rc = check_segment_sums(breakdown, err)) < 0 ||
        (rc = check_span_sums(breakdown, err)) < 0 || (rc = check_need(breakdown, err)) < 0)
        return rc;
    return ballast_cost_check(breakdown, err);
}

int ballast_breakdown_from_segments(struct ballast_breakdown *out, enum ballast_guest_type type,
                                    const struct ballast_profile *profile,
                                    const uint64_t segment_kib[BALLAST_SEGMENTS], uint64_t need_kib,
                                    const struct ballast_xenstore_kib *xenstore,
                                    struct ballast_error *err)
{
    struct ballast_breakdown made = {
        .profile = profile, .type = type, .need_kib = need_kib, .xenstore = *xenstore};
    for (int i = 0; i < BALLAST_SEGMENTS; i++)
        made.segment_kib[i] = segment_kib[i];
    int rc = check_segment_sums(&made, err);
    if (rc < 0) {
        if (err)
            err->code = -EINVAL;
        return -EINVAL;
    }
    rc = ballast_breakdown_sum_spans(&made, err);
    if (rc < 0)
        return rc;
    ballast_breakdown_set_term_between(&made, BALLAST_NEED_OTHER, made.span_kib[BALLAST_FOOTPRINT],
                                       need_kib);
    *out = made;
    return 0;
}
