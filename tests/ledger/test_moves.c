/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every transition from every state, by hand: what is allowed leads where it says, everything else
 * is answered and changes nothing.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/ledger/ledger.h"
#include "core/model/host.h"
#include "twin.h"

static const struct ledger_free plenty = {.free_kib = 100000, .slack_kib = 1000};
static const struct ledger_domain guest = {.domid = 7, .uuid = {1, 2, 3}};
static const struct ledger_domain stranger = {.domid = 8, .uuid = {1, 2, 3}};

static struct ledger *fresh(void)
{
    struct ledger_options options = LEDGER_OPTIONS_DEFAULT;
    options.total_kib = 200000;
    struct ledger *ledger = NULL;
    assert_int_equal(ledger_new(&options, &ledger, NULL), 0);
    return ledger;
}

static struct ledger_verdict ask(struct ledger *ledger, uint64_t min_kib, uint64_t max_kib)
{
    struct ledger_request q = {.owner = "xl",
                               .name = "web",
                               .min_kib = min_kib,
                               .max_kib = max_kib,
                               .lease_usec = 100,
                               .deadline_usec = 50};
    struct ledger_verdict v;
    assert_int_equal(ledger_ask(ledger, &q, ledger_now_usec(ledger), &v, NULL), 0);
    return v;
}

enum move { RECLAIMING, GRANT, REFUSE, BIND, HOLD, BUILT, GONE, RELEASE, LOGIN, EXPIRE, MOVES };

/* Moves the reservation 1 (or the domain it may be bound to); whether it was answered with yes. */
static bool move(struct ledger *ledger, enum move what)
{
    uint64_t now = ledger_now_usec(ledger);
    struct ledger_verdict v = {.reason = LEDGER_REASONS};
    size_t count = 0;
    int rc = -1;
    switch (what) {
    case RECLAIMING:
        rc = ledger_start_reclaiming(ledger, 1, now, &v, NULL);
        break;
    case GRANT:
        rc = ledger_grant(ledger, 1, &plenty, now, &v, NULL);
        break;
    case REFUSE:
        rc = ledger_refuse(ledger, 1, LEDGER_DONORS_STUCK,
                           &(struct ledger_figures){.missing_kib = 3}, now, &v, NULL);
        break;
    case BIND:
        rc = ledger_bind(ledger, 1, "xl", &guest, 0, 0, now, &v, NULL);
        break;
    case HOLD:
        rc = ledger_hold(ledger, &guest, 600, false, now, &v, NULL);
        break;
    case BUILT:
        rc = ledger_hold(ledger, &guest, 600, true, now, &v, NULL);
        break;
    case GONE:
        rc = ledger_domain_gone(ledger, &guest, now, &v, NULL);
        break;
    case RELEASE:
        rc = ledger_release(ledger, 1, "xl", now, &v, NULL);
        break;
    case LOGIN:
        rc = ledger_login(ledger, "xl", now, &count, NULL);
        v.reason = count == 1 ? LEDGER_OK : LEDGER_UNKNOWN;
        break;
    case EXPIRE:
        rc = ledger_expire(ledger, now + 1000, &count, NULL);
        v.reason = count == 1 ? LEDGER_OK : LEDGER_UNKNOWN;
        break;
    case MOVES:
        break;
    }
    assert_int_equal(rc, 0);
    return v.reason == LEDGER_OK;
}

/* How each state is come into. */
static const enum move paths[LEDGER_STATES][3] = {
    [LEDGER_REQUESTED] = {MOVES},         [LEDGER_RECLAIMING] = {RECLAIMING, MOVES},
    [LEDGER_GRANTED] = {GRANT, MOVES},    [LEDGER_BOUND] = {GRANT, BIND, MOVES},
    [LEDGER_USED] = {GRANT, BIND, BUILT}, [LEDGER_RELEASED] = {GRANT, RELEASE, MOVES},
    [LEDGER_REFUSED] = {REFUSE, MOVES},
};

#define NO LEDGER_STATES

/* [state][move]: what comes of it; NO: the answer is no, or nothing was moved. */
static const enum ledger_state comes_of[LEDGER_STATES][MOVES] = {
    /* RECLAIMING, GRANT, REFUSE, BIND, HOLD, BUILT, GONE, RELEASE, LOGIN, EXPIRE */
    [LEDGER_REQUESTED] = {LEDGER_RECLAIMING, LEDGER_GRANTED, LEDGER_REFUSED, NO, NO, NO, NO,
                          LEDGER_RELEASED, LEDGER_RELEASED, LEDGER_REFUSED},
    [LEDGER_RECLAIMING] = {NO, LEDGER_GRANTED, LEDGER_REFUSED, NO, NO, NO, NO, LEDGER_RELEASED,
                           LEDGER_RELEASED, LEDGER_REFUSED},
    [LEDGER_GRANTED] = {NO, NO, NO, LEDGER_BOUND, NO, NO, NO, LEDGER_RELEASED, LEDGER_RELEASED,
                        LEDGER_RELEASED},
    [LEDGER_BOUND] = {NO, NO, NO, LEDGER_BOUND, LEDGER_BOUND, LEDGER_USED, LEDGER_RELEASED,
                      LEDGER_RELEASED, NO, NO},
    [LEDGER_USED] = {NO, NO, NO, LEDGER_USED, NO, NO, NO, NO, NO, NO},
    [LEDGER_RELEASED] = {NO, NO, NO, NO, NO, NO, NO, NO, NO, NO},
    [LEDGER_REFUSED] = {NO, NO, NO, NO, NO, NO, NO, NO, NO, NO},
};

static struct ledger *brought_to(enum ledger_state state)
{
    struct ledger *ledger = fresh();
    assert_int_equal(ask(ledger, 1000, 2000).reason, LEDGER_OK);
    for (size_t i = 0; i < 3 && paths[state][i] != MOVES; i++)
        assert_true(move(ledger, paths[state][i]));
    assert_int_equal(ledger_find(ledger, 1)->state, state);
    return ledger;
}

static void one_move(enum ledger_state state, enum move what)
{
    struct ledger *ledger = brought_to(state);
    struct ledger_reservation before = *ledger_find(ledger, 1);
    bool yes = move(ledger, what);
    const struct ledger_reservation *after = ledger_find(ledger, 1);
    enum ledger_state want = comes_of[state][what];
    if (yes != (want != NO) || after->state != (yes ? want : state))
        fail_msg("from %s by move %d: %s, %s", ledger_state_name(state), what,
                 yes ? "done" : "refused", ledger_state_name(after->state));
    if (!yes)
        assert_true(twin_same(&before, after));
    else if (after->state != state)
        assert_true(ledger_state_allows(state, after->state));
    assert_int_equal(ledger_check(ledger, &plenty, NULL), 0);
    ledger_free(ledger);
}

static void every_move_from_every_state(void **unused)
{
    (void)unused;
    for (enum ledger_state state = 0; state < LEDGER_STATES; state++) {
        for (enum move what = 0; what < MOVES; what++)
            one_move(state, what);
    }
}

static void a_wrong_state_names_both(void **unused)
{
    (void)unused;
    struct ledger *ledger = brought_to(LEDGER_USED);
    struct ledger_verdict v;
    assert_int_equal(ledger_release(ledger, 1, "xl", 0, &v, NULL), 0);
    assert_int_equal(v.reason, LEDGER_WRONG_STATE);
    assert_int_equal(v.figures.present_state, LEDGER_USED);
    assert_int_equal(v.figures.wanted_state, LEDGER_RELEASED);
    char text[200];
    ledger_reason_text(v.reason, &v.figures, text, sizeof(text));
    assert_string_equal(text, "it is used and cannot become released");
    ledger_free(ledger);
}

static void grants_only_what_is_not_reserved(void **unused)
{
    (void)unused;
    struct ledger *ledger = fresh();
    struct ledger_verdict v;
    struct ledger_free host = {.free_kib = 5000, .slack_kib = 500, .foreign_kib = 300};
    ask(ledger, 1000, 3001);
    ask(ledger, 1000, 3001);
    ask(ledger, 200, 300);
    assert_int_equal(ledger_grant(ledger, 1, &host, 0, &v, NULL), 0);
    assert_int_equal(v.reason, LEDGER_OK);
    assert_int_equal(v.figures.done_kib, 3001); /* all of its range is free: 4200 */
    assert_int_equal(v.figures.left_kib, 1199);
    assert_int_equal(ledger_grant(ledger, 2, &host, 0, &v, NULL), 0);
    assert_int_equal(v.figures.done_kib, 1196); /* 1199 in whole pages */
    assert_int_equal(ledger_sums(ledger).reserved_kib, 4197);
    assert_int_equal(ledger_grant(ledger, 3, &host, 0, &v, NULL), 0);
    assert_int_equal(v.reason, LEDGER_NOT_FREE);
    assert_int_equal(v.figures.needed_kib, 200);
    assert_int_equal(v.figures.available_kib, 3);
    assert_int_equal(ledger_check(ledger, &host, NULL), 0);
    host.free_kib--; /* 4996 are owed, so three may go, not four */
    host.free_kib -= 2;
    assert_int_equal(ledger_check(ledger, &host, NULL), 0);
    host.free_kib--;
    assert_int_equal(ledger_check(ledger, &host, NULL), -EPROTO);
    host.free_kib = 200001;
    assert_int_equal(ledger_grant(ledger, 3, &host, 0, &v, NULL), -EINVAL);
    ledger_free(ledger);
}

static uint64_t reserved_at(struct ledger *ledger, uint64_t held_kib)
{
    struct ledger_verdict v;
    assert_int_equal(ledger_hold(ledger, &guest, held_kib, false, 0, &v, NULL), 0);
    return ledger_sums(ledger).reserved_kib;
}

/* What was taken is no longer reserved, however often that is reported, and never becomes so again.
 */
static void a_page_counts_once(void **unused)
{
    (void)unused;
    struct ledger *ledger = fresh();
    struct ledger_verdict v;
    ask(ledger, 1000, 1000);
    assert_true(move(ledger, GRANT));
    assert_int_equal(ledger_sums(ledger).reserved_kib, 1000);
    /* Bound late: it held 40 of another's and took 60 since. */
    assert_int_equal(ledger_bind(ledger, 1, NULL, &guest, 40, 100, 0, &v, NULL), 0);
    assert_int_equal(v.reason, LEDGER_OK);
    assert_int_equal(ledger_sums(ledger).reserved_kib, 940);
    assert_int_equal(reserved_at(ledger, 540), 500);
    assert_int_equal(reserved_at(ledger, 540), 500);
    assert_int_equal(reserved_at(ledger, 10), 500);
    assert_int_equal(reserved_at(ledger, 640), 400);
    assert_int_equal(reserved_at(ledger, 5000), 0);
    assert_int_equal(ledger_find(ledger, 1)->state, LEDGER_USED);
    assert_int_equal(ledger_find(ledger, 1)->used_kib, 1000);
    assert_null(ledger_find_domain(ledger, &guest));
    ledger_free(ledger);
}

/* Its start failed: it is granted to the next domain of that guest, if what was taken is there. */
static void what_was_bound_can_be_granted_again(void **unused)
{
    (void)unused;
    struct ledger *ledger = brought_to(LEDGER_BOUND);
    uint64_t granted_kib = ledger_find(ledger, 1)->granted_kib;
    struct ledger_domain next = {.domid = guest.domid + 1, .uuid = {9}};
    struct ledger_verdict v;
    assert_int_equal(ledger_grant_again(ledger, &stranger, &plenty, 0, &v, NULL), 0);
    assert_int_equal(v.reason, LEDGER_UNKNOWN);
    assert_int_equal(reserved_at(ledger, 100), granted_kib - 100);
    assert_int_equal(ledger_grant_again(ledger, &guest, &plenty, 5, &v, NULL), 0);
    assert_int_equal(v.reason, LEDGER_OK);
    assert_int_equal(ledger_find(ledger, 1)->state, LEDGER_GRANTED);
    assert_int_equal(ledger_find(ledger, 1)->older_domid, guest.domid);
    assert_int_equal(ledger_find(ledger, 1)->changed_usec, 5);
    assert_int_equal(ledger_sums(ledger).reserved_kib, granted_kib);
    assert_int_equal(ledger_bind(ledger, 1, NULL, &next, 0, 0, 5, &v, NULL), 0);
    assert_int_equal(v.reason, LEDGER_OK);
    /* Others may have what it had taken. */
    assert_int_equal(ledger_hold(ledger, &next, 100, false, 5, &v, NULL), 0);
    struct ledger_free little = {.free_kib = granted_kib - 1};
    assert_int_equal(ledger_grant_again(ledger, &next, &little, 5, &v, NULL), 0);
    assert_int_equal(ledger_find(ledger, 1)->state, LEDGER_RELEASED);
    assert_int_equal(ledger_find(ledger, 1)->reason, LEDGER_DOMAIN_GONE);
    ledger_free(ledger);
}

static void a_domain_is_its_id_and_its_uuid(void **unused)
{
    (void)unused;
    struct ledger *ledger = brought_to(LEDGER_BOUND);
    struct ledger_verdict v;
    assert_int_equal(ledger_domain_gone(ledger, &stranger, 0, &v, NULL), 0);
    assert_int_equal(v.reason, LEDGER_UNKNOWN);
    ask(ledger, 10, 10);
    assert_int_equal(ledger_grant(ledger, 2, &plenty, 0, &v, NULL), 0);
    assert_int_equal(ledger_bind(ledger, 2, "xl", &guest, 0, 0, 0, &v, NULL), 0);
    assert_int_equal(v.reason, LEDGER_DOMAIN_TAKEN);
    assert_int_equal(v.figures.reservation, 1);
    assert_int_equal(ledger_bind(ledger, 2, "virsh", &stranger, 0, 0, 0, &v, NULL), 0);
    assert_int_equal(v.reason, LEDGER_NOT_OWNER);
    assert_int_equal(ledger_bind(ledger, 2, "xl", &stranger, 0, 0, 0, &v, NULL), 0);
    assert_int_equal(v.reason, LEDGER_OK);
    ledger_free(ledger);
}

/* Two clients may bind it to the same domain: the second gets the same answer. */
static void to_be_bound_again_is_no_change(void **unused)
{
    (void)unused;
    struct ledger *ledger = brought_to(LEDGER_BOUND);
    struct ledger_reservation before = *ledger_find(ledger, 1);
    struct ledger_verdict v;
    assert_int_equal(ledger_bind(ledger, 1, "xl", &guest, 0, 600, 7, &v, NULL), 0);
    assert_int_equal(v.reason, LEDGER_OK);
    assert_int_equal(v.figures.done_kib, before.granted_kib);
    assert_true(twin_same(&before, ledger_find(ledger, 1)));
    assert_int_equal(ledger_bind(ledger, 1, "virsh", &guest, 0, 0, 7, &v, NULL), 0);
    assert_int_equal(v.reason, LEDGER_NOT_OWNER);
    assert_int_equal(ledger_bind(ledger, 1, "xl", &stranger, 0, 0, 7, &v, NULL), 0);
    assert_int_equal(v.reason, LEDGER_WRONG_STATE);
    ledger_free(ledger);
}

/* Found by its label while it is granted; the domain is known to have had one from then on. */
static void what_awaits_its_domain_is_found(void **unused)
{
    (void)unused;
    struct ledger *ledger = brought_to(LEDGER_RECLAIMING);
    struct ledger_verdict v;
    ledger_note_older(ledger, 1, 5);
    assert_null(ledger_next_for_name(ledger, "web", NULL));
    assert_int_equal(ledger_grant(ledger, 1, &plenty, 0, &v, NULL), 0);
    const struct ledger_reservation *found = ledger_next_for_name(ledger, "web", NULL);
    assert_int_equal(found->id, 1);
    assert_int_equal(found->older_domid, 5);
    assert_null(ledger_next_for_name(ledger, "web", found));
    assert_null(ledger_next_for_name(ledger, "mail", NULL));
    assert_false(ledger_had_domain(ledger, &guest));
    assert_true(move(ledger, BIND));
    ledger_note_older(ledger, 1, 6);
    assert_int_equal(ledger_find(ledger, 1)->older_domid, 5);
    assert_null(ledger_next_for_name(ledger, "web", NULL));
    assert_true(ledger_had_domain(ledger, &guest));
    assert_true(move(ledger, BUILT));
    assert_true(ledger_had_domain(ledger, &guest));
    assert_null(ledger_find_domain(ledger, &guest));
    ledger_free(ledger);
}

/* What was taken and not reported is neither free nor reserved. */
static void what_was_drawn_is_not_reserved(void **unused)
{
    (void)unused;
    struct ledger *ledger = brought_to(LEDGER_GRANTED);
    uint64_t reserved_kib = ledger_sums(ledger).reserved_kib;
    struct ledger_free host = {.free_kib = reserved_kib + 100};
    assert_int_equal(ledger_available_kib(ledger, &host), 100);
    host.free_kib -= 600;
    assert_int_equal(ledger_check(ledger, &host, NULL), -EPROTO);
    host.drawn_kib = 600;
    assert_int_equal(ledger_available_kib(ledger, &host), 100);
    assert_int_equal(ledger_check(ledger, &host, NULL), 0);
    ledger_free(ledger);
}

/* Over is over at its last microsecond, whether or not ledger_expire() was called. */
static void leases_and_deadlines_end(void **unused)
{
    (void)unused;
    struct ledger *ledger = fresh();
    struct ledger_verdict v;
    size_t count;
    ask(ledger, 10, 10);
    ask(ledger, 10, 10);
    assert_int_equal(ledger_next_due_usec(ledger), 50);
    assert_int_equal(ledger_grant(ledger, 1, &plenty, 49, &v, NULL), 0);
    assert_int_equal(v.reason, LEDGER_OK);
    assert_int_equal(ledger_grant(ledger, 2, &plenty, 50, &v, NULL), 0);
    assert_int_equal(v.reason, LEDGER_DEADLINE_OVER);
    assert_int_equal(ledger_expire(ledger, 148, &count, NULL), 0);
    assert_int_equal(count, 1);
    assert_int_equal(ledger_find(ledger, 2)->reason, LEDGER_DEADLINE_OVER);
    assert_int_equal(ledger_next_due_usec(ledger), 149);
    assert_int_equal(ledger_bind(ledger, 1, "xl", &guest, 0, 0, 149, &v, NULL), 0);
    assert_int_equal(v.reason, LEDGER_LEASE_OVER);
    assert_int_equal(ledger_expire(ledger, 149, &count, NULL), 0);
    assert_int_equal(ledger_find(ledger, 1)->reason, LEDGER_LEASE_OVER);
    assert_int_equal(ledger_sums(ledger).reserved_kib, 0);
    assert_int_equal(ledger_next_due_usec(ledger), BALLAST_NONE);
    assert_int_equal(ledger_expire(ledger, 148, &count, NULL), -EINVAL);
    ledger_free(ledger);
}

static void only_so_many_are_open(void **unused)
{
    (void)unused;
    struct ledger_options options = LEDGER_OPTIONS_DEFAULT;
    options.max_open = 3;
    options.max_closed = 2;
    struct ledger *ledger = NULL;
    assert_int_equal(ledger_new(&options, &ledger, NULL), 0);
    struct ledger_verdict v;
    for (uint64_t i = 1; i <= 3; i++)
        assert_int_equal(ask(ledger, 1, 1).id, i);
    v = ask(ledger, 1, 1);
    assert_int_equal(v.reason, LEDGER_TOO_MANY);
    assert_int_equal(v.id, 0);
    for (uint64_t i = 1; i <= 20; i++) {
        assert_int_equal(ledger_release(ledger, i, NULL, 0, &v, NULL), 0);
        assert_int_equal(ask(ledger, 1, 1).id, i + 3);
    }
    size_t remembered = 0;
    for (const struct ledger_reservation *r = ledger_next(ledger, NULL); r;
         r = ledger_next(ledger, r))
        remembered += !ledger_state_is_open(r->state);
    assert_int_equal(remembered, 2);
    assert_int_equal(ledger_check(ledger, NULL, NULL), 0);
    ledger_free(ledger);
}

static struct ledger_verdict ask_as_user(struct ledger *ledger, uint64_t user, uint64_t max_kib,
                                         const struct ledger_quota *quota)
{
    struct ledger_request request = {.owner = "xl",
                                     .user = user,
                                     .quota = quota,
                                     .min_kib = 1,
                                     .max_kib = max_kib,
                                     .lease_usec = BALLAST_NONE,
                                     .deadline_usec = BALLAST_NONE};
    struct ledger_verdict v;
    assert_int_equal(ledger_ask(ledger, &request, 0, &v, NULL), 0);
    return v;
}

/* A request counts with its maximum, a grant with what is not used; one user does not count for
 * another, and who has no quota counts for nobody. */
static void a_user_has_a_quota(void **unused)
{
    (void)unused;
    const struct ledger_quota quota = {.reservations = 3, .kib = 1000};
    const struct ledger_quota none = {0};
    struct ledger_options options = LEDGER_OPTIONS_DEFAULT;
    struct ledger *ledger = NULL;
    assert_int_equal(ledger_new(&options, &ledger, NULL), 0);
    assert_int_equal(ask_as_user(ledger, 7, 1001, &quota).reason, LEDGER_QUOTA_MEMORY);
    assert_int_equal(ask_as_user(ledger, 7, 600, &quota).id, 1);
    struct ledger_verdict v = ask_as_user(ledger, 7, 401, &quota);
    assert_int_equal(v.reason, LEDGER_QUOTA_MEMORY);
    assert_int_equal(v.figures.reserved_kib, 600);
    assert_int_equal(v.figures.quota_kib, 1000);
    assert_int_equal(v.id, 0);
    assert_int_equal(ask_as_user(ledger, 8, 1000, &quota).id, 2);
    assert_int_equal(ask_as_user(ledger, 7, 5000, NULL).id, 3);
    assert_int_equal(ledger_sums_of_user(ledger, 7).reservations, 2);
    assert_int_equal(ledger_release(ledger, 3, NULL, 0, &v, NULL), 0);
    /* Granted 100 of its range and 30 of these used, it counts with 70. */
    struct ledger_free host = {.free_kib = 100};
    struct ledger_domain domain = {.domid = 5, .uuid = {5}};
    assert_int_equal(ledger_grant(ledger, 1, &host, 0, &v, NULL), 0);
    assert_int_equal(ledger_bind(ledger, 1, NULL, &domain, 0, 30, 0, &v, NULL), 0);
    assert_int_equal(ledger_sums_of_user(ledger, 7).kib, 70);
    assert_int_equal(ask_as_user(ledger, 7, 930, &quota).id, 4);
    assert_int_equal(ledger_release(ledger, 4, NULL, 0, &v, NULL), 0);
    assert_int_equal(ask_as_user(ledger, 7, 1, &quota).id, 5);
    assert_int_equal(ask_as_user(ledger, 7, 1, &quota).id, 6);
    v = ask_as_user(ledger, 7, 1, &quota);
    assert_int_equal(v.reason, LEDGER_QUOTA_RESERVATIONS);
    assert_int_equal(v.figures.open, 3);
    assert_int_equal(v.figures.quota, 3);
    assert_int_equal(ask_as_user(ledger, 7, 1, &none).id, 7);
    assert_int_equal(ask_as_user(ledger, BALLAST_NONE, 5000, &quota).id, 8);
    assert_int_equal(ledger_check(ledger, NULL, NULL), 0);
    ledger_free(ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_move_from_every_state),
        cmocka_unit_test(a_wrong_state_names_both),
        cmocka_unit_test(to_be_bound_again_is_no_change),
        cmocka_unit_test(what_awaits_its_domain_is_found),
        cmocka_unit_test(what_was_drawn_is_not_reserved),
        cmocka_unit_test(grants_only_what_is_not_reserved),
        cmocka_unit_test(a_page_counts_once),
        cmocka_unit_test(what_was_bound_can_be_granted_again),
        cmocka_unit_test(a_domain_is_its_id_and_its_uuid),
        cmocka_unit_test(leases_and_deadlines_end),
        cmocka_unit_test(only_so_many_are_open),
        cmocka_unit_test(a_user_has_a_quota),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
