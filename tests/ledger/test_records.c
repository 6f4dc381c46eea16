/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Untrusted input: names, and records of a journal that may have been edited. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/ledger/ledger.h"
#include "core/model/host.h"

static struct ledger *fresh(void)
{
    struct ledger_options options = LEDGER_OPTIONS_DEFAULT;
    struct ledger *ledger = NULL;
    assert_int_equal(ledger_new(&options, &ledger, NULL), 0);
    return ledger;
}

static int ask_as(struct ledger *ledger, const char *owner, const char *label)
{
    struct ledger_request q = {.owner = owner,
                               .label = label,
                               .min_kib = 4,
                               .max_kib = 4,
                               .lease_usec = BALLAST_NONE,
                               .deadline_usec = BALLAST_NONE};
    struct ledger_verdict v = {.reason = LEDGER_REASONS};
    int rc = ledger_ask(ledger, &q, 0, &v, NULL);
    assert_int_equal(v.reason, rc == 0 ? LEDGER_OK : LEDGER_REASONS);
    return rc;
}

static void names_are_clean(void **unused)
{
    (void)unused;
    static const char *const good[] = {
        "x",
        "xl create /etc/xen/web.cfg",
        "gr\xc3\xbc\xc3\x9f"
        "e",
        "\xe2\x82\xac",
        "\xf0\x9f\x8e\x88",
        "123456789012345678901234567890123456789012345678901234567890123",
        "\xc2\xa0",
        "\xf4\x8f\xbf\xbf",
        "\xed\x9f\xbf",
    };
    static const char *const bad[] = {
        "a\nb",
        "\x1b[2J",
        "\x7f",
        "\xc2\x9b"
        "2J", /* a control, and the same as C1 */
        "\xff",
        "\xc3",
        "a\xc3(",
        "\xe2\x82", /* no UTF-8, cut short */
        "\xc0\xaf",
        "\xe0\x80\xaf",
        "\xf0\x80\x80\xaf", /* longer than need be */
        "\xed\xa0\x80",
        "\xf4\x90\x80\x80",
        "\xf8\x88\x80\x80\x80",
        "\x80",
        "1234567890123456789012345678901234567890123456789012345678901234",
    };
    struct ledger *ledger = fresh();
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        if (ask_as(ledger, good[i], good[i]) != 0)
            fail_msg("good name %zu was refused", i);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (ask_as(ledger, bad[i], NULL) != -EINVAL || ask_as(ledger, "xl", bad[i]) != -EINVAL ||
            ledger_login(ledger, bad[i], 0, NULL, NULL) != -EINVAL)
            fail_msg("bad name %zu was taken", i);
    }
    struct ballast_error err;
    assert_int_equal(ledger_login(ledger, "\x80", 0, NULL, &err), -EINVAL);
    assert_string_equal(err.text, "the owner is not UTF-8 at byte 0");
    assert_int_equal(ask_as(ledger, "", "x"), -EINVAL);
    assert_int_equal(ask_as(ledger, NULL, "x"), -EINVAL);
    assert_int_equal(ask_as(ledger, "x", ""), 0);
    ledger_free(ledger);
}

/* A bound reservation, half used: as good a record as any. */
static struct ledger_reservation sound(void)
{
    return (struct ledger_reservation){.id = 5,
                                       .owner = "xl",
                                       .label = "web",
                                       .min_kib = 100,
                                       .max_kib = 300,
                                       .granted_kib = 200,
                                       .used_kib = 100,
                                       .state = LEDGER_BOUND,
                                       .reason = LEDGER_OK,
                                       .requested_usec = 10,
                                       .changed_usec = 20,
                                       .lease_usec = 5,
                                       .deadline_usec = 50,
                                       .domid = 3,
                                       .uuid = {1},
                                       .base_kib = 8};
}

static int restored(struct ledger_reservation record)
{
    struct ledger *ledger = fresh();
    int rc = ledger_restore(ledger, &record, NULL);
    assert_int_equal(ledger_find(ledger, record.id) != NULL, rc == 0);
    assert_int_equal(ledger_check(ledger, NULL, NULL), 0);
    ledger_free(ledger);
    return rc;
}

#define REFUSED(...)                                                                               \
    do {                                                                                           \
        struct ledger_reservation r = sound();                                                     \
        __VA_ARGS__;                                                                               \
        if (restored(r) != -EINVAL)                                                                \
            fail_msg("restored with %s", #__VA_ARGS__);                                            \
    } while (0)

static void a_record_must_have_had_a_past(void **unused)
{
    (void)unused;
    assert_int_equal(restored(sound()), 0);
    REFUSED(r.id = 0);
    REFUSED(r.id = (uint64_t)INT64_MAX + 1);
    REFUSED(memset(r.owner, 'x', sizeof(r.owner)));
    REFUSED(memset(r.label, 'x', sizeof(r.label)));
    REFUSED(r.owner[0] = '\0');
    REFUSED(r.label[1] = '\n');
    REFUSED(r.min_kib = 0);
    REFUSED(r.min_kib = 301);
    REFUSED(r.min_kib = 201);
    REFUSED(r.max_kib = LEDGER_MOST_KIB + 1);
    REFUSED(r.max_kib = 199);
    REFUSED(r.granted_kib = 0, r.used_kib = 0);
    REFUSED(r.used_kib = 201);
    REFUSED(r.state = LEDGER_STATES);
    REFUSED(r.state = (enum ledger_state) - 1);
    REFUSED(r.state = LEDGER_GRANTED);
    REFUSED(r.state = LEDGER_REQUESTED);
    REFUSED(r.state = LEDGER_REFUSED, r.reason = LEDGER_CANNOT_FIT);
    REFUSED(r.reason = LEDGER_BY_OWNER);
    REFUSED(r.reason = LEDGER_REASONS);
    REFUSED(r.state = LEDGER_RELEASED, r.reason = LEDGER_LEASE_OVER);
    REFUSED(r.changed_usec = 9);
    REFUSED(r.changed_usec = BALLAST_NONE);
    REFUSED(r.lease_usec = 0);
    REFUSED(r.deadline_usec = 10);
    struct ledger_reservation released = sound();
    released.state = LEDGER_RELEASED;
    released.reason = LEDGER_DOMAIN_GONE;
    assert_int_equal(restored(released), 0);
    struct ledger_reservation largest = sound();
    largest.max_kib = LEDGER_MOST_KIB;
    assert_int_equal(restored(largest), 0);
    largest.granted_kib = LEDGER_MOST_KIB;
    assert_int_equal(restored(largest), 0);
}

/* A reservation that was never bound, with one trace of a domain at a time. */
static void what_was_never_bound_has_no_domain(void **unused)
{
    (void)unused;
    static const struct {
        enum ledger_state state;
        enum ledger_reason reason;
        uint64_t granted_kib;
    } rows[] = {
        {LEDGER_REQUESTED, LEDGER_OK, 0},
        {LEDGER_RECLAIMING, LEDGER_OK, 0},
        {LEDGER_GRANTED, LEDGER_OK, 200},
        {LEDGER_REFUSED, LEDGER_CANNOT_FIT, 0},
        {LEDGER_RELEASED, LEDGER_BY_OWNER, 0},
        {LEDGER_RELEASED, LEDGER_LEASE_OVER, 200},
        {LEDGER_RELEASED, LEDGER_OWNER_RETURNED, 200},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ledger_reservation clean = sound();
        clean.state = rows[i].state;
        clean.reason = rows[i].reason;
        clean.granted_kib = rows[i].granted_kib;
        clean.changed_usec = clean.requested_usec;
        clean.used_kib = clean.base_kib = 0;
        clean.domid = 0;
        memset(clean.uuid, 0, sizeof(clean.uuid));
        assert_int_equal(restored(clean), 0);
        struct ledger_reservation r = clean;
        r.domid = 3;
        assert_int_equal(restored(r), -EINVAL);
        r = clean;
        r.base_kib = 8;
        assert_int_equal(restored(r), -EINVAL);
        r = clean;
        r.used_kib = rows[i].granted_kib;
        assert_int_equal(restored(r), rows[i].granted_kib ? -EINVAL : 0);
        r = clean;
        r.uuid[LEDGER_UUID - 1] = 1;
        assert_int_equal(restored(r), -EINVAL);
    }
}

static void records_must_go_together(void **unused)
{
    (void)unused;
    struct ledger_options options = LEDGER_OPTIONS_DEFAULT;
    options.max_open = 2;
    struct ledger *ledger = NULL;
    assert_int_equal(ledger_new(&options, &ledger, NULL), 0);
    struct ledger_reservation r = sound();
    assert_int_equal(ledger_restore(ledger, &r, NULL), 0);
    struct ballast_error err;
    assert_int_equal(ledger_restore(ledger, &r, &err), -EINVAL);
    assert_string_equal(err.text, "duplicate reservation 5");
    r.id = 6;
    assert_int_equal(ledger_restore(ledger, &r, &err), -EINVAL);
    assert_string_equal(err.text, "reservations 5 and 6 are both bound to domain 3");
    r.domid = 4;
    assert_int_equal(ledger_restore(ledger, &r, NULL), 0);
    r.id = 4;
    r.domid = 5;
    assert_int_equal(ledger_restore(ledger, &r, &err), -EINVAL);
    assert_int_equal(ledger_next_id(ledger), 7);
    assert_int_equal(ledger_now_usec(ledger), 20);
    assert_int_equal(ledger_sums(ledger).reserved_kib, 200);
    assert_int_equal(ledger_check(ledger, NULL, NULL), 0);
    ledger_free(ledger);
}

static void options_have_a_range(void **unused)
{
    (void)unused;
    struct ledger *ledger = NULL;
    struct ledger_options options = LEDGER_OPTIONS_DEFAULT;
    options.next_id = 0;
    assert_int_equal(ledger_new(&options, &ledger, NULL), -EINVAL);
    options = LEDGER_OPTIONS_DEFAULT;
    options.total_kib = LEDGER_MOST_KIB + 1;
    assert_int_equal(ledger_new(&options, &ledger, NULL), -EINVAL);
    options = LEDGER_OPTIONS_DEFAULT;
    options.max_open = 0;
    assert_int_equal(ledger_new(&options, &ledger, NULL), -EINVAL);
    options.max_open = (size_t)LEDGER_MOST_OPEN + 1;
    assert_int_equal(ledger_new(&options, &ledger, NULL), -EINVAL);
    options = LEDGER_OPTIONS_DEFAULT;
    options.max_closed = (size_t)LEDGER_MOST_CLOSED + 1;
    assert_int_equal(ledger_new(&options, &ledger, NULL), -EINVAL);
    options = LEDGER_OPTIONS_DEFAULT;
    options.now_usec = BALLAST_NONE;
    assert_int_equal(ledger_new(&options, &ledger, NULL), -EINVAL);
    assert_null(ledger);
    options.total_kib = LEDGER_MOST_KIB;
    options.max_open = LEDGER_MOST_OPEN;
    options.max_closed = LEDGER_MOST_CLOSED;
    options.now_usec = 7;
    assert_int_equal(ledger_new(&options, &ledger, NULL), 0);
    assert_int_equal(ledger_now_usec(ledger), 7);
    ledger_free(ledger);
    ledger_free(NULL);
}

/* Each reason has a sentence, no two the same, whose holes are exactly its figures. */
static void every_reason_has_a_sentence(void **unused)
{
    (void)unused;
    char seen[LEDGER_REASONS][256];
    static const struct ledger_figures values = {.needed_kib = 3, .available_kib = 4};
    for (enum ledger_reason reason = 0; reason < LEDGER_REASONS; reason++) {
        size_t length = ledger_reason_text(reason, &values, seen[reason], sizeof(seen[reason]));
        assert_true(length > 8 && length < sizeof(seen[reason]));
        assert_int_equal(ledger_reason_text(reason, &values, NULL, 0), length);
        assert_int_equal(ledger_reason_find(ledger_reason_name(reason)), reason);
        struct pattern_figure figures[LEDGER_FIGURES];
        ledger_reason_figures(reason, &values, figures);
        assert_null(strchr(seen[reason], '{'));
        for (size_t i = 0; i < LEDGER_FIGURES; i++) {
            char hole[64];
            (void)snprintf(hole, sizeof(hole), "{%s}", figures[i].name);
            assert_true(!figures[i].name || strstr(ledger_reason_pattern(reason), hole));
        }
        for (enum ledger_reason other = 0; other < reason; other++)
            assert_string_not_equal(seen[reason], seen[other]);
    }
    for (enum ledger_state state = 0; state < LEDGER_STATES; state++)
        assert_int_equal(ledger_state_find(ledger_state_name(state)), state);
    assert_null(ledger_reason_name(LEDGER_REASONS));
    assert_null(ledger_reason_pattern(LEDGER_REASONS));
    assert_null(ledger_state_name(LEDGER_STATES));
    assert_int_equal(ledger_state_find("lost"), -ENOENT);
    assert_int_equal(ledger_reason_find("lost"), -ENOENT);
    assert_string_equal(seen[LEDGER_NOT_FREE], "3 KiB were requested, and 4 KiB are available");
}

/* Back by 900 to 100: what remains stays, what was before the calendar was wrong is left alone. */
static void a_clock_is_set_back(void **unused)
{
    (void)unused;
    const struct ledger_back back = {.now_usec = 100, .by_usec = 900};
    struct ledger_reservation record = {.id = 1,
                                        .owner = "me",
                                        .min_kib = 4,
                                        .max_kib = 4,
                                        .state = LEDGER_REQUESTED,
                                        .requested_usec = 990,
                                        .changed_usec = 990,
                                        .lease_usec = 30,
                                        .deadline_usec = 1050};
    struct ledger_reservation open = record;
    ledger_back_record(&back, &open);
    assert_int_equal(open.requested_usec, 90);
    assert_int_equal(open.changed_usec, 90);
    assert_int_equal(open.deadline_usec, 150);
    assert_int_equal(open.lease_usec, 30);
    /* Before the beginning of time it is still lawful, and due at once. */
    open = record;
    open.requested_usec = open.changed_usec = 20;
    open.deadline_usec = 40;
    ledger_back_record(&back, &open);
    assert_int_equal(open.deadline_usec, 1);
    assert_int_equal(ledger_reservation_check(&open, NULL), 0);
    open.state = LEDGER_GRANTED;
    open.granted_kib = 4;
    open.deadline_usec = BALLAST_NONE;
    ledger_back_record(&back, &open);
    assert_int_equal(open.deadline_usec, BALLAST_NONE);
    assert_int_equal(ledger_reservation_check(&open, NULL), 0);
    struct ledger_reservation closed = record;
    closed.state = LEDGER_REFUSED;
    closed.reason = LEDGER_CANNOT_FIT;
    closed.requested_usec = 20;
    closed.changed_usec = 100;
    ledger_back_record(&back, &closed);
    assert_int_equal(closed.changed_usec, 100);
    closed.changed_usec = 1000;
    ledger_back_record(&back, &closed);
    assert_int_equal(closed.changed_usec, 100);
    assert_int_equal(closed.requested_usec, 0);
    assert_int_equal(ledger_reservation_check(&closed, NULL), 0);
    assert_int_equal(ledger_back_usec(&back, 99), 99);
    assert_int_equal(ledger_back_usec(&back, 950), 50);
    assert_int_equal(ledger_back_usec(&back, 5000), 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clock_is_set_back),
        cmocka_unit_test(names_are_clean),
        cmocka_unit_test(a_record_must_have_had_a_past),
        cmocka_unit_test(what_was_never_bound_has_no_domain),
        cmocka_unit_test(records_must_go_together),
        cmocka_unit_test(options_have_a_range),
        cmocka_unit_test(every_reason_has_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
