/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The breakdown: its laws are checked, words, notes, and what comes from outside. */
#include "unit.h"

#include <stdio.h>

#include "core/model/breakdown.h"
#include "core/model/profile.h"

static struct ballast_breakdown evaluate(const char *profile, struct ballast_guest guest)
{
    struct ballast_breakdown out;
    struct ballast_error err = unit_clean_error();
    int rc = ballast_breakdown_evaluate(&out, ballast_profile_find(profile), &guest, NULL, &err);
    if (rc != 0)
        fail_msg("refused: %s", err.text);
    unit_assert_clean(err);
    return out;
}

static struct ballast_breakdown usual(void)
{
    return evaluate("libxl", unit_guest(BALLAST_HVM, {BALLAST_MEMORY, 512 * MIB},
                                        {BALLAST_MAXMEM, 1024 * MIB}, {BALLAST_VCPUS, 2}));
}

/* The spans as the diagram of libxl's domain memory breakdown draws them. */
static void spans_cover_what_the_diagram_says(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        enum ballast_segment first, last;
    } want[BALLAST_SPANS] = {
        {"overhead", BALLAST_SHADOW, BALLAST_EXTRA_INTERNAL},
        {"static_maximum", BALLAST_VIDEO, BALLAST_BALLOON},
        {"build_start", BALLAST_GUEST, BALLAST_GUEST},
        {"build_maximum", BALLAST_GUEST, BALLAST_BALLOON},
        {"actual_target", BALLAST_VIDEO, BALLAST_GUEST},
        {"xen_maximum", BALLAST_EXTRA_INTERNAL, BALLAST_GUEST},
        {"footprint", BALLAST_SHADOW, BALLAST_GUEST},
    };
    for (int i = 0; i < BALLAST_SPANS; i++) {
        enum ballast_segment first, last;
        ballast_span_covers((enum ballast_span)i, &first, &last);
        assert_string_equal(ballast_span_name((enum ballast_span)i), want[i].word);
        assert_int_equal(first, want[i].first);
        assert_int_equal(last, want[i].last);
    }
    assert_null(ballast_span_name(BALLAST_SPANS));
}

static void words(void **state)
{
    (void)state;
    for (int i = 0; i < BALLAST_SEGMENTS; i++)
        assert_non_null(ballast_segment_name((enum ballast_segment)i));
    for (int i = 0; i < BALLAST_NEED_TERMS; i++)
        assert_non_null(ballast_need_term_name((enum ballast_need_term)i));
    for (int i = 0; i < BALLAST_NOTES; i++)
        assert_non_null(ballast_note_name((enum ballast_note)i));
    assert_null(ballast_segment_name(BALLAST_SEGMENTS));
    assert_null(ballast_need_term_name(BALLAST_NEED_TERMS));
    assert_null(ballast_note_name(BALLAST_NOTES));
    assert_true(ballast_segment_applies(BALLAST_SHADOW, BALLAST_PVH));
    assert_false(ballast_segment_applies(BALLAST_SHADOW, BALLAST_PV));
    assert_true(ballast_segment_applies(BALLAST_VIDEO, BALLAST_HVM));
    assert_false(ballast_segment_applies(BALLAST_VIDEO, BALLAST_PVH));
    assert_true(ballast_segment_applies(BALLAST_IOMMU, BALLAST_PV));
}

static void broken(struct ballast_breakdown b, const char *part)
{
    struct ballast_error err = unit_clean_error();
    assert_int_equal(ballast_breakdown_check(&b, &err), -EPROTO);
    assert_int_equal(err.code, -EPROTO);
    unit_assert_text(err, part);
}

static void every_law_is_checked(void **state)
{
    (void)state;
    struct ballast_breakdown good = usual();
    assert_int_equal(ballast_breakdown_check(&good, NULL), 0);
    for (int i = 0; i < BALLAST_SPANS; i++) {
        struct ballast_breakdown bad = good;
        bad.span_kib[i]++;
        broken(bad, ballast_span_name((enum ballast_span)i));
    }
    for (int i = 0; i < BALLAST_SEGMENTS; i++) {
        struct ballast_breakdown bad = good;
        bad.segment_kib[i]++;
        broken(bad, "segments sum to");
    }
    for (int i = 0; i < BALLAST_NEED_TERMS; i++) {
        struct ballast_breakdown bad = good;
        bad.term_kib[i]++;
        broken(bad, "need is");
    }
    struct ballast_breakdown bad = good;
    bad.need_kib--;
    broken(bad, "need is");
    bad = evaluate("libxl", unit_guest(BALLAST_PV, {BALLAST_MEMORY, 512 * MIB}));
    bad.segment_kib[BALLAST_SHADOW] = 1;
    broken(bad, "a pv guest has no shadow segment");
    bad = good;
    bad.type = BALLAST_PVH;
    broken(bad, "a pvh guest has no video segment");
    bad = good;
    bad.segment_kib[BALLAST_BALLOON] = UINT64_MAX;
    assert_int_equal(ballast_breakdown_check(&bad, NULL), -EOVERFLOW);
}

static void refusal_leaves_the_output(void **state)
{
    (void)state;
    struct ballast_breakdown out = usual(), before;
    memcpy(&before, &out, sizeof(out));
    const struct ballast_guest refused[] = {
        unit_guest(BALLAST_HVM, {BALLAST_MEMORY, 0}),
        unit_guest(BALLAST_PV, {BALLAST_MEMORY, UINT64_MAX - 1}), /* does not fit 64 bits */
    };
    for (size_t i = 0; i < 2; i++) {
        for (size_t p = 0; ballast_profile_at(p); p++) {
            struct ballast_error err = unit_clean_error();
            int rc =
                ballast_breakdown_evaluate(&out, ballast_profile_at(p), &refused[i], NULL, &err);
            assert_int_equal(rc, i == 0 ? -EINVAL : -EOVERFLOW);
            assert_int_equal(err.code, rc);
            assert_memory_equal(&out, &before, sizeof(out));
        }
    }
}

static void overflow_names_its_operands(void **state)
{
    (void)state;
    struct ballast_guest guest =
        unit_guest(BALLAST_PV, {BALLAST_MEMORY, UINT64_MAX - 1}, {BALLAST_VCPUS, 1});
    struct ballast_breakdown out;
    struct ballast_error err = unit_clean_error();
    assert_int_equal(
        ballast_breakdown_evaluate(&out, ballast_profile_find("libxl"), &guest, NULL, &err),
        -EOVERFLOW);
    unit_assert_text(err, "18446744073709551614 KiB");
    unit_assert_text(err, "1024 KiB");
}

static void from_segments(void **state)
{
    (void)state;
    const struct ballast_breakdown made = usual();
    const struct ballast_xenstore_kib xenstore = ballast_breakdown_xenstore(&made);
    struct ballast_breakdown again;
    struct ballast_error err = unit_clean_error();
    assert_int_equal(ballast_breakdown_from_segments(&again, BALLAST_HVM, NULL, made.segment_kib,
                                                     made.need_kib, &xenstore, &err),
                     0);
    unit_assert_clean(err);
    assert_null(ballast_breakdown_profile(&again));
    assert_memory_equal(again.span_kib, made.span_kib, sizeof(made.span_kib));
    assert_int_equal(ballast_breakdown_need_kib(&again), made.need_kib);
    assert_int_equal(ballast_breakdown_xenstore(&again).target_kib, xenstore.target_kib);
    assert_int_equal(ballast_breakdown_check(&again, &err), 0);
    bool minus = false;
    uint64_t other = ballast_breakdown_need_term_kib(&again, BALLAST_NEED_OTHER, &minus);
    uint64_t footprint = made.span_kib[BALLAST_FOOTPRINT];
    assert_int_equal(other, minus ? footprint - made.need_kib : made.need_kib - footprint);
}

static void from_segments_refuses(void **state)
{
    (void)state;
    struct ballast_breakdown out = usual(), before;
    memcpy(&before, &out, sizeof(out));
    const struct ballast_xenstore_kib xenstore = {0};
    const uint64_t video[BALLAST_SEGMENTS] = {[BALLAST_VIDEO] = 1};
    const uint64_t huge[BALLAST_SEGMENTS] = {[BALLAST_GUEST] = UINT64_MAX, [BALLAST_BALLOON] = 1};
    struct ballast_error err = unit_clean_error();
    assert_int_equal(
        ballast_breakdown_from_segments(&out, BALLAST_PVH, NULL, video, 0, &xenstore, &err),
        -EINVAL);
    assert_int_equal(err.code, -EINVAL);
    unit_assert_text(err, "a pvh guest has no video segment, yet it is 1 KiB");
    assert_int_equal(
        ballast_breakdown_from_segments(&out, BALLAST_HVM, NULL, huge, 0, &xenstore, &err),
        -EOVERFLOW);
    assert_int_equal(err.code, -EOVERFLOW);
    assert_int_equal(
        ballast_breakdown_from_segments(&out, BALLAST_HVM, NULL, huge, 0, &xenstore, NULL),
        -EOVERFLOW);
    assert_memory_equal(&out, &before, sizeof(out));
}

static void allocation(void **state)
{
    (void)state;
    struct ballast_breakdown *b = ballast_breakdown_new();
    assert_non_null(b);
    assert_int_equal(ballast_breakdown_need_kib(b), 0);
    assert_int_equal(ballast_breakdown_check(b, NULL), 0);
    ballast_breakdown_free(b);
    ballast_breakdown_free(NULL);
}

/* Every note that applies has a sentence with its numbers; the others have none. */
static void notes_have_their_text(void **state)
{
    (void)state;
    struct ballast_breakdown b = usual();
    for (int i = 0; i < BALLAST_NOTES; i++) {
        enum ballast_note note = (enum ballast_note)i;
        char buf[256] = "#";
        bool pod = note == BALLAST_NOTE_POD || note == BALLAST_NOTE_POD_COST;
        assert_int_equal(ballast_breakdown_note(&b, note, NULL, NULL), pod);
        size_t length = ballast_breakdown_note_text(&b, note, buf, sizeof(buf));
        assert_int_equal(length, strlen(buf));
        assert_int_equal(length > 0, pod);
        b.notes |= UINT32_C(1) << i;
        length = ballast_breakdown_note_text(&b, note, buf, sizeof(buf));
        assert_in_range(length, 20, 200);
        b = usual();
    }
    uint64_t memory, maxmem;
    assert_true(ballast_breakdown_note(&b, BALLAST_NOTE_POD, &memory, &maxmem));
    assert_int_equal(memory, 512 * MIB);
    assert_int_equal(maxmem, 1024 * MIB);
    assert_false(ballast_breakdown_note(&b, BALLAST_NOTES, NULL, NULL));
    char small[8];
    assert_true(ballast_breakdown_note_text(&b, BALLAST_NOTE_POD, small, sizeof(small)) > 8);
    assert_int_equal(strlen(small), 7);
}

/* A pool that cannot hold a view is not told as one that holds many. */
static void views_that_a_pool_holds(void **state)
{
    (void)state;
    static const struct {
        uint64_t view_pages, pool_pages;
        const char *holds;
    } rows[] = {
        {2055, 8448, "hold the guest's own tables and 3 views, not 4; "},
        {2055, 8220, "hold the guest's own tables and 3 views, not 4; "},
        {2055, 8219, "hold the guest's own tables and 2 views, not 3; "},
        {2055, 4110, "hold the guest's own tables and 1 view, not 2; "},
        {2055, 2055, "hold the guest's own tables and 0 views, not 1; "},
        {2055, 2054, "hold not even the guest's own tables; "},
        {0, 2054, "hold not even the guest's own tables; "},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ballast_breakdown b = usual();
        char buf[256];
        ballast_breakdown_set_note(&b, BALLAST_NOTE_ALTP2M, rows[i].view_pages, rows[i].pool_pages);
        assert_in_range(ballast_breakdown_note_text(&b, BALLAST_NOTE_ALTP2M, buf, sizeof(buf)), 1,
                        sizeof(buf) - 1);
        if (!strstr(buf, rows[i].holds) || !strstr(buf, "raise shadow_memory"))
            fail_msg("\"%s\" is not in \"%s\"", rows[i].holds, buf);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spans_cover_what_the_diagram_says),
        cmocka_unit_test(words),
        cmocka_unit_test(every_law_is_checked),
        cmocka_unit_test(refusal_leaves_the_output),
        cmocka_unit_test(overflow_names_its_operands),
        cmocka_unit_test(from_segments),
        cmocka_unit_test(from_segments_refuses),
        cmocka_unit_test(allocation),
        cmocka_unit_test(notes_have_their_text),
        cmocka_unit_test(views_that_a_pool_holds),
    };
    return cmocka_run_group_tests_name("breakdown", tests, NULL, NULL);
}
